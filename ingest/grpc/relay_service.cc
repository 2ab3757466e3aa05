#include "ingest/grpc/relay_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "ingest/grpc/grpc_status.h"

namespace telltale {
namespace {

// What waits to be sent to a process that does not take it; then that process is of no use.
constexpr std::size_t kUnsentBytesMax = std::size_t{64} << 20;

class RelayReactor;

// Outlives the call, as connections know it: then what they send goes nowhere.
class CallRelay final : public TerminalRelay {
 public:
  explicit CallRelay(RelayReactor& reactor) : reactor_(&reactor) {}

  void Send(std::uint32_t id, std::string_view bytes) override;
  void Consumed(std::uint32_t id, std::size_t bytes) override;
  void Close(std::uint32_t id) override;

  // The store has room again.
  void Resume();

  // After it nothing is added to the call any more.
  void Detach() {
    MutexLock lock(mutex_);
    reactor_ = nullptr;
  }

 private:
  template <typename Fill>
  void Add(std::uint32_t id, std::size_t size, const Fill& fill);

  Mutex mutex_;
  RelayReactor* reactor_ ABSL_GUARDED_BY(mutex_);
};

// One call. Reads while the store has room, so that HTTP/2's flow control holds the gateway, and it its terminals.
// Deletes itself in OnDone.
class RelayReactor final : public grpc::ServerBidiReactor<v1::RelayRequest, v1::RelayResponse>, public DrainableStream {
 public:
  static constexpr std::size_t kCallsMax = 1'000;

  RelayReactor(grpc::CallbackServerContext* context, Pipeline& pipeline, const RelayServiceImpl::GatewayOf& gateway_of,
               bool allowed, OpenStreams& calls)
      : context_(context),
        pipeline_(pipeline),
        gateway_of_(gateway_of),
        calls_(calls),
        relay_(std::make_shared<CallRelay>(*this)) {
    registered_ = calls_.Add(this, kCallsMax);
    if (!registered_) {
      End(ToGrpcStatus(absl::UnavailableError("the server is stopping, or too many gateways are connected"),
                       {.reason = "SERVER_BUSY"}));
    } else if (!allowed) {
      End(ToGrpcStatus(absl::PermissionDeniedError("this server takes no connections of other processes; its operator "
                                                   "allows it with server.relays_allowed"),
                       {.reason = "RELAYS_NOT_ALLOWED"}));
    } else {
      ReadNext();
    }
  }

  void OnReadDone(bool ok) override {
    grpc::Status error;
    if (ok && request_.has_hello() == (gateway_ != nullptr)) {
      error = Wrong("a hello comes first, and only once");
    } else if (ok && request_.has_hello()) {
      error = Greet(request_.hello());
    } else if (ok) {
      Handle(*request_.mutable_events());
    }
    {
      MutexLock lock(mutex_);
      reading_ = false;
      ok = ok && error.ok() && !cancelled_;
    }
    ok ? ReadNext() : End(error);
  }

  void OnRoom() { ReadNext(); }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    broken_ = broken_ || !ok;
    Advance();
  }

  void OnCancel() override {
    {
      MutexLock lock(mutex_);
      cancelled_ = true;
      if (reading_) return;  // OnReadDone() ends it: what it hands over comes before the end
    }
    End(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    if (registered_) calls_.Remove(this);
    delete this;
  }

  void Drain() override { context_->TryCancel(); }

  // Adds to what is sent next; from any thread.
  template <typename Fill>
  void Add(std::size_t size, const Fill& fill) {
    MutexLock lock(mutex_);
    if (end_ || broken_) return;
    fill(unsent_);
    unsent_bytes_ += size;
    has_unsent_ = true;
    if (unsent_bytes_ > kUnsentBytesMax) {
      broken_ = true;
      context_->TryCancel();
      return;
    }
    Advance();
  }

 private:
  static grpc::Status Wrong(const char* what) {
    return ToGrpcStatus(absl::InvalidArgumentError(what), {.reason = "INVALID_RELAY"});
  }

  grpc::Status Greet(const v1::RelayHello& hello) {
    gateway_ = gateway_of_(static_cast<TerminalProtocol>(hello.protocol()));
    if (gateway_ == nullptr) return Wrong("the hello names no protocol of terminals that this server speaks");
    spdlog::info("relay connected peer={} protocol={}", context_->peer(), v1::TerminalProtocol_Name(hello.protocol()));
    Add(0, [](v1::RelayResponse&) {});  // accepts
    return grpc::Status::OK;
  }

  void ReadNext() {
    if (!pipeline_.HasRoom([relay = relay_] { relay->Resume(); })) return;
    {
      MutexLock lock(mutex_);
      if (end_ || cancelled_ || reading_) return;
      reading_ = true;
    }
    StartRead(&request_);
  }

  void Handle(v1::RelayEvents& events) {
    for (v1::RelayEvent& event : *events.mutable_events()) {
      switch (event.event_case()) {
        case v1::RelayEvent::kOpened:
          gateway_->RelayOpened(relay_, event.connection(), std::move(*event.mutable_opened()));
          break;
        case v1::RelayEvent::kReceived:
          gateway_->RelayReceived(relay_, event.connection(), std::move(*event.mutable_received()));
          break;
        case v1::RelayEvent::kClosed:
          gateway_->RelayClosed(relay_, event.connection());
          break;
        case v1::RelayEvent::EVENT_NOT_SET:
          break;
      }
    }
  }

  void End(const grpc::Status& status) {
    {
      MutexLock lock(mutex_);
      if (end_) return;
      end_ = status;
    }
    relay_->Detach();
    if (gateway_ != nullptr) {
      spdlog::info("relay gone peer={}", context_->peer());
      gateway_->RelayGone(relay_);
    }
    MutexLock lock(mutex_);
    Advance();
  }

  // Sends what waits, or finishes.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (end_) {
      finished_ = true;
      Finish(*end_);
    } else if (has_unsent_ && !broken_) {
      response_.Swap(&unsent_);
      unsent_.Clear();
      unsent_bytes_ = 0;
      has_unsent_ = false;
      writing_ = true;
      StartWrite(&response_);
    }
  }

  grpc::CallbackServerContext* const context_;
  Pipeline& pipeline_;
  const RelayServiceImpl::GatewayOf& gateway_of_;
  OpenStreams& calls_;
  bool registered_ = false;
  const std::shared_ptr<CallRelay> relay_;
  TerminalGateway* gateway_ = nullptr;  // of the hello
  v1::RelayRequest request_;

  Mutex mutex_;
  v1::RelayResponse response_;  // is being sent
  v1::RelayResponse unsent_ ABSL_GUARDED_BY(mutex_);
  std::size_t unsent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool has_unsent_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;  // or handling what was read
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // nobody hears us
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
};

template <typename Fill>
void CallRelay::Add(std::uint32_t id, std::size_t size, const Fill& fill) {
  MutexLock lock(mutex_);
  if (reactor_ == nullptr) return;
  reactor_->Add(size, [&](v1::RelayResponse& response) {
    v1::RelayCommand& command = *response.add_commands();
    command.set_connection(id);
    fill(command);
  });
}

void CallRelay::Resume() {
  MutexLock lock(mutex_);
  if (reactor_ != nullptr) reactor_->OnRoom();
}

void CallRelay::Send(std::uint32_t id, std::string_view bytes) {
  Add(id, bytes.size(), [bytes](v1::RelayCommand& command) { command.set_send(bytes.data(), bytes.size()); });
}

void CallRelay::Consumed(std::uint32_t id, std::size_t bytes) {
  Add(id, 8, [bytes](v1::RelayCommand& command) { command.set_consumed(static_cast<std::uint32_t>(bytes)); });
}

void CallRelay::Close(std::uint32_t id) {
  Add(id, 8, [](v1::RelayCommand& command) { command.set_close(true); });
}

}  // namespace

grpc::ServerBidiReactor<v1::RelayRequest, v1::RelayResponse>* RelayServiceImpl::Relay(
    grpc::CallbackServerContext* context) {
  return new RelayReactor(context, pipeline_, gateway_of_, allowed_, calls_);
}

}  // namespace telltale
