// Decisions about who may see what, at the size of the whole fleet: 2.2 million vehicles, 10,000 organisations, 10
// million grants. Wanted: at most 2 us a decision and 1 GB of memory.

#include <fstream>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "access/grant_index.h"

namespace telltale {
namespace {

constexpr VehicleId kVehicles = 2'181'336;
constexpr OrganisationId kOrganisations = 10'000;
constexpr std::size_t kGrants = 10'000'000;
constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 86'400;

double ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024;
  }
  return 0;
}

// Vehicles are sold in blocks, and serviced, leased and owned by whoever it may be; a third of the grants has ended.
struct Fleet {
  Fleet() {
    const double before = ResidentBytes();
    std::mt19937 random(1);
    for (std::size_t i = 0; i < kGrants; ++i) {
      const auto vehicle = static_cast<VehicleId>(1 + i % kVehicles);
      const bool ended = random() % 3 == 0;
      index.Put({.id = i + 1,
                 .organisation = OrganisationOf(i),
                 .target = GrantTarget::OfVehicle(vehicle),
                 .purpose = static_cast<Purpose>(1 + i % kGreatestPurpose),
                 .scopes = ScopeSet::FromBits(static_cast<std::uint32_t>(random())),
                 .from_s = kNow - 400 * kDay,
                 .to_s = ended ? kNow - kDay : kNow + 400 * kDay});
    }
    bytes = ResidentBytes() - before;
  }
  static OrganisationId OrganisationOf(std::size_t grant) {
    return static_cast<OrganisationId>(1 + grant * 2'654'435'761U / kVehicles % kOrganisations);
  }

  GrantIndex index;
  double bytes = 0;
};

const Fleet& TheFleet() {
  static const Fleet fleet;
  return fleet;
}

// Of random vehicles, half of them somebody else's.
void BM_Decide(benchmark::State& state) {
  const Fleet& fleet = TheFleet();
  std::mt19937 random(2);
  std::vector<std::pair<OrganisationId, VehicleId>> asked(1 << 20);
  for (auto& [organisation, vehicle] : asked) {
    const std::size_t grant = random() % kGrants;
    vehicle = static_cast<VehicleId>(1 + grant % kVehicles);
    organisation = random() % 2 == 0 ? Fleet::OrganisationOf(grant) : 1 + random() % kOrganisations;
  }
  std::size_t at = 0;
  std::size_t allowed = 0;
  for (auto _ : state) {
    const auto& [organisation, vehicle] = asked[at++ % asked.size()];
    allowed += fleet.index.Decide(organisation, vehicle, Scope::kFaults, kNow).has_value() ? 1 : 0;
  }
  const auto of_each_thread = [](double value) { return benchmark::Counter(value, benchmark::Counter::kAvgThreads); };
  state.counters["allowed"] = of_each_thread(static_cast<double>(allowed) / static_cast<double>(state.iterations()));
  state.counters["bytes_a_grant"] = of_each_thread(fleet.bytes / static_cast<double>(kGrants));
  state.counters["MB"] = of_each_thread(fleet.bytes / 1e6);
}
BENCHMARK(BM_Decide)->ThreadRange(1, 2);

// A page of an organisation's vehicles.
void BM_ListVehicles(benchmark::State& state) {
  const Fleet& fleet = TheFleet();
  OrganisationId organisation = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        fleet.index.Vehicles(1 + organisation++ % kOrganisations, Scope::kVehicle, kNow, 0, 1'000, kVehicles));
  }
}
BENCHMARK(BM_ListVehicles)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace telltale

BENCHMARK_MAIN();
