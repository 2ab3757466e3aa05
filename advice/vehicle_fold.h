#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "advice/advice_signals.h"
#include "advice/fold_options.h"
#include "advice/internal/signal_values.h"
#include "advice/internal/speed_watch.h"
#include "advice/internal/stretch.h"
#include "advice/trip.h"
#include "catalog/frame.h"
#include "catalog/vehicle_traits.h"

namespace telltale {

// Folds the frames of one vehicle into trips and vehicle-days; docs/trips.md has the rules. What comes out depends on
// the frames alone, to the bit, not on how they were batched; a copy goes on like the original. About 4 KiB and what it
// has found. Not thread-safe; copyable, movable.
class VehicleFold {
 public:
  // `signals` outlives the fold and its copies.
  VehicleFold(const AdviceSignals& signals, const VehicleTraits& traits, const FoldOptions& options = {});

  // Frames come in the order of their measure times, which increase; a frame that is not newer changes nothing.
  // Signals that a frame does not have keep their last value until it is stale.
  void Add(const Frame& frame);

  const std::vector<Trip>& trips() const { return trips_; }  // closed, oldest first

  // The trip that may still go on, as far as it was seen.
  std::optional<Trip> open_trip() const;

  // Days with frames, oldest first. Their totals are those of all trips, also the open one, and of what lies outside of
  // trips: a trip over midnight is split between its days.
  std::vector<VehicleDay> days() const;

  // What no trip has: idling beyond a trip's end, frames of a parked vehicle. The sum over days() is the sum over all
  // trips, also the open one, and this, exactly.
  Totals outside_totals() const;

 private:
  enum class Phase { kParked, kStarting, kTrip };  // kStarting: active, but not yet moved far enough for a trip

  // What holds at an instant, and is taken to hold until the next frame.
  struct Conditions {
    bool moving = false;
    bool engine_running = false;
    bool idle = false;
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
    double speed_kmh = 0.0;  // 0: also unknown

    bool active() const { return moving || engine_running; }
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
  };

  // A time of standing with a running engine.
  struct IdlePhase {
    std::int64_t start_time_ms = 0;
    internal::FuelSums fuel;
    std::optional<Position> position;
  };

  // Reading a frame.
  internal::Step TakeInterval(std::int64_t time_ms, bool known);
  void TakeSpeed(std::int64_t time_ms, internal::Step& step);
  void TakeFuel(std::int64_t time_ms, internal::Step& step);
  void TakeCounters(std::int64_t time_ms, internal::Step& step);
  Conditions ConditionsAt(std::int64_t time_ms);
  std::optional<bool> AcceleratorReleased(std::int64_t time_ms, bool engine_running);
  std::optional<bool> BrakePressed(std::int64_t time_ms) const;
  std::optional<double> Get(AdviceSignal signal, std::int64_t time_ms) const;
  std::optional<Position> PositionAt(std::int64_t time_ms) const;

  // Trips.
  void LeaveLongGap();
  void Advance(std::int64_t time_ms, internal::Step& step, const Conditions& now);
  static internal::Step TakeHarsh(internal::Step& step);  // takes the counts of harsh events out of it
  void Begin(std::int64_t time_ms, const internal::Step& first);
  void Resume();    // what came after the last active frame belongs to the trip
  void EndTrip();   // at the last active frame
  void Dissolve();  // it was no trip
  void ForgetRuns();
  Trip TripOf(const Draft& draft) const;

  // Days.
  void AddToDays(const internal::Stretch& stretch, bool outside);
  void FlushOutside();

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
  bool any_frame_ = false;
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
  std::optional<IdlePhase> idle_;

  Phase phase_ = Phase::kParked;
  Draft draft_;
  std::optional<Trip> ended_;         // only waits for the end of the idling that goes on
  std::optional<Event> idle_before_;  // a long idle outside of trips that ended with this frame
  internal::EventRun brake_run_, acceleration_run_, overspeed_run_;

  internal::Stretch outside_;  // of the day of the last frame; earlier days are in days_
  Totals outside_totals_;
  std::map<std::int64_t, VehicleDay> days_;
  std::vector<Trip> trips_;
};

}  // namespace telltale
