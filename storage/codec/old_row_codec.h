#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "catalog/signal.h"

namespace telltale {

// Reads rows as programs before store format 5 packed them. As RowCodec's, but without nibbles: the whole of a zigzag
// difference takes 1 to 4 bytes, one more than its size says. Not made to be fast: such rows are read once, after an
// upgrade. Stateless; safe from any thread.
class OldRowCodec {
 public:
  // As in RowCodec.
  static bool Decode(std::string_view& bytes, std::span<RawValue> row);
  static std::optional<std::size_t> PackedSize(std::string_view bytes, std::size_t count);
};

}  // namespace telltale
