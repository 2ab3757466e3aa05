// telltaled, the server.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/file_sums.h"
#include "base/log.h"
#include "server/config.h"
#include "server/gateway_server.h"
#include "server/server.h"
#include "storage/rocksdb/verification.h"

namespace telltale {
namespace {

constexpr int kExitWrongUsage = 2;

struct Arguments {
  std::string role = "server";
  std::string config_file;
  std::vector<std::string> settings;  // KEY=VALUE, in the order given
  std::string port_file;
  std::string verify_folder;
  bool check_config = false;
  bool print_config = false;
};

void AddFlags(CLI::App& app, Arguments& arguments) {
  app.add_option("--role", arguments.role,
                 "server: everything; gateway: only ports for terminals, whose connections are passed on to the server "
                 "at gateway.upstream")
      ->check(CLI::IsMember({"server", "gateway"}).description(""))
      ->type_name("ROLE")
      ->capture_default_str();
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
                 "Once ready, write the ports taken to this file: lines grpc=PORT, metrics=PORT, jt808=PORT, "
                 "gb32960=PORT and gb17691=PORT");
  app.add_option("--verify", arguments.verify_folder,
                 "Read everything of this data folder of a stopped server, or of this backup, say what is damaged, and "
                 "exit: 0 nothing, 1 something");
  app.add_flag("--check-config", arguments.check_config, "Check the settings, say what is wrong, and exit");
  app.add_flag("--print-config", arguments.print_config, "Print every setting with its meaning and value, and exit");
  app.set_version_flag("--version", "telltaled " TELLTALE_VERSION);
}

Status ReadConfig(const Arguments& arguments, Config& config) {
  if (!arguments.config_file.empty()) RETURN_IF_ERROR(ReadConfigFile(arguments.config_file, config));
  for (const std::string& setting : arguments.settings) RETURN_IF_ERROR(ApplySetting(setting, config));
  return Validate(config);
}

template <typename AnyServer>
Status WritePortFile(const std::string& path, const AnyServer& server) {
  std::string lines;
  if constexpr (std::is_same_v<AnyServer, Server>) lines += fmt::format("grpc={}\n", server.grpc_port());
  lines += fmt::format("metrics={}\n", server.metrics_port());
  for (const auto& [name, protocol] :
       {std::pair{"jt808", TerminalProtocol::kJt808}, std::pair{"gb32960", TerminalProtocol::kGb32960},
        std::pair{"gb17691", TerminalProtocol::kGb17691}}) {
    lines += fmt::format("{}={}\n", name, server.terminal_port(protocol));
  }
  return WriteWholeFile(path, lines);
}

int Fail(const Status& status, int exit_code) {
  fmt::print(stderr, "telltaled: {}\n", MessageOf(status));
  return exit_code;
}

// How far it is, on a terminal a few times a second, else a line now and then.
FileProgress ShowProgress(std::uint64_t size_bytes) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const std::chrono::milliseconds interval{terminal ? 200 : 5'000};
  return [=, shown = std::chrono::steady_clock::now()](std::uint64_t done_bytes) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown < interval) return OkStatus();
    shown = now;
    fmt::print(stderr, "{}read {:.1f} of {:.1f} MB{}", terminal ? "\r" : "", 1e-6 * static_cast<double>(done_bytes),
               1e-6 * static_cast<double>(size_bytes), terminal ? "\x1b[K" : "\n");
    return OkStatus();
  };
}

int Verify(const std::string& folder) {
  const auto size_bytes = FolderBytes(folder);
  if (!size_bytes.ok()) return Fail(size_bytes.status(), kExitWrongUsage);
  const auto found = VerifyStores(folder, ShowProgress(*size_bytes));
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
  if (!found.ok()) return Fail(found.status(), EXIT_FAILURE);
  for (const std::string& damage : found->damage) fmt::print("damaged: {}\n", damage);
  fmt::print("{} tables, {} blocks, {} records of the journal, latest values of {} vehicles, {} documents: {}\n",
             found->file_count, found->block_count, found->record_count, found->vehicle_count, found->document_count,
             found->damage.empty() ? "all sound" : fmt::format("{} places are damaged", found->damage.size()));
  return found->damage.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Until a signal comes.
template <typename AnyServer>
int Serve(StatusOr<std::unique_ptr<AnyServer>> server, const sigset_t& signals, const std::string& port_file) {
  if (!server.ok()) return Fail(server.status(), EXIT_FAILURE);
  if (!port_file.empty()) {
    if (const Status status = WritePortFile(port_file, **server); !status.ok()) return Fail(status, EXIT_FAILURE);
  }
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping signal={}", signal == SIGINT ? "SIGINT" : "SIGTERM");
  (*server)->Stop();
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

int Run(const Arguments& arguments) {
  if (!arguments.verify_folder.empty()) return Verify(arguments.verify_folder);
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
  if (arguments.role == "gateway") return Serve(GatewayServer::Start(config), signals, arguments.port_file);
  return Serve(Server::Start(config, clock), signals, arguments.port_file);
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
