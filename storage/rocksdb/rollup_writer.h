#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/codec/frame_run.h"
#include "storage/codec/signal_sums.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// A sum of its low and high 32 bits.
inline std::int64_t JoinSum(RawValue low, RawValue high) {
  return static_cast<std::int64_t>(std::uint64_t{static_cast<std::uint32_t>(high)} << 32 |
                                   static_cast<std::uint32_t>(low));
}

// Writes the daily rollups: of a day and a signal, what it did on each vehicle of a page, in a block for each part.
// Vehicles of the page that have a rollup already keep it, unless they are added again. The archiver's own; not
// thread-safe.
class RollupWriter {
 public:
  static constexpr std::uint32_t kVehiclesPerPage = 4096;

  // A rollup's block has vehicles in place of times, and in place of signals the part's low and high 32 bits; only sums
  // have the latter.
  enum Column : SignalId { kLow = 1, kHigh };

  // `database` outlives this.
  explicit RollupWriter(TelemetryDatabase& database);

  // Forgets what was not written and begins a day.
  void Begin(std::int64_t day);
  // A vehicle's whole day; of signals without a value what was written before goes. Writes the page before, if the
  // vehicle is of another. Errors: UNAVAILABLE; DATA_LOSS a rollup that is there is damaged.
  Status Add(VehicleId vehicle, const std::vector<SignalSums::Sums>& sums);
  // Writes what was added.
  Status Flush();

 private:
  // By vehicle within the page.
  using Values = std::map<std::uint32_t, std::int64_t>;

  Status AddWritten(const std::string& key, RollupPart part, Values& values) const;
  Status PutPart(SignalId signal, RollupPart part, const std::vector<std::pair<std::uint32_t, SignalSums::Sums>>& added,
                 rocksdb::WriteBatch& batch);

  TelemetryDatabase& database_;
  const std::shared_ptr<const Layout> low_;
  const std::shared_ptr<const Layout> both_;
  std::int64_t day_ = 0;
  bool day_is_written_ = false;            // there were rollups of the day at the beginning
  std::set<std::uint32_t> written_pages_;  // since then
  std::uint32_t page_ = 0;
  std::map<SignalId, std::vector<std::pair<std::uint32_t, SignalSums::Sums>>> added_;
  FrameRun run_;  // keeps its memory
  std::string block_;
};

}  // namespace telltale::internal
