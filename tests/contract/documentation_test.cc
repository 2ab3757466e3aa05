#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/contract.h"
#include "tests/contract/shell.h"

namespace telltale::contract {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Missing(const std::string& body) {
  const ScratchFolder folder;
  folder.Write("fleet.proto", "syntax = \"proto3\";\npackage fleet;\n" + body);
  const auto contract = LoadContract(folder.path());
  EXPECT_TRUE(contract.ok()) << contract.status();
  std::vector<std::string> lines;
  if (!contract.ok()) return lines;
  for (const Violation& violation : MissingDocumentation(*contract)) lines.push_back(violation.ToString());
  return lines;
}

TEST(Documentation, IsThereWhenAllHasComments) {
  EXPECT_THAT(Missing(R"(
// The fleet.
service Fleet {
  // Answers. Errors:
  //   NOT_FOUND  no such vehicle
  rpc Ask(AskRequest) returns (AskResponse);
}
message AskRequest { TimeRange range = 1; }
message AskResponse { map<string, int32> counts = 1; }
// A half-open interval.
message TimeRange {}
enum Fuel { FUEL_UNSPECIFIED = 0; }
)"),
              IsEmpty());
}

TEST(Documentation, MissesCommentsOnServicesRpcsAndMessages) {
  EXPECT_THAT(Missing("service Fleet { rpc Ask(AskRequest) returns (Answer); }\n"
                      "message AskRequest {}\nmessage Answer {\n  message Part {}\n}\n"),
              ElementsAre("fleet.proto: fleet.Fleet: the service has no comment",
                          "fleet.proto: fleet.Fleet.Ask: the rpc has no comment",
                          "fleet.proto: fleet.Answer: the message has no comment",
                          "fleet.proto: fleet.Answer.Part: the message has no comment"));
}

TEST(Documentation, MissesTheErrorsOfAnRpc) {
  EXPECT_THAT(Missing("// The fleet.\nservice Fleet {\n  // Answers.\n  rpc Ask(AskRequest) returns (AskResponse);\n}\n"
                      "message AskRequest {}\nmessage AskResponse {}\n"),
              ElementsAre("fleet.proto: fleet.Fleet.Ask: the comment does not list its errors after \"Errors:\""));
}

TEST(Documentation, TakesNoOtherRangesOfTimeThanTimeRange) {
  EXPECT_THAT(Missing("// Asks.\nmessage AskRequest { string from = 1; string to = 2; string day_range = 3; }\n"
                      "// A half-open interval.\nmessage TimeRange { string from = 1; string to = 2; }\n"),
              ElementsAre("fleet.proto: fleet.AskRequest.from: a range of time is a TimeRange",
                          "fleet.proto: fleet.AskRequest.to: a range of time is a TimeRange",
                          "fleet.proto: fleet.AskRequest.day_range: a range of time is a TimeRange"));
}

TEST(Documentation, SaysThatATimeRangeIsHalfOpen) {
  EXPECT_THAT(Missing("// An interval.\nmessage TimeRange {}\n"),
              ElementsAre("fleet.proto: fleet.TimeRange: the comment does not say that the interval is half-open"));
}

TEST(Documentation, MissesAnUnspecifiedFirstValueOfAnEnum) {
  EXPECT_THAT(Missing("enum Fuel { FUEL_DIESEL = 0; FUEL_UNSPECIFIED = 1; }"),
              ElementsAre("fleet.proto: fleet.Fuel: the first value does not end with _UNSPECIFIED"));
}

}  // namespace
}  // namespace telltale::contract
