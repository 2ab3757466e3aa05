// The tables of bench/truck_simulator/README.md, from 40 roads each: consumption beside what was measured on real
// trucks, what habits save, and how fast the simulation is.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include <fmt/format.h>

#include "bench/truck_simulator/simulation.h"

namespace telltale::truck {
namespace {

constexpr std::uint64_t kRoads = 40;
constexpr double kLongRoadM = 100e3;
constexpr double kShortRoadM = 40e3;
constexpr double kPoorPressureRatio = 0.8;
constexpr SimulationOptions kWarm = {.coolant_c = 88.0};

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void PrintConsumption(const char* name, const Vehicle& vehicle, double measured) {
  std::vector<double> of_roads;
  double sum = 0.0;
  for (std::uint64_t seed = 1; seed <= kRoads; ++seed) {
    const Road road({.kind = RoadKind::kLongHaul, .length_m = kLongRoadM, .seed = seed});
    of_roads.push_back(DriveTrip(road, vehicle, AverageDriver(), kWarm).fuel_l_per_100km());
    sum += of_roads.back();
  }
  fmt::print("{:<40} {:6.2f} ({:.1f} to {:.1f})   measured {:.1f} l/100 km\n", name, sum / kRoads,
             std::ranges::min(of_roads), std::ranges::max(of_roads), measured);
}

void PrintIdling() {
  const Road road = Road::Uniform(1e3, 0.0, 20.0);
  Driver driver = AverageDriver();
  driver.warm_up_s = 3'600;
  Simulation simulation(road, AverageTractorTrailer(), driver, kWarm);
  while (simulation.state().time_s < driver.warm_up_s && simulation.Advance()) {
  }
  fmt::print("{:<40} {:6.2f}   measured 1.9 to 2.4 l/h\n", "idling combination truck", simulation.state().fuel_l);
}

struct Traffic {
  const char* name;
  RoadKind road;
  Vehicle vehicle;
};

void PrintHabits(const Traffic& traffic) {
  Vehicle soft = traffic.vehicle;
  soft.tyre_pressure_ratio = kPoorPressureRatio;
  double actual_l = 0.0;
  double tyres_l = 0.0;
  std::vector<double> saved_l(4, 0.0);
  for (std::uint64_t seed = 1; seed <= kRoads; ++seed) {
    const Road road({.kind = traffic.road, .length_m = kShortRoadM, .seed = seed});
    std::size_t at = 0;
    for (const Habit habit : {Habit::kIdleLess, Habit::kCruiseSlower, Habit::kAnticipate, Habit::kShiftEarlier}) {
      const Counterfactual change = ChangeHabit(road, traffic.vehicle, PoorDriver(), habit);
      saved_l[at++] += change.saved_l();
      if (habit == Habit::kIdleLess) actual_l += change.actual.fuel_l();
    }
    const Counterfactual tyres = CorrectTyrePressure(road, soft, PoorDriver());
    tyres_l += tyres.saved_l() / tyres.actual.fuel_l();
  }
  fmt::print("{:<28} {:8.1f}", traffic.name, actual_l / (kRoads * kShortRoadM) * 1e5);
  for (const double saved : saved_l) fmt::print(" {:13.1f}", 100.0 * saved / actual_l);
  fmt::print(" {:13.1f}\n", 100.0 * tyres_l / kRoads);
  std::fflush(stdout);
}

void PrintSpeed() {
  const double begin_s = CpuSeconds();
  double simulated_s = 0.0;
  for (std::uint64_t seed = 1; seed <= kRoads; ++seed) {
    const Road road({.kind = RoadKind::kDistribution, .length_m = kShortRoadM, .seed = seed});
    simulated_s += DriveTrip(road, DistributionTruck(), AverageDriver()).duration_s;
  }
  fmt::print("{:.2f} million simulated seconds per CPU second, states of 1 s\n",
             simulated_s / (CpuSeconds() - begin_s) * 1e-6);
}

void Run() {
  fmt::print("Average driver, warm engine, mean of {} roads (least and greatest)\n", kRoads);
  PrintConsumption("average tractor-trailer, long haul", AverageTractorTrailer(), 32.6);
  PrintConsumption("best tractor-trailer, long haul", BestTractorTrailer(), 29.9);
  PrintIdling();
  fmt::print("\nPoor driver, cold engine: what is saved, in percent\n{:<28} {:>8} {:>13} {:>13} {:>13} {:>13} {:>13}\n",
             "road", "l/100 km", "idle less", "5 km/h slower", "anticipate", "shift earlier", "tyres");
  for (const Traffic& traffic : {Traffic{"long haul, tractor-trailer", RoadKind::kLongHaul, AverageTractorTrailer()},
                                 Traffic{"hilly, tractor-trailer", RoadKind::kHilly, AverageTractorTrailer()},
                                 Traffic{"distribution, rigid", RoadKind::kDistribution, DistributionTruck()},
                                 Traffic{"city, rigid", RoadKind::kCity, DistributionTruck()},
                                 Traffic{"bus line, bus", RoadKind::kBus, CityBus()}}) {
    PrintHabits(traffic);
  }
  fmt::print("\n");
  PrintSpeed();
}

}  // namespace
}  // namespace telltale::truck

int main() {
  telltale::truck::Run();
  return 0;
}
