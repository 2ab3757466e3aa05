#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"

namespace telltale {

// One signal of a message.
struct J1939Sample {
  const Signal* signal = nullptr;
  RawValue raw = kNotAvailable;  // on the signal's grid, or kNotAvailable, or kError
  std::uint32_t bus = 0;         // the bits as they were on the bus
};

// Takes the payload of a parameter group apart by the catalogue, with the states of SAE J1939-71, 5.1.4:
//
//     bits   not available    error or reserved         value
//     8..32  top byte FF      top byte FB, FC, FD, FE   the rest
//     3..7   all ones         -                         the rest
//     2      3                2                         0, 1
//     1      -                -                         0, 1
//
// A value outside the signal's own range is an error, too. Immutable; safe from any thread.
class J1939Decoder {
 public:
  explicit J1939Decoder(const Catalog& catalog);  // which outlives it

  // Adds the signals of the group that `payload` reaches to `samples`, in the order of their start bits.
  void Decode(std::uint32_t pgn, std::span<const std::uint8_t> payload, std::vector<J1939Sample>& samples) const;

 private:
  // Everything about a signal that does not depend on the payload, so that a value costs a shift and a comparison.
  struct Field {
    const Signal* signal;
    std::uint32_t start_bit;
    std::uint32_t end_bit;
    std::uint32_t mask;
    std::uint32_t least;          // the least bus value that is a value
    std::uint64_t count;          // how many from there on are values, too
    std::uint64_t not_available;  // this and above is not available
    std::int64_t raw_shift;
  };
  static Field FieldOf(const Signal& signal);

  std::unordered_map<std::uint32_t, std::vector<Field>> fields_by_pgn_;
};

}  // namespace telltale
