#pragma once

#include <string>
#include <vector>

#include "cli/errors.h"
#include "cli/session.h"

namespace telltale::cli {

// The whole program: reads the command line (without the program's name), does what it asks, and shows the answer.
// Takes the server from TELLTALE_SERVER in the environment if no argument names it.
ExitCode RunCommandLine(std::vector<std::string> arguments, Terminal& terminal);

}  // namespace telltale::cli
