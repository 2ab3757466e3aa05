#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace telltale {

// A vehicle identification number, ISO 3779: 17 of the characters 0-9 and A-Z without I, O and Q. A value.
class Vin {
 public:
  static constexpr std::size_t kLength = 17;

  // Takes lower case as upper case. Errors: INVALID_ARGUMENT says which character or length is wrong.
  static StatusOr<Vin> Parse(std::string_view text);

  const std::string& text() const { return text_; }

  friend bool operator==(const Vin&, const Vin&) = default;
  friend auto operator<=>(const Vin&, const Vin&) = default;

 private:
  explicit Vin(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A VIN as logs may show it: the maker's three characters and the last four, "WDB..........0001".
std::string LogVin(const Vin& vin);

}  // namespace telltale
