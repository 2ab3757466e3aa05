#include "advice/accumulated_classes.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"

namespace telltale {
namespace {

constexpr std::size_t kGearCount = static_cast<std::size_t>(kGearMax - kGearMin + 1);

// How many classes each group has, in the order of ClassGroup.
constexpr std::array<std::size_t, kClassGroupCount> kCounts = {40, 10, 10, 10,         5,          5, 13, 11, 13,
                                                               5,  1,  2,  kGearCount, kGearCount, 1, 1,  2};

constexpr std::array<std::size_t, kClassGroupCount + 1> kFirst = [] {
  std::array<std::size_t, kClassGroupCount + 1> first{};
  for (std::size_t group = 0; group < kClassGroupCount; ++group) first[group + 1] = first[group] + kCounts[group];
  return first;
}();
static_assert(kFirst.back() == ClassAccumulator::kClassCount);

// The upper half of the bounds of accelerations: the class between the first and its negative is the middle one, the
// others mirror each other, and a bound belongs to the class that is further from 0.
constexpr std::array<double, 6> kAccelerations = {0.1, 0.3, 0.5, 0.7, 0.9, 1.1};
constexpr std::array<double, 5> kHighAccelerations = {1.1, 1.5, 2.0, 2.5, 3.0};

std::size_t Index(ClassGroup group) { return static_cast<std::size_t>(group); }

// A value on a decimal grid may lie a rounding error below the bound that it is on.
constexpr double kRounding = 1e-9;

// Classes of `width` from 0 on; the last is open, or closed at its end.
std::size_t EvenClass(double value, double width, std::size_t count) {
  const double index = std::floor((value + kRounding) / width);
  return index < 0 ? 0 : std::min(static_cast<std::size_t>(index), count - 1);
}

template <std::size_t N>
std::size_t MirroredClass(double value, const std::array<double, N>& bounds) {
  std::size_t beyond = 0;
  while (beyond < N && std::abs(value) + kRounding >= bounds[beyond]) ++beyond;
  return value < 0 ? N - beyond : N + beyond;
}

std::size_t GearClass(double gear) {
  return static_cast<std::size_t>(std::clamp(static_cast<int>(std::lround(gear)), kGearMin, kGearMax) - kGearMin);
}

template <std::size_t N>
void AddMirrored(ClassGroup group, const std::array<double, N>& bounds, std::vector<ClassBounds>& classes) {
  const auto bound = [&bounds](int i) {  // -N..-1 and 1..N
    return i < 0 ? -bounds[static_cast<std::size_t>(-i) - 1] : bounds[static_cast<std::size_t>(i) - 1];
  };
  constexpr int kN = static_cast<int>(N);
  classes.push_back({.group = group, .to = bound(-kN)});
  for (int i = -kN; i < -1; ++i) classes.push_back({.group = group, .from = bound(i), .to = bound(i + 1)});
  classes.push_back({.group = group, .from = bound(-1), .to = bound(1)});
  for (int i = 1; i < kN; ++i) classes.push_back({.group = group, .from = bound(i), .to = bound(i + 1)});
  classes.push_back({.group = group, .from = bound(kN)});
}

std::vector<ClassBounds> MakeClasses() {
  std::vector<ClassBounds> classes;
  const auto add_even = [&classes](ClassGroup group, double width, bool open) {
    const std::size_t count = kCounts[Index(group)];
    for (std::size_t i = 0; i < count; ++i) {
      ClassBounds bounds{.group = group, .from = width * static_cast<double>(i)};
      if (!open || i + 1 < count) bounds.to = width * static_cast<double>(i + 1);
      classes.push_back(bounds);
    }
  };
  const auto add_labels = [&classes](ClassGroup group, std::initializer_list<const char*> labels) {
    for (const char* const label : labels) classes.push_back({.group = group, .label = label});
  };
  const auto add_gears = [&classes](ClassGroup group) {
    for (int gear = kGearMin; gear <= kGearMax; ++gear)
      classes.push_back({.group = group, .label = std::to_string(gear)});
  };
  add_even(ClassGroup::kVehicleSpeed, 4, true);
  add_even(ClassGroup::kEngineSpeed, 400, true);
  add_even(ClassGroup::kEngineTorque, 10, false);
  add_even(ClassGroup::kEngineTorqueAtSpeed, 10, false);
  add_even(ClassGroup::kAcceleratorPedal, 20, false);
  add_even(ClassGroup::kBrakePedal, 20, false);
  AddMirrored(ClassGroup::kAcceleration, kAccelerations, classes);
  AddMirrored(ClassGroup::kHighAcceleration, kHighAccelerations, classes);
  AddMirrored(ClassGroup::kAccelerationDuringBrake, kAccelerations, classes);
  add_even(ClassGroup::kRetarderTorque, 20, false);
  add_labels(ClassGroup::kDrivingWithoutTorque, {"DRIVING_WITHOUT_TORQUE"});
  add_labels(ClassGroup::kPtoActive, {"WHEELBASED_SPEED_ZERO", "WHEELBASED_SPEED_OVER_ZERO"});
  add_gears(ClassGroup::kSelectedGear);
  add_gears(ClassGroup::kCurrentGear);
  add_labels(ClassGroup::kCruiseActive, {"CRUISE_CONTROL_ACTIVE"});
  add_labels(ClassGroup::kBrakePedalActive, {"BRAKE_PEDAL_ACTIVE"});
  add_labels(ClassGroup::kWheelSpeed, {"WHEELBASED_SPEED_ZERO", "WHEELBASED_SPEED_OVER_ZERO"});
  CHECK(classes.size() == ClassAccumulator::kClassCount);
  return classes;
}

}  // namespace

const std::vector<ClassBounds>& AllClasses() {
  static const std::vector<ClassBounds> classes = MakeClasses();
  return classes;
}

ClassCell& ClassCell::operator+=(const ClassCell& other) {
  duration_ms += other.duration_ms;
  distance_mm += other.distance_mm;
  fuel_ul += other.fuel_ul;
  return *this;
}

ClassCell AccumulatedClasses::Get(ClassGroup group, std::size_t index) const {
  const auto number = static_cast<std::uint16_t>(kFirst[Index(group)] + index);
  const auto entry = std::ranges::lower_bound(entries_, number, {}, &Entry::number);
  return entry != entries_.end() && entry->number == number ? entry->cell : ClassCell();
}

AccumulatedClasses& AccumulatedClasses::operator+=(const AccumulatedClasses& other) {
  std::vector<Entry> sums;
  sums.reserve(entries_.size() + other.entries_.size());
  auto ours = entries_.begin();
  for (const Entry& theirs : other.entries_) {
    while (ours != entries_.end() && ours->number < theirs.number) sums.push_back(*ours++);
    sums.push_back(theirs);
    if (ours != entries_.end() && ours->number == theirs.number) sums.back().cell += (ours++)->cell;
  }
  sums.insert(sums.end(), ours, entries_.end());
  entries_ = std::move(sums);
  brake_presses_ += other.brake_presses_;
  return *this;
}

void ClassAccumulator::Take(const ClassConditions& now, std::optional<double> acceleration_mps2, double moving_kmh,
                            const ClassCell& amount) {
  any_ = true;
  const auto add = [this, &amount](ClassGroup group, std::size_t index) {
    cells_[kFirst[Index(group)] + index] += amount;
  };
  const bool moving = now.speed_kmh && *now.speed_kmh >= moving_kmh;
  if (now.engine_on) {
    if (now.speed_kmh) {
      add(ClassGroup::kVehicleSpeed, EvenClass(*now.speed_kmh, 4, 40));
      add(ClassGroup::kWheelSpeed, moving ? 1 : 0);
    }
    if (now.engine_rpm) add(ClassGroup::kEngineSpeed, EvenClass(*now.engine_rpm, 400, 10));
    if (now.torque_percent) add(ClassGroup::kEngineTorque, EvenClass(*now.torque_percent, 10, 10));
    if (now.load_percent) add(ClassGroup::kEngineTorqueAtSpeed, EvenClass(*now.load_percent, 10, 10));
  }
  if (now.accelerator_percent) add(ClassGroup::kAcceleratorPedal, EvenClass(*now.accelerator_percent, 20, 5));
  if (now.brake_percent) add(ClassGroup::kBrakePedal, EvenClass(*now.brake_percent, 20, 5));
  if (now.retarder_percent && *now.retarder_percent < 0) {
    add(ClassGroup::kRetarderTorque, EvenClass(-*now.retarder_percent, 20, 5));
  }
  if (now.selected_gear) add(ClassGroup::kSelectedGear, GearClass(*now.selected_gear));
  if (now.current_gear) add(ClassGroup::kCurrentGear, GearClass(*now.current_gear));
  if (now.pto_engaged.value_or(false) && now.speed_kmh) add(ClassGroup::kPtoActive, moving ? 1 : 0);
  if (!moving) return;
  if (acceleration_mps2) {
    add(ClassGroup::kAcceleration, MirroredClass(*acceleration_mps2, kAccelerations));
    add(ClassGroup::kHighAcceleration, MirroredClass(*acceleration_mps2, kHighAccelerations));
    if (now.brake_pressed.value_or(false)) {
      add(ClassGroup::kAccelerationDuringBrake, MirroredClass(*acceleration_mps2, kAccelerations));
    }
  }
  if (now.brake_pressed.value_or(false)) add(ClassGroup::kBrakePedalActive, 0);
  if (now.cruise_active.value_or(false)) add(ClassGroup::kCruiseActive, 0);
  if (now.torque_percent && *now.torque_percent <= 0 && now.current_gear.value_or(0) != 0 &&
      !now.clutch_pressed.value_or(false)) {
    add(ClassGroup::kDrivingWithoutTorque, 0);
  }
}

AccumulatedClasses ClassAccumulator::Sums() const {
  AccumulatedClasses sums;
  if (!any_) return sums;
  for (std::size_t number = 0; number < kClassCount; ++number) {
    if (cells_[number] == ClassCell()) continue;
    sums.entries_.push_back({.number = static_cast<std::uint16_t>(number), .cell = cells_[number]});
  }
  sums.brake_presses_ = brake_presses_;
  return sums;
}

AccumulatedClasses ClassAccumulator::TakeSums() {
  AccumulatedClasses sums = Sums();
  if (any_) *this = {};
  return sums;
}

}  // namespace telltale
