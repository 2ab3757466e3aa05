#include "ingest/grpc/relay_port.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio.hpp>
#include <fmt/format.h>

#include "telltale/v1/relay.grpc.pb.h"

#include "base/log.h"
#include "ingest/terminals/internal/endpoint.h"
#include "ingest/terminals/internal/stream.h"

namespace telltale {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;
using Error = boost::system::error_code;

constexpr std::size_t kReadBytes = 16 << 10;
constexpr std::size_t kWaitingBytesMax = std::size_t{32} << 20;  // to the other process, which does not take them
constexpr auto kTick = std::chrono::seconds{1};
constexpr auto kAcceptPause = std::chrono::milliseconds{100};  // when the process has no file left

// One call to the other process. Deletes itself when gRPC is done with it, which is after Release().
class Call final : public grpc::ClientBidiReactor<v1::RelayRequest, v1::RelayResponse> {
 public:
  struct Handlers {  // called on gRPC's threads
    std::function<void(v1::RelayResponse)> on_response;
    std::function<void()> on_written;
    std::function<void()> on_ended;  // nothing more comes, and nothing more can be written
    std::function<void(const grpc::Status&)> on_done;
  };

  Call(v1::RelayService::Stub& stub, TerminalProtocol protocol, const std::string& key, Handlers handlers)
      : handlers_(std::move(handlers)) {
    if (!key.empty()) context_.AddMetadata("authorization", "Bearer " + key);
    stub.async()->Relay(&context_, this);
    AddHold();  // writes begin outside of reactions
    request_.mutable_hello()->set_protocol(static_cast<v1::TerminalProtocol>(protocol));
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }

  // One at a time: after on_written.
  void Write(v1::RelayEvents& events) {
    request_.Clear();
    request_.mutable_events()->Swap(&events);
    StartWrite(&request_);
  }

  void Cancel() { context_.TryCancel(); }
  // Once; the caller does not use the call afterwards.
  void Release() { RemoveHold(); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      handlers_.on_ended();
      return;
    }
    handlers_.on_response(std::move(response_));
    response_.Clear();
    StartRead(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) handlers_.on_written();
  }
  void OnDone(const grpc::Status& status) override {
    const auto on_done = handlers_.on_done;
    delete this;
    on_done(status);
  }

 private:
  const Handlers handlers_;
  grpc::ClientContext context_;
  v1::RelayRequest request_;
  v1::RelayResponse response_;
};

}  // namespace

// All but the constructor, Stop() and the questions runs on its thread.
class RelayPort::Impl {
 public:
  Impl(const GatewayOptions& options, TerminalProtocol protocol, std::string_view name,
       std::shared_ptr<grpc::Channel> upstream, const std::string& key, TerminalMetrics& metrics)
      : options_(options),
        protocol_(protocol),
        name_(name),
        channel_(std::move(upstream)),
        stub_(v1::RelayService::NewStub(channel_)),
        key_(key),
        metrics_(metrics),
        counters_(metrics.Of(name)) {}

  Status Listen();
  void Start() {
    Connect();
    Tick();
    thread_ = std::thread([this] { context_.run(); });
  }
  void Stop();
  int port() const { return port_; }
  bool is_connected() const { return connected_; }

 private:
  struct Connection {
    Connection(std::uint32_t number, tcp::socket socket, SSL_CTX* tls) : id(number), stream(std::move(socket), tls) {}
    const std::uint32_t id;
    Stream stream;
    std::size_t unconsumed = 0;  // passed on, and not yet known to be read
    std::string unsent;
    SteadyClock::time_point write_begin;
    bool waiting = false;  // for something to read
    bool handshake_wants_write = false;
    bool writing = false;
    bool open = true;
    bool close_after_writing = false;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  void Connect();
  void OnResponse(v1::RelayResponse& response);
  void OnGone(const grpc::Status& status);
  void Accept();
  void Adopt(tcp::socket socket);
  void WaitReadable(const ConnectionPtr& connection);
  void OnReadable(const ConnectionPtr& connection, const Error& error);
  void Send(const ConnectionPtr& connection, std::string_view bytes);
  void Write(const ConnectionPtr& connection);
  void Close(const ConnectionPtr& connection, std::string_view reason);  // by us, if there is a reason
  v1::RelayEvent& AddEvent(std::uint32_t id, std::size_t size);
  void Flush();
  void Resume();
  void Tick();

  const GatewayOptions options_;
  const TerminalProtocol protocol_;
  const std::string name_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::RelayService::Stub> stub_;
  const std::string key_;
  TerminalMetrics& metrics_;
  const TerminalMetrics::OfProtocol counters_;

  asio::io_context context_{1};
  // The call to the other process is no work that Asio knows of.
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::thread thread_;
  std::optional<tcp::acceptor> acceptor_;
  int port_ = 0;
  std::shared_ptr<SSL_CTX> tls_;
  asio::steady_timer retry_{context_};
  asio::steady_timer tick_{context_};
  std::chrono::seconds retry_delay_{kRetryMin};
  Call* call_ = nullptr;  // that has not ended
  bool calling_ = false;  // until OnGone()
  std::atomic<bool> connected_ = false;
  bool accepting_ = false;
  bool stopping_ = false;
  std::uint32_t next_id_ = 0;
  std::unordered_map<std::uint32_t, ConnectionPtr> connections_;
  std::vector<ConnectionPtr> paused_;  // until what waits is written
  v1::RelayEvents waiting_;
  std::size_t waiting_bytes_ = 0;
  bool writing_ = false;
  bool flush_posted_ = false;
  std::array<std::uint8_t, kReadBytes> buffer_{};
};

Status RelayPort::Impl::Listen() {
  RETURN_IF_ERROR(Validate(options_, name_));
  if (options_.tls.enabled()) {
    ASSIGN_OR_RETURN(tls_, MakeServerContext(options_.tls));
  }
  ASSIGN_OR_RETURN(acceptor_, ListenOn(options_.listen, name_, context_));
  port_ = acceptor_->local_endpoint().port();
  return OkStatus();
}

void RelayPort::Impl::Connect() {
  if (stopping_) return;
  calling_ = true;
  writing_ = true;  // the hello
  call_ = new Call(
      *stub_, protocol_, key_,
      {.on_response =
           [this](v1::RelayResponse response) {
             asio::post(context_, [this, moved = std::make_shared<v1::RelayResponse>(std::move(response))] {
               OnResponse(*moved);
             });
           },
       .on_written =
           [this] {
             asio::post(context_, [this] {
               writing_ = false;
               Flush();
               if (waiting_bytes_ < kWaitingBytesMax) Resume();
             });
           },
       .on_ended =
           [this] {
             asio::post(context_, [this] {
               if (Call* const ended = std::exchange(call_, nullptr); ended != nullptr) ended->Release();
             });
           },
       .on_done = [this](const grpc::Status& status) { asio::post(context_, [this, status] { OnGone(status); }); }});
}

void RelayPort::Impl::OnResponse(v1::RelayResponse& response) {
  if (call_ == nullptr) return;
  if (!connected_) {  // the first response accepts the hello
    connected_ = true;
    retry_delay_ = kRetryMin;
    spdlog::info("relay connected protocol={}", name_);
    if (!std::exchange(accepting_, true)) Accept();
  }
  for (const v1::RelayCommand& command : response.commands()) {
    const auto at = connections_.find(command.connection());
    if (at == connections_.end()) continue;  // has just closed
    const ConnectionPtr connection = at->second;
    switch (command.command_case()) {
      case v1::RelayCommand::kSend:
        Send(connection, command.send());
        break;
      case v1::RelayCommand::kConsumed:
        connection->unconsumed -= std::min<std::size_t>(connection->unconsumed, command.consumed());
        WaitReadable(connection);
        break;
      case v1::RelayCommand::kClose:
        connection->close_after_writing = true;
        if (!connection->writing) Close(connection, {});
        break;
      case v1::RelayCommand::COMMAND_NOT_SET:
        break;
    }
  }
}

void RelayPort::Impl::OnGone(const grpc::Status& status) {
  calling_ = false;
  if (connected_.exchange(false) || retry_delay_ == kRetryMin) {
    spdlog::warn("relay not connected protocol={} error=\"{}\"", name_, status.error_message());
  }
  std::vector<ConnectionPtr> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  for (const ConnectionPtr& connection : all) Close(connection, "relay_gone");
  paused_.clear();
  waiting_.Clear();
  waiting_bytes_ = 0;
  if (stopping_) {
    context_.stop();
    return;
  }
  retry_.expires_after(retry_delay_);
  retry_delay_ = std::min(retry_delay_ * 2, kRetryMax);
  retry_.async_wait([this](const Error& error) {
    if (!error) Connect();
  });
}

void RelayPort::Impl::Accept() {
  acceptor_->async_accept([this](const Error& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || stopping_) return;
    if (!connected_) {
      accepting_ = false;  // who came in between is let go, and comes again
      return;
    }
    if (error) {
      auto pause = std::make_shared<asio::steady_timer>(context_, kAcceptPause);
      pause->async_wait([this, pause](const Error&) { Accept(); });
      return;
    }
    Adopt(std::move(socket));
    Accept();
  });
}

void RelayPort::Impl::Adopt(tcp::socket socket) {
  Error error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return;
  if (connections_.size() >= options_.connections_max) {
    metrics_.CountClosed(name_, "too_many_connections");
    return;
  }
  const auto connection = std::make_shared<Connection>(next_id_++, std::move(socket), tls_.get());
  connections_[connection->id] = connection;
  counters_.accepted.Increment();
  counters_.connections.Increment();
  const std::string address = peer.address().to_string();
  AddEvent(connection->id, address.size()).set_opened(address);
  WaitReadable(connection);
}

v1::RelayEvent& RelayPort::Impl::AddEvent(std::uint32_t id, std::size_t size) {
  v1::RelayEvent& event = *waiting_.add_events();
  event.set_connection(id);
  waiting_bytes_ += size + 16;
  if (!flush_posted_ && !writing_) {
    // Runs after the sockets that are readable now, so that they share a message.
    flush_posted_ = true;
    asio::post(context_, [this] {
      flush_posted_ = false;
      Flush();
    });
  }
  return event;
}

void RelayPort::Impl::Flush() {
  if (writing_ || call_ == nullptr || waiting_.events().empty()) return;
  writing_ = true;
  waiting_bytes_ = 0;
  call_->Write(waiting_);
  waiting_.Clear();
}

void RelayPort::Impl::Resume() {
  std::vector<ConnectionPtr> paused;
  paused.swap(paused_);
  for (const ConnectionPtr& connection : paused) WaitReadable(connection);
}

void RelayPort::Impl::WaitReadable(const ConnectionPtr& connection) {
  if (connection->waiting || !connection->open || connection->close_after_writing) return;
  if (connection->unconsumed >= TerminalRelay::kWindowBytes) return;  // until something was consumed
  connection->waiting = true;
  if (connection->stream.HasPending()) {  // of which the socket says nothing
    asio::post(context_, [this, connection] { OnReadable(connection, Error()); });
    return;
  }
  connection->stream.socket().async_wait(
      connection->handshake_wants_write ? tcp::socket::wait_write : tcp::socket::wait_read,
      [this, connection](const Error& error) { OnReadable(connection, error); });
}

void RelayPort::Impl::OnReadable(const ConnectionPtr& connection, const Error& error) {
  connection->waiting = false;
  if (error || !connection->open) return;
  if (waiting_bytes_ >= kWaitingBytesMax) {
    paused_.push_back(connection);
    return;
  }
  const std::size_t room = std::min(buffer_.size(), TerminalRelay::kWindowBytes - connection->unconsumed);
  std::size_t size = 0;
  const Stream::Result result = connection->stream.Read(std::span(buffer_).first(room), size);
  connection->handshake_wants_write = result == Stream::Result::kWantWrite;
  if (result == Stream::Result::kEnded) {
    Close(connection, {});
    return;
  }
  if (result == Stream::Result::kDone) {
    counters_.bytes.Increment(static_cast<double>(size));
    connection->unconsumed += size;
    AddEvent(connection->id, size).set_received(buffer_.data(), size);
  }
  WaitReadable(connection);
}

void RelayPort::Impl::Send(const ConnectionPtr& connection, std::string_view bytes) {
  if (!connection->writing) {
    const Stream::Result result = connection->stream.Write(bytes);
    if (result == Stream::Result::kEnded) Close(connection, {});
    if (result == Stream::Result::kEnded || result == Stream::Result::kDone) return;
  }
  connection->unsent += bytes;
  if (connection->unsent.size() > options_.unsent_bytes_max) {
    Close(connection, "write_timeout");
    return;
  }
  Write(connection);
}

void RelayPort::Impl::Write(const ConnectionPtr& connection) {
  if (std::exchange(connection->writing, true)) return;
  connection->write_begin = SteadyClock::now();
  connection->stream.socket().async_wait(tcp::socket::wait_write, [this, connection](const Error& wait_error) {
    connection->writing = false;
    if (wait_error || !connection->open) return;
    std::string_view rest = connection->unsent;
    if (connection->stream.Write(rest) == Stream::Result::kEnded) {
      Close(connection, {});
      return;
    }
    connection->unsent.erase(0, connection->unsent.size() - rest.size());
    if (!connection->unsent.empty()) {
      Write(connection);
    } else if (connection->close_after_writing) {
      Close(connection, {});
    }
  });
}

// What waits for a terminal that does not read ends with it.
void RelayPort::Impl::Tick() {
  const auto now = SteadyClock::now();
  std::vector<ConnectionPtr> late;
  for (const auto& [id, connection] : connections_) {
    if (connection->writing && now - connection->write_begin > options_.write_timeout) late.push_back(connection);
  }
  for (const ConnectionPtr& connection : late) Close(connection, "write_timeout");
  tick_.expires_after(kTick);
  tick_.async_wait([this](const Error& error) {
    if (!error && !stopping_) Tick();
  });
}

void RelayPort::Impl::Close(const ConnectionPtr& connection, std::string_view reason) {
  if (!std::exchange(connection->open, false)) return;
  if (!reason.empty()) metrics_.CountClosed(name_, reason);
  counters_.connections.Decrement();
  connections_.erase(connection->id);
  connection->stream.Close();
  if (connected_) AddEvent(connection->id, 0).set_closed(true);
}

void RelayPort::Impl::Stop() {
  if (!thread_.joinable()) return;
  asio::post(context_, [this] {
    stopping_ = true;
    Error ignored;
    acceptor_->close(ignored);
    retry_.cancel();
    if (call_ != nullptr) call_->Cancel();
    if (!calling_) context_.stop();  // else OnGone() does
  });
  thread_.join();
}

RelayPort::RelayPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StatusOr<std::unique_ptr<RelayPort>> RelayPort::Start(const GatewayOptions& options, TerminalProtocol protocol,
                                                      std::string_view name, std::shared_ptr<grpc::Channel> upstream,
                                                      const std::string& key, TerminalMetrics& metrics) {
  auto impl = std::make_unique<Impl>(options, protocol, name, std::move(upstream), key, metrics);
  RETURN_IF_ERROR(impl->Listen());
  impl->Start();
  return std::unique_ptr<RelayPort>(new RelayPort(std::move(impl)));
}

RelayPort::~RelayPort() { Stop(); }

int RelayPort::port() const { return impl_->port(); }
bool RelayPort::is_connected() const { return impl_->is_connected(); }
void RelayPort::Stop() { impl_->Stop(); }

}  // namespace telltale
