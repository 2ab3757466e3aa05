#pragma once

#include <span>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/dtc.h"
#include "catalog/frame.h"
#include "ingest/j1939/can_frame.h"
#include "ingest/j1939/decoder.h"
#include "ingest/j1939/driver_card.h"
#include "ingest/j1939/fault_filter.h"
#include "ingest/j1939/frame_assembler.h"
#include "ingest/j1939/transport.h"

namespace telltale {

// From the CAN frames of one vehicle's bus, in the order they came, to frames of its signals, reports of its trouble
// codes and changes of its driver, wherever they were recorded. Not thread-safe.
class J1939BusDecoder {
 public:
  // `decoder` outlives this.
  J1939BusDecoder(const Catalog& catalog, const J1939Decoder& decoder, VehicleId vehicle_id)
      : decoder_(decoder), assembler_(catalog, vehicle_id) {}

  // What comes out of the bus.
  struct Out {
    FrameBatch& frames;
    std::vector<FaultReport>& faults;
    std::vector<DriverChange>& drivers;
  };
  void Add(const CanFrame& frame, const Out& out);

  // Gives out the frame that is being made: what comes later is another frame, also of the same time.
  void Flush(FrameBatch& frames) { assembler_.Finish(frames); }
  // Ends the log: what is still on its way between controllers is broken, held-back reports are given out.
  void Finish(const Out& out);

  // What broke during the last call.
  std::span<const BrokenTransfer> broken() const { return transport_.broken(); }
  const TransportReassembler::Counts& transport_counts() const { return transport_.counts(); }
  std::uint64_t left_out_sample_count() const { return assembler_.left_out_sample_count(); }

 private:
  void AddMessage(std::int64_t time_us, const CanId& id, std::span<const std::uint8_t> payload, const Out& out);

  const J1939Decoder& decoder_;
  TransportReassembler transport_;
  FrameAssembler assembler_;
  FaultFilter faults_;
  DriverCardWatch driver_card_;
  std::vector<J1939Sample> samples_;  // of the message at hand
};

}  // namespace telltale
