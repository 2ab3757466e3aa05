#include "tests/fuzz/check_piece.h"

// The first byte is the size of the pieces, and with its top bit whether a start time is given; the rest is a CSV file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  telltale::FileDecoderOptions options{.format = telltale::FileFormat::kCsv, .vehicle_id = 1};
  if (size > 0 && (data[0] & 0x80) != 0) options.start_time_ms = 1'772'344'800'000;
  telltale::DecodeBothWays(options, data, size);
  return 0;
}
