#include "cli/commands/events.h"

#include <chrono>

#include <fmt/format.h>

#include "cli/format.h"

namespace telltale::cli {

std::string EventValueText(const v1::Event& event) {
  switch (event.kind()) {
    case v1::EVENT_KIND_HARSH_BRAKE:
    case v1::EVENT_KIND_HARSH_ACCELERATION:
      return FormatNumber(event.value(), 1) + " m/s²";
    case v1::EVENT_KIND_OVERSPEED:
      return FormatNumber(event.value(), 0) + " km/h";
    case v1::EVENT_KIND_LONG_IDLE:
    case v1::EVENT_KIND_GAP:
    case v1::EVENT_KIND_ALARM:
      return FormatDuration(std::chrono::milliseconds(static_cast<std::int64_t>(event.value() * 1000)));
    case v1::EVENT_KIND_REFUELLING:
    case v1::EVENT_KIND_FUEL_DROP:
      return event.fuel_l() > 0 ? fmt::format("{:.0f} l ({:.0f} %)", event.fuel_l(), event.value())
                                : fmt::format("{:.0f} %", event.value());
    case v1::EVENT_KIND_CARRIED:
      return FormatNumber(event.value(), 1) + " km";
    default:
      return FormatNumber(event.value(), 1);
  }
}

std::string PositionText(const v1::Position& position, bool is_set) {
  if (!is_set) return kUnknown;
  return fmt::format("{:.5f}, {:.5f}", position.latitude_deg(), position.longitude_deg());
}

}  // namespace telltale::cli
