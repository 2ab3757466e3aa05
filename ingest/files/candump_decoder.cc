#include "ingest/files/candump_decoder.h"

#include <fmt/format.h>

namespace telltale {

CandumpDecoder::CandumpDecoder(const Catalog& catalog, const FileDecoderOptions& options)
    : decoder_(catalog), bus_(catalog, decoder_, options.vehicle_id) {
  if (options.start_time_ms) {
    file_status_ = absl::InvalidArgumentError("a candump log has the times of its frames; leave the start time out");
  }
}

Status CandumpDecoder::Add(std::string_view bytes, DecodedPiece& piece) {
  while (!bytes.empty() && file_status_.ok()) {
    const std::size_t end = bytes.find('\n');
    const bool ends = end != std::string_view::npos;
    std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(ends ? end + 1 : bytes.size());
    if (!in_overlong_line_ && partial_line_.size() + part.size() > kMaxLineBytes) {
      ++line_count_;
      Refuse(fmt::format("at most {} characters a line", kMaxLineBytes), piece);
      partial_line_.clear();
      in_overlong_line_ = true;
    }
    if (in_overlong_line_) {
      in_overlong_line_ = !ends;
      continue;
    }
    if (!ends || !partial_line_.empty()) {
      partial_line_ += part;
      part = partial_line_;
    }
    if (!ends) continue;
    AddLine(part, piece);
    partial_line_.clear();
  }
  return file_status_;
}

Status CandumpDecoder::Finish(DecodedPiece& piece) {
  if (file_status_.ok() && !partial_line_.empty()) {
    AddLine(partial_line_, piece);
    partial_line_.clear();
  }
  RETURN_IF_ERROR(file_status_);
  bus_.Finish({.frames = piece.frames, .faults = piece.faults, .drivers = piece.drivers});
  ReportBroken(piece);
  if (counts_.j1939_frames == 0) {
    return file_status_ = absl::InvalidArgumentError(fmt::format(
               "none of the {} lines is a J1939 frame, which has an identifier of 8 digits: {} with 3 digits, "
               "{} CAN FD, {} remote, {} error frames, {} malformed",
               line_count_, counts_.standard_id_frames, counts_.can_fd_frames, counts_.remote_frames,
               counts_.error_frames, counts_.malformed_lines));
  }
  return OkStatus();
}

void CandumpDecoder::AddLine(std::string_view text, DecodedPiece& piece) {
  ++line_count_;
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.empty()) return;
  const CandumpLine line = ParseCandumpLine(text);
  switch (line.kind) {
    case CandumpLineKind::kJ1939:
      ++counts_.j1939_frames;
      bus_.Add(line.frame, {.frames = piece.frames, .faults = piece.faults, .drivers = piece.drivers});
      if (TransportReassembler::IsTransport(line.frame.id.pgn)) ReportBroken(piece);
      break;
    case CandumpLineKind::kStandardId:
      ++counts_.standard_id_frames;
      break;
    case CandumpLineKind::kRemote:
      ++counts_.remote_frames;
      break;
    case CandumpLineKind::kErrorFrame:
      ++counts_.error_frames;
      break;
    case CandumpLineKind::kCanFd:
      ++counts_.can_fd_frames;
      break;
    case CandumpLineKind::kMalformed:
      Refuse(line.expected, piece);
      return;
  }
  malformed_in_a_row_ = 0;
}

void CandumpDecoder::Refuse(std::string_view expected, DecodedPiece& piece) {
  ++counts_.malformed_lines;
  piece.refusals.push_back(
      {.line = line_count_,
       .reason = RefusalReason::kMalformedLine,
       .message = fmt::format("expected {}, as in (1622547830.084000) can0 0CF00400#F0FF7D0000FFFFFF", expected)});
  if (++malformed_in_a_row_ == kMaxMalformedLinesInARow) {
    file_status_ =
        absl::InvalidArgumentError(fmt::format("lines {} to {} are not of a candump -L log; the last: expected {}",
                                               line_count_ - kMaxMalformedLinesInARow + 1, line_count_, expected));
  }
}

void CandumpDecoder::ReportBroken(DecodedPiece& piece) {
  for (const BrokenTransfer& broken : bus_.broken()) {
    // Not lost but never sent: given up on the bus, or offered to one receiver that did not answer.
    const bool to_one = broken.destination_address != CanId::kToAll;
    if (broken.reason == BrokenTransfer::Reason::kAborted || (to_one && broken.received_packets == 0)) continue;
    piece.refusals.push_back(
        {.line = line_count_,
         .reason = RefusalReason::kMalformedLine,
         .message = fmt::format("the message of PGN {} from address {} to {} is lost after {} of its {} packets: {}",
                                broken.pgn, broken.source_address, broken.destination_address, broken.received_packets,
                                broken.packet_count, TextOf(broken.reason))});
  }
}

}  // namespace telltale
