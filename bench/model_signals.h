#pragma once

#include <vector>

#include "bench/load/truck_model.h"
#include "catalog/catalog.h"

namespace telltale {

// A catalogue that is linked in, as the model wants it; telltale-load takes the server's instead.
inline std::vector<ModelSignal> ModelSignalsOf(const Catalog& catalog) {
  std::vector<ModelSignal> signals;
  for (const Signal& signal : catalog.signals()) {
    signals.push_back({.id = signal.id,
                       .spn = signal.j1939 ? signal.j1939->spn : 0,
                       .kind = signal.kind,
                       .scale = signal.scale,
                       .offset = signal.offset,
                       .raw_min = signal.raw_min,
                       .raw_max = signal.raw_max});
  }
  return signals;
}

}  // namespace telltale
