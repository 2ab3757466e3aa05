#include "storage/internal/vin_index.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"

namespace telltale::internal {

std::size_t VinIndex::SlotOf(std::string_view vin) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = std::hash<std::string_view>{}(vin)&mask;
  while (slots_[i].id != 0 && std::string_view(slots_[i].vin.data(), Vin::kLength) != vin) i = (i + 1) & mask;
  return i;
}

void VinIndex::Put(std::string_view vin, const VinIndexEntry& entry) {
  CHECK(vin.size() == Vin::kLength && entry.id != 0);
  if (size_ * 4 >= slots_.size() * 3) Grow();
  Slot& slot = slots_[SlotOf(vin)];
  if (slot.id == 0) ++size_;
  std::copy(vin.begin(), vin.end(), slot.vin.begin());
  slot.id = entry.id;
  slot.earliest_time_ms = entry.earliest_time_ms;
}

VinIndexEntry VinIndex::Find(std::string_view vin) const {
  if (vin.size() != Vin::kLength) return {};
  const Slot& slot = slots_[SlotOf(vin)];
  if (slot.id == 0) return {};
  return {.id = slot.id, .earliest_time_ms = slot.earliest_time_ms};
}

void VinIndex::Grow() {
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  for (const Slot& slot : old) {
    if (slot.id != 0) slots_[SlotOf({slot.vin.data(), Vin::kLength})] = slot;
  }
}

}  // namespace telltale::internal
