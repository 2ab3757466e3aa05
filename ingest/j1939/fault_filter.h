#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "catalog/dtc.h"

namespace telltale {

// Controllers repeat DM1 every second for as long as a lamp is on. Lets through what is new and, of what only repeats,
// one report in kRepeatInterval; and always the last one before a change or the end, so that it stays known until when
// a code was seen. Not thread-safe.
class FaultFilter {
 public:
  static constexpr std::chrono::milliseconds kRepeatInterval = std::chrono::seconds{10};

  // Adds what is to be reported to `out`.
  void Add(FaultReport report, std::vector<FaultReport>& out);
  void Finish(std::vector<FaultReport>& out);

 private:
  struct Speaker {
    FaultReport reported;
    std::optional<FaultReport> held_back;  // newer than `reported`, and says the same
  };
  std::map<std::pair<std::uint8_t, bool>, Speaker> speakers_;  // by source address and DM2; at most 512
};

}  // namespace telltale
