#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "base/status.h"

namespace telltale::contract {

// The .proto files of a folder, compiled, with their comments.
struct Contract {
  std::unique_ptr<google::protobuf::DescriptorPool> pool;      // owns what `files` points to
  std::vector<const google::protobuf::FileDescriptor*> files;  // without those that are only imported, sorted by name
};

// Compiles every .proto below `folder`, which imports are relative to, with protoc.
// Errors: INVALID_ARGUMENT with protoc's messages if they do not compile.
StatusOr<Contract> LoadContract(const std::filesystem::path& folder);

// One thing that is wrong with a contract.
struct Violation {
  std::string file;     // "telltale/v1/trips.proto"
  std::string element;  // "telltale.v1.Trip.open"
  std::string what;
  bool may_be_allowed = true;  // by a line of allowed_breaks.txt

  std::string ToString() const { return file + ": " + element + ": " + what; }
};

// What `now` breaks for those who use `before`: by wire, by JSON or by the names in generated code. A number that goes
// out of use has to be reserved even where its removal is allowed.
std::vector<Violation> BreakingChanges(const Contract& before, const Contract& now);

// Where the contract does not say what docs/api.md promises of it: a comment on every service, rpc and message (an
// rpc's request and response are described by the rpc), each rpc's errors, ranges of time as TimeRange, enums that
// begin with _UNSPECIFIED.
std::vector<Violation> MissingDocumentation(const Contract& contract);

// The elements that proto/allowed_breaks.txt names: one a line, followed by the reason; lines with # are comments.
// Errors: INVALID_ARGUMENT if a line has no reason.
StatusOr<std::vector<std::string>> ReadAllowedBreaks(const std::filesystem::path& file);

// Takes the allowed ones out of `violations`; an entry that allows nothing becomes a violation of its own.
std::vector<Violation> WithoutAllowed(std::vector<Violation> violations, const std::vector<std::string>& allowed);

}  // namespace telltale::contract
