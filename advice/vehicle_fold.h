#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advice/advice_signals.h"
#include "advice/fold_options.h"
#include "advice/fold_results.h"
#include "advice/internal/position_watch.h"
#include "advice/internal/signal_values.h"
#include "advice/internal/speed_watch.h"
#include "advice/internal/stretch.h"
#include "advice/internal/tank_watch.h"
#include "advice/trip.h"
#include "base/status.h"
#include "catalog/frame.h"
#include "catalog/vehicle_traits.h"

namespace telltale {

// Folds the frames of one vehicle into trips, stops, events and what adds up, by slices of half an hour; docs/trips.md
// has the rules. What comes out depends on the frames alone, to the bit, not on how they were batched; a copy goes on
// like the original, and so does a fold that was restored from its State(). About 4 KiB and what it has found. Not
// thread-safe; copyable, movable.
class VehicleFold {
 public:
  // Grows when the same frames lead to other results or states: days that an older program published are then folded
  // again.
  static constexpr std::uint32_t kRulesVersion = 1;

  // `signals` outlives the fold and its copies.
  VehicleFold(const AdviceSignals& signals, const VehicleTraits& traits, const FoldOptions& options = {});

  // Goes on from a State(), which was of the same traits and options. Errors: DATA_LOSS the bytes are not a state.
  static StatusOr<VehicleFold> Restore(const AdviceSignals& signals, const VehicleTraits& traits,
                                       const FoldOptions& options, std::string_view state);

  // Totals are also cut at these instants, which increase, beside every half hour: where a driver changes. What they
  // were before matters to what comes next only.
  void SetCuts(std::vector<std::int64_t> cuts_ms) { cuts_ms_ = std::move(cuts_ms); }

  // Frames come in the order of their measure times, which increase; a frame that is not newer changes nothing.
  // Signals that a frame does not have keep their last value until it is stale. The first frame of a day closes the
  // days before.
  void Add(const Frame& frame);

  // Everything up to the last frame's day is in results().slices then, and does not change any more. Add() does it,
  // too: call it before, with the time of the first frame of another day, to take the day's results.
  void CloseDay(std::int64_t next_time_ms);

  // What was found since the results were taken last.
  const FoldResults& results() const { return results_; }
  FoldResults TakeResults() { return std::exchange(results_, {}); }

  // Everything that what comes next depends on, without the results; of a fold whose day is closed. Equal states go on
  // equally.
  std::string State() const;

  // The day that goes on; nullopt: there was no frame since it was closed.
  std::optional<std::int64_t> day() const;

  // What begins before this has all been found, if it is not one of the open ones below.
  std::int64_t pending_since_ms() const;

  const std::vector<Trip>& trips() const { return results_.trips; }  // closed, oldest first

  // The trip that may still go on, as far as it was seen.
  std::optional<Trip> open_trip() const;

  // The stand that goes on.
  std::optional<Stop> open_stop() const;

  // Alarms that stand.
  std::vector<Event> open_events() const;

  // The results' slices, and what is not closed.
  std::map<std::int64_t, Slice> slices() const;

  // slices() by day, oldest first. Their totals are those of all trips, also the open one, and of what lies outside of
  // trips: a trip over midnight is split between its days.
  std::vector<VehicleDay> days() const { return DaysOf(slices()); }

  // What no trip has: idling beyond a trip's end, frames of a parked vehicle. The sum over days() is the sum over all
  // trips, also the open one, and this, exactly.
  Totals outside_totals() const;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.any_frame_, self.day_open_, self.time_ms_, self.values_, self.speed_, self.fuel_rate_,
            self.air_fuel_rate_, self.overspeed_work_, self.fuel_fine_, self.fuel_coarse_, self.distance_fine_,
            self.distance_coarse_, self.accelerator_d_rest_, self.movement_m_, self.conditions_,
            self.engine_off_since_ms_, self.settled_time_ms_, self.idle_, self.phase_, self.draft_, self.ended_,
            self.idle_before_, self.brake_run_, self.acceleration_run_, self.overspeed_run_, self.outside_,
            self.outside_totals_, self.stop_start_ms_, self.stop_position_, self.stand_totals_, self.position_,
            self.tank_, self.tank_has_level_, self.tank_has_probe_, self.class_conditions_, self.gap_,
            self.raised_alarms_);
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

  enum class Phase { kParked, kStarting, kTrip };  // kStarting: active, but not yet moved far enough for a trip

  // What holds at an instant, and is taken to hold until the next frame.
  struct Conditions {
    bool moving = false;
    bool engine_running = false;
    bool idle = false;
    bool pto = false;  // PTO work
    bool overspeed = false;
    bool coasting = false;
    bool cruise = false;
    bool over_rev = false;
    bool green_band = false;
    bool braking = false;
    bool engine_speed_known = false;
    bool accelerator_known = false;
    bool cruise_known = false;
    bool manoeuvres_known = false;
    bool highway = false;
    bool carried = false;    // moves without its engine, and had not begun to with it
    double speed_kmh = 0.0;  // 0: also unknown

    bool active() const { return moving || engine_running; }

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.moving, self.engine_running, self.idle, self.pto, self.overspeed, self.coasting, self.cruise,
              self.over_rev, self.green_band, self.braking, self.engine_speed_known, self.accelerator_known,
              self.cruise_known, self.manoeuvres_known, self.highway, self.carried, self.speed_kmh);
    }
  };

  // A trip in the making. What came after the last active frame belongs to it only if it becomes active again.
  struct Draft {
    std::int64_t start_time_ms = 0;
    std::int64_t active_time_ms = 0;    // the last active frame
    std::int64_t movement_time_ms = 0;  // the last movement of movement_m_min; in kStarting the start
    std::optional<Position> start_position;
    std::optional<Position> active_position;
    internal::Stretch stretch;
    internal::Stretch tail;
    std::vector<Event> events;
    std::vector<Event> tail_events;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.start_time_ms, self.active_time_ms, self.movement_time_ms, self.start_position, self.active_position,
              self.stretch, self.tail, self.events, self.tail_events);
    }
  };

  // A time of standing with a running engine.
  struct IdlePhase {
    std::int64_t start_time_ms = 0;
    internal::FuelSums fuel;
    std::optional<Position> position;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.start_time_ms, self.fuel, self.position);
    }
  };

  // A silence, until what is known after it has come in.
  struct OpenGap {
    Gap gap;
    std::optional<double> distance_fine_m;  // totals before it
    std::optional<double> distance_coarse_m;
    std::optional<double> fuel_fine_l;
    std::optional<double> fuel_coarse_l;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.gap, self.distance_fine_m, self.distance_coarse_m, self.fuel_fine_l, self.fuel_coarse_l);
    }
  };

  // Reading a frame.
  internal::Step TakeInterval(std::int64_t time_ms, bool known);
  void TakeSpeed(std::int64_t time_ms, internal::Step& step);
  void TakeFuel(std::int64_t time_ms, internal::Step& step);
  void TakeCounters(std::int64_t time_ms, internal::Step& step);
  Conditions ConditionsAt(std::int64_t time_ms);
  void FollowIgnition(std::int64_t time_ms, bool after_silence);
  bool settled() const { return settled_; }
  std::optional<bool> AcceleratorReleased(std::int64_t time_ms, bool engine_running);
  std::optional<bool> BrakePressed(std::int64_t time_ms) const;
  std::optional<double> Get(AdviceSignal signal, std::int64_t time_ms) const;
  std::optional<Position> PositionAt(std::int64_t time_ms) const;
  void TakePosition(std::int64_t time_ms);
  void TakeTank(std::int64_t time_ms, const internal::Step& step, const Conditions& now);
  void TakeClasses(std::int64_t time_ms, const internal::Step& step, bool known);
  ClassConditions ClassConditionsAt(std::int64_t time_ms, const Conditions& now);
  bool PtoOn(std::int64_t time_ms) const;

  // Gaps and alarms.
  void OpenGapHere();  // after the last frame
  void FollowGap(std::int64_t time_ms);
  void FillSide(std::int64_t time_ms, GapSide& side) const;
  void FollowAlarms(const Frame& frame);
  void EndAlarms();

  // Trips.
  void LeaveLongGap();
  void Advance(std::int64_t time_ms, internal::Step& step, const Conditions& now);
  static internal::Step TakeHarsh(internal::Step& step);  // takes the counts of harsh events out of it
  void Begin(std::int64_t time_ms, const internal::Step& first);
  void Resume();                              // what came after the last active frame belongs to the trip
  void EndTrip();                             // at the last active frame
  void Dissolve();                            // it was no trip
  void Confirm(std::int64_t slice_start_ms);  // it is one
  void ForgetRuns();
  Trip TripOf(const Draft& draft) const;

  // Slices.
  std::int64_t SliceOf(std::int64_t time_ms) const;
  void AddSlices(const std::vector<internal::SliceTotals>& slices);
  void FlushOutside();
  void FlushClasses();

  // Events.
  void FollowIdle(std::int64_t time_ms, const Conditions& now, bool known, const internal::Step& step);
  void EndIdle(std::int64_t end_time_ms);
  Event IdleEvent(std::int64_t end_time_ms) const;
  void FollowManoeuvres(const internal::SpeedWindow& window, internal::Step& step);
  void FollowRun(internal::EventRun& run, EventKind kind, bool beyond, double value,
                 const internal::SpeedWindow& window);
  void FollowOverspeed(std::int64_t time_ms, bool known);
  void List(internal::EventRun& run);

  const AdviceSignals* signals_;
  VehicleTraits traits_;
  FoldOptions options_;
  ClassLimits limits_;
  internal::SourceRules rules_;

  // As of the last frame.
  bool any_frame_ = false;  // since the last long gap
  bool day_open_ = false;
  std::int64_t time_ms_ = 0;
  internal::SignalValues values_;
  internal::SpeedWatch speed_;
  internal::RateIntegral fuel_rate_;
  internal::RateIntegral air_fuel_rate_;
  internal::Carry overspeed_work_;
  internal::CounterAdvance fuel_fine_, fuel_coarse_, distance_fine_, distance_coarse_;
  double accelerator_d_rest_ = 100.0;
  double movement_m_ = 0.0;  // of the movement that goes on
  Conditions conditions_;
  std::int64_t engine_off_since_ms_ = kNever;  // kNever: it runs, or nobody knows
  std::int64_t settled_time_ms_ = kNever;      // from here on the values after the last ignition are reliable
  bool settled_ = true;                        // the current frame is from then on
  std::optional<IdlePhase> idle_;

  Phase phase_ = Phase::kParked;
  Draft draft_;
  std::optional<Trip> ended_;         // only waits for the end of the idling that goes on
  std::optional<Event> idle_before_;  // a long idle outside of trips that ended with this frame
  internal::EventRun brake_run_, acceleration_run_, overspeed_run_;

  internal::Stretch outside_;  // since the last trip or day ended
  Totals outside_totals_;      // without outside_
  std::optional<std::int64_t> stop_start_ms_;
  std::optional<Position> stop_position_;
  Totals stand_totals_;  // of the stop, without outside_

  internal::PositionWatch position_;
  internal::TankWatch tank_;
  bool tank_has_level_ = false;
  bool tank_has_probe_ = false;                   // its level is litres of a probe
  std::vector<internal::TankEvent> tank_events_;  // keeps its memory
  ClassConditions class_conditions_;              // as of the last frame
  ClassAccumulator classes_;                      // of the slice that goes on
  std::int64_t class_slice_ms_ = 0;
  std::optional<OpenGap> gap_;
  std::map<std::uint8_t, Event> raised_alarms_;  // by place in AdviceSignals::alarms()
  // Where the alarms stand in the layout that came last; found anew for another layout.
  std::uint64_t alarm_layout_hash_ = 0;
  std::vector<std::pair<std::uint32_t, std::uint8_t>> alarm_positions_;

  std::vector<std::int64_t> cuts_ms_;
  FoldResults results_;
};

}  // namespace telltale
