#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace telltale::cli {

enum class Style { kPlain, kBold, kFaint, kGreen, kYellow, kRed };

// `text` in the terminal's escape codes for `style`; as it is without `colour`.
std::string Styled(const std::string& text, Style style, bool colour);

enum class Align { kLeft, kRight };

struct Column {
  std::string heading;
  std::string unit = {};  // goes below the heading
  Align align = Align::kLeft;
  std::size_t width_max = 0;  // see LimitWidth; 0: any width
};

struct Cell {
  Cell(std::string cell_text, Style cell_style = Style::kPlain) : text(std::move(cell_text)), style(cell_style) {}
  Cell(const char* cell_text) : text(cell_text) {}

  std::string text;
  Style style = Style::kPlain;
};

// Lays rows out in aligned columns, with a ruled heading:
//     signal          value  measured
//                            (UTC)
//     ────────────  ───────  ───────────────────
//     engine_speed    900.1  2026-03-01 12:30:00
// Not thread-safe.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Longer text in the column of this heading continues on a line below.
  void LimitWidth(const std::string& heading, std::size_t width_max);

  // One cell for each column; missing ones at the end are empty. Text is made printable.
  void AddRow(std::vector<Cell> cells);

  bool empty() const { return rows_.empty(); }

  // Heading and rows, each line ended, without spaces at line ends.
  std::string Render(bool colour) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Names and what they stand for, one pair a line, the values aligned.
std::string RenderPairs(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace telltale::cli
