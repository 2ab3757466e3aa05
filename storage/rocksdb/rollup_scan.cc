#include "storage/rocksdb/rollup_scan.h"

#include <vector>

#include <fmt/format.h>

#include "storage/codec/block_codec.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/rollup_writer.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kReadAheadBytes = std::size_t{256} << 10;  // of what the cache does not have

}  // namespace

// Budget: 8 us for a page of 4,096 vehicles.
Status ScanRollup(const TelemetryDatabase& database, std::int64_t day, SignalId signal, RollupPart part,
                  const ScanOptions& options, const TelemetryStore::RollupFunction& visit) {
  if (day < 0 || day >= kDayEnd) return absl::InvalidArgumentError("the day is outside 1970-01-01 to 2149-06-06");
  const std::size_t column_count = part == RollupPart::kSum ? 2 : 1;
  const std::string prefix = RollupKey(day, signal, part, 0).substr(0, kRollupPageAt);
  rocksdb::ReadOptions read;
  read.readahead_size = kReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(read, database.rollups));
  BlockColumns columns;
  std::vector<std::int64_t> values;
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    if (options.deadline && std::chrono::steady_clock::now() > *options.deadline) {
      return absl::DeadlineExceededError("the deadline passed while rollups were read");
    }
    const auto decoded = BlockCodec::DecodeColumns(ViewOf(it->value()), {}, columns);
    if (!decoded.ok() || columns.signals().size() != column_count) {
      return absl::DataLossError(fmt::format("rollups of signal {} on {}: {}", signal,
                                             FormatTime(day * kMsPerDay).substr(0, 10),
                                             decoded.ok() ? "other columns" : MessageOf(decoded.status())));
    }
    const std::size_t count = columns.times_ms().size();
    values.resize(count);
    const auto low = columns.column(0);
    if (part == RollupPart::kSum) {
      const auto high = columns.column(1);
      for (std::size_t i = 0; i < count; ++i) values[i] = JoinSum(low[i], high[i]);
    } else {
      std::ranges::copy(low, values.begin());
    }
    if (!visit({.first_vehicle = decoded->vehicle * RollupWriter::kVehiclesPerPage,
                .offsets = columns.times_ms(),
                .values = values}))
      return OkStatus();
  }
  return ToStatus(it->status(), "read rollups");
}

}  // namespace telltale::internal
