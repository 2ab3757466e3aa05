// What a terminal may send by JT/T 808: the stream is taken apart, and every message explained, however it is damaged.

#include <vector>

#include "base/check.h"
#include "catalog/catalog.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/message.h"
#include "ingest/jt808/message_table.h"

namespace telltale::jt808 {
namespace {

const PositionReader& Positions() {
  static const Catalog catalog = *Catalog::Load();
  static const PositionReader positions(catalog);
  return positions;
}

void TakeMessage(std::vector<std::uint8_t> bytes) {
  // A checksum that is right lets the fuzzer in.
  if (!bytes.empty()) bytes.back() = Checksum(std::span(bytes).first(bytes.size() - 1));
  std::string message(bytes.begin(), bytes.empty() ? bytes.end() : bytes.end() - 1);
  std::string wire;
  AppendEscaped(message, wire);
  std::size_t end = 0;
  for (const ExplainedField& field :
       Explain({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}, Positions())) {
    CHECK(field.first_byte + field.byte_count <= bytes.size());
    end = std::max(end, field.first_byte + field.byte_count);
  }
  CHECK(bytes.size() < 13 || end == bytes.size());
}

void Take(std::span<const std::uint8_t> stream) {
  std::vector<std::uint8_t> bytes;
  while (true) {
    const Piece piece = NextPiece(stream);
    CHECK(piece.consumed <= stream.size());
    stream = stream.subspan(piece.consumed);
    if (piece.escaped.empty()) break;
    Unescape(piece.escaped, bytes).IgnoreError();
    CHECK(bytes.size() <= piece.escaped.size());
    ParseMessage(bytes);
    TakeMessage(bytes);
  }
}

}  // namespace
}  // namespace telltale::jt808

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  telltale::jt808::Take({data, size});
  return 0;
}
