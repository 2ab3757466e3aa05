#include "advice/advice_signals.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"

namespace telltale {
namespace {

// In the order of AdviceSignal.
constexpr std::array<std::string_view, kAdviceSignalCount> kNames = {
    "wheel_based_vehicle_speed",
    "gnss_speed",
    "engine_speed",
    "engine_fuel_rate",
    "fuel_flow",
    "mass_air_flow_rate",
    "engine_total_fuel_used",
    "engine_total_fuel_used_high_resolution",
    "total_vehicle_distance",
    "total_vehicle_distance_high_resolution",
    "accelerator_pedal_position_1",
    "accelerator_pedal_d",
    "brake_switch",
    "brake_pedal_position",
    "clutch_switch",
    "transmission_current_gear",
    "cruise_control_active",
    "latitude",
    "longitude",
    "at_least_one_pto_engaged",
    "pto_governor_state",
    "terminal_ignition_on",
    "transmission_selected_gear",
    "actual_engine_percent_torque",
    "engine_percent_load_at_current_speed",
    "actual_retarder_percent_torque",
    "fuel_level_1",
    "terminal_fuel_volume",
    "battery_potential",
    "gnss_satellite_count",
    "terminal_power_cut",
    "terminal_undervoltage",
    "terminal_gnss_module_fault",
    "terminal_gnss_antenna_cut",
    "terminal_gnss_antenna_shorted",
};

}  // namespace

AdviceSignals::AdviceSignals(const Catalog& catalog) {
  for (std::size_t slot = 0; slot < kAdviceSignalCount; ++slot) {
    const Signal& signal = catalog.Get(kNames[slot]);
    scales_[slot] = {.id = signal.id, .scale = signal.scale, .offset = signal.offset};
    ids_.push_back(signal.id);
  }
  for (const Signal& signal : catalog.signals()) {
    if (signal.terminal_key.find(".alarm.") == std::string::npos) continue;
    alarms_.push_back(signal.id);
    ids_.push_back(signal.id);
  }
  std::sort(alarms_.begin(), alarms_.end());
  CHECK(alarms_.size() < 255);
  if (!alarms_.empty()) alarm_by_id_.assign(alarms_.back() + 1U, 0);
  for (std::size_t i = 0; i < alarms_.size(); ++i) alarm_by_id_[alarms_[i]] = static_cast<std::uint8_t>(i + 1);
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
  slot_by_id_.assign(ids_.back() + 1U, kAdviceSignalCount);
  for (std::size_t slot = 0; slot < kAdviceSignalCount; ++slot) {
    slot_by_id_[scales_[slot].id] = static_cast<std::uint8_t>(slot);
  }
}

}  // namespace telltale
