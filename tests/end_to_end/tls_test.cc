// The real server over TLS: with the command-line client, and with terminals.

#include "base/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/base/tls_files.h"
#include "tests/end_to_end/running_server.h"
#include "tests/end_to_end/terminal_client.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

constexpr const char* kVin = "WDB9630031L000001";

class TlsServerTest : public ::testing::Test {
 protected:
  std::vector<std::string> Flags(const std::string& section, bool ask_clients = false) const {
    std::vector<std::string> flags = {"--set", section + ".tls_certificate_file=" + files_.server_certificate, "--set",
                                      section + ".tls_key_file=" + files_.server_key};
    if (ask_clients) flags.insert(flags.end(), {"--set", section + ".tls_client_ca_file=" + files_.ca});
    return flags;
  }

  ProgramResult Run(const RunningServer& server, std::vector<std::string> arguments) const {
    std::vector<std::string> command = {std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server",
                                        server.address(), "--timeout", "5"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command);
  }

  TemporaryFolder folder_;
  TlsFiles files_{folder_.path()};
};

TEST_F(TlsServerTest, TheClientSpeaksTls) {
  const RunningServer server(folder_.path() / "data", Flags("server"));
  EXPECT_EQ(Run(server, {"--tls-ca", files_.ca, "vehicles", "add", kVin}).exit_status, 0);
  EXPECT_THAT(Run(server, {"--tls-ca", files_.ca, "vehicles", "list"}).output, HasSubstr(kVin));
  EXPECT_NE(Run(server, {"vehicles", "list"}).exit_status, 0) << "without TLS";
  EXPECT_NE(Run(server, {"--tls-ca", files_.other_ca, "vehicles", "list"}).exit_status, 0);
  EXPECT_EQ(Run(server, {"--tls-ca", "/none.pem", "vehicles", "list"}).exit_status, 2);
  EXPECT_EQ(Run(server, {"--tls-key", files_.client_key, "vehicles", "list"}).exit_status, 2);
}

TEST_F(TlsServerTest, WithAnAuthorityOfClientsOthersAreRefused) {
  const RunningServer server(folder_.path() / "data", Flags("server", /*ask_clients=*/true));
  EXPECT_NE(Run(server, {"--tls-ca", files_.ca, "vehicles", "list"}).exit_status, 0);
  EXPECT_EQ(Run(server, {"--tls-ca", files_.ca, "--tls-certificate", files_.client_certificate, "--tls-key",
                         files_.client_key, "vehicles", "list"})
                .exit_status,
            0);
}

TEST_F(TlsServerTest, TerminalsSpeakTlsOnTheirPort) {
  std::vector<std::string> flags = Flags("jt808");
  flags.insert(flags.end(), {"--set", "jt808.listen=127.0.0.1:0"});
  const RunningServer server(folder_.path() / "data", flags);
  server.Register(kVin);
  EXPECT_EQ(Run(server, {"terminals", "add", "13800138000", kVin}).exit_status, 0);
  TerminalClient terminal(server.jt808_port(), "13800138000", files_.ca);
  ASSERT_TRUE(terminal.LogIn());
  EXPECT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1))));
}

// On both of its sides: terminals reach the gateway over TLS, and it shows the server a certificate of its own.
TEST_F(TlsServerTest, AGatewayPassesTerminalsOnOverTls) {
  std::vector<std::string> flags = Flags("server", /*ask_clients=*/true);
  flags.insert(flags.end(), {"--set", "server.relays_allowed=true"});
  const RunningServer server(folder_.path() / "data", flags);
  const auto as_client = [&](std::vector<std::string> arguments) {
    std::vector<std::string> with_tls = {"--tls-ca",  files_.ca,        "--tls-certificate", files_.client_certificate,
                                         "--tls-key", files_.client_key};
    with_tls.insert(with_tls.end(), arguments.begin(), arguments.end());
    return Run(server, with_tls);
  };
  ASSERT_EQ(as_client({"vehicles", "add", kVin}).exit_status, 0);
  ASSERT_EQ(as_client({"terminals", "add", "13800138000", kVin}).exit_status, 0);

  flags = Flags("jt808");
  flags.insert(flags.end(), {"--role", "gateway", "--set", "jt808.listen=127.0.0.1:0", "--set",
                             "gateway.upstream=" + server.address(), "--set", "gateway.tls_ca_file=" + files_.ca,
                             "--set", "gateway.tls_certificate_file=" + files_.client_certificate, "--set",
                             "gateway.tls_key_file=" + files_.client_key});
  const RunningServer gateway(folder_.path() / "gateway", flags);
  TerminalClient terminal(gateway.jt808_port(), "13800138000", files_.ca);
  ASSERT_TRUE(terminal.LogIn());
  EXPECT_TRUE(terminal.IsDone(terminal.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1))));
  EXPECT_THAT(as_client({"latest", kVin}).output, HasSubstr("gnss_speed"));
}

TEST_F(TlsServerTest, WrongFilesAreNamedAtTheStart) {
  const ProgramResult result = RunProgram({TELLTALE_BINARY_DIR "/server/telltaled", "--set",
                                           "store.data_dir=" + (folder_.path() / "data").string(), "--set",
                                           "server.listen=127.0.0.1:0", "--set", "server.metrics_listen=127.0.0.1:0",
                                           "--set", "server.tls_certificate_file=" + files_.server_certificate, "--set",
                                           "server.tls_key_file=" + files_.client_key});
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.output, HasSubstr(files_.client_key));
}

}  // namespace
}  // namespace telltale
