#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"
#include "storage/document_store.h"

namespace telltale {

// What a vehicle did at a place, as far as others may want to know: whether it was heard there, or fell silent.
struct PlaceNote {
  double latitude_deg = 0.0;
  double longitude_deg = 0.0;
  bool silent = false;  // it fell silent there while it moved; else it was heard
  friend bool operator==(const PlaceNote&, const PlaceNote&) = default;
};

// Where vehicles were heard and where they fell silent, by place and day: a DocumentStore collection, an index of what
// was published. Thread-safe.
class PlaceLog {
 public:
  static constexpr std::size_t kNotesPerDayMax = 64;  // of a vehicle; further ones are left out
  static constexpr std::size_t kReadMax = 20'000;     // notes for one answer

  // `documents` outlives the log.
  explicit PlaceLog(DocumentStore& documents) : documents_(documents) {}

  // Adds what has to be written so that the notes of a vehicle's day are `after`, where they were `before`.
  static void AddWrites(VehicleId vehicle, std::int64_t day, const std::vector<PlaceNote>& before,
                        const std::vector<PlaceNote>& after, std::vector<DocumentWrite>& writes);

  struct Counts {
    std::uint32_t silent = 0;  // vehicles that fell silent while they moved
    std::uint32_t heard = 0;   // others, that were heard
    friend bool operator==(const Counts&, const Counts&) = default;
  };
  // Of vehicles other than `except` within `radius_m` of a place, on days `from_day` to before `to_day`. Errors:
  // DATA_LOSS a note cannot be read.
  StatusOr<Counts> Around(double latitude_deg, double longitude_deg, double radius_m, std::int64_t from_day,
                          std::int64_t to_day, VehicleId except) const;

 private:
  DocumentStore& documents_;
};

}  // namespace telltale
