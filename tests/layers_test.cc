// The architecture of this tree, checked; and the checks themselves, on small trees that break one rule each.

#include "tests/layers.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace telltale::layers {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::filesystem::path kThisTree = TELLTALE_SOURCE_DIR;

TEST(ThisTree, HasItsFolders) {
  EXPECT_THAT(ReadDepends(kThisTree),
              testing::Contains(testing::Key("storage")));  // else all the rest passes for nothing
  EXPECT_THAT(ReadDepends(kThisTree).at("catalog"), ElementsAre("base"));
}
TEST(ThisTree, DependsDownwards) { EXPECT_THAT(CheckDirections(kThisTree), IsEmpty()); }
TEST(ThisTree, HasNoCircle) { EXPECT_THAT(CheckCycles(kThisTree), IsEmpty()); }
TEST(ThisTree, IncludesWhatItDependsOn) { EXPECT_THAT(CheckIncludes(kThisTree), IsEmpty()); }
TEST(ThisTree, KeepsForeignTypesBehindTheirWalls) { EXPECT_THAT(CheckWalls(kThisTree), IsEmpty()); }
TEST(ThisTree, HasHeadersThatMayBeIncludedTwice) { EXPECT_THAT(CheckHeaders(kThisTree), IsEmpty()); }
TEST(ThisTree, HasReadmesThatAgreeWithIt) { EXPECT_THAT(CheckReadmes(kThisTree), IsEmpty()); }

// A small tree in which all is well until a test writes something wrong.
class SmallTree : public testing::Test {
 protected:
  SmallTree()
      : root_(std::filesystem::temp_directory_path() /
              fmt::format("telltale-layers-{}-{}", getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name())) {
    Write(".gitignore", "/build/\n");
    Write("README.md",
          "| folder | what |\n| --- | --- |\n| `base/` | all |\n| `catalog/` | signals |\n"
          "| `storage/`, `server/` | rest |\n| `docs/` | the `other/` ones |\n\n| word | `nothing/` |\n");
    Write("build/junk.h", "");
    Write("docs/architecture.md", "");
    for (const char* folder : {"base", "catalog", "storage", "server"}) Write(std::string(folder) + "/README.md", "");
    Write("base/CMakeLists.txt", "telltale_library(base HEADERS status.h SOURCES status.cc DEPENDS absl::status)\n");
    Write("base/status.h", "#pragma once\n#include <string>\n");
    Write("catalog/CMakeLists.txt",
          "telltale_library(catalog\n  HEADERS catalog.h\n  SOURCES catalog.cc\n  DEPENDS telltale::base  # only\n"
          "  PCH base)\n");
    Write("catalog/catalog.h", "// What can be measured.\n#pragma once\n#include \"base/status.h\"\n");
    Write("storage/CMakeLists.txt",
          "telltale_library(storage DEPENDS telltale::base telltale::catalog RocksDB::rocksdb)\n");
    Write("storage/rocksdb/store.cc", "#include <rocksdb/db.h>\n#include \"catalog/catalog.h\"\n");
    Write("server/CMakeLists.txt",
          "telltale_library(server DEPENDS telltale::storage telltale::proto gRPC::grpc++)\n"
          "telltale_executable(telltaled SOURCES main.cc DEPENDS telltale::server telltale::base)\n");
    Write("server/main.cc",
          "#include <grpcpp/grpcpp.h>\n#include \"base/status.h\"\n#include \"storage/rocksdb/store.h\"\n"
          "#include \"telltale/v1/trips.grpc.pb.h\"\n");
  }

  ~SmallTree() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }

  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

TEST_F(SmallTree, IsInOrder) {
  EXPECT_THAT(CheckDirections(root()), IsEmpty());
  EXPECT_THAT(CheckCycles(root()), IsEmpty());
  EXPECT_THAT(CheckIncludes(root()), IsEmpty());
  EXPECT_THAT(CheckWalls(root()), IsEmpty());
  EXPECT_THAT(CheckHeaders(root()), IsEmpty());
  EXPECT_THAT(CheckReadmes(root()), IsEmpty());
}

TEST_F(SmallTree, SaysWhatEachFolderDependsOn) {
  const auto depends = ReadDepends(root());
  EXPECT_EQ(depends.size(), 4U);
  EXPECT_THAT(depends.at("base"), IsEmpty());
  EXPECT_THAT(depends.at("catalog"), ElementsAre("base"));
  EXPECT_THAT(depends.at("server"), ElementsAre("base", "proto", "storage"));
}

TEST_F(SmallTree, TakesALibraryByTheFolderThatDeclaresIt) {
  Write("storage/CMakeLists.txt",
        "telltale_library(storage DEPENDS telltale::base)\n"
        "telltale_library(storage_rocksdb DEPENDS telltale::storage telltale::catalog RocksDB::rocksdb)\n");
  Write("server/CMakeLists.txt",
        "telltale_library(server DEPENDS telltale::storage_rocksdb telltale::base telltale::proto)\n");
  EXPECT_THAT(ReadDepends(root()).at("storage"), ElementsAre("base", "catalog"));
  EXPECT_THAT(ReadDepends(root()).at("server"), ElementsAre("base", "proto", "storage"));
  EXPECT_THAT(CheckDirections(root()), IsEmpty());
  EXPECT_THAT(CheckIncludes(root()), IsEmpty());
}

TEST_F(SmallTree, RefusesADependencyThatPointsUp) {
  Write("catalog/CMakeLists.txt", "telltale_library(catalog DEPENDS telltale::base telltale::storage)\n");
  EXPECT_THAT(CheckDirections(root()), ElementsAre(AllOf(HasSubstr("catalog:"), HasSubstr("storage"))));
}

TEST_F(SmallTree, RefusesADependencyThatPointsSideways) {
  Write("ingest/CMakeLists.txt", "telltale_library(ingest DEPENDS telltale::advice telltale::base)\n");
  Write("advice/CMakeLists.txt", "telltale_library(advice DEPENDS telltale::catalog telltale::base)\n");
  EXPECT_THAT(CheckDirections(root()), ElementsAre(AllOf(HasSubstr("ingest:"), HasSubstr("advice"))));
}

TEST_F(SmallTree, RefusesAdviceThatDoesInputAndOutput) {
  Write("advice/CMakeLists.txt", "telltale_library(advice DEPENDS telltale::storage)\n");
  EXPECT_THAT(CheckDirections(root()), ElementsAre(AllOf(HasSubstr("advice:"), HasSubstr("storage"))));
}

TEST_F(SmallTree, RefusesAClientThatKnowsMoreThanTheContract) {
  Write("cli/CMakeLists.txt", "telltale_library(cli DEPENDS telltale::proto telltale::base telltale::catalog)\n");
  EXPECT_THAT(CheckDirections(root()), ElementsAre(AllOf(HasSubstr("cli:"), HasSubstr("catalog"))));
}

TEST_F(SmallTree, RefusesAFolderThatTheArchitectureDoesNotKnow) {
  Write("util/CMakeLists.txt", "telltale_library(util)\n");
  Write("catalog/CMakeLists.txt", "telltale_library(catalog DEPENDS telltale::util)\n");
  EXPECT_THAT(CheckDirections(root()),
              ElementsAre(AllOf(HasSubstr("catalog:"), HasSubstr("util")), HasSubstr("util: is not in the table")));
}

TEST_F(SmallTree, RefusesACircle) {
  Write("base/CMakeLists.txt", "telltale_library(base DEPENDS telltale::storage)\n");
  EXPECT_THAT(CheckCycles(root()), testing::Contains(HasSubstr("base > storage > base")));
}

TEST_F(SmallTree, RefusesAnIncludeThatDependsDoesNotName) {
  Write("storage/store.h", "#pragma once\n\n#  include \"catalog/catalog.h\"\n#include \"base/status.h\"\n");
  Write("storage/CMakeLists.txt", "telltale_library(storage DEPENDS telltale::catalog)\n");
  EXPECT_THAT(CheckIncludes(root()), ElementsAre(HasSubstr("storage/store.h:4: includes base/status.h")));
}

TEST_F(SmallTree, RefusesAnIncludeThatDependsNamesInACommentOnly) {
  Write("catalog/CMakeLists.txt", "telltale_library(catalog DEPENDS fmt::fmt)  # DEPENDS telltale::base\n");
  EXPECT_THAT(CheckIncludes(root()), ElementsAre(HasSubstr("catalog/catalog.h:3:")));
}

TEST_F(SmallTree, RefusesAnIncludeOfGeneratedCodeWithoutTheContract) {
  Write("server/CMakeLists.txt", "telltale_library(server DEPENDS telltale::storage telltale::base)\n");
  EXPECT_THAT(CheckIncludes(root()), ElementsAre(HasSubstr("telltale::proto is not in server/CMakeLists.txt")));
}

TEST_F(SmallTree, RefusesAnIncludeOfTests) {
  Write("base/status.cc", "#include \"tests/layers.h\"\n");
  EXPECT_THAT(CheckIncludes(root()), ElementsAre(HasSubstr("base/status.cc:1:")));
}

TEST_F(SmallTree, RefusesAnIncludeOfWhatAnotherFolderKeepsToItself) {
  Write("catalog/catalog.cc", "#include \"catalog/internal/row.h\"\n");
  Write("storage/store.cc", "#include \"catalog/internal/row.h\"\n");
  EXPECT_THAT(CheckIncludes(root()), ElementsAre(HasSubstr("storage/store.cc:1:")));
}

TEST_F(SmallTree, RefusesForeignTypesOutsideTheirWalls) {
  Write("catalog/a.h", "#pragma once\n#include <rocksdb/slice.h>\n");
  Write("ingest/b.cc", "#include <grpcpp/server.h>\n");
  Write("ingest/grpc/c.cc", "#include <grpcpp/server.h>\n#include <google/protobuf/message.h>\n");
  Write("ingest/jt808/d.cc", "#include <boost/asio.hpp>\n");
  Write("server/e.cc", "#include <boost/asio.hpp>\n");
  Write("storage/f.cc", "#include \"telltale/v1/trips.pb.h\"\n");
  Write("storage/g.h", "#include \"rocksdb/db.h\"\n");
  EXPECT_THAT(CheckWalls(root()), ElementsAre(HasSubstr("catalog/a.h:2: includes rocksdb/slice.h"),
                                              HasSubstr("ingest/b.cc:1: includes grpcpp/server.h"),
                                              HasSubstr("server/e.cc:1: includes boost/asio.hpp"),
                                              HasSubstr("storage/f.cc:1: includes telltale/v1/trips.pb.h"),
                                              HasSubstr("storage/g.h:1: includes rocksdb/db.h")));
}

TEST_F(SmallTree, RefusesAHeaderWithoutPragmaOnce) {
  Write("catalog/internal/row.h", "// #pragma once\n");
  EXPECT_THAT(CheckHeaders(root()), ElementsAre("catalog/internal/row.h: has no #pragma once"));
}

TEST_F(SmallTree, RefusesATableThatDisagreesWithTheTree) {
  Write("deploy/telltaled.service", "");
  std::filesystem::remove_all(root() / "docs");
  EXPECT_THAT(CheckReadmes(root()), ElementsAre(HasSubstr("lacks the folder deploy/"), HasSubstr("no folder docs/")));
}

TEST_F(SmallTree, RefusesAFolderThatDoesNotExplainItself) {
  std::filesystem::remove(root() / "catalog/README.md");
  EXPECT_THAT(CheckReadmes(root()), ElementsAre("catalog: has no README.md"));
}

}  // namespace
}  // namespace telltale::layers
