#include "cli/table.h"

#include <algorithm>

#include "base/check.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr const char* kBetweenColumns = "  ";

// One cell as the lines that it takes.
struct LaidOutCell {
  std::vector<std::string> lines;
  Style style = Style::kPlain;
};

LaidOutCell LayOut(const Cell& cell, const Column& column) {
  if (column.width_max == 0) return {{cell.text}, cell.style};
  return {WrapText(cell.text, column.width_max), cell.style};
}

std::size_t WidthOf(const LaidOutCell& cell) {
  std::size_t width = 0;
  for (const std::string& line : cell.lines) width = std::max(width, DisplayWidth(line));
  return width;
}

// Appends the cells side by side; as many lines as the tallest takes.
void AppendRow(const std::vector<LaidOutCell>& cells, const std::vector<Column>& columns,
               const std::vector<std::size_t>& widths, bool colour, std::string& out) {
  std::size_t height = 0;
  for (const LaidOutCell& cell : cells) height = std::max(height, cell.lines.size());
  for (std::size_t line = 0; line < height; ++line) {
    std::string spaces;  // held back, so that no line ends in them
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string text = line < cells[i].lines.size() ? cells[i].lines[line] : "";
      const std::string padding(widths[i] - DisplayWidth(text), ' ');
      if (i > 0) spaces += kBetweenColumns;
      if (columns[i].align == Align::kRight) spaces += padding;
      if (!text.empty()) {
        out += spaces + Styled(text, cells[i].style, colour);
        spaces.clear();
      }
      if (columns[i].align == Align::kLeft) spaces += padding;
    }
    out += '\n';
  }
}

}  // namespace

std::string Styled(const std::string& text, Style style, bool colour) {
  if (!colour) return text;
  const char* code = nullptr;  // ECMA-48, 8.3.117
  switch (style) {
    case Style::kPlain:
      return text;
    case Style::kBold:
      code = "1";
      break;
    case Style::kFaint:
      code = "2";
      break;
    case Style::kGreen:
      code = "32";
      break;
    case Style::kYellow:
      code = "33";
      break;
    case Style::kRed:
      code = "31";
      break;
  }
  return std::string("\x1b[") + code + "m" + text + "\x1b[0m";
}

void Table::LimitWidth(const std::string& heading, std::size_t width_max) {
  const auto column =
      std::find_if(columns_.begin(), columns_.end(), [&](const Column& c) { return c.heading == heading; });
  CHECK(column != columns_.end());
  column->width_max = width_max;
}

void Table::AddRow(std::vector<Cell> cells) {
  CHECK(cells.size() <= columns_.size());
  for (Cell& cell : cells) cell.text = Printable(cell.text);
  while (cells.size() < columns_.size()) cells.emplace_back("");
  rows_.push_back(std::move(cells));
}

std::string Table::Render(bool colour) const {
  std::vector<std::vector<LaidOutCell>> laid_out(1);
  const bool any_unit = std::any_of(columns_.begin(), columns_.end(), [](const Column& c) { return !c.unit.empty(); });
  for (const Column& column : columns_) {
    LaidOutCell heading{{column.heading}, Style::kBold};
    if (any_unit) heading.lines.push_back(column.unit);
    laid_out.front().push_back(std::move(heading));
  }
  for (const std::vector<Cell>& row : rows_) {
    std::vector<LaidOutCell>& cells = laid_out.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) cells.push_back(LayOut(row[i], columns_[i]));
  }

  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& cells : laid_out) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], WidthOf(cells[i]));
  }

  std::string out;
  AppendRow(laid_out.front(), columns_, widths, colour, out);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) out += kBetweenColumns;
    for (std::size_t k = 0; k < widths[i]; ++k) out += "─";
  }
  out += '\n';
  for (std::size_t row = 1; row < laid_out.size(); ++row) AppendRow(laid_out[row], columns_, widths, colour, out);
  return out;
}

std::string RenderPairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::size_t width = 0;
  for (const auto& [name, value] : pairs) width = std::max(width, DisplayWidth(name));
  std::string out;
  for (const auto& [name, value] : pairs) {
    out += name + std::string(width - DisplayWidth(name), ' ') + kBetweenColumns + Printable(value) + '\n';
  }
  return out;
}

}  // namespace telltale::cli
