#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/files/file_decoder.h"
#include "tests/ingest/built_in_catalog.h"

namespace telltale {

// A whole file decoded: what it gave, and how it ended.
struct DecodedFile {
  DecodedPiece piece;
  Status status;
  std::uint64_t line_count = 0;
  std::vector<std::string> ignored_columns;
};

// Feeds `bytes` in pieces of the sizes that `next_size` gives.
template <typename NextSize>
DecodedFile DecodeInPieces(std::string_view bytes, const FileDecoderOptions& options, NextSize next_size) {
  const auto decoder = FileDecoder::Create(BuiltInCatalog(), options);
  DecodedFile file;
  while (!bytes.empty() && file.status.ok()) {
    const std::string_view part = bytes.substr(0, next_size());
    bytes.remove_prefix(part.size());
    file.status = decoder->Add(part, file.piece);
  }
  if (file.status.ok()) file.status = decoder->Finish(file.piece);
  file.line_count = decoder->line_count();
  file.ignored_columns = decoder->ignored_columns();
  return file;
}

inline DecodedFile DecodeFile(std::string_view bytes, const FileDecoderOptions& options = {}) {
  return DecodeInPieces(bytes, options, [&] { return bytes.size(); });
}

inline void ExpectSame(const DecodedFile& a, const DecodedFile& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.line_count, b.line_count);
  EXPECT_EQ(a.ignored_columns, b.ignored_columns);
  EXPECT_EQ(a.piece.faults, b.piece.faults);
  ASSERT_EQ(a.piece.frames.size(), b.piece.frames.size());
  for (std::size_t i = 0; i < a.piece.frames.size(); ++i) {
    const Frame x = a.piece.frames[i];
    const Frame y = b.piece.frames[i];
    ASSERT_EQ(x.measure_time_ms, y.measure_time_ms) << i;
    ASSERT_EQ(*x.layout, *y.layout) << i;
    ASSERT_TRUE(std::equal(x.values.begin(), x.values.end(), y.values.begin(), y.values.end())) << i;
  }
  ASSERT_EQ(a.piece.refusals.size(), b.piece.refusals.size());
  for (std::size_t i = 0; i < a.piece.refusals.size(); ++i) {
    EXPECT_EQ(a.piece.refusals[i].line, b.piece.refusals[i].line);
    EXPECT_EQ(a.piece.refusals[i].reason, b.piece.refusals[i].reason);
    EXPECT_EQ(a.piece.refusals[i].message, b.piece.refusals[i].message);
  }
}

// A sample of a frame, kAbsent if it is not there.
inline RawValue RawOf(const Frame& frame, std::string_view signal) {
  return frame.Get(BuiltInCatalog().Get(signal).id);
}

inline double PhysicalOf(const Frame& frame, std::string_view name) {
  const Signal& signal = BuiltInCatalog().Get(name);
  const RawValue raw = frame.Get(signal.id);
  EXPECT_TRUE(IsValue(raw)) << name;
  return signal.ToPhysical(raw);
}

}  // namespace telltale
