#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"
#include "storage/document_store.h"

namespace telltale {

// What a terminal passed through for somebody else to understand: its card reader's, its serial line's, its maker's
// own.
struct Upload {
  std::int64_t receive_time_ms = 0;  // UTC, by our clock: such messages have no time of their own
  std::uint16_t message_id = 0;      // JT/T 808: 0x0900, or 0x0901, which is compressed by gzip
  std::uint8_t kind = 0;             // of 0x0900
  std::string content;
  friend bool operator==(const Upload&, const Upload&) = default;
};

// The newest uploads of each vehicle: a DocumentStore collection. Thread-safe if each vehicle is recorded by one thread
// at a time.
class UploadLog {
 public:
  struct Options {
    std::size_t per_vehicle_max = 100;  // the oldest are removed
  };
  static constexpr std::int64_t kRepeatMs = 600'000;

  // `documents` outlives the log.
  UploadLog(DocumentStore& documents, const Options& options) : documents_(documents), options_(options) {}

  // Durable when it returns. The same content within kRepeatMs is a terminal's repetition: it changes nothing. Errors:
  // UNAVAILABLE the disk does not take writes; DATA_LOSS an upload cannot be read.
  Status Record(VehicleId vehicle, const Upload& upload);

  // Newest first. Errors: DATA_LOSS an upload cannot be read.
  StatusOr<std::vector<Upload>> List(VehicleId vehicle) const;

 private:
  DocumentStore& documents_;
  const Options options_;
};

}  // namespace telltale
