#pragma once

#include <string_view>

#include "catalog/catalog.h"
#include "ingest/jt808/message.h"
#include "ingest/jt808/position.h"
#include "ingest/terminals/field_reader.h"

namespace telltale::jt808 {

// What the standard calls a message, in our words; empty: none of the standard's.
std::string_view NameOf(MessageId id);

// Reads the body of a whole message for its explanation alone. What comes after the fields we know, or the whole body
// of a message that we know only by name, is noted as bytes.
void ExplainBody(const Header& header, const PositionReader& positions, FieldReader& body);

// Any message on the wire, delimiters and escapes included, field by field. Byte numbers are those after the escapes
// are undone and without the delimiters.
Explanation Explain(std::span<const std::uint8_t> wire, const PositionReader& positions);

}  // namespace telltale::jt808
