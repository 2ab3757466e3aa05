#include "ingest/terminals/gateway.h"

#include <future>
#include <thread>

#include <boost/asio.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "ingest/terminals/internal/endpoint.h"
#include "ingest/terminals/internal/gateway_worker.h"

namespace telltale {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kSendLimit = std::chrono::seconds{5};  // until a connection's thread gets to a text
constexpr auto kDrainTime = std::chrono::seconds{2};

}  // namespace

Status Validate(const GatewayOptions& options, std::string_view section) {
  if (auto endpoint = EndpointOf(options.listen); !options.listen.empty() && !endpoint.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}.listen: {}", section, MessageOf(endpoint.status())));
  }
  RETURN_IF_ERROR(Validate(options.tls, section));
  if (options.threads < 1 || options.threads > 64) {
    return absl::InvalidArgumentError(fmt::format("{}.threads: 1 to 64, not {}", section, options.threads));
  }
  for (const auto& [name, most] :
       {std::pair{"connections_max", options.connections_max}, std::pair{"unanswered_max", options.unanswered_max},
        std::pair{"unsent_bytes_max", options.unsent_bytes_max}}) {
    if (most == 0) return absl::InvalidArgumentError(fmt::format("{}.{}: at least 1", section, name));
  }
  for (const auto& [name, timeout] :
       {std::pair{"login_timeout_s", options.login_timeout}, std::pair{"message_timeout_s", options.message_timeout},
        std::pair{"idle_timeout_s", options.idle_timeout}, std::pair{"write_timeout_s", options.write_timeout}}) {
    if (timeout.count() < 1) return absl::InvalidArgumentError(fmt::format("{}.{}: at least 1", section, name));
  }
  return OkStatus();
}

TerminalGateway::TerminalGateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

StatusOr<std::unique_ptr<TerminalGateway>> TerminalGateway::Start(const GatewayOptions& options,
                                                                  TerminalSessions& sessions, Pipeline& pipeline,
                                                                  TerminalMetrics& metrics, const Clock& clock) {
  RETURN_IF_ERROR(Validate(options, sessions.name()));
  auto parts = std::make_unique<Parts>(options, sessions, pipeline, metrics, clock);
  if (options.tls.enabled()) {
    ASSIGN_OR_RETURN(parts->tls, MakeServerContext(options.tls));
  }
  for (int i = 0; i < options.threads; ++i) parts->workers.push_back(std::make_unique<Worker>(*parts));
  if (!options.listen.empty()) {
    RETURN_IF_ERROR(parts->workers.front()->Listen());
    parts->port = parts->workers.front()->port();
  }
  for (const auto& worker : parts->workers) worker->Start();
  return std::unique_ptr<TerminalGateway>(new TerminalGateway(std::move(parts)));
}

TerminalGateway::~TerminalGateway() { Stop(); }

int TerminalGateway::port() const { return parts_->port; }
std::size_t TerminalGateway::connection_count() const { return parts_->connection_count.load(); }

bool TerminalGateway::IsConnected(std::string_view terminal) const {
  return parts_->Find(terminal).connection.lock() != nullptr;
}

void TerminalGateway::Disconnect(std::string_view terminal) {
  for (const auto& worker : parts_->workers) {
    worker->Post([&worker = *worker, number = std::string(terminal)] { worker.Forget(number); });
  }
  const Parts::Place place = parts_->Find(terminal);
  const internal::ConnectionPtr connection = place.connection.lock();
  if (connection == nullptr) return;
  place.worker->Post([worker = place.worker, connection] { worker->Close(connection, "rights_changed"); });
}

Status TerminalGateway::Send(std::string_view terminal, const TerminalCommand& command) {
  const Parts::Place place = parts_->Find(terminal);
  const internal::ConnectionPtr connection = place.connection.lock();
  if (connection == nullptr) return absl::UnavailableError("the terminal is not connected; try again when it is");
  auto sent = std::make_shared<std::promise<Status>>();
  std::future<Status> result = sent->get_future();
  place.worker->Post([worker = place.worker, connection, sent, command] {
    sent->set_value(worker->SendCommand(connection, command, nullptr));
  });
  // The port may stop meanwhile.
  if (result.wait_for(kSendLimit) != std::future_status::ready) {
    return absl::UnavailableError("the port for terminals is stopping, or very busy");
  }
  return result.get();
}

StatusOr<CommandAnswer> TerminalGateway::Ask(std::string_view terminal, const TerminalCommand& command,
                                             std::chrono::milliseconds limit) {
  const Parts::Place place = parts_->Find(terminal);
  const internal::ConnectionPtr connection = place.connection.lock();
  if (connection == nullptr) return absl::UnavailableError("the terminal is not connected; try again when it is");
  auto answer = std::make_shared<std::promise<StatusOr<CommandAnswer>>>();
  std::future<StatusOr<CommandAnswer>> result = answer->get_future();
  place.worker->Post([worker = place.worker, connection, answer, command] {
    if (Status status = worker->SendCommand(connection, command, answer); !status.ok()) answer->set_value(status);
  });
  if (result.wait_for(limit) == std::future_status::ready) return result.get();
  place.worker->Post([connection, answer] {
    std::erase_if(connection->questions, [&](const internal::Question& question) { return question.answer == answer; });
  });
  return absl::DeadlineExceededError(fmt::format("the terminal has not answered within {} s", limit.count() / 1000.0));
}

void TerminalGateway::RelayOpened(const std::shared_ptr<TerminalRelay>& relay, std::uint32_t id, std::string address) {
  Worker& worker = parts_->WorkerOf(id);
  worker.Post([&worker, relay, id, address = std::move(address)] { worker.AdoptRelayed(relay, id, address); });
}

void TerminalGateway::RelayReceived(const std::shared_ptr<TerminalRelay>& relay, std::uint32_t id, std::string bytes) {
  Worker& worker = parts_->WorkerOf(id);
  worker.Post([&worker, relay, id, bytes = std::move(bytes)] { worker.TakeRelayed(relay.get(), id, bytes); });
}

void TerminalGateway::RelayClosed(const std::shared_ptr<TerminalRelay>& relay, std::uint32_t id) {
  Worker& worker = parts_->WorkerOf(id);
  worker.Post([&worker, relay, id] { worker.EndRelayed(relay.get(), id); });
}

void TerminalGateway::RelayGone(const std::shared_ptr<TerminalRelay>& relay) {
  for (const auto& worker : parts_->workers) {
    worker->Post([&worker = *worker, relay] { worker.EndRelay(relay.get()); });
  }
}

void TerminalGateway::Stop() {
  if (parts_->stopped) return;
  parts_->stopped = true;
  const auto until = SteadyClock::now() + kDrainTime;
  for (const auto& worker : parts_->workers) worker->Post([w = worker.get(), until] { w->Drain(until); });
  for (const auto& worker : parts_->workers) worker->Join();
}

}  // namespace telltale
