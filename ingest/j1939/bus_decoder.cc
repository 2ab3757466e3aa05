#include "ingest/j1939/bus_decoder.h"

#include "ingest/j1939/dm.h"

namespace telltale {

void J1939BusDecoder::Add(const CanFrame& frame, const Out& out) {
  if (!TransportReassembler::IsTransport(frame.id.pgn)) {
    AddMessage(frame.time_us, frame.id, frame.payload(), out);
    return;
  }
  if (const auto message = transport_.Add(frame)) {
    AddMessage(message->time_us,
               {.pgn = message->pgn,
                .source_address = message->source_address,
                .destination_address = message->destination_address},
               message->payload, out);
  }
}

void J1939BusDecoder::AddMessage(std::int64_t time_us, const CanId& id, std::span<const std::uint8_t> payload,
                                 const Out& out) {
  const std::int64_t time_ms = time_us / 1000;
  if (id.pgn == kPgnDm1 || id.pgn == kPgnDm2) {
    if (auto report = DecodeFaults(id.pgn, time_ms, id.source_address, payload)) {
      faults_.Add(*std::move(report), out.faults);
    }
  }
  driver_card_.Add(id.pgn, time_ms, payload, out.drivers);
  samples_.clear();
  decoder_.Decode(id.pgn, payload, samples_);
  assembler_.Add(time_ms, id, samples_, out.frames);
}

void J1939BusDecoder::Finish(const Out& out) {
  transport_.Finish();
  assembler_.Finish(out.frames);
  faults_.Finish(out.faults);
}

}  // namespace telltale
