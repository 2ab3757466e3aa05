#include "storage/rocksdb/latest_columns.h"

#include <algorithm>
#include <bitset>
#include <limits>

#include <fmt/format.h>

#include "storage/record_coding.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kPageSize = VehicleTable::kVehiclesPerPage;

SignalId SignalOf(const std::unique_ptr<LatestColumn>& column) { return column->signal; }

}  // namespace

// Budget: 5 us for a page whose column is kept, 10 ms for the columns of two million vehicles.
Status LatestColumns::Scan(SignalId signal, const ScanOptions& options,
                           const TelemetryStore::LatestRunFunction& visit) {
  const std::uint64_t scan = ++scan_count_;
  Status damage;
  std::uint64_t next_stored = 0;  // no vehicle before it has anything stored that was not looked at
  const auto copy = std::make_unique<LatestColumn>();
  const StatusOr<std::size_t> stored_pages = StoredPageCount();
  if (!stored_pages.ok()) damage = stored_pages.status();  // of those in memory it is known
  const std::size_t page_count = std::max(vehicles_.page_count(), stored_pages.ok() ? *stored_pages : 0);
  for (std::size_t number = 0; number < page_count; ++number) {
    if (options.deadline && std::chrono::steady_clock::now() > *options.deadline) {
      return absl::DeadlineExceededError("the deadline passed while latest values were read");
    }
    const auto first = static_cast<VehicleId>(number * kPageSize);
    VehicleTable::Page* page = vehicles_.FindPage(first);
    if (page == nullptr) {
      if (next_stored < first) {
        const StatusOr<std::uint64_t> next = NextStored(first);
        if (!next.ok() && damage.ok()) damage = next.status();
        next_stored = next.ok() ? *next : std::numeric_limits<std::uint64_t>::max();
      }
      if (next_stored >= first + std::uint64_t{kPageSize}) continue;
      page = &vehicles_.PageOf(first);
    }
    bool kept = false;
    {
      MutexLock lock(page->mutex);
      const auto found = std::ranges::find(page->columns, signal, &SignalOf);
      kept = found != page->columns.end();
      if (kept) {
        (*found)->scan = scan;
        *copy = **found;
      }
    }
    if (!kept) {
      copy->signal = signal;
      copy->scan = scan;
      copy->damage = OkStatus();
      RETURN_IF_ERROR(Build(*page, first, *copy));
    }
    if (damage.ok()) damage = copy->damage;
    if (!visit({.first_vehicle = first, .values = copy->values, .times_ms = copy->times_ms})) return OkStatus();
  }
  return damage;
}

StatusOr<std::size_t> LatestColumns::StoredPageCount() const {
  const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.latest));
  it->SeekToLast();
  RETURN_IF_ERROR(ToStatus(it->status(), "look for the last vehicle"));
  return it->Valid() ? ReadBigEndian(ViewOf(it->key())) / kPageSize + 1 : 0;
}

StatusOr<std::uint64_t> LatestColumns::NextStored(VehicleId vehicle) const {
  const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.latest));
  it->Seek(LatestKey(vehicle));
  RETURN_IF_ERROR(ToStatus(it->status(), "look for stored vehicles"));
  if (!it->Valid() || it->key().size() != 4) return std::numeric_limits<std::uint64_t>::max();
  return ReadBigEndian(ViewOf(it->key()));
}

Status LatestColumns::Build(VehicleTable::Page& page, VehicleId first, LatestColumn& column) {
  column.values.fill(kAbsent);
  column.times_ms.fill(std::numeric_limits<std::int64_t>::min());
  RETURN_IF_ERROR(ReadStored(page, first, column));
  auto kept = std::make_unique<LatestColumn>();
  MutexLock lock(page.mutex);
  for (std::size_t i = 0; i < kPageSize; ++i) {
    const VehicleState& state = page.vehicles[i];
    // Of those that came into memory meanwhile, what was read may be old.
    if (!state.loaded) continue;
    const LatestValue value = state.LatestOf(column.signal);
    column.values[i] = value.raw;
    column.times_ms[i] = value.measure_time_ms;
    if (state.damage != nullptr && column.damage.ok()) column.damage = *state.damage;
  }
  // Perhaps another scan was faster.
  if (std::ranges::find(page.columns, column.signal, &SignalOf) != page.columns.end()) return OkStatus();
  if (page.columns.size() >= columns_max_) {
    page.columns.erase(std::ranges::min_element(page.columns, {}, [](const auto& other) { return other->scan; }));
  }
  *kept = column;
  page.columns.push_back(std::move(kept));
  return OkStatus();
}

Status LatestColumns::ReadStored(VehicleTable::Page& page, VehicleId first, LatestColumn& column) const {
  std::bitset<kPageSize> loaded;
  {
    MutexLock lock(page.mutex);
    for (std::size_t i = 0; i < kPageSize; ++i) loaded[i] = page.vehicles[i].loaded;
  }
  if (loaded.all()) return OkStatus();
  const std::string end = LatestKey(first + kPageSize);
  const rocksdb::Slice end_slice = end;
  rocksdb::ReadOptions options;
  // The last page ends with the last vehicle there can be.
  if (first + kPageSize != 0) options.iterate_upper_bound = &end_slice;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator(options, database_.latest));
  for (it->Seek(LatestKey(first)); it->Valid(); it->Next()) {
    if (it->key().size() != 4) return absl::DataLossError("a row of latest values has a malformed key");
    const VehicleId vehicle = ReadBigEndian(ViewOf(it->key()));
    const std::size_t index = VehicleTable::IndexOf(vehicle);
    if (loaded[index]) continue;
    const auto row = LatestRow::Decode(ViewOf(it->value()));
    if (!row.ok()) {
      if (column.damage.ok()) {
        column.damage = Status(row.status().code(), fmt::format("vehicle {}: {}", vehicle, MessageOf(row.status())));
      }
      continue;
    }
    if (const LatestValue* value = row->Find(column.signal)) {
      column.values[index] = value->raw;
      column.times_ms[index] = value->measure_time_ms;
    }
  }
  return ToStatus(it->status(), "read latest values");
}

}  // namespace telltale::internal
