#include "bench/load/truck_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "bench/load/mix.h"

namespace telltale {
namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(Mix(seed)) {}

  std::uint64_t Next() { return Mix(state_++); }
  double Share() { return static_cast<double>(Next() >> 11) * 0x1p-53; }  // 0..1
  bool Happens(double share) { return Share() < share; }
  double Between(double low, double high) { return low + Share() * (high - low); }
  std::int64_t Between(std::int64_t low, std::int64_t high) {  // both included
    return low + static_cast<std::int64_t>(Next() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

// Signals of each role in a row of 400, and how often one changes from frame to frame.
struct RoleTraits {
  const char* plural;
  int count_of_400;
  double change_share_driving;
  double change_share_parked;
};
constexpr std::array<RoleTraits, kSignalRoleCount> kRoles = {{
    {"states", 120, 0.02, 0.0},
    {"slow bytes", 80, 0.1, 0.001},
    {"busy bytes", 30, 0.95, 0.01},
    {"slow words", 60, 0.3, 0.001},
    {"busy words", 40, 1.0, 0.02},
    {"counters", 30, 0.6, 0.0},
    {"positions", 2, 1.0, 0.0},
    {"not available", 0, 0.0, 0.0},
}};
const RoleTraits& TraitsOf(SignalRole role) { return kRoles[static_cast<std::size_t>(role)]; }

constexpr std::uint32_t kLatitudeSpn = 584;
constexpr std::uint32_t kLongitudeSpn = 585;

struct DutyTraits {
  double share = 0.0;  // of the fleet
  double hours = 0.0;  // of a shift, each day
  double start_first_h = 0.0;
  double start_last_h = 0.0;               // when shifts begin, UTC
  std::array<double, 8> targets_kmh = {};  // each as likely
  double hold_min_s = 0.0;
  double hold_max_s = 0.0;
  double stand_max_s = 0.0;
};
constexpr std::array<DutyTraits, kDutyCount> kDuties = {{
    {0.4, 9.0, 2.0, 9.0, {0.0, 0.0, 30.0, 50.0, 70.0, 84.0, 84.0, 84.0}, 60.0, 1200.0, 400.0},
    {0.3, 8.0, 3.0, 8.0, {0.0, 0.0, 0.0, 30.0, 30.0, 50.0, 50.0, 70.0}, 60.0, 600.0, 900.0},
    {0.1, 12.0, 3.0, 7.0, {0.0, 0.0, 15.0, 30.0, 30.0, 40.0, 50.0, 50.0}, 20.0, 120.0, 40.0},
    {0.2, 0.0, 0.0, 0.0, {}, 0.0, 0.0, 0.0},
}};
const DutyTraits& TraitsOf(Duty duty) { return kDuties[static_cast<std::size_t>(duty)]; }

// What the truck does in one step of the tape. Sums begin with 0 at the tape's first row.
struct Drive {
  double share_of_tape = 0.0;
  double speed_kmh = 0.0;
  double engine_speed_rpm = 0.0;
  double load_percent = 0.0;
  double fuel_rate_lph = 0.0;
  double distance_km = 0.0;
  double fuel_l = 0.0;
  double idle_fuel_l = 0.0;
  double engine_h = 0.0;
  double idle_h = 0.0;
  double north_km = 0.0;
  double east_km = 0.0;
};

// The driving of a duty: on a long haul towns, country roads, motorway, standing with the engine running, and a break
// without.
class Driver {
 public:
  Driver(const DutyTraits& duty, std::uint64_t seed, double step_s) : duty_(duty), random_(seed), step_s_(step_s) {}

  Drive Next(bool engine_off, bool standing) {
    if (engine_off) return Rest();
    if (hold_s_ <= 0.0) ChooseTarget();
    hold_s_ -= step_s_;
    if (standing) target_kmh_ = 0.0;
    const double change_max = 2.0 * step_s_;  // km/h; 0.55 m/s2, a loaded truck that nobody hurries
    const double change = std::clamp(target_kmh_ - now_.speed_kmh, -change_max, change_max);
    now_.speed_kmh = std::max(0.0, now_.speed_kmh + change);
    if (target_kmh_ > 0.0) now_.speed_kmh = std::max(0.0, now_.speed_kmh + random_.Between(-0.5, 0.5));
    const bool idle = now_.speed_kmh < 1.0;
    now_.load_percent =
        idle ? random_.Between(12.0, 16.0) : std::clamp(35.0 + 10.0 * change + random_.Between(-8.0, 8.0), 0.0, 100.0);
    now_.engine_speed_rpm =
        idle ? random_.Between(595.0, 605.0) : 1000.0 + 3.0 * now_.speed_kmh + random_.Between(-30.0, 30.0);
    now_.fuel_rate_lph = idle ? 2.5 : 3.0 + 0.5 * now_.load_percent;
    Sum(idle);
    return now_;
  }

 private:
  Drive Rest() {
    now_.speed_kmh = 0.0;
    now_.engine_speed_rpm = 0.0;
    now_.load_percent = 0.0;
    now_.fuel_rate_lph = 0.0;
    return now_;
  }

  void ChooseTarget() {
    target_kmh_ = duty_.targets_kmh[random_.Next() % duty_.targets_kmh.size()];
    hold_s_ = random_.Between(duty_.hold_min_s, target_kmh_ == 0.0 ? duty_.stand_max_s : duty_.hold_max_s);
  }

  void Sum(bool idle) {
    const double step_h = step_s_ / 3600.0;
    heading_rad_ += random_.Between(-0.1, 0.1);
    now_.distance_km += now_.speed_kmh * step_h;
    now_.north_km += std::cos(heading_rad_) * now_.speed_kmh * step_h;
    now_.east_km += std::sin(heading_rad_) * now_.speed_kmh * step_h;
    now_.fuel_l += now_.fuel_rate_lph * step_h;
    now_.engine_h += step_h;
    if (idle) {
      now_.idle_fuel_l += now_.fuel_rate_lph * step_h;
      now_.idle_h += step_h;
    }
  }

  const DutyTraits& duty_;
  Random random_;
  double step_s_;
  double target_kmh_ = 0.0;
  double hold_s_ = 0.0;
  double heading_rad_ = 0.0;
  Drive now_;
};

// The truck's whole tape. The path is bent so that it ends where it began; fuel and distance go on.
std::vector<Drive> MakeDrives(const Duty* duty, std::uint64_t seed, double step_s, std::size_t row_count) {
  std::vector<Drive> drives(row_count + 1);  // the last is the first of the next lap
  if (duty != nullptr) {
    Driver driver(TraitsOf(*duty), seed, step_s);
    for (std::size_t i = 1; i <= row_count; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(row_count);
      // The break: it ends a trip. Before it there is time to come to a stand without braking hard.
      drives[i] = driver.Next(share >= 0.45 && share < 0.55, share >= 0.42 && share < 0.45);
    }
  }
  const Drive end = drives.back();
  for (std::size_t i = 0; i <= row_count; ++i) {
    drives[i].share_of_tape = static_cast<double>(i) / static_cast<double>(row_count);
    drives[i].north_km -= end.north_km * drives[i].share_of_tape;
    drives[i].east_km -= end.east_km * drives[i].share_of_tape;
  }
  return drives;
}

// What a truck of this age, 0 (new) to 1 (worn out), has behind it.
Drive LifeOf(double age) {
  return {.distance_km = 1'500'000.0 * age,
          .fuel_l = 450'000.0 * age,
          .idle_fuel_l = 15'000.0 * age,
          .engine_h = 25'000.0 * age,
          .idle_h = 6'000.0 * age};
}

// The physical value of a signal whose SPN we know (SAE J1939-71); nullopt: any value will do.
std::optional<double> KnownValue(std::uint32_t spn, const Drive& drive) {
  switch (spn) {
    case 84:    // wheel-based vehicle speed
    case 517:   // navigation-based vehicle speed
    case 904:   // front axle speed
    case 1624:  // tachograph vehicle speed
      return drive.speed_kmh;
    case 190:  // engine speed
      return drive.engine_speed_rpm;
    case 91:   // accelerator pedal position
    case 92:   // engine percent load at current speed
    case 513:  // actual engine percent torque
      return drive.load_percent;
    case 183:  // fuel rate
      return drive.fuel_rate_lph;
    case 96:  // fuel level: from full to a third, then the tank is filled
      return 95.0 - 60.0 * drive.share_of_tape;
    case 110:  // coolant temperature
      return drive.engine_speed_rpm > 0.0 ? 82.0 + 0.1 * drive.load_percent : 15.0;
    case 175:  // oil temperature
      return drive.engine_speed_rpm > 0.0 ? 90.0 + 0.1 * drive.load_percent : 15.0;
    case 100:  // oil pressure
      return drive.engine_speed_rpm > 0.0 ? 200.0 + 0.15 * drive.engine_speed_rpm : 0.0;
    case 168:  // battery potential
      return drive.engine_speed_rpm > 0.0 ? 27.8 : 25.2;
    case 1761:  // AdBlue level
      return 90.0 - 10.0 * drive.share_of_tape;
    default:
      return std::nullopt;
  }
}

// What a known counter grew by since the tape's first row, in its unit.
std::optional<double> KnownGrowth(std::uint32_t spn, const Drive& drive) {
  switch (spn) {
    case 244:  // trip distance
    case 245:  // total vehicle distance
      return drive.distance_km;
    case 917:  // total vehicle distance, high resolution: in metres
    case 918:  // trip distance, high resolution
      return drive.distance_km * 1000.0;
    case 182:   // trip fuel
    case 250:   // total fuel used
    case 5054:  // the same, high resolution
      return drive.fuel_l;
    case 235:  // idle hours
      return drive.idle_h;
    case 236:  // idle fuel
      return drive.idle_fuel_l;
    case 247:  // engine hours
      return drive.engine_h;
    default:
      return std::nullopt;
  }
}

bool IsKnown(const ModelSignal& signal) {
  return KnownValue(signal.spn, {}).has_value() || KnownGrowth(signal.spn, {}).has_value();
}

RawValue Clamp(const ModelSignal& signal, double raw) {
  return static_cast<RawValue>(
      std::clamp(std::round(raw), static_cast<double>(signal.raw_min), static_cast<double>(signal.raw_max)));
}

RawValue ToRaw(const ModelSignal& signal, double physical) {
  return Clamp(signal, (physical - signal.offset) / signal.scale);
}

std::int64_t RangeOf(const ModelSignal& signal) {
  return static_cast<std::int64_t>(signal.raw_max) - static_cast<std::int64_t>(signal.raw_min);
}

// Where a wandering signal stays: `half` on both sides of the middle of its range. The vehicle's own offset takes it as
// far again, at most.
struct Band {
  std::int64_t middle;
  std::int64_t half;
};
Band BandOf(const ModelSignal& signal) {
  const std::int64_t range = RangeOf(signal);
  return {.middle = signal.raw_min + range / 2, .half = std::min<std::int64_t>(range, 65'536) / 4};
}

bool IsByte(const ModelSignal& signal) { return RangeOf(signal) <= 255; }
bool IsPlace(const ModelSignal& signal) { return signal.spn == kLatitudeSpn || signal.spn == kLongitudeSpn; }
bool IsMeasured(const ModelSignal& signal) {
  return (signal.kind == SignalKind::kContinuous || signal.kind == SignalKind::kPosition) && !IsPlace(signal);
}

// Known signals go to a role before others: it is them that advice looks at.
bool Suits(const ModelSignal& signal, SignalRole role) {
  switch (role) {
    case SignalRole::kState:
      return signal.kind == SignalKind::kState;
    case SignalRole::kSlowByte:
    case SignalRole::kBusyByte:
      return IsMeasured(signal) && IsByte(signal);
    case SignalRole::kSlowWord:
    case SignalRole::kBusyWord:
      return IsMeasured(signal) && !IsByte(signal);
    case SignalRole::kCounter:
      return signal.kind == SignalKind::kCounter;
    case SignalRole::kPosition:
      return IsPlace(signal);
    case SignalRole::kNotAvailable:
      return true;
  }
  return false;
}

// The signals of a row and their roles, in the order of ids.
std::vector<std::pair<ModelSignal, SignalRole>> ChooseSignals(std::span<const ModelSignal> catalogue,
                                                              std::size_t signal_count) {
  const auto count_of = [signal_count](SignalRole role) {
    return (static_cast<std::size_t>(TraitsOf(role).count_of_400) * signal_count + 399) / 400;
  };
  std::vector<ModelSignal> rest(catalogue.begin(), catalogue.end());
  std::sort(rest.begin(), rest.end(), [](const ModelSignal& a, const ModelSignal& b) {
    return std::pair(!IsKnown(a), a.id) < std::pair(!IsKnown(b), b.id);
  });
  std::vector<std::pair<ModelSignal, SignalRole>> chosen;
  // Returns how many of `wanted` the catalogue lacks.
  const auto take = [&](SignalRole role, std::size_t wanted) {
    std::vector<ModelSignal> left;
    for (const ModelSignal& signal : rest) {
      if (wanted > 0 && chosen.size() < signal_count && Suits(signal, role)) {
        chosen.emplace_back(signal, role);
        --wanted;
      } else {
        left.push_back(signal);
      }
    }
    rest = std::move(left);
    return wanted;
  };
  std::size_t lacking = 0;
  for (int i = 0; i < kSignalRoleCount; ++i) {
    const auto role = static_cast<SignalRole>(i);
    if (role != SignalRole::kNotAvailable) lacking += take(role, count_of(role));
  }
  // What the catalogue lacks is made up for by what it has more of, so that a row is not easier than it should be.
  for (const SignalRole role : {SignalRole::kSlowWord, SignalRole::kSlowByte, SignalRole::kState}) {
    lacking = take(role, lacking);
  }
  take(SignalRole::kNotAvailable, signal_count);
  std::sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) { return a.first.id < b.first.id; });
  return chosen;
}

// One signal from row to row.
class Column {
 public:
  Column(const ModelSignal& signal, SignalRole role, bool parked, std::uint64_t seed)
      : signal_(signal),
        role_(role),
        change_share_(parked ? TraitsOf(role).change_share_parked : TraitsOf(role).change_share_driving),
        random_(seed),
        band_(BandOf(signal)),
        value_(role == SignalRole::kCounter ? 0 : First()) {}

  // The value of a row; of a counter what it grew by since the first row; of a place where it is from the first row.
  std::int64_t Next(const Drive& drive) {
    if (role_ == SignalRole::kNotAvailable) return kNotAvailable;
    if (role_ == SignalRole::kPosition) return Place(drive);
    if (role_ == SignalRole::kCounter) {
      if (const auto growth = KnownGrowth(signal_.spn, drive)) return std::llround(*growth / signal_.scale);
    } else if (const auto known = KnownValue(signal_.spn, drive)) {
      return ToRaw(signal_, *known);
    }
    if (random_.Happens(change_share_)) Change();
    return value_;
  }

 private:
  std::int64_t First() {
    if (role_ == SignalRole::kState) return random_.Between(signal_.raw_min, std::int64_t{signal_.raw_max});
    return random_.Between(band_.middle - band_.half, band_.middle + band_.half);
  }

  void Change() {
    if (role_ == SignalRole::kState) {
      value_ = First();
    } else if (role_ == SignalRole::kCounter) {
      value_ += random_.Between(std::int64_t{1}, std::int64_t{3});
    } else {
      const bool busy = role_ == SignalRole::kBusyByte || role_ == SignalRole::kBusyWord;
      const std::int64_t step_max = busy ? std::max<std::int64_t>(1, band_.half / 32) : 1;
      const std::int64_t step = random_.Between(std::int64_t{1}, step_max) * (random_.Happens(0.5) ? 1 : -1);
      value_ = std::clamp(value_ + step, band_.middle - band_.half, band_.middle + band_.half);
    }
  }

  std::int64_t Place(const Drive& drive) const {
    constexpr double kKmPerDegree = 111.2;  // of latitude; of longitude at 48 degrees north two thirds of it
    const double degrees =
        signal_.spn == kLatitudeSpn ? drive.north_km / kKmPerDegree : drive.east_km / (kKmPerDegree * 0.669);
    return std::llround(degrees / signal_.scale);
  }

  const ModelSignal signal_;
  const SignalRole role_;
  const double change_share_;
  Random random_;
  const Band band_;
  std::int64_t value_;
};

// Where a counter of a truck of this age stands.
RawValue FirstCount(const ModelSignal& signal, double age) {
  const double least = signal.raw_min;
  if (const auto known = KnownGrowth(signal.spn, LifeOf(age))) return Clamp(signal, least + *known / signal.scale);
  return Clamp(signal, least + age * 0.25 * static_cast<double>(std::min<std::int64_t>(RangeOf(signal), 1'000'000)));
}

Status Validate(const TruckModelOptions& options, std::size_t catalogue_size) {
  if (options.signal_count == 0 || options.signal_count > catalogue_size) {
    return absl::InvalidArgumentError(
        fmt::format("{} signals are asked for, the catalogue has {}", options.signal_count, catalogue_size));
  }
  if (!(options.parked_share >= 0.0 && options.parked_share <= 1.0)) {
    return absl::InvalidArgumentError(fmt::format("the share parked is {}, must be 0 to 1", options.parked_share));
  }
  if (options.shifts && options.parked_share != 0.0) {
    return absl::InvalidArgumentError("a fleet with shifts has no share parked of its own");
  }
  if (options.cadence_ms < 1 || options.cadence_ms > 3'600'000) {
    return absl::InvalidArgumentError(fmt::format("the cadence is {} ms, must be 1 to 3,600,000", options.cadence_ms));
  }
  return OkStatus();
}

// Different uses of one seed.
enum class Use : std::uint64_t { kDrive = 1, kColumn, kVariant, kVehicle, kTime, kShift };
std::uint64_t SeedFor(std::uint64_t seed, Use use, std::uint64_t number) {
  return Mix(Mix(seed ^ static_cast<std::uint64_t>(use) << 56) ^ number);
}

}  // namespace

StatusOr<TruckModel> TruckModel::Create(std::span<const ModelSignal> catalogue, const TruckModelOptions& options) {
  RETURN_IF_ERROR(Validate(options, catalogue.size()));
  TruckModel model;
  model.options_ = options;
  std::vector<ModelSignal> signals;
  for (const auto& [signal, role] : ChooseSignals(catalogue, options.signal_count)) {
    if (role == SignalRole::kCounter) {
      model.counters_.push_back(static_cast<std::uint32_t>(signals.size()));
      model.counter_min_.push_back(signal.raw_min);
      model.counter_max_.push_back(signal.raw_max);
    }
    if (role == SignalRole::kPosition) model.places_.push_back(static_cast<std::uint32_t>(signals.size()));
    model.layout_.push_back(signal.id);
    model.roles_.push_back(role);
    signals.push_back(signal);
  }
  for (const Duty duty : {Duty::kLongHaul, Duty::kDistribution, Duty::kBus}) {
    if (duty == Duty::kLongHaul || options.shifts) {
      model.driving_.push_back(model.MakeTape(signals, &duty, kDrivingTapeRows));
    }
  }
  model.parked_ = model.MakeTape(signals, nullptr, kParkedTapeRows);
  model.MakeVariants(signals);
  return model;
}

TruckModel::Tape TruckModel::MakeTape(std::span<const ModelSignal> signals, const Duty* duty,
                                      std::size_t row_count) const {
  Tape tape{.row_count = row_count, .values = {}, .lap_growth = {}};
  tape.values.resize(row_count * signals.size());
  const double step_s = static_cast<double>(options_.cadence_ms) / 1000.0;
  const auto drives = MakeDrives(duty, SeedFor(options_.seed, Use::kDrive, 0), step_s, row_count);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    Column column(signals[i], roles_[i], duty == nullptr, SeedFor(options_.seed, Use::kColumn, i));
    for (std::size_t row = 0; row < row_count; ++row) {
      tape.values[row * signals.size() + i] = static_cast<RawValue>(column.Next(drives[row]));
    }
    if (roles_[i] == SignalRole::kCounter) tape.lap_growth.push_back(column.Next(drives[row_count]));
  }
  return tape;
}

void TruckModel::MakeVariants(std::span<const ModelSignal> signals) {
  variants_.reserve(kVariants * signals.size());
  for (std::size_t variant = 0; variant < kVariants; ++variant) {
    Random random(SeedFor(options_.seed, Use::kVariant, variant));
    const double age = random.Share();
    const double latitude_deg = random.Between(44.0, 52.0);
    const double longitude_deg = random.Between(0.0, 20.0);
    for (std::size_t i = 0; i < signals.size(); ++i) {
      const ModelSignal& signal = signals[i];
      const std::int64_t reach = BandOf(signal).half / 2;
      const std::int64_t wander = random.Between(-reach, reach);
      RawValue offset = 0;
      if (roles_[i] == SignalRole::kCounter) {
        offset = FirstCount(signal, age);
      } else if (roles_[i] == SignalRole::kPosition) {
        offset = signal.spn == kLatitudeSpn ? ToRaw(signal, latitude_deg) : ToRaw(signal, longitude_deg);
      } else if (roles_[i] != SignalRole::kState && roles_[i] != SignalRole::kNotAvailable && !IsKnown(signal)) {
        offset = static_cast<RawValue>(wander);
      }
      variants_.push_back(offset);
    }
  }
}

std::uint64_t TruckModel::HashOf(std::uint32_t vehicle) const { return SeedFor(options_.seed, Use::kVehicle, vehicle); }

bool TruckModel::IsParked(std::uint32_t vehicle) const {
  return static_cast<double>(HashOf(vehicle) >> 11) * 0x1p-53 < options_.parked_share;
}

Duty TruckModel::DutyOf(std::uint32_t vehicle) const {
  double share = static_cast<double>(HashOf(vehicle) >> 11) * 0x1p-53;
  std::size_t duty = 0;
  while (duty + 1 < kDutyCount && share >= kDuties[duty].share) share -= kDuties[duty++].share;
  return static_cast<Duty>(duty);
}

bool TruckModel::IsDriving(std::uint32_t vehicle, std::uint64_t step) const {
  return SceneOf(vehicle, step, HashOf(vehicle)).shows != &parked_;
}

TruckModel::Scene TruckModel::SceneOf(std::uint32_t vehicle, std::uint64_t step, std::uint64_t hash) const {
  const std::uint64_t shown_parked = step + hash % parked_.row_count;
  if (!options_.shifts) {
    if (IsParked(vehicle)) return {&parked_, shown_parked, &parked_, shown_parked};
    const std::uint64_t moved = step + hash % kDrivingTapeRows;
    return {driving_.data(), moved, driving_.data(), moved};
  }
  const Duty duty = DutyOf(vehicle);
  if (duty == Duty::kOffTheRoad) return {&parked_, shown_parked, &parked_, shown_parked};
  const DutyTraits& traits = TraitsOf(duty);
  const Tape* const tape = &driving_[static_cast<std::size_t>(duty)];
  const double steps_per_hour = 3'600'000.0 / static_cast<double>(options_.cadence_ms);
  const auto steps = [steps_per_hour](double hours) { return static_cast<std::uint64_t>(hours * steps_per_hour); };
  const double start_share = static_cast<double>(SeedFor(options_.seed, Use::kShift, vehicle) >> 11) * 0x1p-53;
  const std::uint64_t day_steps = std::max<std::uint64_t>(1, steps(24.0));
  const std::uint64_t start = steps(traits.start_first_h + start_share * (traits.start_last_h - traits.start_first_h));
  const std::uint64_t since = step + day_steps - start;  // since a shift of the day before the first
  const std::uint64_t in_shift = since % day_steps;
  const std::uint64_t shift = steps(traits.hours);
  const std::uint64_t moved = since / day_steps * shift + std::min(in_shift, shift) + hash % kDrivingTapeRows;
  if (in_shift < shift) return {tape, moved, tape, moved};
  return {tape, moved, &parked_, shown_parked};
}

// Budget: 0.15 us for a row of 420 values, beyond the memory's latency for the tape.
void TruckModel::Fill(std::uint32_t vehicle, std::uint64_t step, std::span<RawValue> row) const {
  CHECK(row.size() == layout_.size());
  const std::uint64_t hash = HashOf(vehicle);
  const Scene scene = SceneOf(vehicle, step, hash);
  const auto row_of = [&row](const Tape& tape, std::uint64_t played) {
    return tape.values.data() + played % tape.row_count * row.size();
  };
  const RawValue* const values = row_of(*scene.shows, scene.shown);
  const RawValue* const moves = row_of(*scene.moves, scene.moved);
  const RawValue* const variant = variants_.data() + hash / scene.moves->row_count % kVariants * row.size();
  RawValue* out = row.data();
  for (std::size_t i = 0; i < row.size(); ++i) out[i] = values[i] + variant[i];

  for (const std::uint32_t place : places_) out[place] = moves[place] + variant[place];
  const std::uint64_t lap = scene.moved / scene.moves->row_count;
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    std::int64_t value = std::int64_t{moves[counters_[i]]} + variant[counters_[i]] +
                         static_cast<std::int64_t>(lap) * scene.moves->lap_growth[i];
    if (value > counter_max_[i]) {  // as a real one, begins again
      const std::int64_t least = counter_min_[i];
      value = least + (value - least) % (counter_max_[i] - least + 1);
    }
    out[counters_[i]] = static_cast<RawValue>(value);
  }
}

std::int64_t TruckModel::TimeOffsetMs(std::uint32_t vehicle) const {
  return static_cast<std::int64_t>(SeedFor(options_.seed, Use::kTime, vehicle) %
                                   static_cast<std::uint64_t>(options_.cadence_ms));
}

std::string SyntheticVin(std::uint64_t seed, std::uint32_t vehicle) {
  constexpr std::string_view kCharacters = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ";  // ISO 3779: no I, O, Q
  std::string vin = "TLD";
  for (int i = 0; i < 5; ++i) {
    vin.push_back(kCharacters[seed % kCharacters.size()]);
    seed /= kCharacters.size();
  }
  return vin + fmt::format("{:09}", vehicle % 1'000'000'000U);
}

std::string DescribeRoles(std::span<const SignalRole> roles) {
  std::string text;
  for (int i = 0; i < kSignalRoleCount; ++i) {
    const auto count = std::count(roles.begin(), roles.end(), static_cast<SignalRole>(i));
    if (count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, kRoles[static_cast<std::size_t>(i)].plural);
  }
  return text;
}

}  // namespace telltale
