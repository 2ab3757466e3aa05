#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advice/trip.h"

namespace telltale {

// Why nothing was heard of a vehicle; docs/gaps.md has the rules.
enum class GapCause : std::uint8_t {
  kUnknown = 0,
  kEngineOff = 1,      // parked, as it was before
  kNoCoverage = 2,     // it went on as usual, and nothing says that the terminal failed
  kTerminalFault = 3,  // it went on as usual, and the terminal or its aerial reported a fault
  kPowerCut = 4,       // the terminal lost its supply while the vehicle stood
  kClockFault = 5,     // nothing happened in between: the clock jumped
  kTampering = 6,      // the terminal lost its supply or aerial while the vehicle drove, and it drove on
};

// What is known of the vehicle on one side of a gap; nullopt: nothing.
struct GapSide {
  std::optional<bool> engine_running;
  std::optional<bool> ignition_on;
  std::optional<double> speed_kmh;
  std::optional<double> supply_v;
  std::optional<int> satellite_count;
  bool power_cut = false;     // the terminal's alarm: main supply cut off
  bool undervoltage = false;  // the terminal's alarm: main supply too low
  bool aerial_fault = false;  // the terminal's alarm: GNSS module, its aerial cut or shorted
  std::optional<Position> position;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.engine_running, self.ignition_on, self.speed_kmh, self.supply_v, self.satellite_count, self.power_cut,
            self.undervoltage, self.aerial_fault, self.position);
  }
  friend bool operator==(const GapSide&, const GapSide&) = default;
};

// A silence of more than 200 s, see FoldOptions::stop_max.
struct Gap {
  std::int64_t start_time_ms = 0;  // the last frame before
  std::int64_t end_time_ms = 0;    // the first frame after
  GapSide before;
  GapSide after;
  std::optional<double> distance_m;   // by which the odometer advanced; absent: it is not known on both sides
  std::optional<double> fuel_l;       // by which the fuel total advanced
  std::optional<double> displaced_m;  // between the places on both sides

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.start_time_ms, self.end_time_ms, self.before, self.after, self.distance_m, self.fuel_l,
            self.displaced_m);
  }
  friend bool operator==(const Gap&, const Gap&) = default;
};

// What other vehicles did around the place at the time. The fold does not know it: who asks adds it.
struct GapNeighbours {
  std::uint32_t silent_count =
      0;                          // fell silent within 2 km of where this one did, in the month around it, while moving
  std::uint32_t heard_count = 0;  // were heard there
};

struct GapExplanation {
  GapCause cause = GapCause::kUnknown;
  double confidence = 0.0;            // 0..1; see docs/gaps.md
  std::vector<std::string> evidence;  // sentences with figures, for a report
};

struct GapOptions {
  double moved_m_min = 300.0;  // farther is moved: GNSS noise of a parked vehicle and the grid of SPN 245 stay below
  double stood_m_max = 150.0;  // up to here it stood: a step of SPN 245 is 125 m
  double supply_collapse_v = 9.0;  // of a 12 V net, of a 24 V net twice: below, no starter battery lets a terminal run
  std::uint32_t neighbours_min = 3;  // fewer silent vehicles may be chance
};

// Pure. Missing evidence never makes a cause more certain.
GapExplanation Explain(const Gap& gap, const GapNeighbours& neighbours = {}, const GapOptions& options = {});

// Great-circle distance in metres.
double DistanceM(const Position& a, const Position& b);

}  // namespace telltale
