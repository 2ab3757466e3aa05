#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/vin.h"
#include "catalog/signal.h"

namespace telltale::internal {

struct VinIndexEntry {
  VehicleId id = 0;                                                          // 0: no such vehicle
  std::int64_t earliest_time_ms = std::numeric_limits<std::int64_t>::min();  // built_time_ms; least: unknown
};

// VIN -> entry in open addressing: one slot of 32 bytes, and so mostly one cache miss, a look-up. Two million vehicles
// take 128 MiB. Not thread-safe; VehicleRegistry guards it.
class VinIndex {
 public:
  // Adds the VIN or replaces its entry; entry.id is not 0.
  void Put(std::string_view vin, const VinIndexEntry& entry);

  VinIndexEntry Find(std::string_view vin) const;  // id 0: not there, or not 17 characters

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::array<char, Vin::kLength> vin;
    VehicleId id = 0;  // 0: the slot is free
    std::int64_t earliest_time_ms = 0;
  };
  static_assert(sizeof(Slot) == 32);

  // The slot that has the VIN, or the free one where it belongs. There is always a free slot.
  std::size_t SlotOf(std::string_view vin) const;
  void Grow();

  std::vector<Slot> slots_ = std::vector<Slot>(1024);  // a power of two
  std::size_t size_ = 0;
};

}  // namespace telltale::internal
