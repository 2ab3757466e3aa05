// telltaled, the server.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/config.h"
#include "server/server.h"

namespace telltale {
namespace {

constexpr int kExitWrongUsage = 2;

struct Arguments {
  std::string config_file;
  std::vector<std::string> settings;  // KEY=VALUE, in the order given
  std::string port_file;
  bool check_config = false;
  bool print_config = false;
};

void AddFlags(CLI::App& app, Arguments& arguments) {
  app.add_option("--config", arguments.config_file, "YAML file of settings; --print-config shows all of them");
  app.add_option("--set", arguments.settings, "KEY=VALUE: overrides a setting, for example ingest.batches_in_flight=4");
  const auto alias = [&](const std::string& flag, const std::string& key) {
    app.add_option_function<std::string>(
        flag, [&arguments, key](const std::string& value) { arguments.settings.push_back(key + "=" + value); },
        "The same as --set " + key + "=...");
  };
  alias("--listen", "server.listen");
  alias("--metrics-listen", "server.metrics_listen");
  alias("--data-dir", "store.data_dir");
  alias("--log-level", "log.level");
  app.add_option("--port-file", arguments.port_file,
                 "Once ready, write the ports taken to this file: lines grpc=PORT and metrics=PORT");
  app.add_flag("--check-config", arguments.check_config, "Check the settings, say what is wrong, and exit");
  app.add_flag("--print-config", arguments.print_config, "Print every setting with its meaning and value, and exit");
  app.set_version_flag("--version", "telltaled " TELLTALE_VERSION);
}

Status ReadConfig(const Arguments& arguments, Config& config) {
  if (!arguments.config_file.empty()) RETURN_IF_ERROR(ReadConfigFile(arguments.config_file, config));
  for (const std::string& setting : arguments.settings) RETURN_IF_ERROR(ApplySetting(setting, config));
  return Validate(config);
}

// Whole or not at all, so that a reader never sees half of it.
Status WritePortFile(const std::string& path, const Server& server) {
  const std::string unfinished = path + ".new";
  {
    std::ofstream out(unfinished);
    out << fmt::format("grpc={}\nmetrics={}\n", server.grpc_port(), server.metrics_port());
    if (!out.flush()) return absl::UnavailableError(fmt::format("cannot write {}", unfinished));
  }
  std::error_code error;
  std::filesystem::rename(unfinished, path, error);
  if (error) return absl::UnavailableError(fmt::format("cannot write {}: {}", path, error.message()));
  return OkStatus();
}

int Fail(const Status& status, int exit_code) {
  fmt::print(stderr, "telltaled: {}\n", MessageOf(status));
  return exit_code;
}

int Run(const Arguments& arguments) {
  Config config;
  if (const Status status = ReadConfig(arguments, config); !status.ok()) return Fail(status, kExitWrongUsage);
  if (arguments.print_config) {
    fmt::print("{}", PrintConfig(config));
    return EXIT_SUCCESS;
  }
  if (const Status status = InitLogging(config.log_level); !status.ok()) return Fail(status, kExitWrongUsage);
  if (arguments.check_config) {
    fmt::print("the configuration is sound\n");
    return EXIT_SUCCESS;
  }

  // Blocked in every thread, so that only the sigwait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const SystemClock clock;
  auto server = Server::Start(config, clock);
  if (!server.ok()) return Fail(server.status(), EXIT_FAILURE);
  if (!arguments.port_file.empty()) {
    if (const Status status = WritePortFile(arguments.port_file, **server); !status.ok()) {
      return Fail(status, EXIT_FAILURE);
    }
  }
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping signal={}", signal == SIGINT ? "SIGINT" : "SIGTERM");
  (*server)->Stop();
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace telltale

int main(int argc, char** argv) {
  CLI::App app("Telltale's server: takes vehicles' telemetry, stores it, and turns it into advice.", "telltaled");
  telltale::Arguments arguments;
  telltale::AddFlags(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? EXIT_SUCCESS : telltale::kExitWrongUsage;
  }
  return telltale::Run(arguments);
}
