#pragma once

#include <span>
#include <string_view>

#include "catalog/signal.h"

// RowCodec for processors with AVX2: the same bytes, in a quarter of the time.
namespace telltale::internal {

// Whether this processor can run what follows.
bool HasRowAvx2();

char* EncodeRowAvx2(std::span<const RawValue> base, std::span<const RawValue> row, char* out);
bool DecodeRowAvx2(std::string_view& bytes, std::span<RawValue> row);

}  // namespace telltale::internal
