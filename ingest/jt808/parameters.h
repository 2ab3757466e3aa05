#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/terminals/command.h"
#include "ingest/terminals/field_reader.h"

// The settings of a terminal, JT/T 808-2013 and -2019, 8.9, table 12.
namespace telltale::jt808 {

// What is known of a parameter's number.
struct ParameterKind {
  enum class Type : std::uint8_t { kByte, kWord, kDword, kText, kSecret, kBytes };
  std::uint32_t id = 0;
  std::string_view name;  // "interval of reports"
  Type type = Type::kBytes;
  std::string_view unit = {};
};
const ParameterKind* FindParameterKind(std::uint32_t id);  // nullptr: not in the standard's table

// The value as people write it: a number in decimal, a text as UTF-8. Empty: it is a password, not in the table, or of
// another length than the table says.
std::string TextOf(const TerminalParameter& parameter);

// The other way round. Errors: INVALID_ARGUMENT the parameter is not in the table; the text is no such number, or has a
// character that GBK lacks.
StatusOr<TerminalParameter> ParameterOf(std::uint32_t id, const std::string& text);

// 0x0104 and 0x8103: `count` times a number 4, a length 1 and a value. Passwords are not explained.
std::vector<TerminalParameter> ReadParameters(FieldReader& body, std::size_t count);

// Adds them as 0x8103 has them, the count first.
void AppendParameters(const std::vector<TerminalParameter>& parameters, std::string& body);

}  // namespace telltale::jt808
