// A fleet and who may see it, from a file, by the real program into the real server.

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/access.grpc.pb.h"

#include "base/file.h"
#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHeader =
    "vin,display_name,vehicle_class,fuel_type,engine_displacement_l,built,organisation_id,purpose,scopes,from,to\n";

class RegistryImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* const kind : {"maker", "dealer"}) {
      ASSERT_EQ(Telltale({"access", "add-organisation", kind, "test"}).exit_status, 0);
    }
  }

  ProgramResult Telltale(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server", server_.address()});
    return RunProgram(arguments);
  }

  ProgramResult Import(const std::string& rows, const std::vector<std::string>& flags = {}) const {
    const std::string file = folder_.path() / "fleet.csv";
    EXPECT_TRUE(WriteWholeFile(file, rows).ok());
    std::vector<std::string> arguments = {"registry", "import", file};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return Telltale(std::move(arguments));
  }

  v1::ListGrantsResponse GrantsOf(const std::string& vin) const {
    v1::ListGrantsRequest request;
    request.set_vin(vin);
    v1::ListGrantsResponse response;
    grpc::ClientContext context;
    const auto status = v1::AccessService::NewStub(server_.channel())->ListGrants(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  TemporaryFolder folder_;
  const RunningServer server_{folder_.path() / "server"};
};

TEST_F(RegistryImportTest, RegistersAndGrants) {
  // More than are sent at once.
  std::string rows = kHeader;
  for (int i = 0; i < 2'500; ++i) {
    rows += fmt::format(
        "WDB9630031L{:06},\"Truck {}, blue\",heavy-truck,diesel,12.8,2020-05-01,2,sold,telemetry faults,"
        "2026-01-01,\n",
        i, i);
  }
  rows += "WDB9630031L000007,Truck 7,bus,,,,1,maker,all,,\n";
  const ProgramResult result = Import(rows);
  EXPECT_EQ(result.exit_status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("2,501 lines, 2,501 vehicles, 2,501 grants, 0 wrong in "));

  const v1::ListGrantsResponse first = GrantsOf("WDB9630031L002499");
  ASSERT_EQ(first.grants_size(), 1);
  EXPECT_EQ(first.grants(0).organisation_id(), 2U);
  EXPECT_EQ(first.grants(0).purpose(), v1::PURPOSE_SOLD);
  EXPECT_EQ(first.grants(0).scopes_size(), 2);
  EXPECT_EQ(first.grants(0).start_time().seconds(), 1'767'225'600);
  EXPECT_FALSE(first.grants(0).has_end_time());
  EXPECT_EQ(GrantsOf("WDB9630031L000007").grants_size(), 2);
  EXPECT_THAT(Telltale({"vehicles", "show", "WDB9630031L000008"}).output, HasSubstr("Truck 8, blue"));
  EXPECT_THAT(Telltale({"vehicles", "show", "WDB9630031L000007"}).output, HasSubstr("bus"));  // as the later line says

  // Once more changes nothing.
  EXPECT_EQ(Import(rows).exit_status, 0);
  EXPECT_EQ(GrantsOf("WDB9630031L000007").grants_size(), 2);
  EXPECT_EQ(GrantsOf("WDB9630031L002499").grants(0).name(), first.grants(0).name());
}

TEST_F(RegistryImportTest, NamesEveryWrongLineAndSendsNothing) {
  const std::string rows = std::string(kHeader) +
                           "WDB9630031L000001,,,,,,,,,,\n"
                           "WDB9630031O000002,,,,,,,,,,\n"
                           "WDB9630031L000003,,tank,,,,,,,,\n"
                           "WDB9630031L000004,,,steam,,,,,,,\n"
                           "WDB9630031L000005,,,,big,,,,,,\n"
                           "WDB9630031L000006,,,,,soon,,,,,\n"
                           "WDB9630031L000007,,,,,,9,sold,all,,\n"
                           "WDB9630031L000008,,,,,,2,stolen,all,,\n"
                           "WDB9630031L000009,,,,,,2,sold,everything,,\n"
                           "WDB9630031L000010,,,,,,2,sold,,,\n"
                           "WDB9630031L000011,,,,,,2,sold,all,2026-03-02,2026-03-01\n"
                           "WDB9630031L000012,,,,,,,sold,,,\n"
                           "WDB9630031L000013,,\n" +
                           "WDB9630031L000014," + std::string(101, 'x') + ",,,,,,,,,\n";
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--dry-run"}, std::vector<std::string>{}}) {
    const ProgramResult result = Import(rows, flags);
    EXPECT_EQ(result.exit_status, 1);
    for (int line = 3; line <= 15; ++line) EXPECT_THAT(result.output, HasSubstr(fmt::format("fleet.csv:{}: ", line)));
    EXPECT_THAT(result.output, Not(HasSubstr("fleet.csv:2: ")));
    EXPECT_THAT(result.output, HasSubstr("14 lines, 1 vehicle, 0 grants, 13 wrong"));
    EXPECT_THAT(Telltale({"vehicles", "list"}).output, HasSubstr("No vehicle is registered"));
  }
  EXPECT_EQ(Import(rows, {"--skip-wrong"}).exit_status, 0);
  EXPECT_EQ(Telltale({"vehicles", "show", "WDB9630031L000001"}).exit_status, 0);
  EXPECT_EQ(Telltale({"vehicles", "show", "WDB9630031L000003"}).exit_status, 1);
}

TEST_F(RegistryImportTest, AFileOfGrantsAloneLeavesDescriptions) {
  ASSERT_EQ(Import("vin,display_name\nWDB9630031L000001,One\n").exit_status, 0);
  const ProgramResult result = Import("vin,organisation_id,purpose,scopes\nWDB9630031L000001,2,serviced,faults\n");
  EXPECT_EQ(result.exit_status, 0) << result.output;
  EXPECT_EQ(GrantsOf("WDB9630031L000001").grants_size(), 1);
  EXPECT_THAT(Telltale({"vehicles", "show", "WDB9630031L000001"}).output, HasSubstr("One"));
  const ProgramResult of_nobody = Import("vin,organisation_id,purpose,scopes\nWDB9630031L000002,2,serviced,faults\n");
  EXPECT_EQ(of_nobody.exit_status, 1);
  EXPECT_THAT(of_nobody.output, HasSubstr("import the file again"));
}

TEST_F(RegistryImportTest, WrongFiles) {
  EXPECT_EQ(Telltale({"registry", "import", "no-such-file.csv"}).exit_status, 2);
  for (const auto& [rows, why] : std::map<std::string, std::string>{{"", "is empty"},
                                                                    {"display_name\nx\n", "'vin' is missing"},
                                                                    {"vin,vin\n", "comes twice"},
                                                                    {"vin,colour\n", "no column 'colour'"}}) {
    const ProgramResult result = Import(rows);
    EXPECT_EQ(result.exit_status, 2) << rows;
    EXPECT_THAT(result.output, HasSubstr(why));
  }
}

}  // namespace
}  // namespace telltale
