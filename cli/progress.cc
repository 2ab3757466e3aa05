#include "cli/progress.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr const char* kToLineStartAndErase = "\r\x1b[K";

}  // namespace

Progress::Progress(const std::string& label, std::optional<std::uint64_t> size_bytes, bool is_terminal,
                   std::ostream& out, const Clock& clock)
    : label_(Printable(label)),
      size_bytes_(size_bytes),
      is_terminal_(is_terminal),
      out_(out),
      clock_(clock),
      start_ms_(clock.NowMs()),
      shown_ms_(start_ms_) {}

void Progress::Update(std::uint64_t done_bytes) {
  const std::int64_t now_ms = clock_.NowMs();
  if (is_terminal_) {
    out_ << kToLineStartAndErase << Line(done_bytes, now_ms) << std::flush;
    bar_is_shown_ = true;
  } else if (now_ms - shown_ms_ >= kLineIntervalMs) {
    out_ << Line(done_bytes, now_ms) << std::endl;
    shown_ms_ = now_ms;
  }
}

void Progress::Clear() {
  if (bar_is_shown_) out_ << kToLineStartAndErase << std::flush;
  bar_is_shown_ = false;
}

std::string Progress::Line(std::uint64_t done_bytes, std::int64_t now_ms) const {
  const double seconds = static_cast<double>(std::max<std::int64_t>(now_ms - start_ms_, 1)) / 1000;
  const std::string rate = fmt::format("{:.1f} MB/s", static_cast<double>(done_bytes) / 1e6 / seconds);
  if (!size_bytes_) return fmt::format("{}  {}  {}", label_, FormatSize(done_bytes), rate);
  const double fraction =
      *size_bytes_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(done_bytes) / static_cast<double>(*size_bytes_));
  const std::string bar = is_terminal_ ? FormatBar(fraction, kBarWidth) + " " : "";
  return fmt::format("{}  {}{:>3.0f} %  {} of {}  {}", label_, bar, fraction * 100, FormatSize(done_bytes),
                     FormatSize(*size_bytes_), rate);
}

}  // namespace telltale::cli
