#include "storage/terminal_registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/vin.h"
#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kPrefix = "terminal/";
constexpr std::uint8_t kRecordVersion = 1;
constexpr std::uint8_t kRevoked = 1;
constexpr std::uint8_t kGcj02 = 2;

std::string KeyOf(TerminalProtocol protocol, std::string_view number) {
  std::string key(kPrefix);
  key.push_back(static_cast<char>(protocol));
  key += number;
  return key;
}

std::string Encode(const Terminal& terminal) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  PutLittleEndian(record, terminal.vehicle_id);
  PutLittleEndian(record, static_cast<std::uint8_t>((terminal.revoked ? kRevoked : 0) | (terminal.gcj02 ? kGcj02 : 0)));
  PutLittleEndian(record, static_cast<std::uint8_t>(terminal.maker_id.size()));
  record += terminal.maker_id;
  if (terminal.code_sha256) record.append(terminal.code_sha256->begin(), terminal.code_sha256->end());
  return record;
}

StatusOr<Terminal> Decode(std::string_view key, std::string_view record) {
  const auto damaged = [] { return absl::DataLossError("the record of a terminal cannot be read"); };
  if (key.size() <= kPrefix.size() + 1) return damaged();
  RecordReader reader(record);
  if (reader.Read<std::uint8_t>() != kRecordVersion) return damaged();
  Terminal terminal{.protocol = static_cast<TerminalProtocol>(key[kPrefix.size()]),
                    .number = std::string(key.substr(kPrefix.size() + 1))};
  terminal.vehicle_id = reader.Read<VehicleId>();
  const auto flags = reader.Read<std::uint8_t>();
  terminal.revoked = (flags & kRevoked) != 0;
  terminal.gcj02 = (flags & kGcj02) != 0;
  terminal.maker_id = reader.ReadBytes(reader.Read<std::uint8_t>());
  if (reader.ok() && !reader.finished()) {
    std::ranges::copy(reader.ReadBytes(32), terminal.code_sha256.emplace().begin());
  }
  if (!reader.finished()) return damaged();
  return terminal;
}

}  // namespace

StatusOr<std::string> ParseTerminalNumber(TerminalProtocol protocol, std::string_view number) {
  if (protocol == TerminalProtocol::kGb32960Platform) {
    const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
    if (!number.empty() && number.size() <= TerminalRegistry::kMaxUserBytes &&
        std::ranges::all_of(number, is_printable)) {
      return std::string(number);
    }
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no user name of a platform: 1 to {} letters, digits and signs without blanks", number,
                    TerminalRegistry::kMaxUserBytes));
  }
  if (protocol != TerminalProtocol::kJt808) {
    ASSIGN_OR_RETURN(const Vin vin, Vin::Parse(number));
    return vin.text();
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (number.empty() || number.size() > TerminalRegistry::kMaxNumberBytes ||
      number.find_first_not_of(kDigits) != std::string_view::npos || (number.size() > 1 && number.front() == '0')) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no terminal number: 1 to {} digits without leading zeros, as in 13800138000", number,
                    TerminalRegistry::kMaxNumberBytes));
  }
  return std::string(number);
}

Status TerminalRegistry::Put(const Terminal& terminal) {
  ASSIGN_OR_RETURN(const std::string number, ParseTerminalNumber(terminal.protocol, terminal.number));
  const bool is_platform = terminal.protocol == TerminalProtocol::kGb32960Platform;
  if (is_platform && terminal.vehicle_id != 0) return absl::InvalidArgumentError("a platform is no vehicle's");
  if (!is_platform && terminal.vehicle_id == 0) return absl::InvalidArgumentError("the terminal has no vehicle");
  if (terminal.maker_id.size() > kMaxMakerIdBytes) {
    return absl::InvalidArgumentError(fmt::format("the maker's number has {} bytes, at most {} are kept",
                                                  terminal.maker_id.size(), kMaxMakerIdBytes));
  }
  return documents_.Write({{.key = KeyOf(terminal.protocol, number), .value = Encode(terminal)}});
}

StatusOr<Terminal> TerminalRegistry::Find(TerminalProtocol protocol, std::string_view number) const {
  const auto kept = ParseTerminalNumber(protocol, number);
  if (!kept.ok()) return absl::NotFoundError(MessageOf(kept.status()));  // nothing of the kind can be there
  const std::string key = KeyOf(protocol, *kept);
  ASSIGN_OR_RETURN(const std::string record, documents_.Get(key));
  return Decode(key, record);
}

StatusOr<std::vector<Terminal>> TerminalRegistry::List(const std::optional<Terminal>& after, std::size_t limit) const {
  std::vector<Terminal> terminals;
  Status decoded;
  RETURN_IF_ERROR(documents_.Scan(kPrefix, after ? KeyOf(after->protocol, after->number) : std::string(),
                                  [&](std::string_view key, std::string_view record) {
                                    if (terminals.size() == limit) return false;
                                    auto terminal = Decode(key, record);
                                    decoded = terminal.status();
                                    if (!decoded.ok()) return false;
                                    terminals.push_back(*std::move(terminal));
                                    return true;
                                  }));
  RETURN_IF_ERROR(decoded);
  return terminals;
}

}  // namespace telltale
