#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "storage/codec/frame_run.h"

// How frames of one vehicle that were written at different times become one run.
namespace telltale::internal {

// How a frame changed what was there.
enum class FrameChange : std::uint8_t { kNew, kRepeated, kChanged };

// Writes a frame over what `frames` has: signals add up, and of one signal the later write wins.
FrameChange PutFrame(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
                     std::span<const RawValue> values, FrameRun& frames);

// The two frames as one: every signal of either, `later` winning. Sets `values`.
std::shared_ptr<const Layout> MergeFrames(const Layout& earlier, std::span<const RawValue> earlier_values,
                                          const Layout& later, std::span<const RawValue> later_values,
                                          std::vector<RawValue>& values);

// The frames of `run` inside the range, with the wanted signals only (sorted; empty: all), in the order of ids; frames
// without any are left out.
FrameRun Select(const FrameRun& run, std::span<const SignalId> signals, TimeRange range, LayoutPool& layouts);

}  // namespace telltale::internal
