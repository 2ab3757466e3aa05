#include "storage/rocksdb/rollup_scan.h"

#include <vector>

#include <fmt/format.h>

#include "storage/codec/block_codec.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/rollup_writer.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

std::vector<SignalId> ColumnsOf(RollupPart part) {
  switch (part) {
    case RollupPart::kCount:
      return {RollupWriter::kCount};
    case RollupPart::kFirst:
      return {RollupWriter::kFirst};
    case RollupPart::kLast:
      return {RollupWriter::kLast};
    case RollupPart::kMin:
      return {RollupWriter::kMin};
    case RollupPart::kMax:
      return {RollupWriter::kMax};
    case RollupPart::kSum:
      return {RollupWriter::kSumLow, RollupWriter::kSumHigh};
  }
  return {};
}

}  // namespace

// Budget: 8 us for a page of 4,096 vehicles.
Status ScanRollup(const TelemetryDatabase& database, std::int64_t day, SignalId signal, RollupPart part,
                  const ScanOptions& options, const TelemetryStore::RollupFunction& visit) {
  if (day < 0 || day >= kDayEnd) return absl::InvalidArgumentError("the day is outside 1970-01-01 to 2149-06-06");
  const std::vector<SignalId> wanted = ColumnsOf(part);
  const std::string prefix = RollupKey(day, signal, 0).substr(0, kRollupSignalBytes);
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator({}, database.rollups));
  BlockColumns columns;
  std::vector<VehicleId> vehicles;
  std::vector<std::int64_t> values;
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    if (options.deadline && std::chrono::steady_clock::now() > *options.deadline) {
      return absl::DeadlineExceededError("the deadline passed while rollups were read");
    }
    const auto decoded = BlockCodec::DecodeColumns(ViewOf(it->value()), wanted, columns);
    if (!decoded.ok() || columns.signals().size() != wanted.size()) {
      return absl::DataLossError(fmt::format("rollups of signal {} on {}: {}", signal,
                                             FormatTime(day * kMsPerDay).substr(0, 10),
                                             decoded.ok() ? "other columns" : MessageOf(decoded.status())));
    }
    const std::size_t count = columns.times_ms().size();
    const VehicleId first = decoded->vehicle * RollupWriter::kVehiclesPerPage;
    vehicles.resize(count);
    values.resize(count);
    for (std::size_t i = 0; i < count; ++i) vehicles[i] = first + static_cast<VehicleId>(columns.times_ms()[i]);
    const auto low = columns.column(0);
    if (part == RollupPart::kSum) {
      const auto high = columns.column(1);
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = static_cast<std::int64_t>(std::uint64_t{static_cast<std::uint32_t>(high[i])} << 32 |
                                              static_cast<std::uint32_t>(low[i]));
      }
    } else {
      std::ranges::copy(low, values.begin());
    }
    if (!visit({.vehicles = vehicles, .values = values})) return OkStatus();
  }
  return ToStatus(it->status(), "read rollups");
}

}  // namespace telltale::internal
