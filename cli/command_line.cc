#include "cli/command_line.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr const char* kExitCodes =
    "Ends with 0 when all went well, 1 when the server refused or failed, 2 for wrong usage, 3 when no server answers.";

void AddGlobalOptions(CLI::App& program, GlobalOptions& options) {
  program.add_option("--server", options.server, "Where telltaled listens")
      ->envname("TELLTALE_SERVER")
      ->check(ServerArgument())
      ->type_name("HOST:PORT")
      ->capture_default_str();
  program.add_option("--tls-ca", options.security.ca_file, "Speak TLS with a server whose certificate these signed")
      ->envname("TELLTALE_TLS_CA")
      ->type_name("PEM");
  program.add_option("--tls-certificate", options.security.certificate_file, "Show the server this certificate")
      ->envname("TELLTALE_TLS_CERTIFICATE")
      ->type_name("PEM");
  program.add_option("--tls-key", options.security.key_file, "The certificate's private key")
      ->envname("TELLTALE_TLS_KEY")
      ->type_name("PEM");
  program.add_option("--key-file", options.key_file, "File with the key to show a server that asks for one")
      ->envname("TELLTALE_KEY_FILE")
      ->type_name("FILE");
  program.add_flag("--json", options.json, "Print JSON instead of tables");
  program
      .add_option("--timeout", options.timeout_seconds, "Longest time to wait for an answer; not for import and watch")
      ->check(NumberArgument(0.001, 86'400))
      ->type_name("SECONDS")
      ->capture_default_str();
  program.add_flag("--no-color", options.no_colour, "Print without colours, as with NO_COLOR in the environment");
}

// The command that the line names, as far as it was understood, for example "telltale vehicles add".
const CLI::App* NamedCommand(const CLI::App& program, std::string& full_name) {
  const CLI::App* command = &program;
  full_name = program.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    full_name += ' ' + command->get_name();
  }
  return command;
}

std::string UsageError(const CLI::App& program, const CLI::ParseError& error) {
  std::string full_name;
  const CLI::App* command = NamedCommand(program, full_name);
  std::string what = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) &&
      !command->get_subcommands([](const CLI::App*) { return true; }).empty()) {
    // CLI11 says that a command is missing also when there is a word in its place.
    const std::vector<std::string> words = program.remaining(/*recurse=*/true);
    const auto word =
        std::find_if(words.begin(), words.end(), [](const std::string& w) { return !w.starts_with('-'); });
    what = word == words.end() ? "a command is missing" : "there is no command '" + Printable(*word) + "'";
  }
  return what + "\n  see: " + full_name + " --help";
}

}  // namespace

ExitCode RunCommandLine(std::vector<std::string> arguments, Terminal& terminal) {
  CLI::App program("Telltale: what your vehicles know. Asks a telltaled server and shows the answer.", "telltale");
  program.fallthrough();  // global options may stand behind the command, too
  program.require_subcommand(1);
  program.footer(kExitCodes);
  program.set_version_flag("--version", "telltale " TELLTALE_VERSION);
  GlobalOptions options;
  AddGlobalOptions(program, options);
  Command chosen;
  AddVehicleCommands(program, chosen);
  AddImportCommand(program, chosen);
  AddTelemetryCommands(program, chosen);
  AddSummaryCommand(program, chosen);
  AddTripCommands(program, chosen);
  AddResultCommands(program, chosen);
  AddRollupCommands(program, chosen);
  AddAdviceCommands(program, chosen);
  AddFaultCommand(program, chosen);
  AddSignalCommand(program, chosen);
  AddTerminalCommands(program, chosen);
  AddAccessCommands(program, chosen);
  AddRegistryCommand(program, chosen);
  AddBackupCommands(program, chosen);

  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
      terminal.err << "telltale: " << UsageError(program, error) << std::endl;
      return ExitCode::kUsage;
    }
    program.exit(error, terminal.out, terminal.err);  // prints the help or the version
    return ExitCode::kOk;
  }
  auto credentials = CredentialsOf(options.security);
  if (!credentials.ok()) {
    terminal.err << "telltale: " << MessageOf(credentials.status()) << std::endl;
    return ExitCode::kUsage;
  }
  const auto key = ReadKey(options.key_file);
  if (!key.ok()) {
    terminal.err << "telltale: --key-file: " << MessageOf(key.status()) << std::endl;
    return ExitCode::kUsage;
  }
  Session session(options, *key, *std::move(credentials), terminal);
  return chosen(session);
}

}  // namespace telltale::cli
