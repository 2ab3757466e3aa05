#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace telltale::cli {

// Whether `text` is well-formed UTF-8, as protobuf strings must be.
bool IsUtf8(std::string_view text);

// `text` as a terminal may show it: control characters and bytes that are not UTF-8 become '?', so that a name that
// came from elsewhere cannot move the cursor or change the colours.
std::string Printable(std::string_view text);

// Columns that `text` takes on a terminal: 2 for East Asian wide characters and pictographs, 0 for combining marks,
// else 1.
std::size_t DisplayWidth(std::string_view text);

// `text` in lines of at most `width` columns, broken at spaces; a word that is wider is cut. At least one line.
std::vector<std::string> WrapText(std::string_view text, std::size_t width);

// "HEAVY_TRUCK" as "heavy truck" or, with '-', "heavy-truck"; a `prefix` that it begins with is left out.
std::string WordsOf(std::string_view enum_name, std::string_view prefix, char between = ' ');

}  // namespace telltale::cli
