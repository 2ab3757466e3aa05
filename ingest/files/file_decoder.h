#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "catalog/dtc.h"
#include "catalog/frame.h"
#include "ingest/refusal.h"
#include "storage/driver_log.h"

namespace telltale {

enum class FileFormat : std::uint8_t { kRecognise = 0, kCandump = 1, kCsv = 2 };

struct FileDecoderOptions {
  FileFormat format = FileFormat::kRecognise;  // from the first bytes
  VehicleId vehicle_id = 0;
  // The instant of t = 0 of a file that counts seconds from its start; must be there for such a file, and for no other.
  std::optional<std::int64_t> start_time_ms;
};

// What a piece of a file gave.
struct DecodedPiece {
  FrameBatch frames;  // in the order of the file; values are inside their signals' ranges, or states
  std::vector<FaultReport> faults;
  std::vector<DriverChange> drivers;
  std::vector<LineRefusal> refusals;  // one wrong line or value never takes its neighbours with it
  void Clear();
};

// Turns the bytes of a recorded file into frames, as they arrive, in pieces of any size. No I/O. Not thread-safe.
class FileDecoder {
 public:
  // `catalog` outlives the decoder.
  static std::unique_ptr<FileDecoder> Create(const Catalog& catalog, const FileDecoderOptions& options);
  virtual ~FileDecoder() = default;

  // Adds to `piece` what the bytes complete. Errors: INVALID_ARGUMENT the file as a whole cannot be read: unknown
  // format, no column that a signal takes, start time missing or not wanted. Nothing more is taken then.
  virtual Status Add(std::string_view bytes, DecodedPiece& piece) = 0;

  // Ends the file: a last line without line end, transport messages that never completed.
  virtual Status Finish(DecodedPiece& piece) = 0;

  virtual std::uint64_t line_count() const = 0;
  virtual std::vector<std::string> ignored_columns()
      const = 0;  // CSV columns that no signal takes; known after the header
};

}  // namespace telltale
