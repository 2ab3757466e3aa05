#include "advice/gap.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace telltale {
namespace {

constexpr double kEarthRadiusM = 6'371'008.8;  // mean radius, IUGG

// Whether the vehicle moved by itself while it was silent; nullopt: nobody knows. Its wheels know better than its
// place: a ferry moves that, too.
std::optional<bool> Moved(const Gap& gap, const GapOptions& options) {
  const std::optional<double>& by_m = gap.distance_m ? gap.distance_m : gap.displaced_m;
  if (by_m && *by_m >= options.moved_m_min) return true;
  if (by_m && *by_m <= options.stood_m_max) return false;
  return std::nullopt;
}

std::optional<bool> IsOff(const GapSide& side) {
  if (side.engine_running) return !*side.engine_running;
  if (side.ignition_on) return !*side.ignition_on;
  return std::nullopt;
}

bool Drives(const GapSide& side) { return side.speed_kmh && *side.speed_kmh >= 10.0; }

// Before the silence: the starter makes a supply dip after it.
bool SupplyCollapsed(const Gap& gap, const GapOptions& options) {
  if (gap.before.power_cut || gap.after.power_cut || gap.before.undervoltage) return true;
  if (!gap.before.supply_v) return false;
  const bool net_of_24_v = gap.after.supply_v && *gap.after.supply_v > 18.0;
  return *gap.before.supply_v < options.supply_collapse_v * (net_of_24_v ? 2.0 : 1.0);
}

std::string YesNo(bool yes, const char* if_yes, const char* if_no) { return yes ? if_yes : if_no; }

void Describe(const char* when, const GapSide& side, std::vector<std::string>& evidence) {
  std::string known;
  const auto add = [&known](const std::string& fact) { known += (known.empty() ? "" : ", ") + fact; };
  if (side.engine_running) add(YesNo(*side.engine_running, "engine running", "engine off"));
  if (side.ignition_on) add(YesNo(*side.ignition_on, "ignition on", "ignition off"));
  if (side.speed_kmh) add(fmt::format("{:.0f} km/h", *side.speed_kmh));
  if (side.supply_v) add(fmt::format("supply {:.1f} V", *side.supply_v));
  if (side.satellite_count) add(fmt::format("{} satellites", *side.satellite_count));
  if (side.power_cut) add("alarm: supply cut");
  if (side.undervoltage) add("alarm: supply low");
  if (side.aerial_fault) add("alarm: GNSS module or aerial");
  evidence.push_back(fmt::format("{} the silence: {}", when, known.empty() ? "nothing is known" : known));
}

// The cause and how sure it is, without neighbours. The most specific first: each needs evidence of its own, and what
// is left over is a lack of coverage only if the vehicle is known to have gone on.
GapExplanation Judge(const Gap& gap, const GapOptions& options) {
  const std::optional<bool> moved = Moved(gap, options);
  const std::optional<bool> off_before = IsOff(gap.before);
  const bool collapsed = SupplyCollapsed(gap, options);
  const bool aerial = gap.before.aerial_fault || gap.after.aerial_fault;

  // Driving on both sides and nothing in between: no odometer, no fuel, the same place.
  const bool nothing_happened = gap.distance_m && *gap.distance_m <= options.stood_m_max &&
                                (!gap.displaced_m || *gap.displaced_m <= options.moved_m_min) &&
                                (!gap.fuel_l || *gap.fuel_l < 0.5);
  if (Drives(gap.before) && Drives(gap.after) && nothing_happened) {
    return {.cause = GapCause::kClockFault, .confidence = gap.displaced_m ? 0.9 : 0.7};
  }
  if (off_before.value_or(false) && !moved.value_or(false) && !collapsed) {
    return {.cause = GapCause::kEngineOff, .confidence = moved ? 0.95 : 0.7};
  }
  if (moved.value_or(false) && Drives(gap.before) && gap.before.power_cut != gap.after.power_cut) {
    // Cut off while it drove, and it drove on. A worn connector does the same, so this is never certain; an alarm that
    // stands on both sides tells nothing.
    return {.cause = GapCause::kTampering, .confidence = 0.6};
  }
  if (collapsed && !(moved.value_or(false) && Drives(gap.before)))
    return {.cause = GapCause::kPowerCut, .confidence = moved ? 0.9 : 0.7};
  if (moved.value_or(false) && aerial) return {.cause = GapCause::kTerminalFault, .confidence = 0.6};
  if (moved.value_or(false) && off_before != true) return {.cause = GapCause::kNoCoverage, .confidence = 0.5};
  return {};
}

}  // namespace

double DistanceM(const Position& a, const Position& b) {
  constexpr double kRadians = std::numbers::pi / 180.0;
  const double latitude = std::sin((b.latitude_deg - a.latitude_deg) * kRadians / 2.0);
  const double longitude = std::sin((b.longitude_deg - a.longitude_deg) * kRadians / 2.0);
  const double h = latitude * latitude +
                   std::cos(a.latitude_deg * kRadians) * std::cos(b.latitude_deg * kRadians) * longitude * longitude;
  return 2.0 * kEarthRadiusM * std::asin(std::min(1.0, std::sqrt(h)));
}

GapExplanation Explain(const Gap& gap, const GapNeighbours& neighbours, const GapOptions& options) {
  GapExplanation explanation = Judge(gap, options);
  const bool many_silent = neighbours.silent_count >= options.neighbours_min;
  const bool went_on = Moved(gap, options).value_or(false);
  if (explanation.cause == GapCause::kNoCoverage) {
    // A dead spot is where others fall silent, too. Where others are heard and nobody else falls silent it is the
    // terminal's.
    if (many_silent) {
      explanation.confidence = 0.9;
    } else if (neighbours.silent_count == 0 && neighbours.heard_count >= options.neighbours_min) {
      explanation = {.cause = GapCause::kTerminalFault, .confidence = 0.5};
    }
  } else if (explanation.cause == GapCause::kTerminalFault && many_silent) {
    explanation = {.cause = GapCause::kNoCoverage, .confidence = 0.6};
  }

  std::vector<std::string>& evidence = explanation.evidence;
  evidence.push_back(fmt::format("silent for {} s", (gap.end_time_ms - gap.start_time_ms) / 1000));
  Describe("before", gap.before, evidence);
  Describe("after", gap.after, evidence);
  evidence.push_back(gap.distance_m ? fmt::format("the odometer advanced by {:.0f} m", *gap.distance_m)
                                    : "the odometer is not known on both sides");
  if (gap.displaced_m) {
    evidence.push_back(fmt::format("the places before and after are {:.0f} m apart", *gap.displaced_m));
  }
  if (gap.fuel_l) evidence.push_back(fmt::format("the engine burnt {:.1f} l", *gap.fuel_l));
  if (neighbours.silent_count > 0 || neighbours.heard_count > 0) {
    evidence.push_back(fmt::format("within 2 km {} other vehicles fell silent while moving, {} were heard",
                                   neighbours.silent_count, neighbours.heard_count));
  }
  if (went_on && !gap.before.power_cut && !gap.after.power_cut) {
    evidence.push_back("nothing says that the driver had a hand in it");
  }
  return explanation;
}

}  // namespace telltale
