#include "cli/errors.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "canned_server.h"

namespace telltale::cli {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::StartsWith;

const CallDescription kCall = {.server = "127.0.0.1:7443", .vin = kVin, .timeout_seconds = 30, .server_answered = true};

TEST(ErrorText, SaysHowToStartAServerThatDoesNotAnswer) {
  const grpc::Status status(StatusCode::UNAVAILABLE,
                            "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:7443: Failed to "
                            "connect to remote host: Connection refused");
  EXPECT_EQ(ErrorText(status, kCall),
            "the server at 127.0.0.1:7443 cannot be reached: Connection refused\n"
            "  is telltaled running there? start it with: ./dev run, or name another server with --server HOST:PORT");
  EXPECT_EQ(ExitCodeOf(status, kCall), ExitCode::kUnreachable);
}

TEST(ErrorText, TellsAServerThatCannotNowFromOneThatIsNotThere) {
  v1::ErrorDetail detail;
  detail.set_reason("STORE_UNAVAILABLE");
  detail.mutable_retry_delay()->set_seconds(5);
  const grpc::Status status = StatusWithDetail(StatusCode::UNAVAILABLE, "the disk is full", detail);
  EXPECT_EQ(ErrorText(status, kCall), "the server cannot do this now: the disk is full\n  try again in 5 s");
  EXPECT_EQ(ExitCodeOf(status, kCall), ExitCode::kFailed);
}

TEST(ErrorText, SaysHowToRegisterAnUnknownVehicle) {
  const grpc::Status status(StatusCode::NOT_FOUND, "no vehicle WDB96340310123456 is registered");
  EXPECT_EQ(ErrorText(status, kCall),
            "no vehicle WDB96340310123456 is registered\n"
            "  if the VIN is right, register the vehicle: telltale vehicles add WDB96340310123456\n"
            "  where keys are needed, your organisation may have no grant for it");
  EXPECT_EQ(ExitCodeOf(status, kCall), ExitCode::kFailed);
}

TEST(ErrorText, ListsTheFieldsThatAreWrong) {
  v1::ErrorDetail detail;
  v1::FieldViolation& first = *detail.add_field_violations();
  first.set_field("range.from");
  first.set_description("is after range.to");
  v1::FieldViolation& second = *detail.add_field_violations();
  second.set_field("signal_name[1]");
  second.set_description("'engine_sped' is not in the catalogue");
  EXPECT_EQ(ErrorText(StatusWithDetail(StatusCode::INVALID_ARGUMENT, "2 fields are wrong", detail), kCall),
            "the server did not understand the request: 2 fields are wrong\n"
            "  range.from: is after range.to\n"
            "  signal_name[1]: 'engine_sped' is not in the catalogue");
}

TEST(ErrorText, TellsASlowServerFromOneBehindAFirewall) {
  const grpc::Status status(StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded");
  EXPECT_EQ(ErrorText(status, kCall),
            "127.0.0.1:7443 did not answer within 30 s\n  ask for less, or allow more time with --timeout SECONDS");
  EXPECT_EQ(ExitCodeOf(status, kCall), ExitCode::kFailed);

  CallDescription unanswered = kCall;
  unanswered.server_answered = false;
  EXPECT_THAT(ErrorText(status, unanswered), StartsWith("the server at 127.0.0.1:7443 cannot be reached"));
  EXPECT_EQ(ExitCodeOf(status, unanswered), ExitCode::kUnreachable);
}

TEST(ErrorText, HasWordsForEveryCode) {
  const std::vector<std::pair<StatusCode, std::string>> expected = {
      {StatusCode::CANCELLED, "the call was cancelled: why"},
      {StatusCode::UNKNOWN, "the server failed: why\n  the server's log says more"},
      {StatusCode::INVALID_ARGUMENT, "the server did not understand the request: why"},
      {StatusCode::ALREADY_EXISTS, "the server refused this: why"},
      {StatusCode::PERMISSION_DENIED,
       "not allowed: why\n  ask the operator, or the vehicle's owner, for the right to this"},
      {StatusCode::UNAUTHENTICATED, "the server does not know who you are: why\n  show your key with --key-file FILE"},
      {StatusCode::RESOURCE_EXHAUSTED, "a limit is reached: why\n  try again later"},
      {StatusCode::FAILED_PRECONDITION, "the server refused this: why"},
      {StatusCode::ABORTED, "the server refused this: why\n  try again later"},
      {StatusCode::OUT_OF_RANGE, "the server refused this: why"},
      {StatusCode::UNIMPLEMENTED,
       "the server does not have this command: why\n  it may be older than this client, or not be telltaled"},
      {StatusCode::INTERNAL, "the server failed: why\n  the server's log says more"},
      {StatusCode::DATA_LOSS,
       "stored data is damaged: why\n  tell the server's operator; other vehicles and times can still be read"}};
  for (const auto& [code, text] : expected) {
    const grpc::Status status(code, "why");
    EXPECT_EQ(ErrorText(status, kCall), text);
    EXPECT_EQ(ExitCodeOf(status, kCall), ExitCode::kFailed);
  }
  EXPECT_EQ(ExitCodeOf(grpc::Status::OK, kCall), ExitCode::kOk);
}

TEST(ErrorText, TakesControlCharactersOutOfTheServersWords) {
  EXPECT_EQ(ErrorText(grpc::Status(StatusCode::OUT_OF_RANGE, "\x1b[2J"), kCall), "the server refused this: ?[2J");
}

TEST(ErrorDetailOf, IsAbsentWithoutATrailerOrWithAnother) {
  EXPECT_FALSE(ErrorDetailOf(grpc::Status(StatusCode::INTERNAL, "why")).has_value());
  EXPECT_FALSE(ErrorDetailOf(grpc::Status(StatusCode::INTERNAL, "why", "\xFF\xFF not a message")).has_value());
  v1::StatusEnvelope envelope;
  envelope.add_details()->PackFrom(v1::FieldViolation());  // not an ErrorDetail
  EXPECT_FALSE(ErrorDetailOf(grpc::Status(StatusCode::INTERNAL, "why", envelope.SerializeAsString())).has_value());
}

TEST(Unreachable, EndsWithThree) {
  // Nobody listens where a server has just ended.
  const std::string address = CannedServer({}).address();
  const RunResult result = RunCli(address, {"signals"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, StartsWith("telltale: the server at " + address + " cannot be reached: "));
  EXPECT_THAT(result.err, HasSubstr("./dev run"));
}

// A port that takes connections and then says nothing.
class SilentListener {
 public:
  SilentListener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    CHECK(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    CHECK(listen(socket_, 8) == 0);
    CHECK(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentListener() { close(socket_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  const std::string& address() const { return address_; }

 private:
  int socket_;
  std::string address_;
};

TEST(Unreachable, IsWhatNeverAnswersWithinTheTimeout) {
  const SilentListener listener;
  const RunResult result = RunCli(listener.address(), {"signals", "--timeout", "0.2"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, HasSubstr("cannot be reached"));
}

}  // namespace
}  // namespace telltale::cli
