// The files of a TLS port are looked at before it listens, and a wrong one is named.

#include "base/tls.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/base/tls_files.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using testing::HasSubstr;

class TlsTest : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const TlsFiles files_{folder_.path()};
};

TEST_F(TlsTest, FilesThatBelongTogetherAreTaken) {
  TlsOptions options;
  EXPECT_TRUE(Validate(options, "server").ok());
  EXPECT_FALSE(options.enabled());
  options = {.certificate_file = files_.server_certificate, .key_file = files_.server_key, .client_ca_file = {}};
  EXPECT_TRUE(Validate(options, "server").ok());
  options.client_ca_file = files_.ca;
  EXPECT_TRUE(Validate(options, "server").ok());
}

TEST_F(TlsTest, AWrongFileIsNamed) {
  const auto what = [](const TlsOptions& options) {
    const Status status = Validate(options, "server");
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    return MessageOf(status);
  };
  EXPECT_THAT(what({.certificate_file = files_.server_certificate, .key_file = {}, .client_ca_file = {}}),
              HasSubstr("server.tls_key_file is needed"));
  EXPECT_THAT(what({.certificate_file = {}, .key_file = files_.server_key, .client_ca_file = {}}),
              HasSubstr("server.tls_certificate_file is needed"));
  EXPECT_THAT(what({.certificate_file = "/none.pem", .key_file = files_.server_key, .client_ca_file = {}}),
              HasSubstr("/none.pem"));
  EXPECT_THAT(
      what({.certificate_file = files_.server_certificate, .key_file = files_.client_key, .client_ca_file = {}}),
      HasSubstr(files_.client_key));
  const std::string garbage = folder_.path() / "garbage.pem";
  std::ofstream(garbage) << "secret";
  const std::string message =
      what({.certificate_file = files_.server_certificate, .key_file = files_.server_key, .client_ca_file = garbage});
  EXPECT_THAT(message, HasSubstr(garbage));
  EXPECT_THAT(message, testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace telltale
