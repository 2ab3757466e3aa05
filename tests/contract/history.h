#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"

namespace telltale::contract {

// Writes the contract that the working tree of the git repository at `root` is to be held against into `folder`, as it
// would stand in proto/: the newest commit whose .proto files differ from the working tree's, which is HEAD while they
// are being changed, and the one before their last change otherwise. Returns the commit.
// Errors: NOT_FOUND if there is no such commit, no git, or no history (a download, a shallow clone); says which.
StatusOr<std::string> ExtractContractBefore(const std::filesystem::path& root, const std::filesystem::path& folder);

}  // namespace telltale::contract
