#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/driver_log.h"

namespace telltale {

inline constexpr std::uint32_t kPgnTachograph = 65132;            // TCO1
inline constexpr std::uint32_t kPgnDriverIdentification = 65131;  // DI

// Whose card is in the first slot of the tachograph, as it says on the vehicle's bus (SAE J1939-71; FMS-Standard,
// "Driver's Identification"). Not thread-safe.
class DriverCardWatch {
 public:
  // Takes a message of any group. When another card, or none, is in the slot than was, a change is added.
  void Add(std::uint32_t pgn, std::int64_t time_ms, std::span<const std::uint8_t> payload,
           std::vector<DriverChange>& changes);

 private:
  void Change(std::int64_t time_ms, std::string driver_id, std::vector<DriverChange>& changes);

  std::optional<std::string> driver_id_;  // empty: no card; nullopt: not known yet
};

// The identification of driver 1 in a message of PGN 65131: ASCII, ended by '*', then that of driver 2. Blanks, with
// which card numbers are filled up, are left out. Empty: there is none that can be kept.
std::string DriverIdOf(std::span<const std::uint8_t> payload);

}  // namespace telltale
