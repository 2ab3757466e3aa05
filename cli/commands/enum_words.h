#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>

#include "cli/format.h"
#include "cli/text.h"

// Enums of the contract as words on a command line or in a file.
namespace telltale::cli {

// "service-shop" to its value, for each value of an enum but the unspecified one.
template <typename Enum>
std::map<std::string, Enum> WordsOfEnum(const google::protobuf::EnumDescriptor& descriptor, std::string_view prefix) {
  std::map<std::string, Enum> words;
  for (int i = 1; i < descriptor.value_count(); ++i) {
    std::string word = WordsOf(descriptor.value(i)->name(), prefix);
    for (char& letter : word) letter = letter == ' ' ? '-' : letter;
    words[word] = static_cast<Enum>(descriptor.value(i)->number());
  }
  return words;
}

template <typename Enum>
std::string WordOf(const std::map<std::string, Enum>& words, int value) {
  for (const auto& [word, known] : words) {
    if (static_cast<int>(known) == value) return word;
  }
  return kUnknown;
}

// "dealer, insurer, ..." for help texts.
template <typename Enum>
std::string ListOf(const std::map<std::string, Enum>& words) {
  std::vector<std::string> names;
  for (const auto& [word, value] : words) names.push_back(word);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace telltale::cli
