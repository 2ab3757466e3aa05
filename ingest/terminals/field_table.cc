#include "ingest/terminals/field_table.h"

#include <string>

#include <fmt/format.h>

namespace telltale {

FieldTable::FieldTable(const Catalog& catalog, std::span<const FieldSpec> specs, int part) {
  for (const FieldSpec& spec : specs) {
    Field& field = fields_.emplace_back(Field{.spec = &spec, .signal = {}});
    if (spec.signal.empty()) continue;
    const std::string name = fmt::format(fmt::runtime(spec.signal), part);
    field.signal.emplace(catalog, name, spec.unit.scale, spec.unit.offset);
  }
}

RawValue FieldTable::RawOf(const WireSignal& signal, std::uint32_t wire, std::size_t byte_count) {
  const std::uint32_t not_available = byte_count == 4 ? 0xFFFF'FFFF : (std::uint32_t{1} << (8 * byte_count)) - 1;
  if (wire == not_available) return kNotAvailable;
  if (wire == not_available - 1) return kError;
  return signal.FromWire(wire);
}

void FieldTable::Read(FieldReader& reader, TerminalFrame& frame) const {
  for (const Field& field : fields_) {
    const FieldSpec& spec = *field.spec;
    std::uint32_t wire = 0;
    switch (spec.byte_count) {
      case 1:
        wire = reader.U8(spec.name, spec.unit);
        break;
      case 2:
        wire = reader.U16(spec.name, spec.unit);
        break;
      default:
        wire = reader.U32(spec.name, spec.unit);
    }
    if (!reader.ok()) return;
    if (!spec.note.empty()) reader.Note(spec.note);
    if (field.signal) frame.Add(field.signal->id(), RawOf(*field.signal, wire, spec.byte_count));
  }
}

}  // namespace telltale
