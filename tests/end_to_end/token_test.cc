// Tokens of an OpenID Connect issuer instead of keys, on the real server, with keys from a real HTTP server.

#include <chrono>
#include <optional>
#include <thread>

#include <boost/asio.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/access.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "tests/access/token_issuer.h"
#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Tcp = boost::asio::ip::tcp;

constexpr const char* kOwn = "WDB9630031L000001";
constexpr const char* kForeign = "WDB9630031L000002";

// Serves one text to whoever asks.
class HttpServer {
 public:
  explicit HttpServer(std::string body) : body_(std::move(body)) {}
  ~HttpServer() {
    boost::asio::post(context_, [this] { context_.stop(); });
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/keys"; }

 private:
  void Accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, Tcp::socket socket) {
      if (error) return;
      std::string request;
      boost::system::error_code ignored;
      boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n", ignored);
      const std::string answer =
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body_.size()) + "\r\n\r\n" +
          body_;
      boost::asio::write(socket, boost::asio::buffer(answer), ignored);
      Accept();
    });
  }

  const std::string body_;
  boost::asio::io_context context_;
  Tcp::acceptor acceptor_{context_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::thread thread_{[this] {
    Accept();
    context_.run();
  }};
};

json ClaimsOf(std::uint32_t organisation, const json& more = json::object()) {
  const std::int64_t now_s = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  json claims = {{"iss", "https://id.example"},
                 {"aud", "telltale"},
                 {"sub", "anna"},
                 {"exp", now_s + 600},
                 {"telltale_organisation", organisation}};
  claims.update(more);
  return claims;
}

TEST(Tokens, HoldAsKeysDo) {
  const TokenIssuer issuer(TokenIssuer::Kind::kRs256, "1");
  const HttpServer key_server(TokenIssuer::KeySet({&issuer}));
  TemporaryFolder folder;
  std::optional<RunningServer> server(std::in_place, folder.path() / "server");
  const auto add_organisation = [&](v1::OrganisationKind kind) {
    v1::AddOrganisationRequest request;
    request.set_kind(kind);
    request.set_name("test");
    v1::Organisation response;
    grpc::ClientContext context;
    EXPECT_TRUE(v1::AccessService::NewStub(server->channel())->AddOrganisation(&context, request, &response).ok());
    return response.id();
  };
  const std::uint32_t maker = add_organisation(v1::ORGANISATION_KIND_MAKER);
  const std::uint32_t dealer = add_organisation(v1::ORGANISATION_KIND_DEALER);
  server->Register(kOwn);
  server->Register(kForeign);
  v1::AddGrantsRequest grants;
  grants.add_grants()->set_organisation_id(dealer);
  grants.mutable_grants(0)->set_vin(kOwn);
  grants.mutable_grants(0)->set_purpose(v1::PURPOSE_SOLD);
  grants.mutable_grants(0)->add_scopes(v1::SCOPE_TELEMETRY);
  v1::AddGrantsResponse added;
  grpc::ClientContext grant_context;
  ASSERT_TRUE(v1::AccessService::NewStub(server->channel())->AddGrants(&grant_context, grants, &added).ok());
  server->Kill();
  server.emplace(folder.path() / "server", std::vector<std::string>{"--set", "access.required=true", "--set",
                                                                    "access.token_issuer=https://id.example", "--set",
                                                                    "access.token_audience=telltale", "--set",
                                                                    "access.token_keys=" + key_server.url()});

  const auto get = [&](const json& claims, const char* vin) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + issuer.Sign(claims));
    v1::GetVehicleRequest request;
    request.set_vin(vin);
    v1::Vehicle response;
    return v1::VehicleService::NewStub(server->channel())->GetVehicle(&context, request, &response);
  };
  EXPECT_TRUE(get(ClaimsOf(dealer), kOwn).ok()) << get(ClaimsOf(dealer), kOwn).error_message();
  EXPECT_EQ(get(ClaimsOf(dealer), kForeign).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(get(ClaimsOf(maker, {{"telltale_role", "operator"}}), kForeign).ok());
  // The issuer may say much, but not that a dealer is the maker.
  const grpc::Status refused = get(ClaimsOf(dealer, {{"telltale_role", "operator"}}), kOwn);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(refused.error_message(), HasSubstr("no such role"));
  EXPECT_EQ(get(ClaimsOf(99), kOwn).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(get(ClaimsOf(dealer, {{"aud", "other"}}), kOwn).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(get(ClaimsOf(dealer, {{"exp", 1}}), kOwn).error_code(), grpc::StatusCode::UNAUTHENTICATED);

  // The audit names him.
  v1::ListAccessesRequest request;
  request.set_vin(kOwn);
  v1::ListAccessesResponse accesses;
  for (int i = 0; i < 50 && accesses.accesses().empty(); ++i) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + issuer.Sign(ClaimsOf(maker, {{"telltale_role", "operator"}})));
    ASSERT_TRUE(v1::AccessService::NewStub(server->channel())->ListAccesses(&context, request, &accesses).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  ASSERT_FALSE(accesses.accesses().empty());
  EXPECT_EQ(accesses.accesses(0).key_id(), "token:anna");
  EXPECT_EQ(accesses.accesses(0).organisation_id(), dealer);
}

}  // namespace
}  // namespace telltale
