// Packed frames as a stranger sends them: every frame that is taken comes back when it is packed again.

#include <string_view>
#include <vector>

#include "base/check.h"
#include "ingest/packed_frames.h"

namespace telltale {
namespace {

void Unpack(std::string_view bytes, std::size_t width) {
  auto reader = PackedFramesReader::Open(bytes);
  if (!reader.ok()) return;
  std::vector<RawValue> row(width, 7);
  std::vector<RawValue> again = row;
  PackedFramesWriter writer;
  while (!reader->at_end()) {
    std::int64_t time_ms = 0;
    const std::vector<RawValue> before = row;
    const Status status = reader->Take(time_ms, row);
    CHECK(status.ok() || absl::IsInvalidArgument(status));
    if (!status.ok()) return;
    writer.Begin(before);
    writer.Add(time_ms, row);
    auto packed_again = PackedFramesReader::Open(writer.bytes());
    std::int64_t time_again_ms = 0;
    again = before;
    CHECK(packed_again.ok() && packed_again->Take(time_again_ms, again).ok() && packed_again->at_end());
    CHECK(time_again_ms == time_ms && again == row);
  }
}

}  // namespace
}  // namespace telltale

// The first byte: how many values a row has.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  telltale::Unpack({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] + std::size_t{1});
  return 0;
}
