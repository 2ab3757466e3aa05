#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/frame.h"
#include "ingest/internal/layout_cache.h"
#include "ingest/j1939/can_frame.h"
#include "ingest/j1939/decoder.h"

namespace telltale {

// Makes frames of decoded messages: what comes in the same millisecond, one message after the other, is one frame.
// Frames are in the order of the log, also where its time steps back. A signal that comes again in its millisecond
// begins another frame of the same time, so nothing is overwritten here. Not thread-safe.
//
// One sender for each signal. A signal of the catalogue is an SPN, whoever sends it, but on a truck several controllers
// send the same SPN (wheel speed from engine and brakes) with values that differ a little, or "not available" from
// those that do not know. Mixed, the signal would jump between them. So a signal stays with the sender that first gave
// it a valid value, and another one takes over only with a valid value, and when the chosen one has given none for
// kSenderTimeout. What other senders say of it is counted and left out.
class FrameAssembler {
 public:
  // Ten periods of the slowest groups that matter for driving (1 s); a controller that resets is back within it.
  static constexpr std::chrono::milliseconds kSenderTimeout = std::chrono::seconds{10};

  FrameAssembler(const Catalog& catalog, VehicleId vehicle_id);

  // Takes the signals of one message; `id` is that of its CAN frames. Adds frames that are complete to `out`.
  void Add(std::int64_t time_ms, const CanId& id, std::span<const J1939Sample> samples, FrameBatch& out);

  // Ends the log.
  void Finish(FrameBatch& out);

  std::uint64_t left_out_sample_count() const { return left_out_sample_count_; }  // of senders that were not chosen
  std::size_t layout_count() const { return layouts_.size(); }

 private:
  struct Sender {
    bool chosen = false;
    bool gave_value = false;
    std::uint16_t address = 0;       // source, and destination: to whom a message is makes it another one
    std::uint64_t frame_number = 0;  // the last frame that has the signal
    std::int64_t value_time_ms = 0;
  };
  // Whether the sample is the chosen sender's, which this one may become.
  static bool Choose(Sender& sender, std::uint16_t address, std::int64_t time_ms, RawValue raw);
  void EmitPending(FrameBatch& out);

  const VehicleId vehicle_id_;
  std::vector<Sender> senders_;  // by signal id
  LayoutCache layouts_;
  std::int64_t pending_time_ms_ = 0;
  std::uint64_t frame_number_ = 1;  // of the pending frame
  std::vector<std::pair<SignalId, RawValue>> pending_;
  std::vector<J1939Sample> chosen_;  // of the message at hand
  std::vector<SignalId> signals_;    // of the frame that is made
  std::uint64_t left_out_sample_count_ = 0;
};

}  // namespace telltale
