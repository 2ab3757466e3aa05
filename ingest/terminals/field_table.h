#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale {

// One number of a block of fixed fields, as the national standards tabulate them.
struct FieldSpec {
  std::string_view name;    // for people
  std::size_t byte_count;   // 1, 2 or 4
  std::string_view signal;  // of the catalogue, "{}" stands for the number of the part; empty: not kept
  Unit unit = {};
  std::string_view note = {};  // what its states mean
};

// Reads such blocks: the greatest number of a field's width is "not available", the one below it "error" (GB/T 32960.3,
// 4.5). Immutable; safe from any thread.
class FieldTable {
 public:
  // `specs` outlives the table.
  FieldTable(const Catalog& catalog, std::span<const FieldSpec> specs, int part = 0);

  // Takes all fields; their signals go to `frame`.
  void Read(FieldReader& reader, TerminalFrame& frame) const;

  // The value of a field of so many bytes as a signal's.
  static RawValue RawOf(const WireSignal& signal, std::uint32_t wire, std::size_t byte_count);

 private:
  struct Field {
    const FieldSpec* spec;
    std::optional<WireSignal> signal;
  };
  std::vector<Field> fields_;
};

}  // namespace telltale
