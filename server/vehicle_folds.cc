#include "server/vehicle_folds.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/state_coding.h"
#include "base/time.h"
#include "storage/place_log.h"

namespace telltale {
namespace {

constexpr std::int64_t kBegin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

template <typename T>
std::string Encode(const T& value) {
  StateWriter writer;
  writer(value);
  return writer.Take();
}

// What published days stand on: first the rules, so that a glance tells which of the two changed.
std::string RulesBasis() { return Encode(VehicleFold::kRulesVersion); }
std::string BasisOf(const VehicleTraits& traits) {
  return RulesBasis() + Encode(traits.vehicle_class) + Encode(traits.fuel_type) + Encode(traits.engine_displacement_l);
}

std::int64_t StartOf(std::int64_t day) { return day * kMsPerDay; }

// The first of sorted days that is at least `day`.
template <typename Days>
auto FirstFrom(Days& days, std::int64_t day) {
  return std::lower_bound(days.begin(), days.end(), day);
}

// Where it was heard: where it stood. Where it fell silent while it moved.
std::vector<PlaceNote> PlacesOf(const FoldResults& results) {
  constexpr double kMovingKmh = 5.0;
  std::vector<PlaceNote> places;
  for (const Gap& gap : results.gaps) {
    if (!gap.before.position || gap.before.speed_kmh.value_or(0.0) < kMovingKmh) continue;
    places.push_back({.latitude_deg = gap.before.position->latitude_deg,
                      .longitude_deg = gap.before.position->longitude_deg,
                      .silent = true});
  }
  for (const Stop& stop : results.stops) {
    if (!stop.position) continue;
    places.push_back(
        {.latitude_deg = stop.position->latitude_deg, .longitude_deg = stop.position->longitude_deg, .silent = false});
  }
  return places;
}

StatusOr<FoldResults> Decode(const PublishedDay& day) {
  FoldResults results;
  StateReader reader(day.results);
  reader(results);
  if (reader.finished()) return results;
  return absl::DataLossError(fmt::format("the results of {} cannot be read", FormatDay(day.day)));
}

// Adds what the range wants of some results.
void Select(FoldResults&& found, TimeRange range, FoldResults& into) {
  const auto starts = [range](const auto& item) { return range.contains(item.start_time_ms); };
  const auto touches = [range](const auto& item) {
    return item.start_time_ms < range.to_ms && item.end_time_ms >= range.from_ms;
  };
  const auto take = [](auto& from, auto& to, const auto& wanted) {
    for (auto& item : from) {
      if (wanted(item)) to.push_back(std::move(item));
    }
  };
  take(found.trips, into.trips, starts);
  take(found.events, into.events, starts);
  take(found.stops, into.stops, touches);
  take(found.gaps, into.gaps, touches);
  for (auto& [start_ms, slice] : found.slices) {
    if (range.contains(start_ms)) into.slices[start_ms] += slice;
  }
}

void Sort(FoldResults& results) {
  const auto sort = [](auto& items) {
    std::ranges::stable_sort(items, {}, [](const auto& item) { return item.start_time_ms; });
  };
  sort(results.trips);
  sort(results.events);
  sort(results.stops);
  sort(results.gaps);
}

}  // namespace

StatusOr<FoldResults> VehicleResults::In(TimeRange range) const {
  FoldResults results;
  for (auto day = FirstFrom(head_.days, DayOf(range.from_ms)); day != head_.days.end(); ++day) {
    ASSIGN_OR_RETURN(const std::optional<PublishedDay> published, days_.ReadDay(vehicle_, *day));
    if (!published) return absl::DataLossError(fmt::format("{} of vehicle {} is gone", FormatDay(*day), vehicle_));
    ASSIGN_OR_RETURN(FoldResults found, Decode(*published));
    Select(std::move(found), range, results);
    // Everything that begins inside the range was found by then.
    if (StartOf(*day + 1) >= range.to_ms && published->pending_since_ms >= range.to_ms) {
      Sort(results);
      return results;
    }
  }
  FoldResults live = fold_.results();
  live.slices = fold_.slices();
  if (auto open = fold_.open_trip()) live.trips.push_back(*std::move(open));
  if (auto open = fold_.open_stop()) live.stops.push_back(*std::move(open));
  for (const Event& event : fold_.open_events()) live.events.push_back(event);
  Select(std::move(live), range, results);
  Sort(results);
  return results;
}

StatusOr<FoldResults> VehicleResults::In(TimeRange range, std::int64_t known_time_ms) const {
  ASSIGN_OR_RETURN(const std::vector<Restatement> restatements,
                   days_.ReadRestatements(vehicle_, std::max<std::int64_t>(DayOf(range.from_ms), 0), kEnd));
  FoldResults results;
  auto restatement = restatements.begin();
  for (auto day = FirstFrom(head_.days, DayOf(range.from_ms)); day != head_.days.end(); ++day) {
    while (restatement != restatements.end() && restatement->day < *day) ++restatement;
    while (restatement != restatements.end() && restatement->day == *day && restatement->time_ms <= known_time_ms) {
      ++restatement;
    }
    std::optional<PublishedDay> known;
    if (restatement != restatements.end() && restatement->day == *day) {
      known = restatement->before;
    } else {
      ASSIGN_OR_RETURN(known, days_.ReadDay(vehicle_, *day));
    }
    if (!known || known->published_time_ms > known_time_ms) continue;
    ASSIGN_OR_RETURN(FoldResults found, Decode(*known));
    Select(std::move(found), range, results);
    if (StartOf(*day + 1) >= range.to_ms && known->pending_since_ms >= range.to_ms) break;
  }
  Sort(results);
  return results;
}

StatusOr<std::vector<Restatement>> VehicleResults::Restatements(TimeRange range) const {
  const std::int64_t to_day = range.to_ms == kEnd ? kEnd : DayOf(range.to_ms - 1) + 1;
  return days_.ReadRestatements(vehicle_, std::max<std::int64_t>(DayOf(range.from_ms), 0), to_day);
}

VehicleFolds::VehicleFolds(const Catalog& catalog, TelemetryStore& telemetry, DayStore& days, const DriverLog& drivers,
                           const Clock& clock, const Options& options)
    : signals_(catalog), telemetry_(telemetry), days_(days), drivers_(drivers), clock_(clock), options_(options) {}

StatusOr<std::unique_ptr<VehicleFolds>> VehicleFolds::Open(const Catalog& catalog, TelemetryStore& telemetry,
                                                           DayStore& days, const DriverLog& drivers, const Clock& clock,
                                                           const Options& options) {
  std::unique_ptr<VehicleFolds> folds(new VehicleFolds(catalog, telemetry, days, drivers, clock, options));
  ASSIGN_OR_RETURN(auto marks, days.ReadMarks());
  MutexLock lock(folds->mutex_);
  folds->marks_ = std::move(marks);
  return folds;
}

std::shared_ptr<VehicleFolds::Entry> VehicleFolds::Find(VehicleId vehicle) {
  MutexLock lock(mutex_);
  const auto [slot, added] = slots_.try_emplace(vehicle);
  if (added) {
    slot->second.entry = std::make_shared<Entry>();
    used_.push_front(vehicle);
    slot->second.used = used_.begin();
  } else {
    used_.splice(used_.begin(), used_, slot->second.used);
  }
  std::shared_ptr<Entry> entry = slot->second.entry;
  if (slots_.size() > options_.vehicles_max) {
    slots_.erase(used_.back());
    used_.pop_back();
  }
  return entry;
}

Status VehicleFolds::Use(const Vehicle& vehicle, const std::function<Status(const VehicleResults&)>& use) {
  const std::shared_ptr<Entry> entry = Find(vehicle.id);
  MutexLock lock(entry->mutex);
  if (Status status = Update(vehicle, *entry); !status.ok()) {
    entry->fold.reset();
    entry->loaded = false;
    return status;
  }
  return use(VehicleResults(*entry->fold, days_, vehicle.id, entry->head, entry->drivers));
}

StatusOr<bool> VehicleFolds::IsSettled(const Vehicle& vehicle) {
  ASSIGN_OR_RETURN(const VehicleExtent extent, telemetry_.Extent(vehicle.id));
  if (extent.newest_time_ms == kBegin) return true;
  if (MarkOf(vehicle.id)) return false;
  ASSIGN_OR_RETURN(const DayStore::Head head, days_.ReadHead(vehicle.id));
  if (!head.days.empty()) {
    if (head.basis != BasisOf(vehicle.traits)) return false;
    if (!extent.rewritten.empty() && FirstTouchedDay(extent.rewritten) <= head.days.back()) return false;
  }
  // Whether a day is over that is not published.
  const TimeRange unpublished{.from_ms = head.days.empty() ? kBegin : StartOf(head.days.back() + 1),
                              .to_ms = StartOf(DayOf(extent.newest_time_ms))};
  bool any = false;
  if (!unpublished.empty()) {
    RETURN_IF_ERROR(telemetry_.Scan(vehicle.id, signals_.ids(), unpublished, {.frame_limit = 1}, [&any](const Frame&) {
      any = true;
      return false;
    }));
  }
  return !any;
}

Status VehicleFolds::Settle(const Vehicle& vehicle) {
  // Of most vehicles nothing is due, and their day that goes on need not be folded for that.
  ASSIGN_OR_RETURN(const bool settled, IsSettled(vehicle));
  if (settled) return OkStatus();
  return Use(vehicle, [](const VehicleResults&) { return OkStatus(); });
}

Status VehicleFolds::Mark(VehicleId vehicle, RestatementReason reason, std::int64_t from_ms) {
  // Counted, so that a mark that comes while one is worked off is told from it.
  const RestatementCause cause{.reason = reason, .late = {.from_ms = from_ms, .to_ms = kEnd}, .late_frame_count = 1};
  RETURN_IF_ERROR(days_.Mark({{vehicle, cause}}));
  MutexLock lock(mutex_);
  const auto [mark, added] = marks_.try_emplace(vehicle, cause);
  if (!added) mark->second = Join(mark->second, cause);
  return OkStatus();
}

StatusOr<std::size_t> VehicleFolds::MarkLate(const std::vector<VehicleId>& vehicles) {
  std::vector<std::pair<VehicleId, RestatementCause>> causes;
  for (const VehicleId vehicle : vehicles) {
    const auto extent = telemetry_.Extent(vehicle);
    if (!extent.ok() || extent->rewritten.empty()) continue;
    if (DayOf(extent->rewritten.from_ms) >= DayOf(extent->newest_time_ms)) continue;  // of no day that is over
    causes.emplace_back(vehicle, RestatementCause{.late = extent->rewritten});
  }
  if (causes.empty()) return std::size_t{0};
  RETURN_IF_ERROR(days_.Mark(causes));
  MutexLock lock(mutex_);
  for (const auto& [vehicle, cause] : causes) {
    const auto [mark, added] = marks_.try_emplace(vehicle, cause);
    if (!added) mark->second = Join(mark->second, cause);
  }
  return causes.size();
}

std::vector<VehicleId> VehicleFolds::MarkedVehicles() {
  MutexLock lock(mutex_);
  std::vector<VehicleId> vehicles;
  for (const auto& [vehicle, cause] : marks_) vehicles.push_back(vehicle);
  return vehicles;
}

VehicleFolds::Stats VehicleFolds::stats() {
  MutexLock lock(mutex_);
  Stats stats = stats_;
  stats.marked_vehicles = marks_.size();
  return stats;
}

std::int64_t VehicleFolds::FirstTouchedDay(TimeRange late) const {
  // A frame right after midnight may tell that the trip of the day before goes on.
  return DayOf(std::max(late.from_ms, kBegin + kMsPerDay) - options_.fold.stop_max.count());
}

std::int64_t VehicleFolds::OldestDayKept() const {
  return options_.retention ? DayOf(clock_.NowMs() - options_.retention->count()) + 1 : kBegin;
}

std::optional<RestatementCause> VehicleFolds::MarkOf(VehicleId vehicle) {
  MutexLock lock(mutex_);
  const auto mark = marks_.find(vehicle);
  return mark != marks_.end() ? std::optional(mark->second) : std::nullopt;
}

std::optional<VehicleFolds::Due> VehicleFolds::DueOf(const Entry& entry, const std::string& basis,
                                                     const VehicleExtent& extent,
                                                     const std::optional<RestatementCause>& mark) {
  std::optional<RestatementCause> cause;
  const auto join = [&cause](const RestatementCause& other) { cause = cause ? Join(*cause, other) : other; };
  if (!entry.head.days.empty() && entry.head.basis != basis) {
    join(
        {.reason = entry.head.basis.starts_with(RulesBasis()) ? RestatementReason::kVehicle : RestatementReason::kRules,
         .late = {.from_ms = StartOf(entry.head.days.front()), .to_ms = kEnd}});
  }
  if (mark) join(*mark);
  if (!extent.rewritten.empty()) {
    join({.late = extent.rewritten, .late_frame_count = extent.rewrite_count - (entry.fold ? entry.rewrite_count : 0)});
  }
  if (!cause || entry.head.days.empty()) return std::nullopt;
  const std::int64_t from_day = std::max(FirstTouchedDay(cause->late), OldestDayKept());
  if (from_day > entry.head.days.back()) return std::nullopt;
  return Due{.from_day = from_day, .cause = *cause};
}

StatusOr<VehicleFold> VehicleFolds::FoldAfter(const Vehicle& vehicle, const std::vector<DriverChange>& drivers,
                                              std::optional<std::int64_t> day) {
  VehicleFold fold(signals_, vehicle.traits, options_.fold);
  if (day) {
    ASSIGN_OR_RETURN(const std::string state, days_.ReadState(vehicle.id, *day));
    ASSIGN_OR_RETURN(fold, VehicleFold::Restore(signals_, vehicle.traits, options_.fold, state));
  }
  std::vector<std::int64_t> cuts_ms;
  cuts_ms.reserve(drivers.size());
  for (const DriverChange& change : drivers) cuts_ms.push_back(change.time_ms);
  fold.SetCuts(std::move(cuts_ms));
  return fold;
}

Status VehicleFolds::Update(const Vehicle& vehicle, Entry& entry) {
  // Read before the scan: a rewrite during the scan is then seen by the next question at the latest.
  ASSIGN_OR_RETURN(const VehicleExtent extent, telemetry_.Extent(vehicle.id));
  if (!entry.loaded) {
    ASSIGN_OR_RETURN(entry.head, days_.ReadHead(vehicle.id));
    entry.loaded = true;
  }
  const std::string basis = BasisOf(vehicle.traits);
  const std::optional<RestatementCause> mark = MarkOf(vehicle.id);
  const std::optional<Due> due = DueOf(entry, basis, extent, mark);
  if (due || mark || !entry.fold || entry.rewrite_count != extent.rewrite_count || entry.head.basis != basis)
    entry.fold.reset();
  if (!entry.fold || extent.newest_time_ms >= entry.next_time_ms) {
    RETURN_IF_ERROR(Refold(vehicle, entry, basis, extent, due, mark));
  }
  if (!extent.rewritten.empty()) telemetry_.ForgetRewrites(vehicle.id, extent.rewrite_count);
  return OkStatus();
}

Status VehicleFolds::Refold(const Vehicle& vehicle, Entry& entry, const std::string& basis, const VehicleExtent& extent,
                            const std::optional<Due>& due, const std::optional<RestatementCause>& mark) {
  if (!entry.fold) {
    ASSIGN_OR_RETURN(entry.drivers, drivers_.Changes(vehicle.id));
  }
  DayStore::Head head = entry.head;
  const bool rebased = head.basis != basis;
  head.basis = basis;
  std::vector<DayStore::DayChange> changes;
  Stats done;
  Status failure;
  bool converged = false;

  // Publishes the day that `fold` has come to the end of. False: its end is as it was before, and so are the days after
  // it.
  const auto close_day = [&](VehicleFold& fold, std::int64_t next_time_ms) -> bool {
    const std::int64_t day = *fold.day();
    fold.CloseDay(next_time_ms);
    const FoldResults results = fold.TakeResults();
    std::vector<PlaceNote> places_before;
    DayStore::DayChange change{.day = {.day = day,
                                       .published_time_ms = clock_.NowMs(),
                                       .pending_since_ms = fold.pending_since_ms(),
                                       .results = Encode(results)},
                               .state = fold.State()};
    const auto place = FirstFrom(head.days, day);
    const bool was_published = place != head.days.end() && *place == day;
    const bool is_past = place != head.days.end();
    if (due && is_past) ++done.refolded_days;
    if (was_published) {
      auto before = days_.ReadDay(vehicle.id, day);
      auto state = days_.ReadState(vehicle.id, day);
      if (before.ok() && !state.ok()) before = state.status();
      if (!before.ok()) {
        failure = before.status();
        return false;
      }
      const bool same_results = *before && (*before)->results == change.day.results &&
                                (*before)->pending_since_ms == change.day.pending_since_ms;
      if (same_results) change.day.published_time_ms = (*before)->published_time_ms;
      const bool same_state = *state == change.state;
      converged = same_state && due && day >= DayOf(due->cause.late.to_ms - 1);
      if (same_results && same_state) return !converged;
      if (!same_results && *before) {
        if (const auto decoded = Decode(**before); decoded.ok()) places_before = PlacesOf(*decoded);
        change.day.published_time_ms = std::max(change.day.published_time_ms, (*before)->published_time_ms + 1);
        change.restatement = {.day = day,
                              .time_ms = change.day.published_time_ms,
                              .cause = due ? due->cause : RestatementCause{},
                              .before = *std::move(before)};
      }
    } else if (is_past && due) {
      change.restatement = {.day = day, .time_ms = change.day.published_time_ms, .cause = due->cause};
    }
    if (!was_published) head.days.insert(place, day);
    PlaceLog::AddWrites(vehicle.id, day, places_before, PlacesOf(results), change.also);
    done.restated_days += change.restatement ? 1 : 0;
    done.published_days += change.restatement ? 0 : 1;
    changes.push_back(std::move(change));
    return !converged;
  };

  // Folds everything from a time on.
  const auto fold_on = [&](VehicleFold& fold, std::int64_t from_ms) -> Status {
    // Only up to the extent: a frame that arrives during the scan may be followed by one written before it.
    const TimeRange range{.from_ms = from_ms,
                          .to_ms = extent.newest_time_ms == kBegin ? kBegin : extent.newest_time_ms + 1};
    if (range.empty()) return OkStatus();
    RETURN_IF_ERROR(telemetry_.Scan(vehicle.id, signals_.ids(), range, {}, [&](const Frame& frame) {
      if (fold.day() && DayOf(frame.measure_time_ms) > *fold.day() && !close_day(fold, frame.measure_time_ms)) {
        return false;
      }
      fold.Add(frame);
      return true;
    }));
    return failure;
  };

  if (due) {
    const auto first = FirstFrom(head.days, due->from_day);
    // A state of other rules or another vehicle is of no use: then the first day that is folded again begins afresh.
    const auto before = rebased || first == head.days.begin() ? std::nullopt : std::optional(*std::prev(first));
    ASSIGN_OR_RETURN(VehicleFold fold, FoldAfter(vehicle, entry.drivers, before));
    RETURN_IF_ERROR(fold_on(fold, before ? StartOf(*before + 1) : StartOf(due->from_day)));
    if (!converged) {
      entry.fold = std::move(fold);
      entry.next_time_ms = extent.newest_time_ms + 1;
    }
  }
  if (!entry.fold) {
    const auto last = entry.head.days.empty() ? std::nullopt : std::optional(entry.head.days.back());
    ASSIGN_OR_RETURN(entry.fold, FoldAfter(vehicle, entry.drivers, last));
    entry.next_time_ms = last ? StartOf(*last + 1) : kBegin;
  }
  converged = false;
  RETURN_IF_ERROR(fold_on(*entry.fold, entry.next_time_ms));
  entry.next_time_ms =
      std::max(entry.next_time_ms, extent.newest_time_ms == kBegin ? kBegin : extent.newest_time_ms + 1);
  entry.rewrite_count = extent.rewrite_count;

  if (!changes.empty() || (rebased && !head.days.empty())) {
    RETURN_IF_ERROR(days_.Publish(vehicle.id, head, changes));
  } else if (mark) {
    RETURN_IF_ERROR(days_.Unmark(vehicle.id));
  }
  entry.head = std::move(head);
  MutexLock lock(mutex_);
  // What was marked meanwhile is not taken in.
  if (const auto now = marks_.find(vehicle.id); mark && now != marks_.end() && now->second == *mark) marks_.erase(now);
  stats_.published_days += done.published_days;
  stats_.restated_days += done.restated_days;
  stats_.refolded_days += done.refolded_days;
  return OkStatus();
}

}  // namespace telltale
