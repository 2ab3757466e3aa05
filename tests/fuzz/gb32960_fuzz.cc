// What a vehicle may send by GB/T 32960 or GB 17691: the stream is taken apart, and every message explained, however it
// is damaged.

#include <vector>

#include "base/check.h"
#include "catalog/catalog.h"
#include "ingest/gb17691/session.h"
#include "ingest/gb32960/data_unit.h"
#include "ingest/gb32960/message.h"

namespace telltale::gb32960 {
namespace {

const Catalog& BuiltIn() {
  static const Catalog catalog = *Catalog::Load();
  return catalog;
}

const DataUnitReader& Reader() {
  static const DataUnitReader reader(BuiltIn());
  return reader;
}

void CheckExplanation(const Explanation& explanation, std::size_t size) {
  std::size_t end = 0;
  for (const ExplainedField& field : explanation) {
    CHECK(field.first_byte + field.byte_count <= size);
    end = std::max(end, field.first_byte + field.byte_count);
  }
  CHECK(size <= kHeaderBytes || end == size);
}

void ExplainAll(std::span<const std::uint8_t> message) {
  static const gb17691::EmissionReader emissions(BuiltIn());
  CheckExplanation(Explain(message, Reader()), message.size());
  CheckExplanation(gb17691::Explain(message, emissions), message.size());
}

void Take(std::span<const std::uint8_t> stream, Family family) {
  ExplainAll(stream);
  while (true) {
    const Piece piece = NextPiece(stream, kDataBytesMax, family);
    if (piece.kind == Piece::Kind::kNeedMore) break;
    CHECK(piece.size > 0 && piece.size <= stream.size());
    if (piece.kind == Piece::Kind::kMessage) {
      std::vector<std::uint8_t> message(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(piece.size));
      // A check that is right lets the fuzzer in.
      message.back() = 0;
      for (std::size_t i = 2; i + 1 < message.size(); ++i) message.back() ^= message[i];
      const MessageOrFault parsed = ParseMessage(message, nullptr, family);
      CHECK(!parsed.fault || parsed.fault == Fault::kEncrypted);
      ExplainAll(message);
    }
    stream = stream.subspan(piece.size);
  }
}

}  // namespace
}  // namespace telltale::gb32960

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  telltale::gb32960::Take({data, size}, telltale::gb32960::Family::kGb32960);
  telltale::gb32960::Take({data, size}, telltale::gb32960::Family::kGb17691);
  return 0;
}
