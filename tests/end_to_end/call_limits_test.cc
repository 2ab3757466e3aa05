// What one key may call and have open, on the real server.

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/access.grpc.pb.h"
#include "telltale/v1/catalog.grpc.pb.h"

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

TEST(CallLimitsOfAKey, CallsAndStreams) {
  TemporaryFolder folder;
  std::optional<RunningServer> server(std::in_place, folder.path() / "server");
  v1::AddOrganisationRequest organisation;
  organisation.set_kind(v1::ORGANISATION_KIND_DEALER);
  organisation.set_name("test");
  v1::Organisation added;
  grpc::ClientContext organisation_context;
  const auto access = v1::AccessService::NewStub(server->channel());
  ASSERT_TRUE(access->AddOrganisation(&organisation_context, organisation, &added).ok());
  const auto add_key = [&](v1::Role role) {
    v1::AddKeyRequest request;
    request.mutable_key()->set_organisation_id(added.id());
    request.mutable_key()->set_role(role);
    request.mutable_key()->set_name("test");
    v1::AddKeyResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(access->AddKey(&context, request, &response).ok());
    return "Bearer " + response.secret();
  };
  const std::string one = add_key(v1::ROLE_MEMBER);
  const std::string other = add_key(v1::ROLE_MEMBER);
  const std::string sender = add_key(v1::ROLE_SENDER);
  server->Kill();
  server.emplace(folder.path() / "server",
                 std::vector<std::string>{"--set", "access.required=true", "--set", "server.caller_calls_per_s_max=1",
                                          "--set", "server.caller_burst=3", "--set", "server.caller_streams_max=1"});

  const auto call = [&](const std::string& key) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", key);
    v1::ListSignalsRequest request;
    request.set_page_size(1);
    v1::ListSignalsResponse response;
    return v1::CatalogService::NewStub(server->channel())->ListSignals(&context, request, &response);
  };
  int answered = 0;
  grpc::Status refused;
  for (int i = 0; i < 10; ++i) {
    const grpc::Status status = call(one);
    answered += status.ok() ? 1 : 0;
    if (!status.ok()) refused = status;
  }
  EXPECT_GE(answered, 3);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error_message(), HasSubstr("more than 1 times a second; try again in "));
  EXPECT_TRUE(call(other).ok());

  struct OpenStream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream;
  };
  const auto open = [&](OpenStream& at) {
    at.context.AddMetadata("authorization", sender);
    at.stream = v1::IngestService::NewStub(server->channel())->Stream(&at.context);
    v1::StreamRequest hello;
    hello.mutable_hello()->set_sender("test");
    v1::StreamResponse response;
    return at.stream->Write(hello) && at.stream->Read(&response);
  };
  OpenStream first;
  ASSERT_TRUE(open(first));
  OpenStream second;
  EXPECT_FALSE(open(second));
  const grpc::Status status = second.stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("1 streams open"));
  first.stream->WritesDone();
  EXPECT_TRUE(first.stream->Finish().ok());

  const auto metrics = server->Metrics();
  EXPECT_GE(metrics.at("telltale_grpc_limited_calls_total{reason=\"rate\"}"), 1);
  EXPECT_GE(metrics.at("telltale_grpc_limited_calls_total{reason=\"streams\"}"), 1);
}

}  // namespace
}  // namespace telltale
