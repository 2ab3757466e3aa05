#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/contract.h"
#include "tests/contract/shell.h"

namespace telltale::contract {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Elements(const std::vector<Violation>& violations) {
  std::vector<std::string> elements;
  for (const Violation& violation : violations) elements.push_back(violation.element);
  return elements;
}

Violation Break(const std::string& element) { return {.file = "a.proto", .element = element, .what = "is gone"}; }

TEST(AllowedBreaks, AreReadWithoutTheirReasons) {
  const ScratchFolder folder;
  folder.Write("breaks.txt", "# element reason\n\nv1.Truck.speed  was km/h or mph\n  v1.Bus never sent\n");
  EXPECT_THAT(*ReadAllowedBreaks(folder.path() / "breaks.txt"), ElementsAre("v1.Truck.speed", "v1.Bus"));
  EXPECT_THAT(*ReadAllowedBreaks(folder.path() / "none.txt"), IsEmpty());
}

TEST(AllowedBreaks, NeedAReason) {
  const ScratchFolder folder;
  folder.Write("breaks.txt", "v1.Truck.speed\n");
  EXPECT_EQ(ReadAllowedBreaks(folder.path() / "breaks.txt").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(AllowedBreaks, AllowTheElementThatTheyNameAndNoOther) {
  EXPECT_THAT(Elements(WithoutAllowed({Break("v1.Truck"), Break("v1.Truck.vin"), Break("v1.Bus")}, {"v1.Truck"})),
              ElementsAre("v1.Truck.vin", "v1.Bus"));
}

TEST(AllowedBreaks, NeverAllowANumberToBeFreed) {
  Violation not_reserved = Break("v1.Truck.vin");
  not_reserved.may_be_allowed = false;
  EXPECT_THAT(Elements(WithoutAllowed({Break("v1.Truck.vin"), not_reserved}, {"v1.Truck.vin"})),
              ElementsAre("v1.Truck.vin"));
}

TEST(AllowedBreaks, AreRefusedWhenNothingBreaks) {
  const auto violations = WithoutAllowed({}, {"v1.Truck.vin"});
  ASSERT_THAT(Elements(violations), ElementsAre("v1.Truck.vin"));
  EXPECT_EQ(violations[0].ToString(), "allowed_breaks.txt: v1.Truck.vin: is no break any more; take it out");
}

}  // namespace
}  // namespace telltale::contract
