#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "catalog/signal.h"
#include "storage/record_coding.h"
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

// archive and short_lived: day (2), vehicle (4), section of the day (2), group of signals (2). docs/formats/archive.md
// tells what is there.
inline constexpr std::uint32_t kSectionHead = 0;  // in place of a group
inline constexpr std::uint32_t kSignalsPerGroup = 8;
inline std::uint32_t GroupOf(SignalId signal) { return 1 + signal / kSignalsPerGroup; }
// Of the signal among those of its group.
inline std::uint8_t BitOf(SignalId signal) { return static_cast<std::uint8_t>(1U << signal % kSignalsPerGroup); }
inline constexpr std::size_t kBlocksPerSection = 12;  // then another section begins
inline constexpr SignalId kTimesSignal = 1;  // the only one, of value 0, of blocks that are there for their times
inline constexpr std::size_t kArchiveKeyBytes = 2 + 4 + 2 + 2;

inline std::string SectionPrefix(std::int64_t day, VehicleId vehicle, std::uint32_t section) {
  std::string key = BlockPrefix(day, vehicle);
  PutBigEndian(key, section, 2);
  return key;
}

inline std::string ArchiveKey(std::int64_t day, VehicleId vehicle, std::uint32_t section, std::uint32_t group) {
  std::string key = SectionPrefix(day, vehicle, section);
  PutBigEndian(key, group, 2);
  return key;
}

struct ArchiveKeyParts {
  std::int64_t day = 0;
  VehicleId vehicle = 0;
  std::uint32_t section = 0;
  std::uint32_t group = 0;
};

inline std::optional<ArchiveKeyParts> ParseArchiveKey(std::string_view key) {
  if (key.size() != kArchiveKeyBytes) return std::nullopt;
  return ArchiveKeyParts{.day = ReadBigEndian(key.substr(0, 2)),
                         .vehicle = ReadBigEndian(key.substr(2, 4)),
                         .section = ReadBigEndian(key.substr(6, 2)),
                         .group = ReadBigEndian(key.substr(8, 2))};
}

// The same in days that programs of format 3 and before archived: day (2), vehicle (4), group of signals (2), last time
// within the day in milliseconds (4).
inline constexpr std::size_t kOldArchiveKeyBytes = 2 + 4 + 2 + 4;
inline constexpr std::uint32_t kOldSignalsPerGroup = 32;
inline constexpr std::uint32_t kOldShortLivedGroup = 0x10000 / kOldSignalsPerGroup;  // so much more in short_lived

struct OldArchiveKeyParts {
  std::int64_t day = 0;
  VehicleId vehicle = 0;
  std::uint32_t group = 0;
  std::int64_t last_time_ms = 0;

  SignalId first_signal() const { return static_cast<SignalId>(group % kOldShortLivedGroup * kOldSignalsPerGroup); }
};

inline std::optional<OldArchiveKeyParts> ParseOldArchiveKey(std::string_view key) {
  if (key.size() != kOldArchiveKeyBytes) return std::nullopt;
  OldArchiveKeyParts parts{.day = ReadBigEndian(key.substr(0, 2)),
                           .vehicle = ReadBigEndian(key.substr(2, 4)),
                           .group = ReadBigEndian(key.substr(6, 2))};
  parts.last_time_ms = parts.day * kMsPerDay + ReadBigEndian(key.substr(8, 4));
  return parts;
}

// From a block's first frame to its last it is less, so that a reader need not look at blocks that begin so long before
// what it wants. It is several times as long as most are.
inline constexpr std::int64_t kBlockSpanMs = 2 * 3'600'000;

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
