#include "bench/truck_simulator/ledger.h"

namespace telltale::truck {

std::string_view NameOf(Cause cause) {
  switch (cause) {
    case Cause::kDrag:
      return "drag";
    case Cause::kRolling:
      return "rolling";
    case Cause::kClimbing:
      return "climbing";
    case Cause::kSpeed:
      return "speed";
    case Cause::kServiceBrake:
      return "service brake";
    case Cause::kRetarder:
      return "retarder";
    case Cause::kDriveline:
      return "driveline";
    case Cause::kEngineFriction:
      return "engine friction";
    case Cause::kColdStart:
      return "cold start";
    case Cause::kAuxiliaries:
      return "auxiliaries";
    case Cause::kIdling:
      return "idling";
    case Cause::kPto:
      return "pto";
  }
  return "";
}

}  // namespace telltale::truck
