#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace telltale::truck {

// Where the fuel goes. Climbing and speed are stores: what goes down again gives back, so only the net remains, and
// what the brakes take out of them is the brakes'.
enum class Cause : std::uint8_t {
  kDrag,            // the air
  kRolling,         // the tyres
  kClimbing,        // height gained; negative if the trip ends lower than it began
  kSpeed,           // kinetic energy that the vehicle still has; 0 after a trip
  kServiceBrake,    // acceleration and climbing that ended as heat of the service brakes
  kRetarder,        // and of the retarder
  kDriveline,       // gears, axle, slipping clutch
  kEngineFriction,  // of the warm engine while driving, be it turned by fuel or by the wheels
  kColdStart,       // additional friction of the cold engine, always
  kAuxiliaries,     // while driving
  kIdling,          // friction and auxiliaries while standing
  kPto,             // the power takeoff's work, and friction and auxiliaries meanwhile
};
inline constexpr std::size_t kCauseCount = 12;

std::string_view NameOf(Cause cause);

// Work by cause, at the pistons. Each force and torque is booked by itself, and so is the fuel; that they agree is the
// conservation of energy: indicated efficiency x heat of the fuel = sum of the causes.
struct Ledger {
  double fuel_l = 0.0;
  double work_j_per_l = 0.0;  // indicated efficiency x heat of a litre
  std::array<double, kCauseCount> work_j = {};

  void Add(Cause cause, double joules) { work_j[static_cast<std::size_t>(cause)] += joules; }
  double WorkOf(Cause cause) const { return work_j[static_cast<std::size_t>(cause)]; }
  double LitresOf(Cause cause) const { return WorkOf(cause) / work_j_per_l; }
  // Of all causes: fuel_l but for rounding.
  double LitresOfCauses() const { return std::accumulate(work_j.begin(), work_j.end(), 0.0) / work_j_per_l; }
};

}  // namespace telltale::truck
