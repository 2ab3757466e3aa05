#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "base/clock.h"

namespace telltale::cli {

// Shows how far a long piece of work is: on a terminal a bar that is redrawn in place, elsewhere a line now and then.
// Not thread-safe.
class Progress {
 public:
  // Without a terminal, lines are at least this far apart: few enough for a log, often enough to see that it lives.
  static constexpr std::int64_t kLineIntervalMs = 5000;

  // `size_bytes` is absent when it is not known beforehand. `out` and `clock` outlive this.
  Progress(const std::string& label, std::optional<std::uint64_t> size_bytes, bool is_terminal, std::ostream& out,
           const Clock& clock);

  void Update(std::uint64_t done_bytes);

  // Takes the bar off the terminal again, so that other output starts on a clean line.
  void Clear();

 private:
  std::string Line(std::uint64_t done_bytes, std::int64_t now_ms) const;

  const std::string label_;
  const std::optional<std::uint64_t> size_bytes_;
  const bool is_terminal_;
  std::ostream& out_;
  const Clock& clock_;
  const std::int64_t start_ms_;
  std::int64_t shown_ms_;
  bool bar_is_shown_ = false;
};

}  // namespace telltale::cli
