#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telltale::cli {

// A page of HTML that prints well: one file, no scripts, nothing loaded from elsewhere. All text is escaped.
class HtmlReport {
 public:
  explicit HtmlReport(std::string_view title);

  void AddHeading(std::string_view text);
  void AddParagraph(std::string_view text);
  // Name and value, one line each.
  void AddFacts(const std::vector<std::pair<std::string, std::string>>& facts);
  void AddTable(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows);
  void AddList(const std::vector<std::string>& items);

  std::string Take();

 private:
  std::string html_;
};

}  // namespace telltale::cli
