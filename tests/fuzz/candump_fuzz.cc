#include "tests/fuzz/check_piece.h"

// The first byte is the size of the pieces, the rest a candump log.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  telltale::DecodeBothWays({.format = telltale::FileFormat::kCandump, .vehicle_id = 1}, data, size);
  return 0;
}
