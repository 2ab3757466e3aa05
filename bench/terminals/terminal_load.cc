#include "bench/terminals/terminal_load.h"

#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "telltale/v1/telemetry.grpc.pb.h"
#include "telltale/v1/terminals.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "bench/load/process_cpu.h"
#include "bench/load/report.h"
#include "bench/terminals/echo_server.h"
#include "bench/terminals/terminal_fleet.h"

namespace telltale {
namespace {

using Clock = TerminalFleet::Clock;

constexpr std::uint32_t kVehiclesPerCall = 1'000;
constexpr int kRegisteringThreads = 32;  // share the syncs of the server's disk
constexpr auto kLoginLimit = std::chrono::seconds{120};
constexpr int kReadPage = 10'000;
constexpr auto kEchoDuration = std::chrono::seconds{5};

Status StatusOf(const grpc::Status& status, std::string_view what) {
  if (status.ok()) return OkStatus();
  return absl::UnavailableError(fmt::format("{}: {}", what, status.error_message()));
}

Status RegisterVehicles(const std::shared_ptr<grpc::Channel>& channel, const TerminalLoadOptions& options) {
  const auto stub = v1::VehicleService::NewStub(channel);
  const std::uint32_t end = options.first_terminal + options.connection_count;
  for (std::uint32_t first = options.first_terminal; first < end; first += kVehiclesPerCall) {
    v1::RegisterVehiclesRequest request;
    for (std::uint32_t i = first; i < std::min(end, first + kVehiclesPerCall); ++i) {
      request.add_vehicles()->set_vin(VinOfTerminal(i));
    }
    v1::RegisterVehiclesResponse response;
    grpc::ClientContext context;
    RETURN_IF_ERROR(StatusOf(stub->RegisterVehicles(&context, request, &response), "register vehicles"));
  }
  return OkStatus();
}

Status RegisterTerminals(const std::shared_ptr<grpc::Channel>& channel, const TerminalDialect& dialect,
                         const TerminalLoadOptions& options) {
  std::atomic<std::uint32_t> next{options.first_terminal};
  const std::uint32_t end = options.first_terminal + options.connection_count;
  std::vector<Status> statuses(kRegisteringThreads);
  std::vector<std::thread> threads;
  for (Status& status : statuses) {
    threads.emplace_back([&channel, &dialect, &next, &status, end] {
      const auto stub = v1::TerminalService::NewStub(channel);
      for (std::uint32_t i = next++; i < end && status.ok(); i = next++) {
        v1::RegisterTerminalRequest request;
        request.mutable_terminal()->set_protocol(static_cast<v1::TerminalProtocol>(dialect.protocol()));
        request.mutable_terminal()->set_number(dialect.NumberOf(i));
        request.mutable_terminal()->set_vin(VinOfTerminal(i));
        v1::Terminal response;
        grpc::ClientContext context;
        status = StatusOf(stub->RegisterTerminal(&context, request, &response), "register terminals");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : statuses) RETURN_IF_ERROR(status);
  return OkStatus();
}

// "VmRSS:  1234 kB" of /proc/PID/status, or "Slab: ..." of /proc/meminfo, in bytes.
std::optional<double> BytesIn(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) != 0) continue;
    return std::stod(line.substr(key.size())) * 1024;
  }
  return std::nullopt;
}

struct Memory {
  explicit Memory(std::optional<int> process_id)
      : server(process_id ? BytesIn(fmt::format("/proc/{}/status", *process_id), "VmRSS:") : std::nullopt),
        slab(BytesIn("/proc/meminfo", "Slab:")) {}
  std::optional<double> server;
  std::optional<double> slab;
};

std::optional<std::chrono::milliseconds> CpuOf(std::optional<int> process_id) {
  if (!process_id) return std::nullopt;
  const auto time = CpuTimeOf(*process_id);
  return time.ok() ? std::optional(*time) : std::nullopt;
}

// Reports until `until`, and measures the processors meanwhile.
Status Report(TerminalFleet& fleet, double rate, Clock::time_point until, std::optional<int> server_process_id,
              TerminalLoadResult& result) {
  const auto own_cpu = OwnCpuTime();
  const auto server_cpu = CpuOf(server_process_id);
  const auto wall = result.wall;
  RETURN_IF_ERROR(fleet.Report(rate, until, result));
  result.wall += wall;
  result.client_cpu += OwnCpuTime() - own_cpu;
  const auto server_cpu_after = CpuOf(server_process_id);
  if (server_cpu && server_cpu_after) {
    result.server_cpu =
        result.server_cpu.value_or(std::chrono::duration<double>{0}) + (*server_cpu_after - *server_cpu);
  }
  return OkStatus();
}

Status RunStorms(TerminalFleet& fleet, const TerminalLoadOptions& options, Clock::time_point end,
                 const std::atomic<bool>& stop, TerminalLoadResult& result) {
  while (Clock::now() < end && !stop) {
    const auto storm = options.storm_period.count() > 0 ? std::min(end, Clock::now() + options.storm_period) : end;
    RETURN_IF_ERROR(Report(fleet, options.rate, storm, options.server_process_id, result));
    if (storm == end) break;
    fleet.DropAll();
    const auto dropped = Clock::now();
    RETURN_IF_ERROR(fleet.ConnectAll(dropped + kLoginLimit));
    result.recovery_max = std::max<std::chrono::duration<double>>(result.recovery_max, Clock::now() - dropped);
  }
  return OkStatus();
}

// How many frames the server has of these vehicles' reports.
StatusOr<std::uint64_t> CountStored(const std::shared_ptr<grpc::Channel>& channel, const TerminalDialect& dialect,
                                    const TerminalLoadOptions& options) {
  const auto stub = v1::TelemetryService::NewStub(channel);
  std::uint64_t stored = 0;
  for (std::uint32_t i = options.first_terminal; i < options.first_terminal + options.connection_count; ++i) {
    v1::GetHistoryRequest request;
    request.set_vin(VinOfTerminal(i));
    request.add_signal_name(std::string(dialect.stored_signal()));
    request.set_page_size(kReadPage);
    do {
      v1::GetHistoryResponse response;
      grpc::ClientContext context;
      RETURN_IF_ERROR(StatusOf(stub->GetHistory(&context, request, &response), "read back"));
      stored += static_cast<std::uint64_t>(response.rows_size());
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
  }
  return stored;
}

void Append(std::string& text, std::string_view name, const TerminalLoadResult& result, std::uint32_t connections) {
  text += fmt::format("{:<10} {} reports a second answered; {} sent, {} answered, {} refused, {} connections broken\n",
                      name, Short(result.answers_per_second()), result.sent, result.answered, result.refused,
                      result.broken_connections);
  text += fmt::format("           answered after p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms\n",
                      static_cast<double>(result.latencies.Quantile(0.5).count()) / 1e3,
                      static_cast<double>(result.latencies.Quantile(0.99).count()) / 1e3,
                      static_cast<double>(result.latencies.max().count()) / 1e3);
  text += fmt::format("           all {} connected and logged in after {:.2f} s; client {:.2f} s CPU", connections,
                      result.login.count(), result.client_cpu.count());
  if (result.server_cpu) {
    text += fmt::format(
        ", server {:.2f} s CPU: {:.2f} us a report", result.server_cpu->count(),
        result.server_cpu->count() * 1e6 / static_cast<double>(std::max<std::uint64_t>(result.answered, 1)));
  }
  text += "\n";
  if (result.server_bytes_per_connection && result.kernel_bytes_per_connection) {
    text += fmt::format("           {:.0f} bytes of the server and {:.0f} of the kernel a connection\n",
                        *result.server_bytes_per_connection, *result.kernel_bytes_per_connection);
  }
  if (result.recovery_max.count() > 0) {
    text +=
        fmt::format("           after a storm all were logged in again within {:.2f} s\n", result.recovery_max.count());
  }
}

}  // namespace

StatusOr<TerminalLoadReport> RunTerminalLoad(const TerminalLoadOptions& options, const std::atomic<bool>& stop) {
  TerminalLoadReport report{.options = options, .server = {}, .echo = {}};
  const auto dialect = MakeTerminalDialect(options.protocol);
  if (dialect == nullptr) {
    return absl::InvalidArgumentError(fmt::format("no terminals speak '{}'; jt808 and gb32960 do", options.protocol));
  }
  // Before gRPC has threads, which a fork would lose.
  std::optional<EchoServer> echo;
  if (options.echo) {
    ASSIGN_OR_RETURN(EchoServer started, EchoServer::Start(dialect->EchoAnswer()));
    echo.emplace(std::move(started));
  }
  const auto channel = grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials());
  fmt::print(stderr, "registering {} vehicles and terminals\n", options.connection_count);
  RETURN_IF_ERROR(RegisterVehicles(channel, options));
  RETURN_IF_ERROR(RegisterTerminals(channel, *dialect, options));
  {
    TerminalFleet fleet(*dialect, {options.first_terminal, options.connection_count}, options.terminals,
                        /*log_in=*/true);
    fmt::print(stderr, "connecting\n");
    const Memory before(options.server_process_id);
    RETURN_IF_ERROR(fleet.ConnectAll(Clock::now() + kLoginLimit));  // registers, which writes to the server's disk
    const Memory after(options.server_process_id);
    if (before.server && after.server && before.slab && after.slab) {
      report.server.server_bytes_per_connection = (*after.server - *before.server) / options.connection_count;
      // Both ends are on this machine.
      report.server.kernel_bytes_per_connection = (*after.slab - *before.slab) / options.connection_count / 2;
    }
    fleet.DropAll();
    const auto begin = Clock::now();
    RETURN_IF_ERROR(fleet.ConnectAll(begin + kLoginLimit));
    report.server.login = Clock::now() - begin;
    fmt::print(stderr, "reporting for {} s\n", options.duration.count());
    RETURN_IF_ERROR(RunStorms(fleet, options, Clock::now() + options.duration, stop, report.server));
    fmt::print(stderr, "reading back\n");
    ASSIGN_OR_RETURN(report.stored_reports, CountStored(channel, *dialect, options));
  }
  if (echo) {
    fmt::print(stderr, "the same against an echo server\n");
    TerminalFleet fleet(*dialect, {options.first_terminal, options.connection_count}, echo->address(),
                        /*log_in=*/false);
    TerminalLoadResult& result = report.echo.emplace();
    const auto begin = Clock::now();
    RETURN_IF_ERROR(fleet.ConnectAll(begin + kLoginLimit));
    result.login = Clock::now() - begin;
    RETURN_IF_ERROR(Report(fleet, options.rate, Clock::now() + kEchoDuration, echo->process_id(), result));
  }
  return report;
}

std::string ToText(const TerminalLoadReport& report) {
  std::string text =
      fmt::format("terminals  {} of {}, {}\n", report.options.connection_count,
                  MakeTerminalDialect(report.options.protocol)->name(),
                  report.options.rate > 0 ? fmt::format("{} reports a second", Short(report.options.rate))
                                          : std::string("each reports when it is answered"));
  Append(text, "telltaled", report.server, report.options.connection_count);
  text += fmt::format("           read back {} reports\n", report.stored_reports);
  if (report.echo) {
    Append(text, "echo", *report.echo, report.options.connection_count);
    text += fmt::format("           telltaled answers {:.0f} % of what the echo does\n",
                        100 * report.server.answers_per_second() / report.echo->answers_per_second());
  }
  return text;
}

}  // namespace telltale
