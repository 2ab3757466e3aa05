// Terminals on the running server's port: from their registration to what is stored, and what hostile ones get.

#include <future>
#include <memory>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "telltale/v1/telemetry.grpc.pb.h"
#include "telltale/v1/terminals.grpc.pb.h"

#include "ingest/gb32960/message.h"
#include "tests/end_to_end/running_server.h"
#include "tests/end_to_end/terminal_client.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

constexpr const char* kVin = "WDB9630031L000001";
constexpr const char* kNumber = "13800138000";
constexpr std::uint32_t kGnssSpeed = 1002;           // of the catalogue
constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

class TerminalTest : public ::testing::Test {
 protected:
  void Start(std::vector<std::string> settings = {}) {
    std::vector<std::string> flags = {"--set", "jt808.listen=127.0.0.1:0"};
    for (const std::string& setting : settings) flags.insert(flags.end(), {"--set", setting});
    server_.emplace(folder_.path(), flags);
    server_->Register(kVin);
    Bind(kNumber, kVin);
  }

  void Bind(const std::string& number, const std::string& vin, bool revoked = false) {
    v1::RegisterTerminalRequest request;
    request.mutable_terminal()->set_protocol(v1::TERMINAL_PROTOCOL_JT808);
    request.mutable_terminal()->set_number(number);
    request.mutable_terminal()->set_vin(vin);
    request.mutable_terminal()->set_revoked(revoked);
    v1::Terminal response;
    grpc::ClientContext context;
    const grpc::Status status =
        v1::TerminalService::NewStub(server_->channel())->RegisterTerminal(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  TerminalClient Connect(const std::string& number = kNumber) { return TerminalClient(server_->jt808_port(), number); }

  std::vector<std::int64_t> StoredTimesMs(const std::string& vin = kVin) {
    return StoredTimes(server_->channel(), vin, kGnssSpeed, 1000);
  }

  grpc::Status SendText(const std::string& text) {
    v1::SendTextRequest request;
    request.set_protocol(v1::TERMINAL_PROTOCOL_JT808);
    request.set_number(kNumber);
    request.set_text(text);
    v1::SendTextResponse response;
    grpc::ClientContext context;
    return v1::TerminalService::NewStub(server_->channel())->SendText(&context, request, &response);
  }

  TemporaryFolder folder_;
  std::optional<RunningServer> server_;
};

TEST_F(TerminalTest, WhatIsAnsweredSurvivesTheServersDeath) {
  Start();
  std::string code;
  {
    TerminalClient terminal = Connect();
    ASSERT_TRUE(terminal.LogIn());
    code = terminal.code();
    for (int second = 0; second < 20; ++second) {
      ASSERT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, second))));
    }
    server_->Kill();
    EXPECT_TRUE(terminal.IsClosed());
  }
  server_.emplace(folder_.path(), std::vector<std::string>{"--set", "jt808.listen=127.0.0.1:0"});
  std::vector<std::int64_t> expected;
  for (int second = 0; second < 20; ++second) expected.push_back(kTimeMs + second * 1000);
  EXPECT_EQ(StoredTimesMs(), expected);
  TerminalClient again = Connect();
  EXPECT_TRUE(again.Authenticate(code)) << "the code of before holds";
}

TEST_F(TerminalTest, ManyMessagesInOneWriteAreAllAnswered) {
  Start();
  TerminalClient terminal = Connect();
  ASSERT_TRUE(terminal.LogIn());
  std::set<std::uint16_t> open;
  for (int i = 0; i < 600; ++i) {
    open.insert(terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(i / 60, i % 60)));
  }
  while (!open.empty()) {
    const auto answer = terminal.Receive();
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->body.at(4), 0);
    open.erase(static_cast<std::uint16_t>(static_cast<std::uint8_t>(answer->body[0]) << 8 |
                                          static_cast<std::uint8_t>(answer->body[1])));
  }
  EXPECT_EQ(StoredTimesMs().size(), 600U);
}

TEST_F(TerminalTest, ASecondConnectionTakesTheFirstOnesPlace) {
  Start();
  TerminalClient first = Connect();
  ASSERT_TRUE(first.LogIn());
  TerminalClient second = Connect();
  ASSERT_TRUE(second.Authenticate(first.code()));
  EXPECT_TRUE(first.IsClosed());
  EXPECT_TRUE(second.IsDone(second.Send(jt808::MessageId::kHeartbeat, "")));
  EXPECT_TRUE(Within(std::chrono::seconds{10}, [this] {
    return server_->Metrics()["telltale_terminal_connections{protocol=\"jt808\"}"] == 1.0;
  }));
}

TEST_F(TerminalTest, ARevokedTerminalIsCutOff) {
  Start();
  TerminalClient terminal = Connect();
  ASSERT_TRUE(terminal.LogIn());
  Bind(kNumber, kVin, /*revoked=*/true);
  EXPECT_TRUE(terminal.IsClosed());
  TerminalClient again = Connect();
  EXPECT_FALSE(again.Authenticate(terminal.code()));
}

// One that never proves who it is, one that stops in a message, one whose message has no end, one that sends anything:
// each is cut off and counted, and nobody else notices.
TEST_F(TerminalTest, HostileOnesAreCutOffAndNobodyElseNotices) {
  Start({"jt808.login_timeout_s=3", "jt808.message_timeout_s=1", "jt808.idle_timeout_s=60"});
  TerminalClient good = Connect();
  ASSERT_TRUE(good.LogIn());
  TerminalClient silent = Connect("1");
  TerminalClient half = Connect("2");
  half.SendBytes("\x7e\x01");
  TerminalClient endless = Connect("3");
  endless.SendBytes("\x7e" + std::string(1 << 20, '\x01'));
  TerminalClient garbage = Connect("4");
  std::string bytes(100'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2'654'435'761U >> 13);
  garbage.SendBytes(bytes);
  for (int second = 0; second < 20; ++second) {
    ASSERT_TRUE(good.IsDone(good.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, second))));
  }
  EXPECT_TRUE(half.IsClosed());
  EXPECT_TRUE(endless.IsClosed());
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_TRUE(garbage.IsClosed());
  auto metrics = server_->Metrics();
  EXPECT_GE(metrics["telltale_terminal_closed_connections_total{protocol=\"jt808\",reason=\"message_timeout\"}"], 1.0);
  EXPECT_GE(metrics["telltale_terminal_closed_connections_total{protocol=\"jt808\",reason=\"message_too_long\"}"], 1.0);
  EXPECT_GE(metrics["telltale_terminal_closed_connections_total{protocol=\"jt808\",reason=\"login_timeout\"}"], 1.0);
  EXPECT_TRUE(good.IsDone(good.Send(jt808::MessageId::kHeartbeat, "")));
  EXPECT_EQ(StoredTimesMs().size(), 20U);
}

TEST_F(TerminalTest, BeyondTheLimitConnectionsAreRefused) {
  Start({"jt808.connections_max=2"});
  TerminalClient first = Connect();
  ASSERT_TRUE(first.LogIn());
  TerminalClient second = Connect("1");
  TerminalClient third = Connect("2");
  EXPECT_TRUE(third.IsClosed());
  EXPECT_TRUE(first.IsDone(first.Send(jt808::MessageId::kHeartbeat, "")));
}

TEST_F(TerminalTest, ATextReachesTheCab) {
  Start();
  EXPECT_EQ(SendText("Brake earlier").error_code(), grpc::StatusCode::UNAVAILABLE);
  TerminalClient terminal = Connect();
  ASSERT_TRUE(terminal.LogIn());
  const grpc::Status status = SendText("Brake earlier");
  EXPECT_TRUE(status.ok()) << status.error_message();
  const auto text = terminal.Receive();
  ASSERT_TRUE(text);
  EXPECT_EQ(text->id, jt808::MessageId::kText);
  EXPECT_EQ(text->body,
            "\x0c"
            "Brake earlier");
  EXPECT_EQ(SendText("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(TerminalTest, AGracefulStopAnswersWhatWasTaken) {
  Start();
  TerminalClient terminal = Connect();
  ASSERT_TRUE(terminal.LogIn());
  for (int i = 0; i < 100; ++i) terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(i / 60, i % 60));
  kill(server_->pid(), SIGTERM);
  std::size_t answered = 0;
  while (terminal.Receive()) ++answered;
  EXPECT_EQ(server_->Stop(), 0);
  server_.emplace(folder_.path(), std::vector<std::string>{"--set", "jt808.listen=127.0.0.1:0"});
  EXPECT_GE(StoredTimesMs().size(), answered);
}

// Sends a message of GB/T 32960, and gives the flag of its answer: 1 done, 2 error; 0: there is none.
int SendGb32960(TerminalClient& terminal, gb32960::Command command, const std::string& data) {
  std::string wire;
  gb32960::AppendAnswer({.command = command, .vin = kVin}, gb32960::Answer::kCommand,
                        {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()}, wire);
  terminal.SendBytes(wire);
  const std::string answer = terminal.ReceiveBytes();
  return answer.size() < 4 ? 0 : static_cast<int>(static_cast<std::uint8_t>(answer[3]));
}

TEST_F(TerminalTest, AVehicleReportsByGb32960) {
  const std::vector<std::string> flags = {"--set", "gb32960.listen=127.0.0.1:0", "--set",
                                          "gb32960.self_registration=true"};
  server_.emplace(folder_.path(), flags);
  server_->Register(kVin);
  const std::string time("\x1a\x03\x01\x08\x00\x00", 6);  // 2026-03-01T08:00:00 in Beijing
  {
    TerminalClient terminal(server_->gb32960_port(), kVin);
    const std::string engine("\x04\x01\x07\x08\x04\xd2", 6);
    EXPECT_EQ(SendGb32960(terminal, gb32960::Command::kRealTime, time + engine), 2) << "before the login";
    EXPECT_EQ(SendGb32960(terminal, gb32960::Command::kLogin,
                          time + std::string("\0\1", 2) + std::string(20, '8') + std::string(2, '\0')),
              1);
    EXPECT_EQ(SendGb32960(terminal, gb32960::Command::kRealTime, time + engine), 1);
    server_->Kill();
  }
  server_.emplace(folder_.path(), flags);
  constexpr std::uint32_t kCrankshaftSpeed = 1108;
  EXPECT_EQ(StoredTimes(server_->channel(), kVin, kCrankshaftSpeed, 10), std::vector<std::int64_t>{kTimeMs});
}

// A platform's password is made by the server, and its vehicles' data lands although none of them connects.
TEST_F(TerminalTest, APlatformPassesItsVehiclesOn) {
  const std::vector<std::string> flags = {"--set", "gb32960.listen=127.0.0.1:0",
                                          "--set", "gb32960.self_registration=true",
                                          "--set", "gb32960.login_timeout_s=1"};
  server_.emplace(folder_.path(), flags);
  server_->Register(kVin);
  const auto stub = v1::TerminalService::NewStub(server_->channel());
  v1::RegisterTerminalRequest request;
  request.mutable_terminal()->set_protocol(v1::TERMINAL_PROTOCOL_GB32960_PLATFORM);
  request.mutable_terminal()->set_number("fleet01");
  const auto put = [&] {
    v1::Terminal platform;
    grpc::ClientContext context;
    const grpc::Status status = stub->RegisterTerminal(&context, request, &platform);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return platform;
  };
  const std::string password = put().code();
  EXPECT_EQ(password.size(), 20U);
  EXPECT_EQ(put().code(), "") << "it is shown once";
  request.set_issue_code(true);
  const std::string new_password = put().code();
  EXPECT_NE(new_password, password);

  const std::string time("\x1a\x03\x01\x08\x00\x00", 6);
  const auto login = [&](std::string secret) {
    secret.resize(20);
    return time + std::string("\0\1", 2) + std::string("fleet01\0\0\0\0\0", 12) + secret + "\1";
  };
  TerminalClient wrong(server_->gb32960_port(), kVin);
  EXPECT_EQ(SendGb32960(wrong, gb32960::Command::kPlatformLogin, login(password)), 2) << "the one before has ended";
  EXPECT_TRUE(wrong.IsClosed());
  TerminalClient platform(server_->gb32960_port(), kVin);
  EXPECT_EQ(SendGb32960(platform, gb32960::Command::kPlatformLogin, login(new_password)), 1);
  EXPECT_EQ(SendGb32960(platform, gb32960::Command::kRealTime, time + std::string("\x04\x01\x07\x08\x04\xd2", 6)), 1);
  constexpr std::uint32_t kCrankshaftSpeed = 1108;
  EXPECT_EQ(StoredTimes(server_->channel(), kVin, kCrankshaftSpeed, 10), std::vector<std::int64_t>{kTimeMs});
  v1::ListTerminalsResponse listed;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->ListTerminals(&context, {}, &listed).ok());
  ASSERT_EQ(listed.terminals_size(), 2);
  EXPECT_TRUE(listed.terminals(1).connected());
  EXPECT_EQ(listed.terminals(1).code(), "");
  EXPECT_FALSE(platform.IsClosed(std::chrono::milliseconds{2'500})) << "it has logged in, though it is no vehicle";

  // A vehicle that is revoked is so behind a platform, too, and from now on.
  request.Clear();
  request.mutable_terminal()->set_protocol(v1::TERMINAL_PROTOCOL_GB32960);
  request.mutable_terminal()->set_number(kVin);
  request.mutable_terminal()->set_vin(kVin);
  request.mutable_terminal()->set_revoked(true);
  put();
  EXPECT_EQ(SendGb32960(platform, gb32960::Command::kRealTime, time + std::string("\x04\x01\x07\x08\x04\xd2", 6)), 2);
}

class TerminalCommandTest : public TerminalTest {
 protected:
  // Asks on a thread of its own; the terminal is at the test's hands meanwhile.
  std::future<grpc::Status> Ask(v1::SendCommandRequest request, v1::SendCommandResponse& response) {
    request.set_protocol(v1::TERMINAL_PROTOCOL_JT808);
    request.set_number(kNumber);
    return std::async(std::launch::async, [this, request, &response] {
      grpc::ClientContext context;
      return v1::TerminalService::NewStub(server_->channel())->SendCommand(&context, request, &response);
    });
  }

  // The message of the platform that comes next, after what it answers.
  static TerminalClient::Received NextCommand(TerminalClient& terminal) {
    const auto received = terminal.Receive();
    EXPECT_TRUE(received);
    return received.value_or(TerminalClient::Received{});
  }
};

TEST_F(TerminalCommandTest, ATerminalIsAskedAndAnswers) {
  Start();
  TerminalClient terminal = Connect();
  ASSERT_TRUE(terminal.LogIn());

  // The registration's and the authentication's answers took serial numbers 0 and 1.
  v1::SendCommandRequest request;
  request.mutable_query_parameters()->add_ids(0x29);
  v1::SendCommandResponse response;
  auto asked = Ask(request, response);
  TerminalClient::Received command = NextCommand(terminal);
  EXPECT_EQ(command.id, jt808::MessageId::kQueryChosenParameters);
  terminal.Send(jt808::MessageId::kParameters, std::string("\0\2\1\0\0\0\x29\4\0\0\0\x1e", 12));
  EXPECT_TRUE(asked.get().ok());
  ASSERT_EQ(response.parameters_size(), 1);
  EXPECT_EQ(response.parameters(0).text(), "30");
  EXPECT_EQ(response.parameters(0).name(), "interval of reports");
  EXPECT_EQ(response.result(), v1::COMMAND_RESULT_DONE);

  request.Clear();
  v1::TerminalParameter& parameter = *request.mutable_set_parameters()->add_parameters();
  parameter.set_id(0x29);
  parameter.set_text("60");
  asked = Ask(request, response);
  command = NextCommand(terminal);
  EXPECT_EQ(command.id, jt808::MessageId::kSetParameters);
  EXPECT_EQ(command.body, std::string("\1\0\0\0\x29\4\0\0\0\x3c", 10));
  terminal.Send(jt808::MessageId::kTerminalAnswer, std::string("\0\3\x81\3\3", 5));
  EXPECT_TRUE(asked.get().ok());
  EXPECT_EQ(response.result(), v1::COMMAND_RESULT_UNSUPPORTED);

  request.Clear();
  request.mutable_query_position();
  asked = Ask(request, response);
  EXPECT_EQ(NextCommand(terminal).id, jt808::MessageId::kQueryPosition);
  terminal.Send(jt808::MessageId::kPositionAnswer, std::string("\0\4", 2) + TerminalClient::Position(1, 2));
  EXPECT_TRUE(asked.get().ok());
  EXPECT_EQ(response.measure_time().seconds(), kTimeMs / 1000 + 62);
  EXPECT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kHeartbeat, "")));
  EXPECT_EQ(StoredTimesMs(), std::vector<std::int64_t>{kTimeMs + 62'000}) << "the answer is stored, too";
}

TEST_F(TerminalCommandTest, WhoDoesNotAnswerIsNotWaitedForForEver) {
  Start();
  v1::SendCommandRequest request;
  request.mutable_query_properties();
  request.set_timeout_ms(200);
  v1::SendCommandResponse response;
  EXPECT_EQ(Ask(request, response).get().error_code(), grpc::StatusCode::UNAVAILABLE) << "not connected";
  {
    TerminalClient terminal = Connect();
    ASSERT_TRUE(terminal.LogIn());
    EXPECT_EQ(Ask(request, response).get().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    request.set_timeout_ms(60'000);
    auto asked = Ask(request, response);
    EXPECT_EQ(NextCommand(terminal).id, jt808::MessageId::kQueryProperties);
    EXPECT_EQ(NextCommand(terminal).id, jt808::MessageId::kQueryProperties);
    terminal.Send(jt808::MessageId::kLogout, "");
    EXPECT_EQ(asked.get().error_code(), grpc::StatusCode::UNAVAILABLE) << "it has gone";
  }
  request.Clear();
  EXPECT_EQ(Ask(request, response).get().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.mutable_control()->set_command(4);
  const grpc::Status refused = Ask(request, response).get();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), HasSubstr("jt808.allow_control"));
}

TEST_F(TerminalCommandTest, WhatIsPassedThroughIsKeptThroughADeath) {
  Start();
  {
    TerminalClient terminal = Connect();
    ASSERT_TRUE(terminal.LogIn());
    ASSERT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kPassThrough, std::string("\xf1\0\1", 3))));
    server_->Kill();
  }
  server_.emplace(folder_.path(), std::vector<std::string>{"--set", "jt808.listen=127.0.0.1:0"});
  v1::ListUploadsRequest request;
  request.set_vin(kVin);
  v1::ListUploadsResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(v1::TerminalService::NewStub(server_->channel())->ListUploads(&context, request, &response).ok());
  ASSERT_EQ(response.uploads_size(), 1);
  EXPECT_EQ(response.uploads(0).kind(), 0xF1U);
  EXPECT_EQ(response.uploads(0).content(), std::string("\0\1", 2));
}

TEST_F(TerminalTest, TheClientBindsListsAndExplains) {
  Start();
  const std::string telltale = std::string(TELLTALE_BINARY_DIR) + "/cli/telltale";
  const auto run = [&](std::vector<std::string> arguments) {
    std::vector<std::string> command = {telltale, "--server", server_->address()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command);
  };
  EXPECT_THAT(run({"terminals", "add", "13800138001", kVin}).output, HasSubstr("13800138001 sends the frames of"));
  EXPECT_THAT(run({"terminals", "list"}).output, HasSubstr("13800138001"));
  EXPECT_EQ(run({"terminals", "add", "0138", kVin}).exit_status, 1);
  EXPECT_THAT(run({"terminals", "text", "13800138001", "hello"}).output, HasSubstr("not connected"));
  // 0x0001 of 012345678901 answers message 0x01c8 with serial number 123.
  const ProgramResult explained = run({"explain", "7e000100050123456789017fff007b01c803bd7e"});
  EXPECT_EQ(explained.exit_status, 0) << explained.output;
  EXPECT_THAT(explained.output, HasSubstr("general answer of the terminal"));
  EXPECT_THAT(explained.output, HasSubstr("123"));
  EXPECT_THAT(run({"explain", "232307fe4c5a595442474357584a31303434333134010000d7"}).output, HasSubstr("heartbeat"));
  EXPECT_THAT(run({"terminals", "add", "--protocol", "gb32960", kVin, kVin}).output, HasSubstr("sends the frames of"));
  EXPECT_THAT(run({"terminals", "list"}).output, HasSubstr("gb32960"));
  EXPECT_THAT(run({"--json", "terminals", "add", "--gcj02", "13800138001", kVin}).output, HasSubstr("\"gcj02\":true"));
  EXPECT_THAT(run({"terminals", "platform", "fleet01"}).output, HasSubstr("Its password, which is not shown again: "));
  EXPECT_THAT(run({"terminals", "platform", "--revoke", "fleet01"}).output, HasSubstr("fleet01 is revoked"));
  EXPECT_THAT(run({"terminals", "list"}).output, HasSubstr("gb32960-platform"));
  EXPECT_THAT(run({"terminals", "properties", "13800138001"}).output, HasSubstr("not connected"));
  EXPECT_EQ(run({"terminals", "parameters", "13800138001", "--set", "0x29"}).exit_status, 2);
  EXPECT_THAT(run({"terminals", "parameters", "13800138001", "--set", "0x29=many"}).output,
              HasSubstr("interval of reports"));
  EXPECT_THAT(run({"terminals", "uploads", kVin}).output, HasSubstr("passed nothing through"));
  EXPECT_EQ(run({"explain", "7e0"}).exit_status, 2);
  EXPECT_EQ(run({"explain", "0102"}).exit_status, 1);
}

}  // namespace
}  // namespace telltale
