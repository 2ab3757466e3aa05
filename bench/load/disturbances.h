#pragma once

namespace telltale {

// How frames get out of order on their way, as shares of all frames, 0 to 1.
struct Disturbances {
  double late_share = 0.0;         // come 6 to 180 steps later: 1 to 30 minutes at 10 s
  double reorder_share = 0.0;      // come behind one to three later frames of their vehicle
  double duplicate_share = 0.0;    // come a second time, one to three steps later
  double clock_fault_share = 0.0;  // come once more before, with a time that no clock should tell
};

}  // namespace telltale
