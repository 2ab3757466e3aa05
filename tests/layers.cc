#include "tests/layers.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <regex>
#include <sstream>

#include <fmt/format.h>

namespace telltale::layers {
namespace {

namespace fs = std::filesystem;

// Who may depend on whom: down, never up or sideways. The client and the load generator know the server by its
// contract.
const std::map<std::string, std::set<std::string>>& MayDependOn() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"proto", {}},
      {"base", {}},
      {"catalog", {"base"}},
      {"storage", {"catalog", "base"}},
      {"access", {"storage", "catalog", "base"}},
      {"ingest", {"storage", "catalog", "base", "proto"}},
      {"advice", {"catalog", "base"}},  // no storage: frames in, results out
      {"server", {"ingest", "access", "advice", "storage", "catalog", "base", "proto"}},
      {"cli", {"base", "proto"}},
      {"bench",
       {"access", "server", "storage", "ingest", "advice", "catalog", "base",
        "proto"}},  // their hot paths, from inside
  };
  return table;
}

// A foreign library and the folders that may include it.
struct Wall {
  std::string library;
  std::regex include;
  std::vector<std::string> inside;
};

const std::vector<Wall>& Walls() {
  static const std::vector<Wall> walls = {
      {"gRPC and protobuf",
       std::regex(R"((grpc|grpcpp|google/protobuf)/.*|telltale/v1/.*)"),
       {"server/", "ingest/grpc/", "cli/", "bench/", "proto/"}},
      {"RocksDB", std::regex("rocksdb/.*"), {"storage/rocksdb/", "bench/"}},
      {"Boost", std::regex("boost/.*"), {"ingest/"}},
  };
  return walls;
}

std::string ReadText(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> LinesOf(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream in(path, std::ios::binary);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Include {
  std::string path;      // what stands between the quotes or brackets
  bool ours = false;     // in quotes, and relative to the root of the tree
  std::size_t line = 0;  // from 1
};

std::vector<Include> IncludesOf(const fs::path& file) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*(["<])([^">]+)[">].*)re");
  std::vector<Include> includes;
  std::size_t line_number = 0;
  for (const std::string& line : LinesOf(file)) {
    ++line_number;
    std::smatch match;
    if (!std::regex_match(line, match, pattern)) continue;
    includes.push_back({.path = match[2], .ours = match[1] == "\"", .line = line_number});
  }
  return includes;
}

// The names of the root's folders, without hidden ones and those that .gitignore names as "/name/".
std::set<std::string> FoldersOf(const fs::path& root) {
  std::set<std::string> ignored;
  for (const std::string& line : LinesOf(root / ".gitignore")) {
    if (line.size() > 2 && line.front() == '/' && line.back() == '/') ignored.insert(line.substr(1, line.size() - 2));
  }
  std::set<std::string> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && !name.starts_with('.') && !ignored.contains(name)) folders.insert(name);
  }
  return folders;
}

// Calls `visit` with each .h and .cc below the layers' folders, in order, and its path below `root`.
void ForEachSource(const fs::path& root,
                   const std::function<void(const fs::path& file, const std::string& name)>& visit) {
  std::vector<fs::path> files;
  for (const auto& [folder, unused] : MayDependOn()) {
    if (!fs::is_directory(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h" || extension == ".cc") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) visit(file, file.lexically_relative(root).generic_string());
}

std::string FirstFolder(const std::string& path) { return path.substr(0, path.find('/')); }

// The folder that an include is part of; generated headers of the contract are part of proto.
std::string FolderOf(const Include& include) {
  return include.path.starts_with("telltale/v1/") ? "proto" : FirstFolder(include.path);
}

// A call of one of our functions in a CMakeLists.txt.
struct Target {
  std::string name;
  std::vector<std::string> depends;  // the words after DEPENDS, up to the next keyword
};

std::vector<Target> TargetsIn(const std::string& cmake, const std::string& function) {
  static const std::set<std::string> keywords = {"HEADERS", "SOURCES", "PCH", "LABELS", "CORPUS"};
  std::vector<Target> targets;
  for (std::size_t call = cmake.find(function + "("); call != std::string::npos;
       call = cmake.find(function + "(", call + 1)) {
    const std::size_t open = call + function.size() + 1;
    std::istringstream words(cmake.substr(open, cmake.find(')', open) - open));
    Target& target = targets.emplace_back();
    words >> target.name;
    bool in_depends = false;
    for (std::string word; words >> word;) {
      if (word == "DEPENDS" || keywords.contains(word)) {
        in_depends = word == "DEPENDS";
      } else if (in_depends) {
        target.depends.push_back(word);
      }
    }
  }
  return targets;
}

// A folder's CMakeLists.txt without comments; empty if there is none.
std::string CMakeOf(const fs::path& root, const std::string& folder) {
  static const std::regex comment("#[^\n]*");
  return std::regex_replace(ReadText(root / folder / "CMakeLists.txt"), comment, "");
}

}  // namespace

std::map<std::string, std::set<std::string>> ReadDepends(const fs::path& root) {
  static const std::string ours = "telltale::";
  std::map<std::string, std::string> folder_of;  // library -> folder; a folder may have more than one
  for (const std::string& folder : FoldersOf(root)) {
    for (const Target& library : TargetsIn(CMakeOf(root, folder), "telltale_library")) folder_of[library.name] = folder;
  }
  std::map<std::string, std::set<std::string>> depends;
  for (const auto& [unused, folder] : folder_of) {
    std::set<std::string>& names = depends[folder];
    for (const char* function : {"telltale_library", "telltale_executable"}) {
      for (const Target& target : TargetsIn(CMakeOf(root, folder), function)) {
        for (const std::string& word : target.depends) {
          if (!word.starts_with(ours)) continue;
          const std::string library = word.substr(ours.size());
          names.insert(folder_of.contains(library) ? folder_of.at(library) : library);
        }
      }
    }
    names.erase(folder);  // a folder's libraries and programs depend on each other
  }
  return depends;
}

Violations CheckDirections(const fs::path& root) {
  Violations violations;
  for (const auto& [folder, names] : ReadDepends(root)) {
    const auto allowed = MayDependOn().find(folder);
    if (allowed == MayDependOn().end()) {
      violations.push_back(fmt::format("{}: is not in the table of layers, tests/layers.cc", folder));
      continue;
    }
    for (const std::string& name : names) {
      if (allowed->second.contains(name)) continue;
      violations.push_back(MayDependOn().contains(name)
                               ? fmt::format("{}: may not depend on {}; dependencies point down only", folder, name)
                               : fmt::format("{}: depends on {}, which is no folder", folder, name));
    }
  }
  return violations;
}

Violations CheckCycles(const fs::path& root) {
  const std::map<std::string, std::set<std::string>> depends = ReadDepends(root);
  Violations violations;
  std::set<std::string> done;
  std::vector<std::string> way;
  const std::function<void(const std::string&)> visit = [&](const std::string& folder) {
    if (const auto start = std::find(way.begin(), way.end(), folder); start != way.end()) {
      std::string circle;
      for (auto step = start; step != way.end(); ++step) circle += *step + " > ";
      violations.push_back("circle: " + circle + folder);
      return;
    }
    if (done.contains(folder) || !depends.contains(folder)) return;
    way.push_back(folder);
    for (const std::string& next : depends.at(folder)) visit(next);
    way.pop_back();
    done.insert(folder);
  };
  for (const auto& [folder, unused] : depends) visit(folder);
  return violations;
}

Violations CheckIncludes(const fs::path& root) {
  const std::map<std::string, std::set<std::string>> depends = ReadDepends(root);
  Violations violations;
  ForEachSource(root, [&](const fs::path& file, const std::string& name) {
    const std::string folder = FirstFolder(name);
    if (!depends.contains(folder)) return;
    for (const Include& include : IncludesOf(file)) {
      const std::string from = FolderOf(include);
      if (!include.ours || from == folder || (from != "tests" && !MayDependOn().contains(from))) continue;
      const std::string what = fmt::format("{}:{}: includes {}", name, include.line, include.path);
      if (!depends.at(folder).contains(from)) {
        violations.push_back(
            fmt::format("{}, but telltale::{} is not in {}/CMakeLists.txt DEPENDS", what, from, folder));
      } else if (include.path.find("/internal/") != std::string::npos) {
        violations.push_back(fmt::format("{}, which {} keeps to itself", what, from));
      }
    }
  });
  return violations;
}

Violations CheckWalls(const fs::path& root) {
  Violations violations;
  ForEachSource(root, [&](const fs::path& file, const std::string& name) {
    for (const Include& include : IncludesOf(file)) {
      for (const Wall& wall : Walls()) {
        const bool inside = std::any_of(wall.inside.begin(), wall.inside.end(),
                                        [&name](const std::string& folder) { return name.starts_with(folder); });
        if (inside || !std::regex_match(include.path, wall.include)) continue;
        violations.push_back(fmt::format("{}:{}: includes {}; {} stays in {}", name, include.line, include.path,
                                         wall.library, fmt::join(wall.inside, ", ")));
      }
    }
  });
  return violations;
}

Violations CheckHeaders(const fs::path& root) {
  Violations violations;
  ForEachSource(root, [&](const fs::path& file, const std::string& name) {
    if (file.extension() != ".h") return;
    const std::vector<std::string> lines = LinesOf(file);
    if (std::find(lines.begin(), lines.end(), "#pragma once") == lines.end()) {
      violations.push_back(fmt::format("{}: has no #pragma once", name));
    }
  });
  return violations;
}

Violations CheckReadmes(const fs::path& root) {
  Violations violations;
  for (const auto& [folder, unused] : ReadDepends(root)) {
    if (!fs::exists(root / folder / "README.md")) violations.push_back(fmt::format("{}: has no README.md", folder));
  }
  // A row of the table: | `folder/` | what it is |, or | `one/`, `two/` | ... |
  static const std::regex name_pattern("`([a-z0-9_]+)/`");
  std::set<std::string> listed;
  for (const std::string& line : LinesOf(root / "README.md")) {
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(1, line.find('|', 1) - 1);
    for (std::sregex_iterator name(cell.begin(), cell.end(), name_pattern); name != std::sregex_iterator(); ++name) {
      listed.insert((*name)[1]);
    }
  }
  const std::set<std::string> folders = FoldersOf(root);
  for (const std::string& folder : folders) {
    if (!listed.contains(folder))
      violations.push_back(fmt::format("README.md: its table lacks the folder {}/", folder));
  }
  for (const std::string& folder : listed) {
    if (!folders.contains(folder)) violations.push_back(fmt::format("README.md: there is no folder {}/", folder));
  }
  return violations;
}

}  // namespace telltale::layers
