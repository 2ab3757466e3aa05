#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/log.h"
#include "storage/codec/journal_record.h"
#include "storage/rocksdb/journal.h"

namespace telltale {
namespace {

constexpr std::size_t kSegmentHeadBytes = 24;
constexpr std::size_t kRecordHeadBytes = JournalGroupWriter::kHeadBytes;

void PutChecksum(std::string& bytes, std::size_t at, std::uint64_t checksum) {
  std::memcpy(bytes.data() + at, &checksum, sizeof(checksum));
}

// Makes the checksums of a segment good (docs/formats/journal.md): otherwise nothing would get past them.
void Mend(std::string& segment) {
  if (segment.size() < kSegmentHeadBytes) return;
  segment.replace(0, 8, fmt::format("TTJRNL0{}", static_cast<unsigned char>(segment[7]) % 3 + 1));
  PutChecksum(segment, 16, XXH3_64bits(segment.data(), 16));
  for (std::size_t at = kSegmentHeadBytes; at + kRecordHeadBytes <= segment.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, segment.data() + at, sizeof(size));
    if (size > segment.size() - at - kRecordHeadBytes) return;
    const std::uint64_t head = XXH3_64bits(segment.data() + at, 16);
    PutChecksum(segment, at + 16, XXH3_64bits_withSeed(segment.data() + at + kRecordHeadBytes, size, head));
    at += (kRecordHeadBytes + size + 7) / 8 * 8;
  }
}

// Reads the record's frames as a replay does.
Status ReadFrames(const JournalRecord& record) {
  LayoutPool layouts;
  JournalFrameReader reader(record, layouts);
  JournalFrameReader::Head head;
  std::vector<RawValue> row;
  while (!reader.at_end()) {
    RETURN_IF_ERROR(reader.TakeHead(head));
    CHECK(head.layout != nullptr && head.layout->size() > 0);
    row.assign(head.layout->size(), 0);
    RETURN_IF_ERROR(reader.TakeRow(row));
  }
  return OkStatus();
}

// What every replay promises: sequences that grow, and then a journal that goes on behind them.
void Replay(rocksdb::Env& env) {
  auto journal = internal::Journal::Open(
      {.folder = "/journal", .segment_bytes_max = 1 << 16, .segment_age_max = std::chrono::hours{1}, .env = &env});
  CHECK(journal.ok());
  std::uint64_t last_sequence = 0;
  const Status status = (*journal)->Replay([&](std::span<const JournalRecord> records, std::uint32_t) {
    for (const JournalRecord& record : records) {
      CHECK(record.sequence > last_sequence);
      last_sequence = record.sequence;
      const Status read = ReadFrames(record);
      CHECK(read.ok() || absl::IsDataLoss(read));
    }
    return OkStatus();
  });
  CHECK(status.ok());
  CHECK((*journal)->next_sequence() > last_sequence);
}

}  // namespace
}  // namespace telltale

// The first byte: 1 to make the checksums good. The second: where the second segment begins, in units of 8 bytes. Then
// the segments.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  if (size < 2) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t split = std::min<std::size_t>(bytes.size(), std::size_t{8} * data[1]);
  const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  CHECK(env->CreateDirIfMissing("/journal").ok());
  int number = 0;
  for (std::string segment : {bytes.substr(0, split), bytes.substr(split)}) {
    if (data[0] == 1) telltale::Mend(segment);
    const std::string path = "/journal/000000000" + std::to_string(++number) + ".journal";
    CHECK(rocksdb::WriteStringToFile(env.get(), segment, path).ok());
  }
  telltale::Replay(*env);
  telltale::Replay(*env);  // of what the first one left
  return 0;
}
