// Runs the real program with wrong arguments. None of these reaches a server.

#include <cstdio>
#include <string>

#include <gmock/gmock.h>
#include <sys/wait.h>

namespace telltale::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Ended {
  int code = -1;
  std::string output;  // standard output and standard error
};

// `arguments` as a shell takes them.
Ended RunProgram(const std::string& arguments) {
  Ended ended;
  const std::string command = "'" TELLTALE_PROGRAM "' " + arguments + " 2>&1 </dev/null";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return ended;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) ended.output.append(buffer, n);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

struct WrongUsage {
  const char* arguments;
  const char* output;
};

class Usage : public testing::TestWithParam<WrongUsage> {};

TEST_P(Usage, EndsWithTwoAndSaysWhatIsWrong) {
  const Ended ended = RunProgram(GetParam().arguments);
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.output, GetParam().output);
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, Usage,
    testing::Values(
        WrongUsage{"", "telltale: a command is missing\n  see: telltale --help\n"},
        WrongUsage{"lateest", "telltale: there is no command 'lateest'\n  see: telltale --help\n"},
        WrongUsage{"vehicles", "telltale: a command is missing\n  see: telltale vehicles --help\n"},
        WrongUsage{"advice tyres", "telltale: there is no command 'tyres'\n  see: telltale advice --help\n"},
        WrongUsage{"latest", "telltale: VIN is required\n  see: telltale latest --help\n"},
        WrongUsage{"trips WDB",
                   "telltale: VIN: a VIN has 17 characters (ISO 3779), this one has 3\n  see: telltale trips --help\n"},
        WrongUsage{"history WDB96340310123456", "telltale: SIGNAL is required\n  see: telltale history --help\n"},
        WrongUsage{"trips WDB96340310123456 --from yesterday",
                   "telltale: --from: cannot read the time 'yesterday'; write it as 2026-03-01T12:30:00Z, "
                   "2026-03-01T20:30:00+08:00 or 2026-03-01\n  see: telltale trips --help\n"},
        WrongUsage{"signals --server localhost",
                   "telltale: --server: 'localhost' is not HOST:PORT, for example 127.0.0.1:7443\n"
                   "  see: telltale signals --help\n"},
        WrongUsage{"signals --server localhost:70000",
                   "telltale: --server: 'localhost:70000' is not HOST:PORT, for example 127.0.0.1:7443\n"
                   "  see: telltale signals --help\n"},
        WrongUsage{"signals --timeout 0",
                   "telltale: --timeout: '0' is not a number from 0.001 to 86400\n  see: telltale signals --help\n"},
        WrongUsage{"import /no/such/file --vin WDB96340310123456",
                   "telltale: FILE: there is no file /no/such/file\n  see: telltale import --help\n"},
        WrongUsage{"import / --vin WDB96340310123456",
                   "telltale: FILE: / is a folder, not a file\n  see: telltale import --help\n"},
        WrongUsage{"import - ", "telltale: --vin is required\n  see: telltale import --help\n"},
        WrongUsage{"vehicles add WDB96340310123456 --displacement -1",
                   "telltale: --displacement: '-1' is not a number from 0.001 to 1000\n"
                   "  see: telltale vehicles add --help\n"},
        WrongUsage{"vehicles add WDB96340310123456 --name \"$(printf '\\377')\"",
                   "telltale: --name: is not UTF-8 text\n  see: telltale vehicles add --help\n"}));

TEST(Usage, NamesTheChoices) {
  const Ended ended = RunProgram("vehicles add WDB96340310123456 --class tank");
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.output, HasSubstr("heavy-truck"));
}

TEST(Usage, HelpAndVersionEndWithZero) {
  const Ended help = RunProgram("--help");
  EXPECT_EQ(help.code, 0);
  for (const char* command :
       {"vehicles", "import", "latest", "history", "watch", "trips", "days", "advice", "faults", "signals"}) {
    EXPECT_THAT(help.output, HasSubstr(std::string("\n  ") + command + " "));
  }
  EXPECT_EQ(RunProgram("trips --help").code, 0);
  const Ended version = RunProgram("--version");
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.output, StartsWith("telltale "));
}

TEST(Usage, TakesTheServerFromTheEnvironment) {
  const Ended ended = RunProgram("signals --help; TELLTALE_SERVER=nonsense '" TELLTALE_PROGRAM "' signals");
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.output, HasSubstr("'nonsense' is not HOST:PORT"));
}

}  // namespace
}  // namespace telltale::cli
