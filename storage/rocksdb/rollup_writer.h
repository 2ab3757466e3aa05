#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/codec/frame_run.h"
#include "storage/codec/signal_sums.h"
#include "storage/rocksdb/telemetry_database.h"

namespace telltale::internal {

// Writes the daily rollups: of a day and a signal, what it did on each vehicle of a page, in one block. Vehicles of the
// page that have a rollup already keep it, unless they are added again. The archiver's own; not thread-safe.
class RollupWriter {
 public:
  static constexpr std::uint32_t kVehiclesPerPage = 4096;

  // A rollup's block has these columns in place of signals, and vehicles in place of times.
  enum Column : SignalId { kCount = 1, kFirst, kLast, kMin, kMax, kSumLow, kSumHigh };
  static constexpr std::size_t kColumnCount = 7;

  // `database` outlives this.
  explicit RollupWriter(TelemetryDatabase& database);

  // Forgets what was not written and begins a day.
  void Begin(std::int64_t day);
  // A vehicle's whole day. Writes the page before, if the vehicle is of another. Errors: UNAVAILABLE; DATA_LOSS a
  // rollup that is there is damaged.
  Status Add(VehicleId vehicle, const std::vector<SignalSums::Sums>& sums);
  // Writes what was added.
  Status Flush();

 private:
  using Row = std::array<RawValue, kColumnCount>;
  // By vehicle within the page.
  using Rows = std::map<std::uint32_t, Row>;

  Status AddWritten(const std::string& key, Rows& rows) const;

  TelemetryDatabase& database_;
  const std::shared_ptr<const Layout> layout_;
  std::int64_t day_ = 0;
  bool may_be_written_ = false;  // there are rollups of the day already
  std::uint32_t page_ = 0;
  std::map<SignalId, std::vector<std::pair<std::uint32_t, Row>>> added_;
};

}  // namespace telltale::internal
