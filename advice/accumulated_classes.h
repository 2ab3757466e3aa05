#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace telltale {

// The classes of rFMS 4.0's accumulatedData; docs/rfms_classes.md. Bounds are those of its description.
enum class ClassGroup : std::uint8_t {
  kVehicleSpeed = 0,         // km/h, 40 classes of 4, engine on
  kEngineSpeed,              // rpm, 10 of 400, engine on
  kEngineTorque,             // %, SPN 513, 10 of 10
  kEngineTorqueAtSpeed,      // %, SPN 92, 10 of 10
  kAcceleratorPedal,         // %, SPN 91, 5 of 20
  kBrakePedal,               // %, SPN 521, 5 of 20
  kAcceleration,             // m/s2, 13
  kHighAcceleration,         // m/s2, 11
  kAccelerationDuringBrake,  // m/s2, 13; a brake is pressed
  kRetarderTorque,           // %, SPN 520 turned positive, 5 of 20; 0 is none
  kDrivingWithoutTorque,     // moving in gear with the clutch closed and no torque
  kPtoActive,                // standing, moving
  kSelectedGear,             // SPN 524, a class a gear
  kCurrentGear,              // SPN 523, a class a gear
  kCruiseActive,             // moving with cruise control active
  kBrakePedalActive,         // moving with a brake pressed
  kWheelSpeed,               // engine on, standing and moving
};
inline constexpr std::size_t kClassGroupCount = 17;

// Gears outside of these are counted with the last: reverse gears are negative, 0 is neutral.
inline constexpr int kGearMin = -8;
inline constexpr int kGearMax = 24;

// What one class holds. Integers, so that sums are exact in any order.
struct ClassCell {
  std::int64_t duration_ms = 0;
  std::int64_t distance_mm = 0;
  std::int64_t fuel_ul = 0;

  ClassCell& operator+=(const ClassCell& other);

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.duration_ms, self.distance_mm, self.fuel_ul);
  }
  friend bool operator==(const ClassCell&, const ClassCell&) = default;
};

// One class of a group: its bounds, `from` inside and absent at an open end, or its label.
struct ClassBounds {
  ClassGroup group = ClassGroup::kVehicleSpeed;
  std::optional<double> from;
  std::optional<double> to;
  std::string label;  // of groups without bounds, as rFMS writes it
};

// All classes, each group in order; a class's place here is its number.
const std::vector<ClassBounds>& AllClasses();

// Sums by class: over a slice, or anything longer.
class AccumulatedClasses {
 public:
  struct Entry {
    std::uint16_t number = 0;  // in AllClasses()
    ClassCell cell;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.number, self.cell);
    }
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  std::span<const Entry> entries() const { return entries_; }         // those that are not empty, by number
  std::uint32_t brake_press_count() const { return brake_presses_; }  // while moving

  ClassCell Get(ClassGroup group, std::size_t index) const;  // empty: none

  AccumulatedClasses& operator+=(const AccumulatedClasses& other);

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.entries_, self.brake_presses_);
  }
  friend bool operator==(const AccumulatedClasses&, const AccumulatedClasses&) = default;

 private:
  friend class ClassAccumulator;
  std::vector<Entry> entries_;
  std::uint32_t brake_presses_ = 0;
};

// What holds over an interval; nullopt: nobody knows, and the interval counts for none of the group's classes.
struct ClassConditions {
  bool engine_on = false;
  std::optional<double> speed_kmh;
  std::optional<double> engine_rpm;
  std::optional<double> torque_percent;
  std::optional<double> load_percent;
  std::optional<double> accelerator_percent;
  std::optional<double> brake_percent;
  std::optional<double> retarder_percent;  // SPN 520: negative while it brakes
  std::optional<double> selected_gear;
  std::optional<double> current_gear;
  std::optional<bool> brake_pressed;
  std::optional<bool> clutch_pressed;
  std::optional<bool> cruise_active;
  std::optional<bool> pto_engaged;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.engine_on, self.speed_kmh, self.engine_rpm, self.torque_percent, self.load_percent,
            self.accelerator_percent, self.brake_percent, self.retarder_percent, self.selected_gear, self.current_gear,
            self.brake_pressed, self.clutch_pressed, self.cruise_active, self.pto_engaged);
  }
};

// Adds up intervals. Not thread-safe; copyable. Budget: 60 ns an interval.
class ClassAccumulator {
 public:
  static constexpr std::size_t kClassCount = 40 + 3 * 10 + 2 * 5 + 13 + 11 + 13 + 5 + 1 + 2 +
                                             2 * static_cast<std::size_t>(kGearMax - kGearMin + 1) + 1 + 1 + 2;

  // `moving_kmh` and faster is moving. `acceleration_mps2` is that over the interval.
  void Take(const ClassConditions& conditions, std::optional<double> acceleration_mps2, double moving_kmh,
            const ClassCell& amount);
  void TakeBrakePress() { ++brake_presses_; }

  // The sums so far; begins anew.
  AccumulatedClasses TakeSums();
  AccumulatedClasses Sums() const;

 private:
  std::array<ClassCell, kClassCount> cells_{};
  std::uint32_t brake_presses_ = 0;
  bool any_ = false;
};

}  // namespace telltale
