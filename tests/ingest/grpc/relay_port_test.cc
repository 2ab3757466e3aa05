// A gateway's port in this process, before a process upstream that does what the test says.

#include "ingest/grpc/relay_port.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <boost/asio.hpp>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "telltale/v1/relay.grpc.pb.h"

#include "tests/base/tls_files.h"
#include "tests/end_to_end/terminal_client.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using namespace std::chrono_literals;

// Accepts one gateway, keeps what it passes on, and says what it is told to.
class FakeUpstream final : public v1::RelayService::Service {
 public:
  FakeUpstream() {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeUpstream() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::shared_ptr<grpc::Channel> channel() { return server_->InProcessChannel({}); }

  grpc::Status Relay(grpc::ServerContext* /*context*/,
                     grpc::ServerReaderWriter<v1::RelayResponse, v1::RelayRequest>* stream) override {
    {
      const std::lock_guard lock(mutex_);
      stream_ = stream;
      stream->Write({});
    }
    v1::RelayRequest request;
    while (stream->Read(&request)) {
      const std::lock_guard lock(mutex_);
      for (const v1::RelayEvent& event : request.events().events()) {
        if (event.has_opened()) ++opened_;
        received_bytes_ += event.received().size();
      }
      changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
    return grpc::Status::OK;
  }

  // To the first connection.
  void Command(const std::function<void(v1::RelayCommand&)>& fill) {
    v1::RelayResponse response;
    fill(*response.add_commands());
    const std::lock_guard lock(mutex_);
    ASSERT_NE(stream_, nullptr);
    stream_->Write(response);
  }

  // Waits until so many bytes came, and gives how many did.
  std::size_t ReceivedBytes(std::size_t wanted) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return received_bytes_ >= wanted; });
    return received_bytes_;
  }
  bool WaitOpened() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [this] { return opened_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  grpc::ServerReaderWriter<v1::RelayResponse, v1::RelayRequest>* stream_ = nullptr;
  std::size_t opened_ = 0;
  std::size_t received_bytes_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class RelayPortTest : public ::testing::Test {
 protected:
  RelayPortTest() { options_.listen = "127.0.0.1:0"; }

  void Start() {
    auto port = RelayPort::Start(options_, TerminalProtocol::kJt808, "jt808", upstream_.channel(), "", metrics_);
    ASSERT_TRUE(port.ok()) << port.status();
    port_ = *std::move(port);
  }

  // By the port itself, for this reason.
  bool IsClosedInTime(const std::string& reason) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (ClosedCount(reason) == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(20ms);
    return ClosedCount(reason) == 1;
  }
  double ClosedCount(const std::string& reason) {
    for (const auto& family : registry_.Collect()) {
      if (family.name != "telltale_terminal_closed_connections_total") continue;
      for (const auto& metric : family.metric) {
        for (const auto& label : metric.label) {
          if (label.name == "reason" && label.value == reason) return metric.counter.value;
        }
      }
    }
    return 0;
  }

  FakeUpstream upstream_;
  prometheus::Registry registry_;
  TerminalMetrics metrics_{registry_};
  GatewayOptions options_;
  std::unique_ptr<RelayPort> port_;
};

// The window ends inside a TLS record, whose rest waits where the socket does not show it.
TEST_F(RelayPortTest, WhatAWindowCutsOffARecordIsPassedOnAfterwards) {
  const TemporaryFolder folder;
  const TlsFiles files(folder.path());
  options_.tls.certificate_file = files.server_certificate;
  options_.tls.key_file = files.server_key;
  Start();
  TerminalClient terminal(port_->port(), "13800138000", files.ca);
  const std::string record(10'000, 'x');
  for (int i = 0; i < 7; ++i) terminal.SendBytes(record);
  EXPECT_EQ(upstream_.ReceivedBytes(TerminalRelay::kWindowBytes), TerminalRelay::kWindowBytes);
  upstream_.Command([](v1::RelayCommand& command) { command.set_consumed(TerminalRelay::kWindowBytes); });
  EXPECT_EQ(upstream_.ReceivedBytes(7 * record.size()), 7 * record.size());
}

TEST_F(RelayPortTest, ATerminalThatDoesNotReadIsClosed) {
  options_.write_timeout = 1s;
  options_.unsent_bytes_max = std::size_t{64} << 20;
  Start();
  boost::asio::io_context context;
  boost::asio::ip::tcp::socket terminal(context);
  terminal.open(boost::asio::ip::tcp::v4());
  terminal.set_option(boost::asio::socket_base::receive_buffer_size(4'096));
  terminal.connect({boost::asio::ip::address_v4::loopback(), static_cast<boost::asio::ip::port_type>(port_->port())});
  ASSERT_TRUE(upstream_.WaitOpened());
  // More than the system takes for it.
  for (int i = 0; i < 8; ++i) {
    upstream_.Command([](v1::RelayCommand& command) { command.set_send(std::string(1'000'000, 'x')); });
  }
  upstream_.Command([](v1::RelayCommand& command) { command.set_close(true); });
  EXPECT_TRUE(IsClosedInTime("write_timeout"));
}

TEST_F(RelayPortTest, ForATerminalThatDoesNotReadOnlySoMuchIsKept) {
  options_.unsent_bytes_max = 1'000;
  Start();
  TerminalClient terminal(port_->port(), "13800138000");
  ASSERT_TRUE(upstream_.WaitOpened());
  for (int i = 0; i < 8; ++i) {
    upstream_.Command([](v1::RelayCommand& command) { command.set_send(std::string(1'000'000, 'x')); });
  }
  EXPECT_TRUE(IsClosedInTime("write_timeout"));
}

}  // namespace
}  // namespace telltale
