#include "server/advice_wire.h"

#include "base/time.h"
#include "server/request.h"

namespace telltale {
namespace {

static_assert(static_cast<int>(Source::kEstimated) == v1::SOURCE_ESTIMATED);
static_assert(static_cast<int>(EventKind::kAlarm) == v1::EVENT_KIND_ALARM);
static_assert(static_cast<int>(GapCause::kTampering) == v1::GAP_CAUSE_TAMPERING);
static_assert(static_cast<int>(ClassGroup::kWheelSpeed) + 1 == v1::CLASS_GROUP_WHEEL_SPEED);

void SetDuration(std::int64_t ms, google::protobuf::Duration* out) {
  out->set_seconds(ms / 1000);
  out->set_nanos(static_cast<std::int32_t>(ms % 1000 * 1'000'000));
}

void SetPosition(const Position& position, v1::Position* out) {
  out->set_latitude_deg(position.latitude_deg);
  out->set_longitude_deg(position.longitude_deg);
}

}  // namespace

void Fill(const Totals& totals, v1::Totals& out) {
  out.set_distance_km(totals.distance_km());
  out.set_distance_source(static_cast<v1::Source>(totals.distance_source));
  SetDuration(totals.driving_ms, out.mutable_driving_duration());
  SetDuration(totals.idle_ms, out.mutable_idle_duration());
  SetDuration(totals.engine_ms, out.mutable_engine_duration());
  out.set_fuel_used_l(totals.fuel_used_l());
  out.set_fuel_source(static_cast<v1::Source>(totals.fuel_source));
  out.set_idle_fuel_l(totals.idle_fuel_l());
  out.set_speed_kmh_max(totals.speed_kmh_max);
  SetDuration(totals.overspeed_ms, out.mutable_overspeed_duration());
  SetDuration(totals.coasting_ms, out.mutable_coasting_duration());
  SetDuration(totals.cruise_ms, out.mutable_cruise_duration());
  SetDuration(totals.over_rev_ms, out.mutable_over_rev_duration());
  SetDuration(totals.green_band_ms, out.mutable_green_band_duration());
  out.set_harsh_brake_count(totals.harsh_brake_count);
  out.set_harsh_acceleration_count(totals.harsh_acceleration_count);
  out.set_frame_count(totals.frame_count);
  SetDuration(totals.pto_ms, out.mutable_pto_duration());
  out.set_pto_fuel_l(static_cast<double>(totals.pto_fuel_ul) * 1e-6);
}

void Fill(const Event& event, v1::Event& out) {
  out.set_kind(static_cast<v1::EventKind>(event.kind));
  SetTime(event.start_time_ms, out.mutable_start_time());
  SetDuration(event.duration_ms, out.mutable_duration());
  out.set_value(event.value);
  out.set_speed_kmh_at_start(event.speed_kmh_at_start);
  if (event.position) SetPosition(*event.position, out.mutable_position());
  out.set_fuel_l(static_cast<double>(event.fuel_ul) * 1e-6);
  out.set_signal_id(event.signal);
}

void Fill(const Trip& trip, v1::Trip& out) {
  SetTime(trip.start_time_ms, out.mutable_start_time());
  SetTime(trip.end_time_ms, out.mutable_end_time());
  out.set_open(trip.open);
  if (trip.start_position) SetPosition(*trip.start_position, out.mutable_start_position());
  if (trip.end_position) SetPosition(*trip.end_position, out.mutable_end_position());
  Fill(trip.totals, *out.mutable_totals());
  for (const Event& event : trip.events) Fill(event, *out.add_events());
}

void Fill(const Stop& stop, v1::Stop& out) {
  SetTime(stop.start_time_ms, out.mutable_start_time());
  SetTime(stop.end_time_ms, out.mutable_end_time());
  out.set_open(stop.open);
  if (stop.position) SetPosition(*stop.position, out.mutable_position());
  Fill(stop.totals, *out.mutable_totals());
}

void Fill(const Gap& gap, const GapNeighbours& neighbours, v1::Gap& out) {
  const GapExplanation explanation = Explain(gap, neighbours);
  SetTime(gap.start_time_ms, out.mutable_start_time());
  SetTime(gap.end_time_ms, out.mutable_end_time());
  out.set_cause(static_cast<v1::GapCause>(explanation.cause));
  out.set_confidence(explanation.confidence);
  for (const std::string& evidence : explanation.evidence) out.add_evidence(evidence);
  if (gap.before.position) SetPosition(*gap.before.position, out.mutable_start_position());
  if (gap.after.position) SetPosition(*gap.after.position, out.mutable_end_position());
  out.set_distance_km(gap.distance_m.value_or(0.0) * 1e-3);
}

void Fill(const AccumulatedClasses& classes, v1::Rollup& out) {
  for (const AccumulatedClasses::Entry& entry : classes.entries()) {
    const ClassBounds& bounds = AllClasses()[entry.number];
    v1::AccumulatedClass& message = *out.add_classes();
    message.set_group(static_cast<v1::ClassGroup>(static_cast<int>(bounds.group) + 1));
    if (bounds.from) message.set_from(*bounds.from);
    if (bounds.to) message.set_to(*bounds.to);
    message.set_label(bounds.label);
    SetDuration(entry.cell.duration_ms, message.mutable_duration());
    message.set_distance_m(static_cast<double>(entry.cell.distance_mm) * 1e-3);
    message.set_fuel_ml(static_cast<double>(entry.cell.fuel_ul) * 1e-3);
  }
  out.set_brake_press_count(classes.brake_press_count());
}

void Fill(const VehicleDay& day, v1::VehicleDay& out) {
  out.set_date(FormatDay(day.day));
  Fill(day.totals, *out.mutable_totals());
  out.set_trip_count(day.trip_count);
}

void Fill(const Advice& advice, v1::Advice& out) {
  out.set_rule(advice.rule);
  out.set_title(advice.title);
  out.set_evidence(advice.evidence);
  out.set_saving_l(advice.saving_l);
  out.set_saving_l_per_100km(advice.saving_l_per_100km);
  out.set_risk_points(advice.risk_points);
  SetTime(advice.first_time_ms, out.mutable_first_time());
  SetTime(advice.last_time_ms, out.mutable_last_time());
}

void Fill(const DriverScore& score, v1::DriverScore& out) {
  out.set_enough_data(score.enough_data);
  out.set_missing(score.missing);
  out.set_score(score.score);
  for (const ScoreDimension& dimension : score.dimensions) {
    v1::ScoreDimension& to = *out.add_dimensions();
    to.set_name(dimension.name);
    to.set_enough_data(dimension.enough_data);
    to.set_score(dimension.score);
    to.set_weight(dimension.weight);
    to.set_measured(dimension.measured);
    to.set_unit(dimension.unit);
    to.set_good(dimension.good);
    to.set_bad(dimension.bad);
    for (const Event& event : dimension.evidence) Fill(event, *to.add_evidence());
  }
}

void Fill(const FuelSummary& summary, v1::FuelSummary& out) {
  out.set_enough_data(summary.enough_data);
  out.set_missing(summary.missing);
  out.set_fuel_used_l(summary.fuel_used_l);
  out.set_fuel_source(static_cast<v1::Source>(summary.fuel_source));
  out.set_distance_km(summary.distance_km);
  out.set_fuel_l_per_100km(summary.fuel_l_per_100km);
  out.set_idle_fuel_l(summary.idle_fuel_l);
  SetDuration(summary.idle_ms, out.mutable_idle_duration());
  out.set_idle_fuel_rate_lph(summary.idle_fuel_rate_lph);
  out.set_co2_kg(summary.co2_kg);
}

}  // namespace telltale
