#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/contract.h"
#include "tests/contract/shell.h"

namespace telltale::contract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What changes from one file fleet.proto to another, a line for each violation.
std::vector<std::string> Changes(const std::string& before_body, const std::string& now_body,
                                 const std::string& now_package = "fleet") {
  const ScratchFolder before_folder;
  const ScratchFolder now_folder;
  before_folder.Write("fleet.proto", "syntax = \"proto3\";\npackage fleet;\n" + before_body);
  now_folder.Write("fleet.proto", "syntax = \"proto3\";\npackage " + now_package + ";\n" + now_body);
  const auto before = LoadContract(before_folder.path());
  const auto now = LoadContract(now_folder.path());
  EXPECT_TRUE(before.ok()) << before.status();
  EXPECT_TRUE(now.ok()) << now.status();
  std::vector<std::string> lines;
  if (!before.ok() || !now.ok()) return lines;
  for (const Violation& violation : BreakingChanges(*before, *now)) lines.push_back(violation.ToString());
  return lines;
}

constexpr const char* kService =
    "message Question { string vin = 1; }\nmessage Answer {}\nmessage Other {}\n"
    "service Fleet { rpc Ask(Question) returns (Answer); }\n";
constexpr const char* kTruck = "message Truck { string vin = 1; double speed_kmh = 2; }\n";
constexpr const char* kFuel = "enum Fuel { FUEL_UNSPECIFIED = 0; FUEL_DIESEL = 1; FUEL_GAS = 2; }\n";

TEST(BreakingChanges, AreNoneForTheSameContract) {
  EXPECT_THAT(Changes(kService, kService), IsEmpty());
  EXPECT_THAT(Changes(kFuel, kFuel), IsEmpty());
}

TEST(BreakingChanges, AreNoneForAdditions) {
  EXPECT_THAT(Changes(kTruck,
                      "message Truck { string vin = 1; double speed_kmh = 2; Driver driver = 3; }\n"
                      "message Driver { repeated string name = 1; }\n"),
              IsEmpty());
  EXPECT_THAT(Changes(kFuel, "enum Fuel { FUEL_UNSPECIFIED = 0; FUEL_DIESEL = 1; FUEL_GAS = 2; FUEL_PETROL = 3; }"),
              IsEmpty());
  EXPECT_THAT(Changes(kService, std::string(kService) + "service Shop { rpc Ask(Question) returns (stream Answer); }"),
              IsEmpty());
}

TEST(BreakingChanges, AreNoneForAnotherOrderAndOtherComments) {
  EXPECT_THAT(Changes(kTruck, "message Truck {\n  double speed_kmh = 2;\n  // ISO 3779\n  string vin = 1;\n}\n"),
              IsEmpty());
}

TEST(BreakingChanges, NameAServiceThatIsGone) {
  EXPECT_THAT(Changes(kService,
                      "message Question { string vin = 1; }\nmessage Answer {}\nmessage Other {}\n"
                      "service Fleets { rpc Ask(Question) returns (Answer); }\n"),
              ElementsAre("fleet.proto: fleet.Fleet: the service is gone"));
}

TEST(BreakingChanges, NameAnRpcThatIsGone) {
  EXPECT_THAT(Changes(kService,
                      "message Question { string vin = 1; }\nmessage Answer {}\nmessage Other {}\n"
                      "service Fleet { rpc Asks(Question) returns (Answer); }\n"),
              ElementsAre("fleet.proto: fleet.Fleet.Ask: the rpc is gone"));
}

TEST(BreakingChanges, NameAnRpcWithAnotherRequestOrResponse) {
  EXPECT_THAT(Changes(kService,
                      "message Question { string vin = 1; }\nmessage Answer {}\nmessage Other {}\n"
                      "service Fleet { rpc Ask(Other) returns (Question); }\n"),
              ElementsAre(HasSubstr("fleet.Fleet.Ask: the request changed from fleet.Question to fleet.Other"),
                          HasSubstr("fleet.Fleet.Ask: the response changed from fleet.Answer to fleet.Question")));
}

TEST(BreakingChanges, NameAnRpcThatStreamsOnAnotherSide) {
  const std::string messages = "message Question {}\nmessage Answer {}\n";
  EXPECT_THAT(Changes(messages + "service Fleet { rpc Ask(Question) returns (stream Answer); }",
                      messages + "service Fleet { rpc Ask(stream Question) returns (Answer); }"),
              ElementsAre(HasSubstr("the client's side changed from one message to a stream"),
                          HasSubstr("the server's side changed from a stream to one message")));
}

TEST(BreakingChanges, NameAMessageThatIsGoneAlsoInsideAnother) {
  EXPECT_THAT(
      Changes("message Truck { message Axle {} }\nmessage Bus {}", "message Truck {}"),
      ElementsAre("fleet.proto: fleet.Truck.Axle: the message is gone", "fleet.proto: fleet.Bus: the message is gone"));
}

TEST(BreakingChanges, NameAFieldThatIsGoneAndNotReserved) {
  EXPECT_THAT(Changes(kTruck, "message Truck { string vin = 1; }"),
              ElementsAre("fleet.proto: fleet.Truck.speed_kmh: the field (number 2) is gone",
                          "fleet.proto: fleet.Truck.speed_kmh: number 2 is not reserved",
                          "fleet.proto: fleet.Truck.speed_kmh: name \"speed_kmh\" is not reserved"));
}

TEST(BreakingChanges, NameAFieldThatIsGoneButReserved) {
  EXPECT_THAT(Changes(kTruck, "message Truck { reserved 2; reserved \"speed_kmh\"; string vin = 1; }"),
              ElementsAre(HasSubstr("fleet.Truck.speed_kmh: the field (number 2) is gone")));
}

TEST(BreakingChanges, NameARenamedField) {
  EXPECT_THAT(Changes(kTruck, "message Truck { string vin = 1; double velocity_kmh = 2; }"),
              ElementsAre("fleet.proto: fleet.Truck.speed_kmh: the name changed from speed_kmh to velocity_kmh"));
}

TEST(BreakingChanges, NameAFieldWithAnotherNumber) {
  EXPECT_THAT(Changes(kTruck, "message Truck { string vin = 1; double speed_kmh = 3; }"),
              ElementsAre("fleet.proto: fleet.Truck.speed_kmh: the number changed from 2 to 3"));
}

TEST(BreakingChanges, NameTwoFieldsThatChangedPlaces) {
  EXPECT_THAT(Changes(kTruck, "message Truck { string vin = 2; double speed_kmh = 1; }"),
              ElementsAre(HasSubstr("vin: the number changed"), HasSubstr("speed_kmh: the number changed")));
}

TEST(BreakingChanges, NameAFieldWithAnotherType) {
  EXPECT_THAT(Changes(kTruck, "message Truck { string vin = 1; float speed_kmh = 2; }"),
              ElementsAre("fleet.proto: fleet.Truck.speed_kmh: the type changed from double to float"));
  EXPECT_THAT(Changes("message A {}\nmessage B {}\nmessage C { A x = 1; }",
                      "message A {}\nmessage B {}\nmessage C { B x = 1; }"),
              ElementsAre(HasSubstr("fleet.C.x: the type changed from fleet.A to fleet.B")));
}

TEST(BreakingChanges, NameAFieldWithAnotherLabel) {
  EXPECT_THAT(Changes(kTruck, "message Truck { repeated string vin = 1; optional double speed_kmh = 2; }"),
              ElementsAre(HasSubstr("fleet.Truck.vin: the label changed from singular to repeated"),
                          HasSubstr("fleet.Truck.speed_kmh: the label changed from singular to optional")));
}

TEST(BreakingChanges, NameAFieldThatMovedIntoAOneof) {
  EXPECT_THAT(Changes(kTruck, "message Truck { string vin = 1; oneof speed { double speed_kmh = 2; } }"),
              ElementsAre(HasSubstr("the label changed from singular to oneof speed")));
}

TEST(BreakingChanges, NameAFieldWithAnotherJsonName) {
  EXPECT_THAT(Changes(kTruck, "message Truck { string vin = 1; double speed_kmh = 2 [json_name = \"v\"]; }"),
              ElementsAre(HasSubstr("the JSON name changed from speedKmh to v")));
}

TEST(BreakingChanges, NameAReservationThatIsGone) {
  EXPECT_THAT(Changes("message Truck { reserved 2, 5 to 6; reserved \"speed\"; }", "message Truck { reserved 2, 5; }"),
              ElementsAre("fleet.proto: fleet.Truck: number 6 is not reserved",
                          "fleet.proto: fleet.Truck: name \"speed\" is not reserved"));
}

TEST(BreakingChanges, NameAnEnumThatIsGone) {
  EXPECT_THAT(Changes(kFuel, "message Truck {}"), ElementsAre("fleet.proto: fleet.Fuel: the enum is gone"));
}

TEST(BreakingChanges, NameAnEnumValueThatIsGone) {
  EXPECT_THAT(Changes(kFuel, "enum Fuel { FUEL_UNSPECIFIED = 0; FUEL_DIESEL = 1; }"),
              ElementsAre("fleet.proto: fleet.Fuel.FUEL_GAS: the value (number 2) is gone",
                          "fleet.proto: fleet.Fuel.FUEL_GAS: number 2 is not reserved",
                          "fleet.proto: fleet.Fuel.FUEL_GAS: name \"FUEL_GAS\" is not reserved"));
  EXPECT_THAT(Changes(kFuel, "enum Fuel { reserved 2; reserved \"FUEL_GAS\"; FUEL_UNSPECIFIED = 0; FUEL_DIESEL = 1; }"),
              ElementsAre("fleet.proto: fleet.Fuel.FUEL_GAS: the value (number 2) is gone"));
}

TEST(BreakingChanges, NameAnEnumValueThatIsRenamedOrRenumbered) {
  EXPECT_THAT(Changes(kFuel, "enum Fuel { FUEL_UNSPECIFIED = 0; FUEL_OIL = 1; FUEL_GAS = 3; }"),
              ElementsAre("fleet.proto: fleet.Fuel.FUEL_DIESEL: the name changed from FUEL_DIESEL to FUEL_OIL",
                          "fleet.proto: fleet.Fuel.FUEL_GAS: the number changed from 2 to 3"));
}

TEST(BreakingChanges, NameAnotherPackageOnceForAllThatIsInIt) {
  EXPECT_THAT(Changes(kTruck, kTruck, "fleet.v2"), ElementsAre("fleet.proto: fleet: the package became fleet.v2"));
}

TEST(BreakingChanges, AreNoneForAMessageThatMovesToAnotherFile) {
  const ScratchFolder before_folder;
  const ScratchFolder now_folder;
  before_folder.Write("v1/a.proto", "syntax = \"proto3\"; package v1; message Truck {} message Bus { Truck t = 1; }");
  now_folder.Write("v1/b.proto", "syntax = \"proto3\"; package v1; message Truck {}");
  now_folder.Write("v1/a.proto",
                   "syntax = \"proto3\"; package v1; import \"v1/b.proto\"; message Bus { Truck t = 1; }");
  EXPECT_THAT(BreakingChanges(*LoadContract(before_folder.path()), *LoadContract(now_folder.path())), IsEmpty());
}

TEST(BreakingChanges, NameAllOfAFileThatIsGone) {
  const ScratchFolder before_folder;
  const ScratchFolder now_folder;
  before_folder.Write("v1/a.proto", "syntax = \"proto3\"; package v1; message Truck {} enum E { E_UNSPECIFIED = 0; }");
  EXPECT_EQ(BreakingChanges(*LoadContract(before_folder.path()), *LoadContract(now_folder.path())).size(), 2U);
}

TEST(LoadContract, SaysWhatProtocSaysOfAFileThatDoesNotCompile) {
  const ScratchFolder folder;
  folder.Write("fleet.proto", "syntax = \"proto3\";\nmessage Truck { strin vin = 1; }\n");
  const auto contract = LoadContract(folder.path());
  ASSERT_FALSE(contract.ok());
  EXPECT_THAT(MessageOf(contract.status()), HasSubstr("\"strin\" is not defined"));
}

}  // namespace
}  // namespace telltale::contract
