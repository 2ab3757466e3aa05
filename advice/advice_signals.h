#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/frame.h"

namespace telltale {

// The signals that advice reads, by what they mean.
enum class AdviceSignal : std::uint8_t {
  kWheelSpeed,
  kGnssSpeed,
  kEngineSpeed,
  kFuelRate,
  kFuelFlow,
  kAirMassFlow,
  kFuelTotal,
  kFuelTotalFine,
  kDistanceTotal,
  kDistanceTotalFine,
  kAccelerator,
  kAcceleratorD,
  kBrakeSwitch,
  kBrakePedal,
  kClutchSwitch,
  kGear,
  kCruiseActive,
  kLatitude,
  kLongitude,
  kPtoEngaged,
  kPtoGovernorState,
  kIgnition,
  kSelectedGear,
  kEngineTorque,
  kEngineLoad,
  kRetarderTorque,
  kFuelLevel,
  kTerminalFuelVolume,
  kSupplyVoltage,
  kSatelliteCount,
  kPowerCut,
  kUndervoltage,
  kGnssFault,
  kAntennaCut,
  kAntennaShorted,
};
inline constexpr std::size_t kAdviceSignalCount = 35;

// The signals that advice reads, found in the catalogue once. Immutable; safe from any thread.
class AdviceSignals {
 public:
  // Their names are fixed in catalog/signals.csv; a missing one is a bug.
  explicit AdviceSignals(const Catalog& catalog);

  std::span<const SignalId> ids() const { return ids_; }  // sorted, with the alarms: what to ask a store for

  // The terminals' alarm bits, JT/T 808 and GB/T 32960, by id.
  std::span<const SignalId> alarms() const { return alarms_; }
  // The place of a signal in alarms(); nullopt: it is none. O(1).
  std::optional<std::size_t> AlarmOf(SignalId id) const {
    if (id >= alarm_by_id_.size() || alarm_by_id_[id] == 0) return std::nullopt;
    return alarm_by_id_[id] - 1U;
  }

  SignalId id(AdviceSignal signal) const { return scales_[static_cast<std::size_t>(signal)].id; }
  double scale(AdviceSignal signal) const { return scales_[static_cast<std::size_t>(signal)].scale; }

  // The meaning of a signal; kAdviceSignalCount: none of ours. O(1).
  std::size_t SlotOf(SignalId id) const { return id < slot_by_id_.size() ? slot_by_id_[id] : kAdviceSignalCount; }

  double ToPhysical(std::size_t slot, RawValue raw) const {
    return static_cast<double>(raw) * scales_[slot].scale + scales_[slot].offset;
  }

 private:
  struct Scale {
    SignalId id = 0;
    double scale = 1.0;
    double offset = 0.0;
  };
  std::array<Scale, kAdviceSignalCount> scales_;
  std::vector<std::uint8_t> slot_by_id_;
  std::vector<std::uint8_t> alarm_by_id_;  // the place + 1; 0: none
  std::vector<SignalId> alarms_;
  std::vector<SignalId> ids_;
};

}  // namespace telltale
