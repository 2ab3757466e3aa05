#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"

namespace telltale {

// What the model needs to know of a signal of the catalogue.
struct ModelSignal {
  SignalId id = 0;
  std::uint32_t spn = 0;  // 0: none
  SignalKind kind = SignalKind::kContinuous;
  double scale = 1.0;
  double offset = 0.0;
  RawValue raw_min = 0;
  RawValue raw_max = 0;
};

// How the signals of a row behave. While driving, about 120 of 400 change from frame to frame.
enum class SignalRole : std::uint8_t {
  kState,         // one of a few states, changes seldom
  kSlowByte,      // up to 256 values, changes in a tenth of the frames
  kBusyByte,      // up to 256 values, changes in nearly every frame
  kSlowWord,      // more than 256 values, changes in a third of the frames
  kBusyWord,      // more than 256 values, changes in every frame
  kCounter,       // grows
  kPosition,      // latitude or longitude, moves along a closed path
  kNotAvailable,  // the vehicle does not have it
};
inline constexpr int kSignalRoleCount = 8;

struct TruckModelOptions {
  std::size_t signal_count = 420;
  std::uint64_t seed = 1;
  double parked_share = 0.0;         // of the vehicles: engine off, almost nothing changes
  bool shifts = false;               // vehicles have duties, and drive while their shift lasts; else all day and night
  std::int64_t cadence_ms = 10'000;  // between two frames of a vehicle
};

// What a vehicle of a fleet with shifts does. bench/README.md says why these shares and hours.
enum class Duty : std::uint8_t { kLongHaul, kDistribution, kBus, kOffTheRoad };
inline constexpr std::size_t kDutyCount = 4;

// A fleet of synthetic trucks. The values of a frame are a pure function of (options, catalogue, vehicle, step), so any
// frame can be made again for comparing, and frames are cheap: all vehicles play the same precomputed tape of rows,
// each from a place of its own and shifted by an offset of its own. What a signal's SPN says is respected for some
// dozen signals (speed, engine speed, fuel, distance, ...), so that trips, rollups and advice have something real to
// find. Immutable; safe from any thread.
class TruckModel {
 public:
  // Rows of a tape; after so many steps a vehicle is again where it was, with greater counters.
  static constexpr std::size_t kDrivingTapeRows = 2048;
  static constexpr std::size_t kParkedTapeRows = 1024;
  static constexpr std::size_t kVariants = 127;  // of offsets

  // Errors: INVALID_ARGUMENT an option is out of its range, or the catalogue has fewer signals than asked for.
  static StatusOr<TruckModel> Create(std::span<const ModelSignal> catalogue, const TruckModelOptions& options);

  // The signals of a row, in the order of their ids.
  const std::vector<SignalId>& layout() const { return layout_; }
  const std::vector<SignalRole>& roles() const { return roles_; }

  // Of a fleet without shifts.
  bool IsParked(std::uint32_t vehicle) const;
  // Of a fleet with shifts.
  Duty DutyOf(std::uint32_t vehicle) const;
  bool IsDriving(std::uint32_t vehicle, std::uint64_t step) const;

  // `row` has layout().size() elements.
  void Fill(std::uint32_t vehicle, std::uint64_t step, std::span<RawValue> row) const;

  // Milliseconds after the beginning of a step at which the vehicle measures: 0..cadence_ms - 1.
  std::int64_t TimeOffsetMs(std::uint32_t vehicle) const;

 private:
  struct Tape {
    std::size_t row_count = 0;
    std::vector<RawValue> values;          // row_count rows; of counters: grown since the first row
    std::vector<std::int64_t> lap_growth;  // of each counter over the whole tape
  };

  // What a vehicle plays at a step.
  struct Scene {
    const Tape* moves = nullptr;  // has the counters and the place
    std::uint64_t moved = 0;      // steps of it that were played
    const Tape* shows = nullptr;  // has everything else
    std::uint64_t shown = 0;
  };

  TruckModel() = default;
  // Null: parked.
  Tape MakeTape(std::span<const ModelSignal> signals, const Duty* duty, std::size_t row_count) const;
  std::uint64_t HashOf(std::uint32_t vehicle) const;
  Scene SceneOf(std::uint32_t vehicle, std::uint64_t step, std::uint64_t hash) const;
  void MakeVariants(std::span<const ModelSignal> signals);

  TruckModelOptions options_;
  std::vector<SignalId> layout_;
  std::vector<SignalRole> roles_;
  std::vector<std::uint32_t> counters_;  // where they stand in the row
  std::vector<std::uint32_t> places_;    // latitude and longitude
  std::vector<RawValue> counter_min_;    // by counter
  std::vector<RawValue> counter_max_;
  std::vector<Tape> driving_;  // by duty, but for those off the road; without shifts the first
  Tape parked_;
  std::vector<RawValue> variants_;  // kVariants rows, added to the tape's
};

// VIN of a synthetic vehicle: "TLD", five characters of the seed, nine digits of the vehicle's number.
std::string SyntheticVin(std::uint64_t seed, std::uint32_t vehicle);

// "120 states, 80 slow bytes, ...", for the report.
std::string DescribeRoles(std::span<const SignalRole> roles);

}  // namespace telltale
