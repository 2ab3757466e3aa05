#include "storage/rocksdb/rollup_writer.h"

#include <fmt/format.h>

#include "base/check.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {

RollupWriter::RollupWriter(TelemetryDatabase& database)
    : database_(database), layout_(*Layout::Create({kCount, kFirst, kLast, kMin, kMax, kSumLow, kSumHigh})) {}

void RollupWriter::Begin(std::int64_t day) {
  day_ = day;
  added_.clear();
  const std::string prefix = RollupPrefix(day);
  const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.rollups));
  it->Seek(prefix);
  may_be_written_ = !it->status().ok() || (it->Valid() && it->key().starts_with(prefix));
}

Status RollupWriter::Add(VehicleId vehicle, const std::vector<SignalSums::Sums>& sums) {
  const std::uint32_t page = vehicle / kVehiclesPerPage;
  if (page != page_) RETURN_IF_ERROR(Flush());
  page_ = page;
  for (const SignalSums::Sums& sum : sums) {
    const auto bits = static_cast<std::uint64_t>(sum.sum);
    added_[sum.signal].emplace_back(vehicle % kVehiclesPerPage,
                                    Row{static_cast<RawValue>(sum.count), sum.first, sum.last, sum.min, sum.max,
                                        static_cast<RawValue>(bits), static_cast<RawValue>(bits >> 32)});
  }
  return OkStatus();
}

Status RollupWriter::AddWritten(const std::string& key, Rows& rows) const {
  rocksdb::PinnableSlice block;
  const rocksdb::Status read = database_.db->Get({}, database_.rollups, key, &block);
  if (read.IsNotFound()) return OkStatus();
  RETURN_IF_ERROR(ToStatus(read, "read a rollup"));
  LayoutPool layouts;
  FrameRun run;
  RETURN_IF_ERROR(BlockCodec::Decode(ViewOf(block), {}, {}, layouts, run).status());
  for (std::size_t i = 0; i < run.size(); ++i) {
    const auto values = run.values(i);
    if (values.size() != kColumnCount) return absl::DataLossError("a rollup has other columns");
    std::ranges::copy(values, rows[static_cast<std::uint32_t>(run.time_ms(i))].begin());
  }
  return OkStatus();
}

Status RollupWriter::Flush() {
  if (added_.empty()) return OkStatus();
  rocksdb::WriteBatch batch;
  std::string block;
  FrameRun run;
  for (const auto& [signal, added] : added_) {
    const std::string key = RollupKey(day_, signal, page_);
    Rows rows;
    if (may_be_written_) {
      Status status = AddWritten(key, rows);
      if (!status.ok()) {
        return Status(status.code(), fmt::format("rollups of signal {}, vehicles from {}: {}", signal,
                                                 page_ * kVehiclesPerPage, MessageOf(status)));
      }
    }
    for (const auto& [index, row] : added) rows[index] = row;
    run.Clear();
    for (const auto& [index, row] : rows) run.Add(index, layout_, row);
    block.clear();
    BlockCodec::Append(page_, 0, run, 0, run.size(), block);
    batch.Put(database_.rollups, key, block);
  }
  added_.clear();
  may_be_written_ = true;
  rocksdb::WriteOptions options;
  options.disableWAL = true;  // what it comes from is there until this is durable
  return ToStatus(database_.db->Write(options, &batch), "write rollups");
}

}  // namespace telltale::internal
