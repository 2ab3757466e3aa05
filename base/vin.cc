#include "base/vin.h"

#include <fmt/format.h>

namespace telltale {

StatusOr<Vin> Vin::Parse(std::string_view text) {
  if (text.size() != kLength) {
    return absl::InvalidArgumentError(fmt::format("a VIN has 17 characters (ISO 3779), this one has {}", text.size()));
  }
  std::string upper(text);
  for (std::size_t i = 0; i < upper.size(); ++i) {
    char& c = upper[i];
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const bool digit = c >= '0' && c <= '9';
    const bool letter = c >= 'A' && c <= 'Z' && c != 'I' && c != 'O' && c != 'Q';
    if (!digit && !letter) {
      return absl::InvalidArgumentError(
          fmt::format("character {} of the VIN is not one of 0-9, A-Z without I, O, Q (ISO 3779)", i + 1));
    }
  }
  return Vin(std::move(upper));
}

std::string LogVin(const Vin& vin) {
  return vin.text().substr(0, 3) + std::string(Vin::kLength - 7, '.') + vin.text().substr(Vin::kLength - 4);
}

}  // namespace telltale
