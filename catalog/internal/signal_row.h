#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "catalog/signal.h"

namespace telltale::internal {

// The columns of signals.csv, in order.
inline constexpr std::string_view kSignalColumns =
    "id,name,description,unit,scale,offset,min,max,kind,group,spn,pgn,start_bit,bit_length,bus_offset,terminal_key";
inline constexpr std::size_t kSignalColumnCount = 16;

// One row as a Signal, with its raw limits and raw_shift derived. Errors: INVALID_ARGUMENT names the column and what is
// wrong with it.
StatusOr<Signal> ParseSignalRow(std::span<const std::string> fields);

}  // namespace telltale::internal
