#include "ingest/terminals/gateway.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/mutex.h"
#include "ingest/terminals/stream.h"

namespace telltale {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kFramesPerBatchMax = 4'096;
constexpr auto kTick = std::chrono::seconds{1};
constexpr auto kAcceptPause = std::chrono::milliseconds{100};  // when the process has no file left
constexpr auto kSendLimit = std::chrono::seconds{5};           // until a connection's thread gets to a text
constexpr auto kDrainTime = std::chrono::seconds{2};
constexpr std::uint64_t kBurstSeconds = 10;  // of bytes_per_second_max may come at once

StatusOr<tcp::endpoint> EndpointOf(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  const auto wrong = [&listen] {
    return absl::InvalidArgumentError(fmt::format("'{}' is no address and port, as in 0.0.0.0:7611", listen));
  };
  if (colon == std::string::npos) return wrong();
  std::string host = listen.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  Error error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  const std::string port_text = listen.substr(colon + 1);
  if (error || port_text.empty() || port_text.size() > 5 ||
      port_text.find_first_not_of("0123456789") != std::string::npos || std::stoul(port_text) > 65'535) {
    return wrong();
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(std::stoul(port_text)));
}

// A command whose answer somebody waits for.
struct Question {
  std::uint16_t serial = 0;
  std::shared_ptr<std::promise<StatusOr<CommandAnswer>>> answer;
};

// At rest, all of it with its session: some 700 bytes, and what Asio keeps for a socket; with TLS some 20 KB more.
struct Connection {
  Connection(tcp::socket connected, SSL_CTX* tls) : stream(std::move(connected), tls) {}

  Stream stream;
  std::unique_ptr<TerminalSession> session;
  std::string unsent;
  std::vector<Question> questions;
  std::size_t index = 0;      // in the worker's list
  std::uint64_t address = 0;  // hash of the peer's address
  SteadyClock::time_point accepted;
  SteadyClock::time_point last_bytes;
  SteadyClock::time_point message_begin;  // of the message that is not whole
  SteadyClock::time_point write_begin;
  SteadyClock::time_point paid_until;  // what was read takes until then at the greatest rate
  std::uint32_t unanswered = 0;
  bool waiting = false;  // for the socket to be readable
  bool handshake_wants_write = false;
  bool writing = false;
  bool open = true;
  bool identified = false;
  bool close_after_writing = false;
};
using ConnectionPtr = std::shared_ptr<Connection>;

// Replies of sessions whose frames are in one batch.
struct Reply {
  ConnectionPtr connection;
  std::string bytes;
  bool close = false;
};

}  // namespace

// What the workers share.
struct TerminalGateway::Parts {
  Parts(const GatewayOptions& gateway_options, TerminalSessions& gateway_sessions, Pipeline& gateway_pipeline,
        TerminalMetrics& terminal_metrics, const Clock& gateway_clock)
      : options(gateway_options),
        sessions(gateway_sessions),
        pipeline(gateway_pipeline),
        metrics(terminal_metrics),
        counters(terminal_metrics.Of(gateway_sessions.name())),
        clock(gateway_clock) {}

  const GatewayOptions options;
  TerminalSessions& sessions;
  Pipeline& pipeline;
  TerminalMetrics& metrics;
  const TerminalMetrics::OfProtocol counters;
  const Clock& clock;
  std::shared_ptr<SSL_CTX> tls;  // null: none
  std::vector<std::unique_ptr<Worker>> workers;
  std::atomic<std::size_t> connection_count{0};
  int port = 0;
  bool stopped = false;

  // Where a terminal's connection is.
  struct Place {
    Worker* worker = nullptr;
    std::weak_ptr<Connection> connection;
  };
  Place Find(std::string_view terminal) {
    MutexLock lock(mutex);
    const auto at = by_terminal.find(std::string(terminal));
    return at != by_terminal.end() ? at->second : Place{};
  }

  Mutex mutex;
  std::unordered_map<std::string, Place> by_terminal ABSL_GUARDED_BY(mutex);
  std::unordered_map<std::uint64_t, std::size_t> by_address ABSL_GUARDED_BY(mutex);
};

// One thread and its connections. All but Start(), Post() and Join() runs on that thread.
class TerminalGateway::Worker {
 public:
  explicit Worker(Parts& parts) : parts_(parts), timer_(context_) {}

  void Start() {
    Tick();
    thread_ = std::thread([this] { context_.run(); });
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  template <typename Function>
  void Post(Function function) {
    asio::post(context_, std::move(function));
  }

  Status Listen(const tcp::endpoint& endpoint);
  int port() const { return acceptor_->local_endpoint().port(); }
  void StopAccepting() {
    if (acceptor_) acceptor_->close();
  }
  void Adopt(tcp::socket socket);
  void Close(const ConnectionPtr& connection, std::string_view reason);
  void Send(const ConnectionPtr& connection, std::string_view bytes);
  // Sends a command, and sets `answer`, if it is not null, to what the terminal says to it.
  Status SendCommand(const ConnectionPtr& connection, const TerminalCommand& command,
                     std::shared_ptr<std::promise<StatusOr<CommandAnswer>>> answer);
  // Reads no more; when everything is answered, or at `until`, closes all and ends the thread.
  void Drain(SteadyClock::time_point until);

 private:
  void Accept();
  void WaitReadable(const ConnectionPtr& connection);
  void OnReadable(const ConnectionPtr& connection, const Error& error);
  void Take(const ConnectionPtr& connection, std::span<const std::uint8_t> bytes);
  void Collect(const ConnectionPtr& connection, SessionOutput& out);
  static void TakeAnswer(Connection& connection, CommandAnswer answer);
  void Identify(const ConnectionPtr& connection);
  void Flush();
  void OnDurable(std::vector<Reply>& replies, const Status& status);
  void Write(const ConnectionPtr& connection);
  void Remove(Connection& connection);
  bool HasRoom();
  void Resume();
  void Tick();
  std::string_view ReasonToClose(const Connection& connection, SteadyClock::time_point now) const;

  Parts& parts_;
  asio::io_context context_{1};
  asio::steady_timer timer_;
  std::optional<tcp::acceptor> acceptor_;
  std::size_t next_worker_ = 0;
  std::thread thread_;
  std::vector<ConnectionPtr> connections_;
  std::vector<ConnectionPtr> paused_;  // to be read once the store has room
  std::vector<ConnectionPtr> slowed_;  // sent too much; read again at a tick
  bool waiting_for_room_ = false;
  bool draining_ = false;
  SteadyClock::time_point drain_until_;
  std::size_t batches_in_flight_ = 0;
  IncomingBatch batch_;
  std::vector<Reply> replies_;  // to what is in batch_
  bool flush_posted_ = false;
  std::array<std::uint8_t, kReadBytes> buffer_{};

  // Batches that became durable, handed over by the store's threads.
  struct Done {
    std::vector<Reply> replies;
    Status status;
  };
  Mutex done_mutex_;
  std::vector<Done> done_ ABSL_GUARDED_BY(done_mutex_);
};

Status TerminalGateway::Worker::Listen(const tcp::endpoint& endpoint) {
  acceptor_.emplace(context_);
  Error error;
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(fmt::format("cannot listen for terminals of {} on {}: {}", parts_.sessions.name(),
                                              parts_.options.listen, error.message()));
  }
  Accept();
  return OkStatus();
}

void TerminalGateway::Worker::Accept() {
  Worker& next = *parts_.workers[next_worker_++ % parts_.workers.size()];
  acceptor_->async_accept(next.context_, [this, &next](const Error& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_->is_open()) return;
    if (error) {
      // No file left, most likely: to try at once would only burn the processor.
      auto pause = std::make_shared<asio::steady_timer>(context_, kAcceptPause);
      pause->async_wait([this, pause](const Error&) {
        if (acceptor_->is_open()) Accept();
      });
      return;
    }
    next.Post([&next, moved = std::make_shared<tcp::socket>(std::move(socket))] { next.Adopt(std::move(*moved)); });
    Accept();
  });
}

void TerminalGateway::Worker::Adopt(tcp::socket socket) {
  Error error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error || draining_) return;
  const std::uint64_t address = std::hash<std::string>{}(peer.address().to_string());
  if (parts_.connection_count.fetch_add(1) >= parts_.options.connections_max) {
    parts_.connection_count.fetch_sub(1);
    parts_.metrics.CountClosed(parts_.sessions.name(), "too_many_connections");
    return;
  }
  if (parts_.options.connections_per_address_max > 0) {
    MutexLock lock(parts_.mutex);
    std::size_t& of_address = parts_.by_address[address];
    if (of_address >= parts_.options.connections_per_address_max) {
      parts_.connection_count.fetch_sub(1);
      parts_.metrics.CountClosed(parts_.sessions.name(), "too_many_of_address");
      return;
    }
    ++of_address;
  }
  auto connection = std::make_shared<Connection>(std::move(socket), parts_.tls.get());
  connection->session = parts_.sessions.NewSession();
  connection->index = connections_.size();
  connection->address = address;
  connection->accepted = connection->last_bytes = SteadyClock::now();
  connections_.push_back(connection);
  parts_.counters.accepted.Increment();
  parts_.counters.connections.Increment();
  WaitReadable(connection);
}

void TerminalGateway::Worker::WaitReadable(const ConnectionPtr& connection) {
  if (connection->waiting || !connection->open || connection->close_after_writing || draining_) return;
  connection->waiting = true;
  connection->stream.socket().async_wait(
      connection->handshake_wants_write ? tcp::socket::wait_write : tcp::socket::wait_read,
      [this, connection](const Error& error) { OnReadable(connection, error); });
}

bool TerminalGateway::Worker::HasRoom() {
  if (waiting_for_room_) return false;
  waiting_for_room_ = !parts_.pipeline.HasRoom([this] {
    Post([this] {
      waiting_for_room_ = false;
      Resume();
    });
  });
  return !waiting_for_room_;
}

void TerminalGateway::Worker::Resume() {
  std::vector<ConnectionPtr> paused;
  paused.swap(paused_);
  for (const ConnectionPtr& connection : paused) WaitReadable(connection);
}

void TerminalGateway::Worker::OnReadable(const ConnectionPtr& connection, const Error& error) {
  connection->waiting = false;
  if (error || !connection->open || draining_) return;
  if (!HasRoom()) {
    paused_.push_back(connection);
    return;
  }
  std::size_t size = 0;
  const Stream::Result result = connection->stream.Read(buffer_, size);
  connection->handshake_wants_write = result == Stream::Result::kWantWrite;
  if (result == Stream::Result::kEnded) {
    Close(connection, {});
    return;
  }
  if (result != Stream::Result::kDone) {
    WaitReadable(connection);
    return;
  }
  Take(connection, std::span<const std::uint8_t>(buffer_).first(size));
  if (!connection->open || connection->close_after_writing) return;
  if (const std::uint64_t rate = parts_.options.bytes_per_second_max * connection->session->sender_count(); rate > 0) {
    const auto now = connection->last_bytes;
    connection->paid_until =
        std::max(connection->paid_until, now) + std::chrono::nanoseconds{size * std::uint64_t{1'000'000'000} / rate};
    if (connection->paid_until - now > std::chrono::seconds{kBurstSeconds}) {
      slowed_.push_back(connection);
      return;
    }
  }
  if (connection->unanswered < parts_.options.unanswered_max) WaitReadable(connection);
}

void TerminalGateway::Worker::Take(const ConnectionPtr& connection, std::span<const std::uint8_t> bytes) {
  const std::size_t partial_before = connection->session->partial_bytes();
  connection->last_bytes = SteadyClock::now();
  parts_.counters.bytes.Increment(static_cast<double>(bytes.size()));
  SessionOutput out{.batch = batch_};
  connection->session->Receive(bytes, parts_.clock.NowMs(), out);
  if (partial_before == 0 || connection->session->partial_bytes() < partial_before + bytes.size()) {
    connection->message_begin = connection->last_bytes;  // something became whole
  }
  Collect(connection, out);
}

void TerminalGateway::Worker::Collect(const ConnectionPtr& connection, SessionOutput& out) {
  if (out.identified) {
    connection->identified = true;
    Identify(connection);
  }
  if (out.close) {
    parts_.metrics.CountClosed(parts_.sessions.name(), out.close_reason);
    connection->close_after_writing = true;
  }
  if (!out.replies.empty() || out.close) {
    ++connection->unanswered;
    replies_.push_back({.connection = connection, .bytes = std::move(out.replies), .close = out.close});
  }
  for (CommandAnswer& answer : out.command_answers) TakeAnswer(*connection, std::move(answer));
  if (batch_.frames.size() >= kFramesPerBatchMax) {
    Flush();
  } else if (!flush_posted_ && (!replies_.empty() || !batch_.empty())) {
    // Runs after the sockets that are readable now, so that they share a batch.
    flush_posted_ = true;
    Post([this] {
      flush_posted_ = false;
      Flush();
    });
  }
}

void TerminalGateway::Worker::TakeAnswer(Connection& connection, CommandAnswer answer) {
  const auto at = std::ranges::find(connection.questions, answer.serial, &Question::serial);
  if (at == connection.questions.end()) return;  // nobody waits for it, or no longer
  const auto waiting = std::move(at->answer);
  connection.questions.erase(at);
  waiting->set_value(std::move(answer));
}

Status TerminalGateway::Worker::SendCommand(const ConnectionPtr& connection, const TerminalCommand& command,
                                            std::shared_ptr<std::promise<StatusOr<CommandAnswer>>> answer) {
  if (!connection->open) {
    return absl::UnavailableError("the terminal has just disconnected; try again when it is back");
  }
  if (answer != nullptr && connection->questions.size() >= parts_.options.commands_unanswered_max) {
    return absl::ResourceExhaustedError(
        fmt::format("the terminal has {} commands to answer; try again when it has", connection->questions.size()));
  }
  ASSIGN_OR_RETURN(const EncodedCommand encoded, connection->session->Encode(command));
  if (answer != nullptr) connection->questions.push_back({.serial = encoded.serial, .answer = std::move(answer)});
  Send(connection, encoded.bytes);
  return OkStatus();
}

void TerminalGateway::Worker::Identify(const ConnectionPtr& connection) {
  Parts::Place old{};
  {
    MutexLock lock(parts_.mutex);
    Parts::Place& place = parts_.by_terminal[connection->session->terminal()];
    old = place;
    place = {.worker = this, .connection = connection};
  }
  const ConnectionPtr old_connection = old.connection.lock();
  if (old_connection == nullptr || old_connection == connection) return;
  Worker* const worker = old.worker;
  worker->Post([worker, old_connection] { worker->Close(old_connection, "taken_over"); });
}

void TerminalGateway::Worker::Flush() {
  if (replies_.empty() && batch_.empty()) return;
  ++batches_in_flight_;
  auto replies = std::make_shared<std::vector<Reply>>(std::move(replies_));
  replies_.clear();
  parts_.pipeline.Submit(batch_, [this, replies](const Status& status) {
    bool first = false;
    {
      MutexLock lock(done_mutex_);
      first = done_.empty();
      done_.push_back({.replies = std::move(*replies), .status = status});
    }
    if (!first) return;
    Post([this] {
      std::vector<Done> done;
      {
        MutexLock lock(done_mutex_);
        done.swap(done_);
      }
      for (Done& batch : done) OnDurable(batch.replies, batch.status);
    });
  });
  batch_.Clear();
}

void TerminalGateway::Worker::OnDurable(std::vector<Reply>& replies, const Status& status) {
  --batches_in_flight_;
  for (Reply& reply : replies) {
    const ConnectionPtr& connection = reply.connection;
    --connection->unanswered;
    if (!connection->open) continue;
    if (!status.ok()) {
      // Unanswered, so that the terminal keeps what it sent, and sends it again.
      Close(connection, "not_written");
      continue;
    }
    Send(connection, reply.bytes);
    if (reply.close && !connection->writing) Close(connection, {});
    if (connection->unanswered + 1 == parts_.options.unanswered_max) WaitReadable(connection);
  }
}

void TerminalGateway::Worker::Send(const ConnectionPtr& connection, std::string_view bytes) {
  if (!connection->open) return;
  if (!connection->writing) {
    // With TLS a write takes at most a record.
    while (!bytes.empty()) {
      std::size_t sent = 0;
      const Stream::Result result = connection->stream.Write(bytes, sent);
      if (result == Stream::Result::kEnded) {
        Close(connection, {});
        return;
      }
      if (result != Stream::Result::kDone) break;
      bytes.remove_prefix(sent);
    }
    if (bytes.empty()) return;
  }
  connection->unsent += bytes;
  Write(connection);
}

void TerminalGateway::Worker::Write(const ConnectionPtr& connection) {
  if (connection->writing) return;
  connection->writing = true;
  connection->write_begin = SteadyClock::now();
  connection->stream.socket().async_wait(tcp::socket::wait_write, [this, connection](const Error& wait_error) {
    connection->writing = false;
    if (wait_error || !connection->open) return;
    std::size_t sent = 0;
    if (connection->stream.Write(connection->unsent, sent) == Stream::Result::kEnded) {
      Close(connection, {});
      return;
    }
    connection->unsent.erase(0, sent);
    if (!connection->unsent.empty()) {
      Write(connection);
      return;
    }
    connection->unsent = {};
    if (connection->close_after_writing && connection->unanswered == 0) Close(connection, {});
  });
}

void TerminalGateway::Worker::Close(const ConnectionPtr& connection, std::string_view reason) {
  if (!connection->open) return;
  if (!reason.empty()) parts_.metrics.CountClosed(parts_.sessions.name(), reason);
  connection->open = false;
  for (const Question& question : connection->questions) {
    question.answer->set_value(absl::UnavailableError("the terminal disconnected before it answered"));
  }
  connection->questions.clear();
  // Before the other side can see it, so that who does finds it counted.
  Remove(*connection);
  connection->stream.Close();
}

void TerminalGateway::Worker::Remove(Connection& connection) {
  {
    MutexLock lock(parts_.mutex);
    const auto at = parts_.by_terminal.find(connection.session->terminal());
    if (at != parts_.by_terminal.end() && at->second.connection.lock().get() == &connection) {
      parts_.by_terminal.erase(at);
    }
    if (const auto of_address = parts_.by_address.find(connection.address);
        of_address != parts_.by_address.end() && --of_address->second == 0) {
      parts_.by_address.erase(of_address);
    }
  }
  connections_.back()->index = connection.index;
  std::swap(connections_[connection.index], connections_.back());
  connections_.pop_back();
  parts_.connection_count.fetch_sub(1);
  parts_.counters.connections.Decrement();
}

std::string_view TerminalGateway::Worker::ReasonToClose(const Connection& connection,
                                                        SteadyClock::time_point now) const {
  const GatewayOptions& options = parts_.options;
  if (connection.writing && now - connection.write_begin > options.write_timeout) return "write_timeout";
  // While we read nothing from it, it is not the terminal that is silent.
  if (!connection.waiting) return {};
  if (connection.session->vehicle_id() == 0 && now - connection.accepted > options.login_timeout) {
    return "login_timeout";
  }
  if (now - connection.last_bytes > options.idle_timeout) return "idle_timeout";
  if (connection.session->partial_bytes() > 0 && now - connection.message_begin > options.message_timeout) {
    return "message_timeout";
  }
  return {};
}

void TerminalGateway::Worker::Tick() {
  const auto now = SteadyClock::now();
  const std::int64_t now_ms = parts_.clock.NowMs();
  for (std::size_t i = connections_.size(); i > 0; --i) {
    const ConnectionPtr connection = connections_[i - 1];
    if (const std::string_view reason = ReasonToClose(*connection, now); !reason.empty()) {
      Close(connection, reason);
      continue;
    }
    SessionOutput out{.batch = batch_};
    connection->session->Tick(now_ms, out);
    Collect(connection, out);
  }
  std::erase_if(slowed_, [&](const ConnectionPtr& connection) {
    if (connection->open && connection->paid_until - now > std::chrono::seconds{kBurstSeconds / 2}) return false;
    WaitReadable(connection);
    return true;
  });
  if (draining_ && (batches_in_flight_ == 0 || now >= drain_until_)) {
    while (!connections_.empty()) Close(ConnectionPtr(connections_.back()), "server_stopping");
    if (batches_in_flight_ == 0 && !waiting_for_room_) {  // what the store still holds calls back to this thread
      context_.stop();
      return;
    }
  }
  timer_.expires_after(draining_ ? std::chrono::milliseconds{10} : std::chrono::milliseconds{kTick});
  timer_.async_wait([this](const Error& error) {
    if (!error) Tick();
  });
}

void TerminalGateway::Worker::Drain(SteadyClock::time_point until) {
  draining_ = true;
  drain_until_ = until;
  StopAccepting();
  timer_.cancel();
  Tick();
}

Status Validate(const GatewayOptions& options, std::string_view section) {
  if (options.listen.empty()) return OkStatus();
  if (auto endpoint = EndpointOf(options.listen); !endpoint.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}.listen: {}", section, MessageOf(endpoint.status())));
  }
  RETURN_IF_ERROR(Validate(options.tls, section));
  if (options.threads < 1 || options.threads > 64) {
    return absl::InvalidArgumentError(fmt::format("{}.threads: 1 to 64, not {}", section, options.threads));
  }
  if (options.connections_max == 0 || options.unanswered_max == 0) {
    return absl::InvalidArgumentError(fmt::format("{}: connections_max and unanswered_max are at least 1", section));
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
  ASSIGN_OR_RETURN(const tcp::endpoint endpoint, EndpointOf(options.listen));
  auto parts = std::make_unique<Parts>(options, sessions, pipeline, metrics, clock);
  if (options.tls.enabled()) {
    ASSIGN_OR_RETURN(parts->tls, MakeServerContext(options.tls));
  }
  for (int i = 0; i < options.threads; ++i) parts->workers.push_back(std::make_unique<Worker>(*parts));
  RETURN_IF_ERROR(parts->workers.front()->Listen(endpoint));
  parts->port = parts->workers.front()->port();
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
  const Parts::Place place = parts_->Find(terminal);
  const ConnectionPtr connection = place.connection.lock();
  if (connection == nullptr) return;
  place.worker->Post([worker = place.worker, connection] { worker->Close(connection, "rights_changed"); });
}

Status TerminalGateway::Send(std::string_view terminal, const TerminalCommand& command) {
  const Parts::Place place = parts_->Find(terminal);
  const ConnectionPtr connection = place.connection.lock();
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
  const ConnectionPtr connection = place.connection.lock();
  if (connection == nullptr) return absl::UnavailableError("the terminal is not connected; try again when it is");
  auto answer = std::make_shared<std::promise<StatusOr<CommandAnswer>>>();
  std::future<StatusOr<CommandAnswer>> result = answer->get_future();
  place.worker->Post([worker = place.worker, connection, answer, command] {
    if (Status status = worker->SendCommand(connection, command, answer); !status.ok()) answer->set_value(status);
  });
  if (result.wait_for(limit) == std::future_status::ready) return result.get();
  place.worker->Post([connection, answer] {
    std::erase_if(connection->questions, [&](const Question& question) { return question.answer == answer; });
  });
  return absl::DeadlineExceededError(fmt::format("the terminal has not answered within {} s", limit.count() / 1000.0));
}

void TerminalGateway::Stop() {
  if (parts_->stopped) return;
  parts_->stopped = true;
  const auto until = SteadyClock::now() + kDrainTime;
  for (const auto& worker : parts_->workers) worker->Post([w = worker.get(), until] { w->Drain(until); });
  for (const auto& worker : parts_->workers) worker->Join();
}

}  // namespace telltale
