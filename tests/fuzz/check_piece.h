#pragma once

#include "base/check.h"
#include "catalog/catalog.h"
#include "ingest/files/file_decoder.h"

namespace telltale {

// What every decoder promises of whatever bytes: values of known signals inside their ranges, trouble codes inside the
// standard's, refusals with a line and a message. Stops the program otherwise.
inline void CheckPiece(const Catalog& catalog, const DecodedPiece& piece) {
  for (std::size_t i = 0; i < piece.frames.size(); ++i) {
    const Frame frame = piece.frames[i];
    CHECK(frame.layout->size() == frame.values.size());
    for (std::size_t k = 0; k < frame.values.size(); ++k) {
      const Signal* signal = catalog.Find(frame.layout->signals()[k]);
      CHECK(signal != nullptr);
      const RawValue raw = frame.values[k];
      CHECK(raw != kAbsent);
      CHECK(!IsValue(raw) || (raw >= signal->raw_min && raw <= signal->raw_max));
    }
  }
  for (const FaultReport& report : piece.faults) {
    for (const Dtc& dtc : report.dtcs) {
      CHECK(dtc.spn <= Dtc::kMaxSpn && dtc.fmi <= Dtc::kMaxFmi);
      CHECK(dtc.occurrence_count <= Dtc::kOccurrenceNotAvailable);
    }
  }
  for (const LineRefusal& refusal : piece.refusals) CHECK(refusal.line > 0 && !refusal.message.empty());
}

inline const Catalog& FuzzCatalog() {
  static const Catalog catalog = [] {
    auto loaded = Catalog::Load();
    CHECK(loaded.ok());
    return *std::move(loaded);
  }();
  return catalog;
}

// Decodes a file in pieces whose sizes the first byte chooses; then as a whole; both must give the same number of
// everything.
inline void DecodeBothWays(const FileDecoderOptions& options, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t piece_size = data[0] % 64U + 1U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  DecodedPiece pieces;
  DecodedPiece whole;
  const auto split = FileDecoder::Create(FuzzCatalog(), options);
  Status split_status;
  for (std::size_t at = 0; at < bytes.size() && split_status.ok(); at += piece_size) {
    split_status = split->Add(bytes.substr(at, piece_size), pieces);
  }
  if (split_status.ok()) split_status = split->Finish(pieces);
  const auto at_once = FileDecoder::Create(FuzzCatalog(), options);
  Status whole_status = at_once->Add(bytes, whole);
  if (whole_status.ok()) whole_status = at_once->Finish(whole);
  CHECK(split_status == whole_status);
  CHECK(pieces.frames.size() == whole.frames.size());
  CHECK(pieces.frames.sample_count() == whole.frames.sample_count());
  CHECK(pieces.faults == whole.faults);
  CHECK(pieces.refusals.size() == whole.refusals.size());
  CHECK(split->line_count() == at_once->line_count());
  CheckPiece(FuzzCatalog(), pieces);
}

}  // namespace telltale
