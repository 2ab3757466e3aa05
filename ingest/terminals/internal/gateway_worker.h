#pragma once

#include <array>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio.hpp>

#include "base/mutex.h"
#include "ingest/terminals/gateway.h"
#include "ingest/terminals/internal/stream.h"

// What TerminalGateway is made of: threads, each with its connections.
namespace telltale {
namespace internal {

// A command whose answer somebody waits for.
struct Question {
  std::uint16_t serial = 0;
  std::shared_ptr<std::promise<StatusOr<CommandAnswer>>> answer;
};

// At rest, all of it with its session: some 700 bytes, and what Asio keeps for a socket; with TLS what OpenSSL keeps
// besides.
struct Connection {
  std::optional<Stream> stream;          // of this process; or else
  std::shared_ptr<TerminalRelay> relay;  // of a process that passes it on,
  std::uint32_t relayed_id = 0;          // its number there,
  std::string relayed_bytes;             // and what came of it and is not read yet; at most TerminalRelay::kWindowBytes
  std::unique_ptr<TerminalSession> session;
  std::string unsent;
  std::vector<Question> questions;
  std::size_t index = 0;      // in the worker's list
  std::uint64_t address = 0;  // hash of the peer's address
  std::chrono::steady_clock::time_point accepted;
  std::chrono::steady_clock::time_point last_bytes;
  std::chrono::steady_clock::time_point message_begin;  // of the message that is not whole
  std::chrono::steady_clock::time_point write_begin;
  std::chrono::steady_clock::time_point paid_until;  // what was read takes until then at the greatest rate
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

}  // namespace internal

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
    std::weak_ptr<internal::Connection> connection;
  };
  // Of a relayed connection.
  Worker& WorkerOf(std::uint32_t id) { return *workers[id % workers.size()]; }
  Place Find(std::string_view terminal) {
    MutexLock lock(mutex);
    const auto at = by_terminal.find(std::string(terminal));
    return at != by_terminal.end() ? at->second : Place{};
  }

  Mutex mutex;
  std::unordered_map<std::string, Place> by_terminal ABSL_GUARDED_BY(mutex);

  // What an address did in the minute that began at `minute_begin`.
  struct Address {
    std::size_t open = 0;
    std::chrono::steady_clock::time_point minute_begin;
    std::size_t attempts = 0;
    std::size_t refused_logins = 0;
  };
  std::unordered_map<std::uint64_t, Address> by_address ABSL_GUARDED_BY(mutex);
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
    boost::asio::post(context_, std::move(function));
  }

  Status Listen();
  int port() const { return acceptor_->local_endpoint().port(); }
  void StopAccepting() {
    if (acceptor_) acceptor_->close();
  }
  void Adopt(boost::asio::ip::tcp::socket socket);
  // Of a relay: a connection, what came on it, its end, and the end of all.
  void AdoptRelayed(std::shared_ptr<TerminalRelay> relay, std::uint32_t id, std::string_view address);
  void TakeRelayed(const TerminalRelay* relay, std::uint32_t id, std::string_view bytes);
  void EndRelayed(const TerminalRelay* relay, std::uint32_t id);
  void EndRelay(const TerminalRelay* relay);
  void Close(const internal::ConnectionPtr& connection, std::string_view reason);
  // Tells all sessions that the rights of a terminal have changed.
  void Forget(std::string_view terminal);
  void Send(const internal::ConnectionPtr& connection, std::string_view bytes);
  // Sends a command, and sets `answer`, if it is not null, to what the terminal says to it.
  Status SendCommand(const internal::ConnectionPtr& connection, const TerminalCommand& command,
                     std::shared_ptr<std::promise<StatusOr<CommandAnswer>>> answer);
  // Reads no more; when everything is answered, or at `until`, closes all and ends the thread.
  void Drain(std::chrono::steady_clock::time_point until);

 private:
  void Accept();
  // False: there are too many; it is not taken, and counted.
  bool MayConnect(std::uint64_t address);
  void Begin(const internal::ConnectionPtr& connection, std::uint64_t address);
  // Reads what is there, and takes it; nullopt: nothing.
  std::optional<std::size_t> ReadSome(const internal::ConnectionPtr& connection);
  void WaitReadable(const internal::ConnectionPtr& connection);
  void OnReadable(const internal::ConnectionPtr& connection, const boost::system::error_code& error);
  void Take(const internal::ConnectionPtr& connection, std::span<const std::uint8_t> bytes);
  void CountRefusedLogin(const internal::Connection& connection);
  void ForgetAddresses(std::chrono::steady_clock::time_point now);
  void Collect(const internal::ConnectionPtr& connection, SessionOutput& out);
  static void TakeAnswer(internal::Connection& connection, CommandAnswer answer);
  void Identify(const internal::ConnectionPtr& connection);
  void Flush();
  void OnDurable(std::vector<internal::Reply>& replies, const Status& status);
  void Write(const internal::ConnectionPtr& connection);
  void Remove(internal::Connection& connection);
  bool HasRoom();
  void Resume();
  void Tick();
  std::string_view ReasonToClose(const internal::Connection& connection,
                                 std::chrono::steady_clock::time_point now) const;

  Parts& parts_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_;
  std::optional<boost::asio::ip::tcp::acceptor> acceptor_;
  std::size_t next_worker_ = 0;
  std::thread thread_;
  std::vector<internal::ConnectionPtr> connections_;
  std::map<std::pair<const TerminalRelay*, std::uint32_t>, internal::ConnectionPtr> relayed_;
  std::vector<internal::ConnectionPtr> paused_;  // to be read once the store has room
  std::vector<internal::ConnectionPtr> slowed_;  // sent too much; read again at a tick
  bool waiting_for_room_ = false;
  bool draining_ = false;
  std::chrono::steady_clock::time_point drain_until_;
  std::size_t batches_in_flight_ = 0;
  IncomingBatch batch_;
  std::vector<internal::Reply> replies_;  // to what is in batch_
  bool flush_posted_ = false;
  std::array<std::uint8_t, std::size_t{64} << 10> buffer_{};

  // Batches that became durable, handed over by the store's threads.
  struct Done {
    std::vector<internal::Reply> replies;
    Status status;
  };
  Mutex done_mutex_;
  std::vector<Done> done_ ABSL_GUARDED_BY(done_mutex_);
};

}  // namespace telltale
