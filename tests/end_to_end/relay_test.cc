// Gateways: processes that accept terminals and pass their connections on to the server.

#include <future>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/relay.grpc.pb.h"
#include "telltale/v1/terminals.grpc.pb.h"

#include "tests/end_to_end/running_server.h"
#include "tests/end_to_end/terminal_client.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

constexpr const char* kVin = "WDB9630031L000001";
constexpr const char* kNumber = "13800138000";
constexpr std::uint32_t kGnssSpeed = 1002;           // of the catalogue
constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

class RelayTest : public ::testing::Test {
 protected:
  void StartServer(std::vector<std::string> settings = {"server.relays_allowed=true"}, int port = 0) {
    std::vector<std::string> flags = {"--listen", fmt::format("127.0.0.1:{}", port)};
    for (const std::string& setting : settings) flags.insert(flags.end(), {"--set", setting});
    server_.emplace(folder_.path() / "server", flags);
    server_->Register(kVin);
    v1::RegisterTerminalRequest request;
    request.mutable_terminal()->set_protocol(v1::TERMINAL_PROTOCOL_JT808);
    request.mutable_terminal()->set_number(kNumber);
    request.mutable_terminal()->set_vin(kVin);
    v1::Terminal response;
    grpc::ClientContext context;
    ASSERT_TRUE(v1::TerminalService::NewStub(server_->channel())->RegisterTerminal(&context, request, &response).ok());
  }

  std::unique_ptr<RunningServer> StartGateway(const std::string& name = "gateway") {
    return std::make_unique<RunningServer>(
        folder_.path() / name,
        std::vector<std::string>{"--role", "gateway", "--set", "gateway.upstream=" + server_->address(), "--set",
                                 "jt808.listen=127.0.0.1:0"});
  }

  // Within ten seconds; of the metric's name alone, any labels.
  static bool Becomes(const RunningServer& server, const std::string& metric, double value) {
    for (int i = 0; i < 100; ++i) {
      for (const auto& [name, present] : server.Metrics()) {
        if (name == metric && present == value) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    return false;
  }

  std::vector<std::int64_t> StoredTimesMs() { return StoredTimes(server_->channel(), kVin, kGnssSpeed, 1000); }

  TemporaryFolder folder_;
  std::optional<RunningServer> server_;
};

constexpr const char* kConnections = "telltale_terminal_connections{protocol=\"jt808\"}";

TEST_F(RelayTest, ATerminalIsServedThroughAGateway) {
  StartServer();
  const auto gateway = StartGateway();
  TerminalClient terminal(gateway->jt808_port(), kNumber);
  ASSERT_TRUE(terminal.LogIn());
  for (int second = 0; second < 20; ++second) {
    ASSERT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, second))));
  }
  EXPECT_EQ(StoredTimesMs().size(), 20U);
  EXPECT_TRUE(Becomes(*server_, kConnections, 1));
  EXPECT_TRUE(Becomes(*gateway, kConnections, 1));

  // The way back: a question, and its answer.
  v1::SendCommandRequest request;
  request.set_protocol(v1::TERMINAL_PROTOCOL_JT808);
  request.set_number(kNumber);
  request.mutable_query_position();
  v1::SendCommandResponse response;
  auto asked = std::async(std::launch::async, [&] {
    grpc::ClientContext context;
    return v1::TerminalService::NewStub(server_->channel())->SendCommand(&context, request, &response);
  });
  const auto question = terminal.Receive();
  ASSERT_TRUE(question);
  EXPECT_EQ(question->id, jt808::MessageId::kQueryPosition);
  terminal.Send(jt808::MessageId::kPositionAnswer, std::string("\0\x16", 2) + TerminalClient::Position(1, 0));
  EXPECT_TRUE(asked.get().ok());
  EXPECT_EQ(response.measure_time().seconds(), kTimeMs / 1000 + 60);

  // The server ends it after its last answer.
  EXPECT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kLogout, "")));
  EXPECT_TRUE(terminal.IsClosed());
  EXPECT_TRUE(Becomes(*gateway, kConnections, 0));
  EXPECT_TRUE(Becomes(*server_, kConnections, 0));
}

TEST_F(RelayTest, ManyMessagesAtOnceAreAllAnswered) {
  StartServer();
  const auto gateway = StartGateway();
  TerminalClient terminal(gateway->jt808_port(), kNumber);
  ASSERT_TRUE(terminal.LogIn());
  std::vector<std::uint16_t> serials;
  std::thread sender([&] {
    for (int i = 0; i < 20'000; ++i) serials.push_back(terminal.Send(jt808::MessageId::kHeartbeat, ""));
  });
  // Twenty times the window that may be under way.
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(terminal.Receive());
  sender.join();
  EXPECT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kHeartbeat, "")));
}

TEST_F(RelayTest, ATerminalThatComesThroughAnotherGatewayTakesItsPlace) {
  StartServer({"server.relays_allowed=true", "jt808.listen=127.0.0.1:0"});
  const auto first = StartGateway("first");
  const auto second = StartGateway("second");
  TerminalClient old(first->jt808_port(), kNumber);
  ASSERT_TRUE(old.LogIn());
  TerminalClient next(second->jt808_port(), kNumber);
  ASSERT_TRUE(next.Authenticate(old.code()));
  EXPECT_TRUE(old.IsClosed());
  TerminalClient direct(server_->jt808_port(), kNumber);
  ASSERT_TRUE(direct.Authenticate(old.code()));
  EXPECT_TRUE(next.IsClosed());
  EXPECT_TRUE(Becomes(*server_, kConnections, 1));
}

TEST_F(RelayTest, WhenAGatewayDiesItsTerminalsAreGone) {
  StartServer();
  auto gateway = StartGateway();
  TerminalClient terminal(gateway->jt808_port(), kNumber);
  ASSERT_TRUE(terminal.LogIn());
  EXPECT_TRUE(Becomes(*server_, kConnections, 1));
  gateway->Kill();
  EXPECT_TRUE(terminal.IsClosed());
  EXPECT_TRUE(Becomes(*server_, kConnections, 0));
  gateway = StartGateway("another");
  TerminalClient again(gateway->jt808_port(), kNumber);
  EXPECT_TRUE(again.Authenticate(terminal.code()));
  EXPECT_EQ(gateway->Stop(), 0);
  EXPECT_TRUE(again.IsClosed());
}

TEST_F(RelayTest, AServerThatStopsDoesNotWaitForItsGateways) {
  StartServer({"server.relays_allowed=true", "server.drain_timeout_s=60"});
  const auto gateway = StartGateway();
  TerminalClient terminal(gateway->jt808_port(), kNumber);
  ASSERT_TRUE(terminal.LogIn());
  ASSERT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1))));
  EXPECT_EQ(server_->Stop(), 0) << "within 30 s";
  EXPECT_TRUE(terminal.IsClosed());
  EXPECT_EQ(gateway->Stop(), 0);
}

// Nothing that was answered is lost, and the terminals are back once the server is.
TEST_F(RelayTest, WhenTheServerDiesTheGatewayWaitsForIt) {
  StartServer();
  const std::string address = server_->address();
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  const auto gateway = StartGateway();
  std::string code;
  {
    TerminalClient terminal(gateway->jt808_port(), kNumber);
    ASSERT_TRUE(terminal.LogIn());
    code = terminal.code();
    ASSERT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1))));
    server_->Kill();
    EXPECT_TRUE(terminal.IsClosed());
  }
  StartServer({"server.relays_allowed=true"}, port);
  EXPECT_EQ(StoredTimesMs(), std::vector<std::int64_t>{kTimeMs + 1'000});
  bool back = false;
  for (int i = 0; i < 8 && !back; ++i) {
    TerminalClient terminal(gateway->jt808_port(), kNumber);
    back = terminal.Authenticate(code);
    if (!back) std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  EXPECT_TRUE(back);
}

TEST_F(RelayTest, WithoutLeaveNothingIsPassedOn) {
  StartServer({"jt808.listen=127.0.0.1:0"});
  const auto stub = v1::RelayService::NewStub(server_->channel());
  grpc::ClientContext context;
  const auto call = stub->Relay(&context);
  v1::RelayRequest hello;
  hello.mutable_hello()->set_protocol(v1::TERMINAL_PROTOCOL_JT808);
  call->Write(hello);
  v1::RelayResponse response;
  EXPECT_FALSE(call->Read(&response));
  const grpc::Status status = call->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr("server.relays_allowed"));
}

TEST_F(RelayTest, ACallThatDoesNotFollowTheRulesEnds) {
  StartServer();
  const auto stub = v1::RelayService::NewStub(server_->channel());
  const auto end_of = [&](std::vector<v1::RelayRequest> requests) {
    grpc::ClientContext context;
    const auto call = stub->Relay(&context);
    for (const v1::RelayRequest& request : requests) call->Write(request);
    v1::RelayResponse response;
    while (call->Read(&response)) {
    }
    return call->Finish().error_code();
  };
  v1::RelayRequest hello;
  hello.mutable_hello()->set_protocol(v1::TERMINAL_PROTOCOL_JT808);
  v1::RelayRequest of_nothing;
  of_nothing.mutable_hello();
  v1::RelayRequest events;
  events.mutable_events();
  EXPECT_EQ(end_of({events}), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(end_of({of_nothing}), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(end_of({hello, hello}), grpc::StatusCode::INVALID_ARGUMENT);

  // One that sends more than its window loses that connection, and no other.
  grpc::ClientContext context;
  const auto call = stub->Relay(&context);
  call->Write(hello);
  v1::RelayResponse response;
  ASSERT_TRUE(call->Read(&response)) << "accepted";
  for (const std::uint32_t connection : {1U, 2U}) {
    v1::RelayEvent& opened = *events.mutable_events()->add_events();
    opened.set_connection(connection);
    opened.set_opened("192.0.2.1");
  }
  v1::RelayEvent& flood = *events.mutable_events()->add_events();
  flood.set_connection(1);
  flood.set_received(std::string(65'537, 'x'));
  v1::RelayEvent& unknown = *events.mutable_events()->add_events();
  unknown.set_connection(7);
  unknown.set_received("x");
  call->Write(events);
  ASSERT_TRUE(call->Read(&response));
  ASSERT_EQ(response.commands_size(), 1);
  EXPECT_EQ(response.commands(0).connection(), 1U);
  EXPECT_TRUE(response.commands(0).close());
  EXPECT_TRUE(Becomes(*server_, kConnections, 1));
  context.TryCancel();
  EXPECT_TRUE(Becomes(*server_, kConnections, 0));
}

}  // namespace
}  // namespace telltale
