#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "ingest/j1939/decoder.h"
#include "ingest/j1939/dm.h"
#include "ingest/j1939/fault_filter.h"
#include "ingest/j1939/frame_assembler.h"
#include "ingest/j1939/transport.h"
#include "tests/fuzz/check_piece.h"

namespace telltale {
namespace {

// The identifiers that matter most, so that the transport protocol and DM1 are met often.
constexpr std::array<std::uint32_t, 8> kIdentifiers = {0x1CECFF00, 0x1CEBFF00, 0x1CEC00F9, 0x1CEBF900,
                                                       0x1CECF900, 0x18FECA00, 0x18FECB0B, 0x0CF00400};

// Frames of 16 bytes: identifier (an index if it is small), milliseconds since the last frame as a signed 16-bit
// number, size, source address to put in, payload.
struct Reader {
  std::span<const std::uint8_t> bytes;
  std::int64_t time_us = 1'000'000'000'000;

  bool Read(CanFrame& frame) {
    if (bytes.size() < 16) return false;
    std::uint32_t id = bytes[0] | static_cast<std::uint32_t>(bytes[1]) << 8 |
                       static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
    if (id < 0x100) id = kIdentifiers[id % kIdentifiers.size()];
    time_us += static_cast<std::int16_t>(bytes[4] | bytes[5] << 8) * std::int64_t{1000};
    frame.time_us = time_us;
    frame.id = CanId::FromBits(id & CanId::kMax);
    frame.size = std::min<std::uint8_t>(bytes[6], 8);
    if (bytes[7] != 0) frame.id.source_address = bytes[7];
    std::copy_n(bytes.begin() + 8, 8, frame.bytes.begin());
    bytes = bytes.subspan(16);
    return true;
  }
};

void Run(std::span<const std::uint8_t> bytes) {
  static const J1939Decoder decoder(FuzzCatalog());
  TransportReassembler transport;
  FrameAssembler assembler(FuzzCatalog(), 1);
  FaultFilter faults;
  DecodedPiece piece;
  std::vector<J1939Sample> samples;
  std::uint64_t decoded = 0;
  const auto add = [&](std::int64_t time_us, const CanId& id, std::span<const std::uint8_t> payload) {
    if (id.pgn == kPgnDm1 || id.pgn == kPgnDm2) {
      for (const auto layout : {OldSpnLayout::kVersion1, OldSpnLayout::kVersion2, OldSpnLayout::kVersion3}) {
        if (auto report = DecodeFaults(id.pgn, time_us / 1000, id.source_address, payload, layout)) {
          faults.Add(*std::move(report), piece.faults);
        }
      }
    }
    samples.clear();
    decoder.Decode(id.pgn, payload, samples);
    decoded += samples.size();
    assembler.Add(time_us / 1000, id, samples, piece.frames);
  };
  Reader reader{bytes};
  for (CanFrame frame; reader.Read(frame); frame = {}) {
    if (!TransportReassembler::IsTransport(frame.id.pgn)) {
      add(frame.time_us, frame.id, frame.payload());
    } else if (const auto message = transport.Add(frame)) {
      CHECK(message->payload.size() >= TransportReassembler::kMinMessageBytes);
      CHECK(message->payload.size() <= TransportReassembler::kMaxMessageBytes);
      add(message->time_us,
          {.pgn = message->pgn,
           .source_address = message->source_address,
           .destination_address = message->destination_address},
          message->payload);
    }
    CHECK(transport.session_count() <= TransportReassembler::kMaxSessions);
  }
  transport.Finish();
  assembler.Finish(piece.frames);
  faults.Finish(piece.faults);
  CHECK(piece.frames.sample_count() + assembler.left_out_sample_count() == decoded);
  CheckPiece(FuzzCatalog(), piece);
}

}  // namespace
}  // namespace telltale

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  telltale::Run({data, size});
  return 0;
}
