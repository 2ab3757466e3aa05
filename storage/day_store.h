#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "catalog/signal.h"
#include "storage/document_store.h"

namespace telltale {

// What was found out about a vehicle's day when it was over. Results are advice's, which this folder does not know.
struct PublishedDay {
  std::int64_t day = 0;                // UTC, since 1970-01-01
  std::int64_t published_time_ms = 0;  // by our clock
  std::int64_t pending_since_ms = 0;   // what began before is in the results of this day or of one before it
  std::string results;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.day, self.published_time_ms, self.pending_since_ms, self.results);
  }
  friend bool operator==(const PublishedDay&, const PublishedDay&) = default;
};

enum class RestatementReason : std::uint8_t {
  kLateFrames = 1,  // frames of the day, or of one before it, were written after it was published
  kRules = 2,       // a newer program finds something else in the same frames
  kVehicle = 3,     // the vehicle's description was corrected: class, fuel, displacement
  kDrivers = 4,     // who drove was corrected
};

// Why days are to be folded again.
struct RestatementCause {
  RestatementReason reason = RestatementReason::kLateFrames;
  TimeRange late = {.from_ms = 0, .to_ms = 0};  // kLateFrames: from the first to the last; else from where on
  std::uint64_t late_frame_count = 0;           // as far as it was counted; with repetitions

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.reason, self.late.from_ms, self.late.to_ms, self.late_frame_count);
  }
  friend bool operator==(const RestatementCause&, const RestatementCause&) = default;
};

// An entry of the ledger: a day was published anew, and differs from what was known before.
struct Restatement {
  std::int64_t day = 0;
  std::int64_t time_ms = 0;  // by our clock: until then, `before` was what was known
  RestatementCause cause;
  std::optional<PublishedDay> before;  // nullopt: the day was not known

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.day, self.time_ms, self.cause, self.before);
  }
  friend bool operator==(const Restatement&, const Restatement&) = default;
};

// The published days of vehicles, the states of the folds behind them, and the ledger of restatements:
// docs/formats/documents.md. Thread-safe; writers of one vehicle take turns.
class DayStore {
 public:
  // `documents` outlives the store.
  explicit DayStore(DocumentStore& documents) : documents_(documents) {}

  // What the published days of a vehicle stand on.
  struct Head {
    std::string basis;               // of rules and description; another one means that all days are folded again
    std::vector<std::int64_t> days;  // published, in order

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.basis, self.days);
    }
  };

  // Nothing if nothing was published. Errors of all reads: DATA_LOSS what is stored cannot be read; UNAVAILABLE the
  // disk.
  StatusOr<Head> ReadHead(VehicleId vehicle) const;
  StatusOr<std::optional<PublishedDay>> ReadDay(VehicleId vehicle, std::int64_t day) const;
  // The fold's state at the end of a published day.
  StatusOr<std::string> ReadState(VehicleId vehicle, std::int64_t day) const;
  // Of days `from_day` to before `to_day`, in order of days, of a day in order of time.
  StatusOr<std::vector<Restatement>> ReadRestatements(VehicleId vehicle, std::int64_t from_day,
                                                      std::int64_t to_day) const;

  struct DayChange {
    PublishedDay day;
    std::string state;
    std::optional<Restatement> restatement;
    std::vector<DocumentWrite> also;  // what others keep of the day; part of the same write
  };
  // All or nothing, durable when it returns. What was marked of the vehicle is done then.
  Status Publish(VehicleId vehicle, const Head& head, const std::vector<DayChange>& changes);

  // Notes that days are to be folded again, so that a crash does not forget it. Joins what is marked of the vehicle.
  Status Mark(const std::vector<std::pair<VehicleId, RestatementCause>>& causes);
  StatusOr<std::map<VehicleId, RestatementCause>> ReadMarks() const;
  // Nothing has to be published for it.
  Status Unmark(VehicleId vehicle);

 private:
  DocumentStore& documents_;
};

// Both: the earlier reason, everything that is late.
RestatementCause Join(const RestatementCause& a, const RestatementCause& b);

}  // namespace telltale
