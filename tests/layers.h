#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

// Holds a source tree against the architecture of docs/architecture.md: who may depend on whom, what each folder says
// that it depends on, and what it includes. Functions of the files below `root`; nothing is compiled.
namespace telltale::layers {

// folder -> folders of its DEPENDS lines in CMakeLists.txt, by all its telltale_library() and telltale_executable()
// together; foreign libraries are left out. Only folders with a telltale_library() are listed.
std::map<std::string, std::set<std::string>> ReadDepends(const std::filesystem::path& root);

// Each check returns what is wrong, one line for each, with the file or folder; empty: all is well.
using Violations = std::vector<std::string>;

// DEPENDS that point up or sideways, or to what is no folder.
Violations CheckDirections(const std::filesystem::path& root);

// Folders that depend on themselves by way of others.
Violations CheckCycles(const std::filesystem::path& root);

// Includes of other folders that DEPENDS does not name, of tests, or of what another folder keeps in internal/.
Violations CheckIncludes(const std::filesystem::path& root);

// gRPC, protobuf, RocksDB and Boost outside the folders that keep them from the rest.
Violations CheckWalls(const std::filesystem::path& root);

// Headers without #pragma once.
Violations CheckHeaders(const std::filesystem::path& root);

// Folders without a README.md, and a table in the top README that disagrees with the tree.
Violations CheckReadmes(const std::filesystem::path& root);

}  // namespace telltale::layers
