// The contract of this tree: proto/ against what was committed before it, and against what it promises of itself.

#include <gtest/gtest.h>

#include "tests/contract/contract.h"
#include "tests/contract/history.h"
#include "tests/contract/shell.h"

namespace telltale::contract {
namespace {

const std::filesystem::path kRoot = TELLTALE_SOURCE_DIR;

std::string Lines(const std::vector<Violation>& violations) {
  std::string lines;
  for (const Violation& violation : violations) lines += "  " + violation.ToString() + "\n";
  return lines;
}

TEST(ThisContract, BreaksNobodyWhoUsesTheOneBeforeIt) {
  const ScratchFolder scratch;
  const auto commit = ExtractContractBefore(kRoot, scratch.path());
  if (!commit.ok()) GTEST_SKIP() << "there is no contract to compare with. " << MessageOf(commit.status());
  const auto before = LoadContract(scratch.path());
  const auto now = LoadContract(kRoot / "proto");
  const auto allowed = ReadAllowedBreaks(kRoot / "proto/allowed_breaks.txt");
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_TRUE(now.ok()) << now.status();
  ASSERT_TRUE(allowed.ok()) << allowed.status();
  EXPECT_EQ(Lines(WithoutAllowed(BreakingChanges(*before, *now), *allowed)), "")
      << "compared with commit " << *commit << "; an intended break has a line in proto/allowed_breaks.txt";
}

TEST(ThisContract, SaysWhatItPromises) {
  const auto contract = LoadContract(kRoot / "proto");
  ASSERT_TRUE(contract.ok()) << contract.status();
  ASSERT_FALSE(contract->files.empty());
  EXPECT_EQ(Lines(MissingDocumentation(*contract)), "");
}

}  // namespace
}  // namespace telltale::contract
