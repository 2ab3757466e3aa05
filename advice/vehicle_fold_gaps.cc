// How a VehicleFold finds silences with what is known around them, and follows the terminal's alarms.

#include <cmath>

#include "advice/vehicle_fold.h"

namespace telltale {
namespace {

// What comes in so long after a silence still tells of its end: a raw CAN log has a few signals a frame.
constexpr std::int64_t kAfterMs = 10'000;
constexpr double kCarriedM = internal::PositionWatch::kCarriedM;

template <typename T>
void FillIn(std::optional<T>& value, const std::optional<double>& now) {
  if (!value && now) value = static_cast<T>(*now);
}

}  // namespace

void VehicleFold::FillSide(std::int64_t time_ms, GapSide& side) const {
  const auto get = [&](AdviceSignal signal) { return Get(signal, time_ms); };
  if (const auto engine_rpm = get(AdviceSignal::kEngineSpeed); engine_rpm && !side.engine_running) {
    side.engine_running = *engine_rpm > options_.engine_rpm_min;
  }
  if (const auto ignition = get(AdviceSignal::kIgnition); ignition && !side.ignition_on) {
    side.ignition_on = *ignition > 0.0;
  }
  const auto wheel_kmh = get(AdviceSignal::kWheelSpeed);
  FillIn(side.speed_kmh, wheel_kmh ? wheel_kmh : get(AdviceSignal::kGnssSpeed));
  FillIn(side.supply_v, get(AdviceSignal::kSupplyVoltage));
  FillIn(side.satellite_count, get(AdviceSignal::kSatelliteCount));
  side.power_cut |= get(AdviceSignal::kPowerCut).value_or(0.0) > 0.0;
  side.undervoltage |= get(AdviceSignal::kUndervoltage).value_or(0.0) > 0.0;
  for (const AdviceSignal alarm :
       {AdviceSignal::kGnssFault, AdviceSignal::kAntennaCut, AdviceSignal::kAntennaShorted}) {
    side.aerial_fault |= get(alarm).value_or(0.0) > 0.0;
  }
}

void VehicleFold::OpenGapHere() {
  if (gap_) FollowGap(gap_->gap.end_time_ms + kAfterMs);  // the silence before had hardly ended
  gap_ = OpenGap{.gap = {.start_time_ms = time_ms_}};
  FillSide(time_ms_, gap_->gap.before);
  gap_->gap.before.position = position_.last();
  gap_->distance_fine_m = Get(AdviceSignal::kDistanceTotalFine, time_ms_);
  if (const auto km = Get(AdviceSignal::kDistanceTotal, time_ms_)) gap_->distance_coarse_m = *km * 1e3;
  gap_->fuel_fine_l = Get(AdviceSignal::kFuelTotalFine, time_ms_);
  gap_->fuel_coarse_l = Get(AdviceSignal::kFuelTotal, time_ms_);
}

void VehicleFold::FollowGap(std::int64_t time_ms) {
  Gap& gap = gap_->gap;
  if (gap.end_time_ms == 0) gap.end_time_ms = time_ms;
  // The first reading after the silence against the last before it.
  const auto advance = [&](std::optional<double>& into, const std::optional<double>& before, AdviceSignal signal,
                           double factor) {
    const auto now = Get(signal, time_ms);
    if (!before || !now || into) return;
    into = *now * factor - *before;
    if (*into >= 0.0) return;
    results_.events.push_back({.kind = EventKind::kCounterReset,
                               .start_time_ms = time_ms,
                               .value = *now,
                               .position = PositionAt(time_ms),
                               .signal = signals_->id(signal)});
  };
  FillSide(time_ms, gap.after);
  if (!gap.after.position) gap.after.position = PositionAt(time_ms);
  advance(gap.distance_m, gap_->distance_fine_m, AdviceSignal::kDistanceTotalFine, 1.0);
  advance(gap.distance_m, gap_->distance_coarse_m, AdviceSignal::kDistanceTotal, 1e3);
  advance(gap.fuel_l, gap_->fuel_fine_l, AdviceSignal::kFuelTotalFine, 1.0);
  advance(gap.fuel_l, gap_->fuel_coarse_l, AdviceSignal::kFuelTotal, 1.0);
  if (time_ms < gap.end_time_ms + kAfterMs) return;

  if (gap.distance_m && *gap.distance_m < 0.0) gap.distance_m.reset();  // reset: it tells nothing
  if (gap.fuel_l && *gap.fuel_l < 0.0) gap.fuel_l.reset();
  if (gap.before.position && gap.after.position) gap.displaced_m = DistanceM(*gap.before.position, *gap.after.position);
  if (gap.displaced_m && *gap.displaced_m > kCarriedM && gap.distance_m && *gap.distance_m < 0.2 * *gap.displaced_m) {
    results_.events.push_back({.kind = EventKind::kCarried,
                               .start_time_ms = gap.start_time_ms,
                               .duration_ms = gap.end_time_ms - gap.start_time_ms,
                               .value = *gap.displaced_m * 1e-3,
                               .position = gap.after.position});
  }
  results_.gaps.push_back(gap);
  gap_.reset();
}

void VehicleFold::FollowAlarms(const Frame& frame) {
  if (frame.layout->hash() != alarm_layout_hash_) {
    alarm_layout_hash_ = frame.layout->hash();
    alarm_positions_.clear();
    const std::span<const SignalId> ids = frame.layout->signals();
    for (std::uint32_t i = 0; i < ids.size(); ++i) {
      if (const auto alarm = signals_->AlarmOf(ids[i])) {
        alarm_positions_.emplace_back(i, static_cast<std::uint8_t>(*alarm));
      }
    }
  }
  const std::int64_t time_ms = frame.measure_time_ms;
  for (const auto& [position, alarm] : alarm_positions_) {
    const RawValue raw = frame.values[position];
    if (!IsValue(raw)) continue;
    const auto raised = raised_alarms_.find(alarm);
    if (raised != raised_alarms_.end()) {
      Event& event = raised->second;
      event.duration_ms = time_ms - event.start_time_ms;
      event.value = static_cast<double>(event.duration_ms) * 1e-3;
      if (raw != 0) continue;
      results_.events.push_back(event);
      raised_alarms_.erase(raised);
    } else if (raw != 0) {
      raised_alarms_[alarm] = {.kind = EventKind::kAlarm,
                               .start_time_ms = time_ms,
                               .speed_kmh_at_start = conditions_.speed_kmh,
                               .position = PositionAt(time_ms),
                               .signal = signals_->alarms()[alarm]};
    }
  }
}

void VehicleFold::EndAlarms() {
  for (const auto& [alarm, event] : raised_alarms_) results_.events.push_back(event);
  raised_alarms_.clear();
}

}  // namespace telltale
