#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "catalog/signal.h"
#include "storage/internal/record_coding.h"
#include "storage/telemetry_store.h"

// The keys of the telemetry store; docs/formats/keys.md draws them. Integers are big-endian, so that bytes sort as
// numbers.
namespace telltale::internal {

inline constexpr std::int64_t kDayEnd = 0x10000;  // days fit 16 bits: 1970-01-01 to 2149-06-06

// blocks: day (2), vehicle (4), first time within the day in milliseconds (4), sequence at sealing (8). A new day never
// rewrites an old one, and retention drops whole ranges; late blocks of the same frames differ in their sequence.
inline std::string BlockPrefix(std::int64_t day, VehicleId vehicle) {
  std::string key;
  PutBigEndian(key, static_cast<std::uint32_t>(day), 2);
  PutBigEndian(key, vehicle, 4);
  return key;
}

inline std::string BlockKey(VehicleId vehicle, std::int64_t first_time_ms, std::uint64_t sequence) {
  const std::int64_t day = DayOf(first_time_ms);
  std::string key = BlockPrefix(day, vehicle);
  PutBigEndian(key, static_cast<std::uint32_t>(first_time_ms - day * kMsPerDay), 4);
  PutBigEndian(key, static_cast<std::uint32_t>(sequence >> 32), 4);
  PutBigEndian(key, static_cast<std::uint32_t>(sequence), 4);
  return key;
}

// archive: day (2), vehicle (4), group of signals (2), last time within the day in milliseconds (4). All that is known
// of a group of a vehicle's day stands together, and does not overlap: the first key at or behind a time is the block
// that has it.
inline constexpr std::uint32_t kSignalsPerGroup = 32;
inline std::uint32_t GroupOf(SignalId signal) { return signal / kSignalsPerGroup; }
// Signals of short retention are in groups, and a column family, of their own.
inline constexpr std::uint32_t kShortLivedGroup = 0x10000 / kSignalsPerGroup;
inline std::uint32_t ShortLivedGroupOf(SignalId signal) { return kShortLivedGroup + GroupOf(signal); }
inline constexpr std::uint32_t kGroupEnd = 2 * kShortLivedGroup;
inline constexpr std::size_t kArchiveGroupAt = 2 + 4;
inline constexpr std::size_t kArchiveGroupEnd = kArchiveGroupAt + 2;

inline std::string ArchivePrefix(std::int64_t day, VehicleId vehicle, std::uint32_t group) {
  std::string key = BlockPrefix(day, vehicle);
  PutBigEndian(key, group, 2);
  return key;
}

inline std::string ArchiveKey(std::int64_t day, VehicleId vehicle, std::uint32_t group, std::int64_t last_time_ms) {
  std::string key = ArchivePrefix(day, vehicle, group);
  PutBigEndian(key, static_cast<std::uint32_t>(last_time_ms - day * kMsPerDay), 4);
  return key;
}

struct ArchiveKeyParts {
  std::int64_t day = 0;
  VehicleId vehicle = 0;
  std::uint32_t group = 0;
  std::int64_t last_time_ms = 0;
};

inline std::optional<ArchiveKeyParts> ParseArchiveKey(std::string_view key) {
  if (key.size() != 2 + 4 + 2 + 4) return std::nullopt;
  ArchiveKeyParts parts{.day = ReadBigEndian(key.substr(0, 2)),
                        .vehicle = ReadBigEndian(key.substr(2, 4)),
                        .group = ReadBigEndian(key.substr(6, 2))};
  parts.last_time_ms = parts.day * kMsPerDay + ReadBigEndian(key.substr(8, 4));
  return parts;
}

struct BlockKeyParts {
  std::int64_t day = 0;
  VehicleId vehicle = 0;
  std::int64_t first_time_ms = 0;
  std::uint64_t sequence = 0;
};

inline std::optional<BlockKeyParts> ParseBlockKey(std::string_view key) {
  if (key.size() != 2 + 4 + 4 + 8) return std::nullopt;
  BlockKeyParts parts{.day = ReadBigEndian(key.substr(0, 2)), .vehicle = ReadBigEndian(key.substr(2, 4))};
  parts.first_time_ms = parts.day * kMsPerDay + ReadBigEndian(key.substr(6, 4));
  parts.sequence = std::uint64_t{ReadBigEndian(key.substr(10, 4))} << 32 | ReadBigEndian(key.substr(14, 4));
  return parts;
}

// rollups: day (2), signal (2), RollupPart (1), page of vehicles (4)
inline constexpr std::size_t kRollupPageAt = 2 + 2 + 1;
inline constexpr std::size_t kRollupKeyBytes = kRollupPageAt + 4;

inline std::string RollupPrefix(std::int64_t day) {
  std::string key;
  PutBigEndian(key, static_cast<std::uint32_t>(day), 2);
  return key;
}

inline std::string RollupKey(std::int64_t day, SignalId signal, RollupPart part, std::uint32_t page) {
  std::string key = RollupPrefix(day);
  PutBigEndian(key, signal, 2);
  PutBigEndian(key, static_cast<std::uint32_t>(part), 1);
  PutBigEndian(key, page, 4);
  return key;
}

// latest: vehicle (4)
inline std::string LatestKey(VehicleId vehicle) {
  std::string key;
  PutBigEndian(key, vehicle, 4);
  return key;
}

}  // namespace telltale::internal
