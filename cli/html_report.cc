#include "cli/html_report.h"

#include <utility>

#include <fmt/format.h>

#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr std::string_view kStyle =
    "body{font:11pt/1.4 sans-serif;margin:2em auto;max-width:60em;color:#111}"
    "h1{font-size:18pt}h2{font-size:13pt;margin:1.6em 0 .4em;break-after:avoid}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:.25em .5em;text-align:left;"
    "vertical-align:top}th{background:#eee}tr{break-inside:avoid}dt{font-weight:bold;float:left;clear:left;width:14em}"
    "dd{margin:0 0 .2em 14em}@page{margin:18mm}";

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char letter : Printable(text)) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

}  // namespace

HtmlReport::HtmlReport(std::string_view title)
    : html_(fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>"
                        "<style>{1}</style></head>\n<body><h1>{0}</h1>\n",
                        Escaped(title), kStyle)) {}

void HtmlReport::AddHeading(std::string_view text) { html_ += fmt::format("<h2>{}</h2>\n", Escaped(text)); }

void HtmlReport::AddParagraph(std::string_view text) { html_ += fmt::format("<p>{}</p>\n", Escaped(text)); }

void HtmlReport::AddFacts(const std::vector<std::pair<std::string, std::string>>& facts) {
  html_ += "<dl>\n";
  for (const auto& [name, value] : facts) {
    html_ += fmt::format("<dt>{}</dt><dd>{}</dd>\n", Escaped(name), Escaped(value));
  }
  html_ += "</dl>\n";
}

void HtmlReport::AddTable(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows) {
  html_ += "<table><thead><tr>";
  for (const std::string& heading : headings) html_ += fmt::format("<th>{}</th>", Escaped(heading));
  html_ += "</tr></thead><tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    html_ += "<tr>";
    for (const std::string& cell : row) html_ += fmt::format("<td>{}</td>", Escaped(cell));
    html_ += "</tr>\n";
  }
  html_ += "</tbody></table>\n";
}

void HtmlReport::AddList(const std::vector<std::string>& items) {
  html_ += "<ul>\n";
  for (const std::string& item : items) html_ += fmt::format("<li>{}</li>\n", Escaped(item));
  html_ += "</ul>\n";
}

std::string HtmlReport::Take() { return std::exchange(html_, {}) + "</body></html>\n"; }

}  // namespace telltale::cli
