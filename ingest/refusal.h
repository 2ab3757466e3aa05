#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace telltale {

// Why a frame, sample, fault report or line was refused. Numbers equal telltale.v1.RefusalReason; the names label the
// metric telltale_ingest_refused_total.
enum class RefusalReason : std::uint8_t {
  kUnknownVehicle = 1,
  kBadVehicleIndex = 2,
  kRowWidth = 3,
  kEmptyFrame = 4,
  kTimeTooEarly = 5,
  kTimeInFuture = 6,
  kUnknownSignal = 7,
  kRepeatedSignal = 8,
  kNotANumber = 9,
  kOutOfRange = 10,
  kNoValue = 11,
  kBadFault = 12,
  kMalformedLine = 13,
  kMalformedFrames = 14,
  kNoLastRow = 15,
  kTooManyFrames = 16,
};

inline constexpr std::array<std::string_view, 17> kRefusalReasonNames = {"",
                                                                         "unknown_vehicle",
                                                                         "bad_vehicle_index",
                                                                         "row_width",
                                                                         "empty_frame",
                                                                         "time_too_early",
                                                                         "time_in_future",
                                                                         "unknown_signal",
                                                                         "repeated_signal",
                                                                         "not_a_number",
                                                                         "out_of_range",
                                                                         "no_value",
                                                                         "bad_fault",
                                                                         "malformed_line",
                                                                         "malformed_frames",
                                                                         "no_last_row",
                                                                         "too_many_frames"};

constexpr std::string_view NameOf(RefusalReason reason) {
  return kRefusalReasonNames[static_cast<std::size_t>(reason)];
}

// A line of an imported file that was not taken, wholly or in part.
struct LineRefusal {
  std::uint64_t line = 0;  // from 1
  RefusalReason reason = RefusalReason::kMalformedLine;
  std::string message;  // what was wrong and what to do
};

}  // namespace telltale
