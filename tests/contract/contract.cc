#include "tests/contract/contract.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <google/protobuf/descriptor.pb.h>

#include "tests/contract/shell.h"

namespace telltale::contract {
namespace {

namespace fs = std::filesystem;
namespace pb = google::protobuf;

}  // namespace

StatusOr<Contract> LoadContract(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".proto") names.push_back(entry.path().lexically_relative(folder).generic_string());
  }
  std::sort(names.begin(), names.end());
  Contract contract{.pool = std::make_unique<pb::DescriptorPool>(), .files = {}};
  if (names.empty()) return contract;

  std::vector<std::string> command = {TELLTALE_PROTOC, "--proto_path=" + folder.string(), "--include_imports",
                                      "--include_source_info", "--descriptor_set_out=/dev/stdout"};
  command.insert(command.end(), names.begin(), names.end());
  const ShellOutcome outcome = RunCommand(command);
  pb::FileDescriptorSet set;
  if (outcome.exit_code != 0 || !set.ParseFromString(outcome.output)) {
    return absl::InvalidArgumentError(fmt::format("protoc does not compile {}: {}", folder.string(), outcome.errors));
  }
  for (const pb::FileDescriptorProto& file : set.file()) {
    if (contract.pool->BuildFile(file) == nullptr) {
      return absl::InvalidArgumentError(fmt::format("{} cannot be linked", file.name()));
    }
  }
  for (const std::string& name : names) contract.files.push_back(contract.pool->FindFileByName(name));
  return contract;
}

StatusOr<std::vector<std::string>> ReadAllowedBreaks(const fs::path& file) {
  std::vector<std::string> elements;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string element;
    std::string reason;
    if (!(words >> element) || element.starts_with('#')) continue;
    if (!(words >> reason)) {
      return absl::InvalidArgumentError(fmt::format("{}: '{}' has no reason", file.filename().string(), element));
    }
    elements.push_back(element);
  }
  return elements;
}

std::vector<Violation> WithoutAllowed(std::vector<Violation> violations, const std::vector<std::string>& allowed) {
  std::vector<Violation> unused;
  for (const std::string& element : allowed) {
    const auto removed = std::erase_if(violations, [&element](const Violation& violation) {
      return violation.may_be_allowed && violation.element == element;
    });
    if (removed == 0) {
      unused.push_back({.file = "allowed_breaks.txt", .element = element, .what = "is no break any more; take it out"});
    }
  }
  violations.insert(violations.end(), unused.begin(), unused.end());
  return violations;
}

}  // namespace telltale::contract
