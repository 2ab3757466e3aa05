// telltale, the command line client of telltaled. docs/cli.md describes it.

#include <cstdlib>
#include <iostream>
#include <string_view>

#include <unistd.h>

#include "cli/command_line.h"

namespace {

// https://no-color.org: any value but the empty one.
bool AllowsColour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const telltale::SystemClock clock;
  telltale::cli::Terminal terminal{.in = std::cin,
                                   .out = std::cout,
                                   .err = std::cerr,
                                   .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                                   .err_is_terminal = isatty(STDERR_FILENO) == 1,
                                   .allows_colour = AllowsColour(),
                                   .clock = clock};
  const telltale::cli::ExitCode code = telltale::cli::RunCommandLine({argv + 1, argv + argc}, terminal);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "telltale: the answer could not be written" << std::endl;
    return static_cast<int>(telltale::cli::ExitCode::kFailed);
  }
  return static_cast<int>(code);
}
