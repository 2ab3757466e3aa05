#pragma once

#include <cstdint>
#include <string>

namespace telltale {

// One recommendation.
struct Advice {
  std::string rule;       // stable, for programs: "idle_less", "brake_earlier", ...
  std::string title;      // one line: what to do
  std::string evidence;   // why: the figures behind it
  double saving_l = 0.0;  // litres over the trips, estimated; 0: none or unknown
  double saving_l_per_100km = 0.0;
  double risk_points = 0.0;        // points of the score that it would bring; 0: none
  std::int64_t first_time_ms = 0;  // of the evidence
  std::int64_t last_time_ms = 0;
  friend bool operator==(const Advice&, const Advice&) = default;
};

}  // namespace telltale
