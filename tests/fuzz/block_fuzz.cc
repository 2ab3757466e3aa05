#include <cstring>
#include <string>
#include <vector>

#include <xxhash.h>

#include "base/check.h"
#include "storage/codec/block_codec.h"

namespace telltale {
namespace {

// What a block that decodes promises: growing times of its summary, and rows that agree with the columns.
void CheckRows(const BlockCodec::Summary& summary, const FrameRun& run, const BlockColumns& columns) {
  CHECK(columns.times_ms().size() == summary.frame_count && run.size() == summary.frame_count);
  CHECK(columns.times_ms().front() == summary.first_time_ms && columns.times_ms().back() == summary.last_time_ms);
  for (std::size_t i = 0; i < run.size(); ++i) {
    CHECK(run.time_ms(i) == columns.times_ms()[i] && (i == 0 || run.time_ms(i) > run.time_ms(i - 1)));
    const Layout& layout = *run.layout(i);
    for (std::size_t c = 0; c < columns.signals().size(); ++c) {
      const auto position = layout.PositionOf(columns.signals()[c]);
      CHECK(columns.column(c)[i] == (position ? run.values(i)[*position] : kAbsent));
    }
  }
}

void DecodeByEveryPath(const std::string& block) {
  for (const CodecPath path : {CodecPath::kScalar, CodecPath::kAvx2}) {
    if (!ColumnKernels::Has(path)) continue;
    ColumnKernels::ForceForTest(path);
    LayoutPool layouts;
    FrameRun run;
    BlockColumns columns;
    const auto summary = BlockCodec::Decode(block, {}, {}, layouts, run);
    const auto of_columns = BlockCodec::DecodeColumns(block, {}, columns);
    CHECK(summary.ok() == of_columns.ok());
    CHECK(summary.ok() || (absl::IsDataLoss(summary.status()) && run.empty()));
    if (summary.ok()) CheckRows(*summary, run, columns);
    const std::vector<SignalId> some = {2, 3, 500};
    FrameRun selected;
    (void)BlockCodec::Decode(block, some, {}, layouts, selected);
    (void)BlockCodec::DecodeColumns(block, some, columns);
  }
}

}  // namespace
}  // namespace telltale

// A block without its checksum, which is put behind it: otherwise nothing would get past that.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string block(reinterpret_cast<const char*>(data), size);
  const std::uint64_t checksum = XXH3_64bits(block.data(), block.size());
  block.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  telltale::DecodeByEveryPath(block);
  return 0;
}
