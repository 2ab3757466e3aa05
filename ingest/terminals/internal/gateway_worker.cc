#include "ingest/terminals/internal/gateway_worker.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/terminals/internal/endpoint.h"

namespace telltale {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
using internal::Connection;
using internal::ConnectionPtr;
using internal::Question;
using internal::Reply;

constexpr std::size_t kFramesPerBatchMax = 4'096;
constexpr auto kTick = std::chrono::seconds{1};
constexpr auto kMinute = std::chrono::minutes{1};
constexpr auto kAcceptPause = std::chrono::milliseconds{100};  // when the process has no file left
constexpr std::uint64_t kBurstSeconds = 10;                    // of bytes_per_second_max may come at once

}  // namespace

Status TerminalGateway::Worker::Listen() {
  ASSIGN_OR_RETURN(acceptor_, ListenOn(parts_.options.listen, parts_.sessions.name(), context_));
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

bool TerminalGateway::Worker::MayConnect(std::uint64_t address) {
  if (parts_.connection_count.fetch_add(1) >= parts_.options.connections_max) {
    parts_.connection_count.fetch_sub(1);
    parts_.metrics.CountClosed(parts_.sessions.name(), "too_many_connections");
    return false;
  }
  const GatewayOptions& options = parts_.options;
  const auto exceeds = [](std::size_t count, std::size_t most) { return most > 0 && count >= most; };
  std::string_view reason;
  {
    MutexLock lock(parts_.mutex);
    Parts::Address& of_address = parts_.by_address[address];
    if (const auto now = SteadyClock::now(); now - of_address.minute_begin >= kMinute) {
      of_address = {.open = of_address.open, .minute_begin = now};
    }
    if (exceeds(of_address.open, options.connections_per_address_max)) {
      reason = "too_many_of_address";
    } else if (exceeds(of_address.attempts, options.attempts_per_address_per_minute_max)) {
      reason = "too_many_attempts";
    } else if (exceeds(of_address.refused_logins, options.refused_logins_per_address_per_minute_max)) {
      reason = "too_many_refused_logins";
    }
    ++of_address.attempts;
    if (reason.empty()) ++of_address.open;
  }
  if (reason.empty()) return true;
  parts_.connection_count.fetch_sub(1);
  parts_.metrics.CountClosed(parts_.sessions.name(), reason);
  return false;
}

void TerminalGateway::Worker::CountRefusedLogin(const Connection& connection) {
  MutexLock lock(parts_.mutex);
  ++parts_.by_address[connection.address].refused_logins;
}

void TerminalGateway::Worker::ForgetAddresses(SteadyClock::time_point now) {
  MutexLock lock(parts_.mutex);
  std::erase_if(parts_.by_address, [now](const auto& address) {
    return address.second.open == 0 && now - address.second.minute_begin >= kMinute;
  });
}

void TerminalGateway::Worker::Begin(const ConnectionPtr& connection, std::uint64_t address) {
  connection->session = parts_.sessions.NewSession();
  connection->index = connections_.size();
  connection->address = address;
  connection->accepted = connection->last_bytes = SteadyClock::now();
  connections_.push_back(connection);
  parts_.counters.accepted.Increment();
  parts_.counters.connections.Increment();
  WaitReadable(connection);
}

void TerminalGateway::Worker::Adopt(tcp::socket socket) {
  Error error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error || draining_) return;
  const std::uint64_t address = std::hash<std::string>{}(peer.address().to_string());
  if (!MayConnect(address)) return;
  auto connection = std::make_shared<Connection>();
  connection->stream.emplace(std::move(socket), parts_.tls.get());
  Begin(connection, address);
}

void TerminalGateway::Worker::AdoptRelayed(std::shared_ptr<TerminalRelay> relay, std::uint32_t id,
                                           std::string_view address) {
  const std::uint64_t address_hash = std::hash<std::string_view>{}(address);
  if (draining_ || relayed_.contains({relay.get(), id}) || !MayConnect(address_hash)) {
    relay->Close(id);
    return;
  }
  auto connection = std::make_shared<Connection>();
  connection->relay = std::move(relay);
  connection->relayed_id = id;
  relayed_[{connection->relay.get(), id}] = connection;
  Begin(connection, address_hash);
}

void TerminalGateway::Worker::TakeRelayed(const TerminalRelay* relay, std::uint32_t id, std::string_view bytes) {
  const auto at = relayed_.find({relay, id});
  if (at == relayed_.end()) return;  // closed already, which the relay gets to know
  const ConnectionPtr connection = at->second;
  if (connection->relayed_bytes.size() + bytes.size() > TerminalRelay::kWindowBytes) {
    Close(connection, "window");  // it sends more than it may: what it is cannot be trusted
    return;
  }
  connection->relayed_bytes += bytes;
  if (connection->waiting) OnReadable(connection, Error());
}

void TerminalGateway::Worker::EndRelayed(const TerminalRelay* relay, std::uint32_t id) {
  const auto at = relayed_.find({relay, id});
  if (at == relayed_.end()) return;
  const ConnectionPtr connection = at->second;
  Close(connection, {});
}

void TerminalGateway::Worker::EndRelay(const TerminalRelay* relay) {
  std::vector<ConnectionPtr> ended;
  for (auto at = relayed_.lower_bound({relay, 0}); at != relayed_.end() && at->first.first == relay; ++at) {
    ended.push_back(at->second);
  }
  for (const ConnectionPtr& connection : ended) Close(connection, "relay_gone");
}

void TerminalGateway::Worker::WaitReadable(const ConnectionPtr& connection) {
  if (connection->waiting || !connection->open || connection->close_after_writing || draining_) return;
  connection->waiting = true;
  if (!connection->stream) {
    if (connection->relayed_bytes.empty()) return;  // TakeRelayed() goes on
    Post([this, connection] {
      if (connection->waiting) OnReadable(connection, Error());
    });
    return;
  }
  connection->stream->socket().async_wait(
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
  const std::optional<std::size_t> size = ReadSome(connection);
  if (!size) return;
  if (!connection->open || connection->close_after_writing) return;
  if (const std::uint64_t rate = parts_.options.bytes_per_second_max * connection->session->sender_count(); rate > 0) {
    const auto now = connection->last_bytes;
    connection->paid_until =
        std::max(connection->paid_until, now) + std::chrono::nanoseconds{*size * std::uint64_t{1'000'000'000} / rate};
    if (connection->paid_until - now > std::chrono::seconds{kBurstSeconds}) {
      slowed_.push_back(connection);
      return;
    }
  }
  if (connection->unanswered < parts_.options.unanswered_max) WaitReadable(connection);
}

std::optional<std::size_t> TerminalGateway::Worker::ReadSome(const ConnectionPtr& connection) {
  if (!connection->stream) {
    const std::string bytes = std::exchange(connection->relayed_bytes, {});
    if (bytes.empty()) {
      WaitReadable(connection);
      return std::nullopt;
    }
    connection->relay->Consumed(connection->relayed_id, bytes.size());
    Take(connection, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    return bytes.size();
  }
  std::size_t size = 0;
  const Stream::Result result = connection->stream->Read(buffer_, size);
  connection->handshake_wants_write = result == Stream::Result::kWantWrite;
  if (result == Stream::Result::kEnded) {
    Close(connection, {});
    return std::nullopt;
  }
  if (result != Stream::Result::kDone) {
    WaitReadable(connection);
    return std::nullopt;
  }
  Take(connection, std::span<const std::uint8_t>(buffer_).first(size));
  return size;
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
  if (out.login_refused) CountRefusedLogin(*connection);
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
  if (!connection->stream) {
    connection->relay->Send(connection->relayed_id, bytes);
    return;
  }
  if (!connection->writing) {
    const Stream::Result result = connection->stream->Write(bytes);
    if (result == Stream::Result::kEnded) Close(connection, {});
    if (result == Stream::Result::kEnded || result == Stream::Result::kDone) return;
  }
  connection->unsent += bytes;
  if (connection->unsent.size() > parts_.options.unsent_bytes_max) {
    Close(connection, "write_timeout");
    return;
  }
  Write(connection);
}

void TerminalGateway::Worker::Write(const ConnectionPtr& connection) {
  if (connection->writing) return;
  connection->writing = true;
  connection->write_begin = SteadyClock::now();
  connection->stream->socket().async_wait(tcp::socket::wait_write, [this, connection](const Error& wait_error) {
    connection->writing = false;
    if (wait_error || !connection->open) return;
    std::string_view rest = connection->unsent;
    if (connection->stream->Write(rest) == Stream::Result::kEnded) {
      Close(connection, {});
      return;
    }
    connection->unsent.erase(0, connection->unsent.size() - rest.size());
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
  if (connection->stream) {
    connection->stream->Close();
  } else {
    relayed_.erase({connection->relay.get(), connection->relayed_id});
    connection->relay->Close(connection->relayed_id);
  }
}

void TerminalGateway::Worker::Forget(std::string_view terminal) {
  for (const ConnectionPtr& connection : connections_) connection->session->Forget(terminal);
}

void TerminalGateway::Worker::Remove(Connection& connection) {
  {
    MutexLock lock(parts_.mutex);
    const auto at = parts_.by_terminal.find(connection.session->terminal());
    if (at != parts_.by_terminal.end() && at->second.connection.lock().get() == &connection) {
      parts_.by_terminal.erase(at);
    }
    --parts_.by_address[connection.address].open;
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
  if (!connection.identified && now - connection.accepted > options.login_timeout) return "login_timeout";
  if (now - connection.last_bytes > options.idle_timeout) return "idle_timeout";
  if (connection.session->partial_bytes() > 0 && now - connection.message_begin > options.message_timeout) {
    return "message_timeout";
  }
  return {};
}

void TerminalGateway::Worker::Tick() {
  const auto now = SteadyClock::now();
  const std::int64_t now_ms = parts_.clock.NowMs();
  if (parts_.workers.front().get() == this) ForgetAddresses(now);
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

}  // namespace telltale
