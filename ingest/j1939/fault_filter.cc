#include "ingest/j1939/fault_filter.h"

#include <cstdlib>

namespace telltale {

void FaultFilter::Add(FaultReport report, std::vector<FaultReport>& out) {
  const auto [place, is_new] = speakers_.try_emplace({report.source_address, report.previously_active});
  Speaker& speaker = place->second;
  const bool same = !is_new && report.lamps == speaker.reported.lamps && report.dtcs == speaker.reported.dtcs;
  // A clock that steps back begins anew, or nothing would be reported until it has caught up.
  if (same && std::abs(report.measure_time_ms - speaker.reported.measure_time_ms) < kRepeatInterval.count()) {
    speaker.held_back = std::move(report);
    return;
  }
  if (!same && speaker.held_back) out.push_back(std::move(*speaker.held_back));
  speaker.held_back.reset();
  out.push_back(report);
  speaker.reported = std::move(report);
}

void FaultFilter::Finish(std::vector<FaultReport>& out) {
  for (auto& [key, speaker] : speakers_) {
    if (speaker.held_back) out.push_back(std::move(*speaker.held_back));
  }
  speakers_.clear();
}

}  // namespace telltale
