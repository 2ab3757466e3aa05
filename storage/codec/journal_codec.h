#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "catalog/frame.h"

namespace telltale {

// A batch of frames as one record of the journal, complete in itself:
//
//     version        uint8    1
//     layouts        varint count, then for each: varint size, its signal ids as varints
//     frames         varint count, then for each: varint vehicle, zigzag varint time less the time of the frame before
//                    (milliseconds since 1970), varint layout
//     values         varint size, then LZ4 of all values, frame by frame, int32 little-endian
//     checksum       uint64   XXH3-64 of all before it, little-endian
//
// docs/formats/journal.md. Stateless; safe from any thread.
class JournalCodec {
 public:
  static std::string Encode(const FrameBatch& batch);

  // Errors: DATA_LOSS the checksum or the structure is wrong.
  static StatusOr<FrameBatch> Decode(std::string_view record);
};

}  // namespace telltale
