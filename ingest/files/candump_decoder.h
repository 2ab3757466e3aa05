#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/files/candump_line.h"
#include "ingest/files/file_decoder.h"
#include "ingest/j1939/bus_decoder.h"
#include "ingest/j1939/decoder.h"
#include "ingest/j1939/transport.h"

namespace telltale {

// Reads a candump -L log as SAE J1939: lines to CAN frames, those to messages, those to signals and trouble codes. What
// is not J1939 (11-bit identifiers, remote, error and CAN FD frames) is counted and passed over. Not thread-safe.
class CandumpDecoder final : public FileDecoder {
 public:
  static constexpr std::size_t kMaxLineBytes = 512;  // a CAN FD frame of 64 bytes needs 190
  // A file that is not a candump log at all must not end as one refusal for each of its lines.
  static constexpr std::size_t kMaxMalformedLinesInARow = 1000;

  struct Counts {
    std::uint64_t j1939_frames = 0;
    std::uint64_t standard_id_frames = 0;
    std::uint64_t remote_frames = 0;
    std::uint64_t error_frames = 0;
    std::uint64_t can_fd_frames = 0;
    std::uint64_t malformed_lines = 0;
  };

  CandumpDecoder(const Catalog& catalog, const FileDecoderOptions& options);

  // Errors: INVALID_ARGUMENT a start time is given although the log has its own times; it is no candump log.
  Status Add(std::string_view bytes, DecodedPiece& piece) override;
  Status Finish(DecodedPiece& piece) override;

  std::uint64_t line_count() const override { return line_count_; }
  std::vector<std::string> ignored_columns() const override { return {}; }

  const Counts& counts() const { return counts_; }
  const TransportReassembler::Counts& transport_counts() const { return bus_.transport_counts(); }
  std::uint64_t left_out_sample_count() const { return bus_.left_out_sample_count(); }

 private:
  void AddLine(std::string_view text, DecodedPiece& piece);
  void Refuse(std::string_view expected, DecodedPiece& piece);
  void ReportBroken(DecodedPiece& piece);

  J1939Decoder decoder_;
  J1939BusDecoder bus_;
  Status file_status_;
  std::string partial_line_;       // at most kMaxLineBytes
  bool in_overlong_line_ = false;  // which was refused; its rest is passed over
  std::uint64_t line_count_ = 0;
  std::size_t malformed_in_a_row_ = 0;
  Counts counts_;
};

}  // namespace telltale
