#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/codec/column_codec.h"

namespace telltale::internal {

// The columns of up to eight signals over frames that all have them, as the archive keeps those of one group:
//
//     signals     uint8    bit i: signal i of the group is there
//     heads size  varint   bytes
//     heads       of the columns, ColumnCodec
//     data        of the columns, ColumnCodec
//     checksum    uint64   XXH3-64 of all before it, little-endian
//
// How many frames there are is known from outside. Not thread-safe; keeps its memory.
class ColumnPacker {
 public:
  // Appends the columns of `row_count` rows that follow each other at a distance of `row_size` values. `signals` has a
  // bit for each of the signals whose values begin at `rows`; those of `packed`, a part of them, are packed.
  void Append(const RawValue* rows, std::size_t row_size, std::size_t row_count, std::uint8_t signals,
              std::uint8_t packed, std::string& to);

 private:
  std::vector<RawValue> tile_;
  std::vector<std::uint8_t> heads_;
  std::vector<std::uint8_t> data_;
};

class ColumnUnpacker {
 public:
  // Unpacks those of the signals `wanted` that are there, values `part` of `count` each. Returns which these are; their
  // columns follow in the order of the bits. Errors: DATA_LOSS the checksum or the structure is wrong.
  StatusOr<std::uint8_t> Unpack(std::string_view columns, std::size_t count, std::uint8_t wanted,
                                ColumnCodec::Part part);
  // Of the i-th unpacked signal: the values of the part; valid until the next Unpack().
  const RawValue* column(std::size_t i) const { return tile_.data() + i * stride_ + from_; }

 private:
  std::vector<RawValue> tile_;
  std::size_t stride_ = 0;
  std::size_t from_ = 0;
};

}  // namespace telltale::internal
