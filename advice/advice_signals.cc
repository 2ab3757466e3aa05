#include "advice/advice_signals.h"

#include <algorithm>
#include <string_view>

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
};

}  // namespace

AdviceSignals::AdviceSignals(const Catalog& catalog) {
  for (std::size_t slot = 0; slot < kAdviceSignalCount; ++slot) {
    const Signal& signal = catalog.Get(kNames[slot]);
    scales_[slot] = {.id = signal.id, .scale = signal.scale, .offset = signal.offset};
    ids_.push_back(signal.id);
  }
  std::sort(ids_.begin(), ids_.end());
  slot_by_id_.assign(ids_.back() + 1U, kAdviceSignalCount);
  for (std::size_t slot = 0; slot < kAdviceSignalCount; ++slot) {
    slot_by_id_[scales_[slot].id] = static_cast<std::uint8_t>(slot);
  }
}

}  // namespace telltale
