#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"
#include "storage/document_store.h"

namespace telltale {

// Numbers are those of the stored keys.
// A platform is no terminal, but logs in as one, and passes the messages of many vehicles on.
enum class TerminalProtocol : std::uint8_t { kJt808 = 1, kGb32960 = 2, kGb17691 = 3, kGb32960Platform = 4 };

// The box in a vehicle that speaks a protocol of its own, and what it proves itself with.
struct Terminal {
  TerminalProtocol protocol = TerminalProtocol::kJt808;
  // JT/T 808: 1..20 of 0-9 and a-f without leading zeros; of a platform its user name, 1..12 printable characters of
  // ASCII without blanks; the others: the VIN.
  std::string number;
  VehicleId vehicle_id = 0;  // whose frames it sends; of a platform 0
  std::string maker_id;      // of the box: its maker's number, or its SIM's, as it said first; empty: nothing yet
  std::optional<std::array<std::uint8_t, 32>> code_sha256;  // of the authentication code that was issued last
  bool revoked = false;                                     // nothing of it is taken any more
  bool gcj02 = false;                                       // its places are GCJ-02, not WGS-84
  friend bool operator==(const Terminal&, const Terminal&) = default;
};

// The terminals that this installation knows: a DocumentStore collection, read anew with each login. Thread-safe.
class TerminalRegistry {
 public:
  static constexpr std::size_t kMaxNumberBytes = 20;
  static constexpr std::size_t kMaxUserBytes = 12;  // of a platform
  static constexpr std::size_t kMaxMakerIdBytes = 30;

  // `documents` outlives the registry.
  explicit TerminalRegistry(DocumentStore& documents) : documents_(documents) {}

  // Adds the terminal, or replaces what is known of the one with its protocol and number. Durable when it returns.
  // Errors: INVALID_ARGUMENT the number is malformed, there is no vehicle; UNAVAILABLE the disk does not take writes.
  Status Put(const Terminal& terminal);

  // Errors: NOT_FOUND; DATA_LOSS the record cannot be read.
  StatusOr<Terminal> Find(TerminalProtocol protocol, std::string_view number) const;

  // In the order of protocols and numbers; `after` is a terminal of the page before, or nullopt.
  StatusOr<std::vector<Terminal>> List(const std::optional<Terminal>& after, std::size_t limit) const;

 private:
  DocumentStore& documents_;
};

// The number as it is kept: a VIN in upper case, others as given. Errors: INVALID_ARGUMENT not as Terminal::number
// says.
StatusOr<std::string> ParseTerminalNumber(TerminalProtocol protocol, std::string_view number);

}  // namespace telltale
