#include "ingest/j1939/driver_card.h"

#include <utility>

namespace telltale {

std::string DriverIdOf(std::span<const std::uint8_t> payload) {
  std::string id;
  for (const std::uint8_t byte : payload) {
    if (byte == '*') break;
    if (byte == ' ' || byte == 0) continue;
    id.push_back(static_cast<char>(byte));
  }
  // "Not available" is all ones, and what is no text is a fault of the tachograph.
  return DriverLog::Check({.driver_id = id}).ok() ? id : std::string();
}

void DriverCardWatch::Add(std::uint32_t pgn, std::int64_t time_ms, std::span<const std::uint8_t> payload,
                          std::vector<DriverChange>& changes) {
  if (pgn == kPgnDriverIdentification) {
    if (std::string id = DriverIdOf(payload); !id.empty()) Change(time_ms, std::move(id), changes);
    return;
  }
  if (pgn != kPgnTachograph || payload.size() < 2) return;
  constexpr std::uint8_t kNotPresent = 0;  // SPN 1615: 1 present, 2 error, 3 not available
  if ((payload[1] >> 4 & 3) == kNotPresent) Change(time_ms, {}, changes);
}

void DriverCardWatch::Change(std::int64_t time_ms, std::string driver_id, std::vector<DriverChange>& changes) {
  if (driver_id_ == driver_id) return;
  // Before the first card there is nobody to be taken off.
  if (driver_id_ || !driver_id.empty()) {
    changes.push_back({.time_ms = time_ms, .driver_id = driver_id, .source = DriverSource::kTachograph});
  }
  driver_id_ = std::move(driver_id);
}

}  // namespace telltale
