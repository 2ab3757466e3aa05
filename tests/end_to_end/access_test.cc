// Who may see what, on the real server: every rpc of the contract with every role, on vehicles that are one's own,
// somebody else's, no longer one's own, and not there.

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/time_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "telltale/v1/access.grpc.pb.h"
#include "telltale/v1/driver.grpc.pb.h"
#include "telltale/v1/rollups.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"
#include "telltale/v1/terminals.grpc.pb.h"
#include "telltale/v1/trips.grpc.pb.h"

#include "base/file.h"
#include "base/vin.h"
#include "tests/base/tls_files.h"
#include "tests/end_to_end/running_server.h"
#include "tests/end_to_end/terminal_client.h"

namespace telltale {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kOwn = "WDB9630031L000001";
constexpr const char* kForeign = "WDB9630031L000002";
constexpr const char* kExpired = "WDB9630031L000003";
constexpr const char* kMissing = "WDB9630031L000009";
constexpr std::uint32_t kGnssSpeed = 1002;
constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

// Every rpc of the contract.
std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const auto& entry : std::filesystem::directory_iterator(TELLTALE_SOURCE_DIR "/proto/telltale/v1")) {
    const auto* const file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
        "telltale/v1/" + entry.path().filename().string());
    if (file == nullptr) continue;
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

// Puts the VIN wherever a request names a vehicle, at any depth.
void SetVin(Message& message, const std::string& vin, int depth = 0) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message.GetDescriptor()->field(i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && (field->name() == "vin" || field->name() == "vins")) {
      if (field->is_repeated()) reflection.AddString(&message, field, vin);
      if (!field->is_repeated()) reflection.SetString(&message, field, vin);
    }
    const bool may_hold_one = field->name() == "header" || field->name() == "hello" || field->name() == "terminal";
    if (may_hold_one && depth < 2) SetVin(*reflection.MutableMessage(&message, field), vin, depth + 1);
  }
}

std::unique_ptr<Message> RequestOf(const MethodDescriptor& method, const std::string& vin) {
  std::unique_ptr<Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
  SetVin(*request, vin);
  const google::protobuf::Reflection& reflection = *request->GetReflection();
  // Enough to come as far as the vehicle.
  if (const auto* number = method.input_type()->FindFieldByName("number"); number != nullptr) {
    reflection.SetString(request.get(), number, vin == kOwn ? "1001" : vin == kForeign ? "1002" : "1009");
    reflection.SetEnumValue(request.get(), method.input_type()->FindFieldByName("protocol"),
                            v1::TERMINAL_PROTOCOL_JT808);
  }
  return request;
}

struct Outcome {
  grpc::Status status;
  std::string responses;  // bytes of all of them
};

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.emplace(folder_.path() / "server");
    for (const char* const vin : {kOwn, kForeign, kExpired}) server_->Register(vin);
    maker_ = AddOrganisation(v1::ORGANISATION_KIND_MAKER);
    dealer_ = AddOrganisation(v1::ORGANISATION_KIND_DEALER);
    owner_ = AddOrganisation(v1::ORGANISATION_KIND_OWNER);
    keys_[v1::ROLE_OPERATOR] = AddKey(maker_, v1::ROLE_OPERATOR);
    keys_[v1::ROLE_GATEWAY] = AddKey(maker_, v1::ROLE_GATEWAY);
    keys_[v1::ROLE_MEMBER] = AddKey(dealer_, v1::ROLE_MEMBER);
    keys_[v1::ROLE_SENDER] = AddKey(dealer_, v1::ROLE_SENDER);
    for (const char* const vin : {kOwn, kForeign}) {
      v1::RegisterTerminalRequest request;
      request.mutable_terminal()->set_protocol(v1::TERMINAL_PROTOCOL_JT808);
      request.mutable_terminal()->set_number(vin == kOwn ? "1001" : "1002");
      request.mutable_terminal()->set_vin(vin);
      v1::Terminal response;
      grpc::ClientContext context;
      ASSERT_TRUE(
          v1::TerminalService::NewStub(server_->channel())->RegisterTerminal(&context, request, &response).ok());
    }
  }

  // From now on keys are asked for.
  void RequireKeys(std::vector<std::string> flags = {}) {
    server_->Kill();  // what was answered is there
    flags.insert(flags.end(), {"--set", "access.required=true"});
    server_.emplace(folder_.path() / "server", flags);
  }

  std::uint32_t AddOrganisation(v1::OrganisationKind kind) {
    v1::AddOrganisationRequest request;
    request.set_kind(kind);
    request.set_name("test");
    v1::Organisation response;
    grpc::ClientContext context;
    const auto status = v1::AccessService::NewStub(server_->channel())->AddOrganisation(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.id();
  }

  std::string AddKey(std::uint32_t organisation, v1::Role role, const std::vector<v1::Scope>& scopes = {}) {
    v1::AddKeyRequest request;
    request.mutable_key()->set_organisation_id(organisation);
    request.mutable_key()->set_role(role);
    request.mutable_key()->set_name("test");
    for (const v1::Scope scope : scopes) request.mutable_key()->add_scopes(scope);
    v1::AddKeyResponse response;
    grpc::ClientContext context;
    const auto status = v1::AccessService::NewStub(server_->channel())->AddKey(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.secret();
  }

  // Gives the grant's name.
  std::string AddGrant(const std::string& vin, std::uint32_t organisation, const std::vector<v1::Scope>& scopes,
                       v1::Purpose purpose = v1::PURPOSE_SOLD, std::optional<std::int64_t> from_s = std::nullopt,
                       std::optional<std::int64_t> to_s = std::nullopt) {
    v1::AddGrantsRequest request;
    v1::Grant& grant = *request.add_grants();
    grant.set_vin(vin);
    grant.set_organisation_id(organisation);
    grant.set_purpose(purpose);
    for (const v1::Scope scope : scopes) grant.add_scopes(scope);
    if (from_s) grant.mutable_start_time()->set_seconds(*from_s);
    if (to_s) grant.mutable_end_time()->set_seconds(*to_s);
    v1::AddGrantsResponse response;
    grpc::ClientContext context;
    Show(context, v1::ROLE_OPERATOR);
    const auto status = v1::AccessService::NewStub(server_->channel())->AddGrants(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return status.ok() ? response.names(0) : "";
  }

  static std::vector<v1::Scope> AllScopes() {
    std::vector<v1::Scope> scopes;
    for (int scope = v1::SCOPE_VEHICLE; scope <= v1::Scope_MAX; ++scope)
      scopes.push_back(static_cast<v1::Scope>(scope));
    return scopes;
  }

  void Show(grpc::ClientContext& context, v1::Role role) const { Show(context, keys_.at(role)); }
  static void Show(grpc::ClientContext& context, const std::string& key) {
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
  }

  // Any rpc: sends one request, and reads what comes.
  Outcome Call(const MethodDescriptor& method, const Message& request, const std::string& key) const {
    grpc::ClientContext context;
    context.set_deadline(
        std::chrono::system_clock::now() +
        std::chrono::milliseconds{method.name() == "Watch" || method.name() == "Relay" ? 300 : 10'000});
    Show(context, key);
    grpc::GenericStub stub(server_->channel());
    grpc::CompletionQueue queue;
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const auto call = stub.PrepareCall(&context, "/" + method.service()->full_name() + "/" + method.name(), &queue);
    call->StartCall(nullptr);
    Outcome outcome;
    if (wait()) {
      const grpc::Slice slice(request.SerializeAsString());
      call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
      wait();
      grpc::ByteBuffer response;
      for (call->Read(&response, nullptr); wait(); call->Read(&response, nullptr)) {
        std::vector<grpc::Slice> slices;
        static_cast<void>(response.Dump(&slices));
        for (const grpc::Slice& part : slices) {
          outcome.responses.append(reinterpret_cast<const char*>(part.begin()), part.size());
        }
      }
    }
    call->Finish(&outcome.status, nullptr);
    wait();
    queue.Shutdown();
    return outcome;
  }

  // From 2026-03-01T06:00:00Z on, twenty minutes at 60 km/h, northwards.
  void ImportDrive() {
    std::string drive = "t_s,speed_kmh,rpm,latitude,longitude\n";
    for (int second = 0; second < 1'200; ++second) {
      const bool moving = second > 60 && second < 1'100;
      drive += fmt::format("{},{},900,{:.6f},9.0\n", second, moving ? 60 : 0, 48.0 + 0.00015 * second);
    }
    const std::string file = folder_.path() / "drive.csv";
    ASSERT_TRUE(WriteWholeFile(file, drive).ok());
    const ProgramResult imported =
        RunProgram({std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server", server_->address(), "import", file,
                    "--vin", kOwn, "--start-time", "2026-03-01T06:00:00Z"});
    ASSERT_EQ(imported.exit_status, 0) << imported.output;
  }

  void SendFrame(const std::string& vin, std::int64_t time_ms, const std::string& key) const {
    v1::StreamRequest hello;
    hello.mutable_hello()->set_sender("test");
    hello.mutable_hello()->add_layout(kGnssSpeed);
    hello.mutable_hello()->add_vins(vin);
    v1::StreamRequest batch;
    *batch.mutable_batch() = MakeBatch(1, {time_ms}, {7});
    grpc::ClientContext context;
    Show(context, key);
    const auto stub = v1::IngestService::NewStub(server_->channel());
    const auto stream = stub->Stream(&context);
    stream->Write(hello);
    stream->Write(batch);
    stream->WritesDone();
    v1::StreamResponse response;
    while (stream->Read(&response)) refused_ += static_cast<int>(response.batch_ack().refusal_count());
    EXPECT_TRUE(stream->Finish().ok());
  }

  std::vector<std::int64_t> Times(const std::string& vin, const std::string& key) const {
    v1::GetHistoryRequest request;
    request.set_vin(vin);
    request.add_signal_id(kGnssSpeed);
    v1::GetHistoryResponse response;
    grpc::ClientContext context;
    Show(context, key);
    status_ = v1::TelemetryService::NewStub(server_->channel())->GetHistory(&context, request, &response);
    std::vector<std::int64_t> times;
    for (const v1::HistoryRow& row : response.rows()) {
      times.push_back(google::protobuf::util::TimeUtil::TimestampToMilliseconds(row.measure_time()));
    }
    return times;
  }

  TemporaryFolder folder_;
  std::optional<RunningServer> server_;
  std::uint32_t maker_ = 0;
  std::uint32_t dealer_ = 0;
  std::uint32_t owner_ = 0;
  std::map<v1::Role, std::string> keys_;
  mutable grpc::Status status_;
  mutable int refused_ = 0;
};

TEST_F(AccessTest, EveryRpcAsksEveryCallerWhoHeIs) {
  AddGrant(kOwn, dealer_, AllScopes());
  RequireKeys();
  const std::vector<const MethodDescriptor*> methods = AllMethods();
  ASSERT_GE(methods.size(), 42U);
  for (const MethodDescriptor* const method : methods) {
    const v1::MethodAccess& access = method->options().GetExtension(v1::access);
    const auto request = RequestOf(*method, kOwn);
    for (const std::string& key : {std::string(), std::string("ttk_aaaaaaaa_wrong")}) {
      EXPECT_EQ(Call(*method, *request, key).status.error_code(), grpc::StatusCode::UNAUTHENTICATED)
          << method->full_name();
    }
    for (const auto& [role, key] : keys_) {
      if (role == v1::ROLE_OPERATOR && method->name() != "ListSignals") continue;  // it may, and would
      const bool may = access.any_caller() || (access.has_role() && access.role() == role) ||
                       (access.has_scope() && role == v1::ROLE_MEMBER);
      const grpc::Status status = Call(*method, *request, key).status;
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << method->full_name();
      if (may && (method->name() == "ListGrants" || method->name() == "ListAccesses")) continue;  // to owners
      if (may && method->name() == "Relay") continue;  // server.relays_allowed
      EXPECT_EQ(status.error_code() == grpc::StatusCode::PERMISSION_DENIED, !may)
          << method->full_name() << " as " << v1::Role_Name(role) << ": " << status.error_message();
    }
  }
}

TEST_F(AccessTest, AForeignVehicleLooksLikeOneThatIsNotThere) {
  AddGrant(kOwn, dealer_, AllScopes());
  AddGrant(kExpired, dealer_, AllScopes(), v1::PURPOSE_SERVICED, 0, kTimeMs / 1'000);
  RequireKeys();
  const auto without = [](std::string text, const std::string& vin) {
    for (const std::string& name : {vin, LogVin(*Vin::Parse(vin)), std::string(vin == kForeign ? "1002" : "1009")}) {
      for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), "X");
    }
    return text;
  };
  int compared = 0;
  for (const MethodDescriptor* const method : AllMethods()) {
    if (!method->options().GetExtension(v1::access).has_scope()) continue;
    const Outcome missing = Call(*method, *RequestOf(*method, kMissing), keys_[v1::ROLE_MEMBER]);
    for (const std::string vin : {kForeign, kExpired}) {
      const Outcome foreign = Call(*method, *RequestOf(*method, vin), keys_[v1::ROLE_MEMBER]);
      EXPECT_EQ(foreign.status.error_code(), missing.status.error_code()) << method->full_name();
      EXPECT_EQ(without(foreign.status.error_message(), vin), without(missing.status.error_message(), kMissing))
          << method->full_name();
      EXPECT_EQ(without(foreign.status.error_details(), vin).size(),
                without(missing.status.error_details(), kMissing).size())
          << method->full_name();
      EXPECT_EQ(foreign.responses, missing.responses) << method->full_name();
    }
    if (method->name() == "ListVehicles") {
      EXPECT_THAT(missing.responses, HasSubstr(kOwn));
      EXPECT_THAT(missing.responses, Not(HasSubstr(kForeign)));
      EXPECT_THAT(missing.responses, Not(HasSubstr(kExpired)));
      continue;
    }
    if (method->name() == "EndGrant") continue;  // names a grant
    EXPECT_EQ(missing.status.error_code(), grpc::StatusCode::NOT_FOUND) << method->full_name();
    EXPECT_NE(Call(*method, *RequestOf(*method, kOwn), keys_[v1::ROLE_MEMBER]).status.error_code(),
              grpc::StatusCode::NOT_FOUND)
        << method->full_name();
    ++compared;
  }
  EXPECT_GE(compared, 19);
}

TEST_F(AccessTest, AGrantBoundsTheTimeOfWhatIsSeen) {
  for (int i = 0; i < 10; ++i) SendFrame(kOwn, kTimeMs + i * 1'000, "");
  const std::string narrow = AddKey(dealer_, v1::ROLE_MEMBER, {v1::SCOPE_FAULTS});
  AddGrant(kOwn, dealer_, {v1::SCOPE_TELEMETRY}, v1::PURPOSE_SERVICED, kTimeMs / 1'000 + 7);
  RequireKeys();
  EXPECT_THAT(Times(kOwn, keys_[v1::ROLE_OPERATOR]), ::testing::SizeIs(10));
  EXPECT_THAT(Times(kOwn, keys_[v1::ROLE_MEMBER]), ElementsAre(kTimeMs + 7'000, kTimeMs + 8'000, kTimeMs + 9'000));
  EXPECT_THAT(Times(kOwn, narrow), IsEmpty());
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::PERMISSION_DENIED) << "the key itself is for less";
}

TEST_F(AccessTest, WhatBeganBeforeTheGrantIsNotSeen) {
  ImportDrive();
  constexpr std::int64_t kDriveS = kTimeMs / 1'000 + 6 * 3'600;
  AddGrant(kOwn, dealer_, {v1::SCOPE_REPORTS, v1::SCOPE_FUEL}, v1::PURPOSE_LEASED, kDriveS + 600);
  AddGrant(kOwn, owner_, {v1::SCOPE_REPORTS}, v1::PURPOSE_OWNED, kDriveS - 6 * 3'600);
  const std::string owners_key = AddKey(owner_, v1::ROLE_MEMBER);
  RequireKeys();
  const auto stub = v1::TripService::NewStub(server_->channel());
  const auto count = [&](auto rpc, auto request, auto response, auto items, const std::string& key) {
    request.set_vin(kOwn);
    grpc::ClientContext context;
    Show(context, key);
    const grpc::Status status = (stub.get()->*rpc)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return (response.*items)();
  };
  using Stub = v1::TripService::Stub;
  for (const auto& [key, seen] :
       {std::pair{keys_[v1::ROLE_MEMBER], 0}, {owners_key, 1}, {keys_[v1::ROLE_OPERATOR], 1}}) {
    EXPECT_EQ(count(&Stub::ListTrips, v1::ListTripsRequest(), v1::ListTripsResponse(),
                    &v1::ListTripsResponse::trips_size, key),
              seen);
    EXPECT_EQ(
        count(&Stub::ListDays, v1::ListDaysRequest(), v1::ListDaysResponse(), &v1::ListDaysResponse::days_size, key),
        seen);
    v1::GetRollupsRequest request;
    request.add_vins(kOwn);
    grpc::ClientContext context;
    Show(context, key);
    const auto rollups = v1::RollupService::NewStub(server_->channel())->GetRollups(&context, request);
    v1::Rollup rollup;
    EXPECT_EQ(rollups->Read(&rollup) ? 1 : 0, seen);
    EXPECT_TRUE(rollups->Finish().ok());
  }
}

TEST_F(AccessTest, WhereAVehicleIsNeedsItsOwnScope) {
  ImportDrive();
  AddGrant(kOwn, dealer_, {v1::SCOPE_TELEMETRY, v1::SCOPE_REPORTS});
  RequireKeys();
  const auto latest = [&](const std::string& key) {
    v1::GetLatestRequest request;
    request.set_vin(kOwn);
    v1::GetLatestResponse response;
    grpc::ClientContext context;
    Show(context, key);
    EXPECT_TRUE(v1::TelemetryService::NewStub(server_->channel())->GetLatest(&context, request, &response).ok());
    return response.values_size();
  };
  const auto first_trip = [&](const std::string& key) {
    v1::ListTripsRequest request;
    request.set_vin(kOwn);
    v1::ListTripsResponse response;
    grpc::ClientContext context;
    Show(context, key);
    const auto status = v1::TripService::NewStub(server_->channel())->ListTrips(&context, request, &response);
    EXPECT_TRUE(status.ok() && response.trips_size() > 0) << status.error_message();
    return response.trips_size() > 0 ? response.trips(0) : v1::Trip();
  };
  EXPECT_TRUE(first_trip(keys_[v1::ROLE_OPERATOR]).has_start_position());
  EXPECT_FALSE(first_trip(keys_[v1::ROLE_MEMBER]).has_start_position());
  EXPECT_TRUE(first_trip(keys_[v1::ROLE_MEMBER]).has_start_time());
  EXPECT_LT(latest(keys_[v1::ROLE_MEMBER]), latest(keys_[v1::ROLE_OPERATOR]));
  v1::GetHistoryRequest request;
  request.set_vin(kOwn);
  request.add_signal_name("latitude");
  v1::GetHistoryResponse response;
  grpc::ClientContext context;
  Show(context, v1::ROLE_MEMBER);
  EXPECT_EQ(v1::TelemetryService::NewStub(server_->channel())->GetHistory(&context, request, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AccessTest, AWatchEndsWithItsGrant) {
  const std::string grant = AddGrant(kOwn, dealer_, {v1::SCOPE_TELEMETRY});
  RequireKeys();
  const auto stub = v1::TelemetryService::NewStub(server_->channel());
  v1::WatchRequest request;
  request.add_vin(kOwn);
  grpc::ClientContext context;
  Show(context, v1::ROLE_MEMBER);
  const auto watch = stub->Watch(&context, request);
  watch->WaitForInitialMetadata();
  v1::WatchResponse response;
  SendFrame(kOwn, kTimeMs, keys_[v1::ROLE_SENDER]);
  ASSERT_TRUE(watch->Read(&response));

  v1::EndGrantRequest end;
  end.set_name(grant);
  v1::EndGrantResponse ended;
  grpc::ClientContext end_context;
  Show(end_context, v1::ROLE_OPERATOR);
  ASSERT_TRUE(v1::AccessService::NewStub(server_->channel())->EndGrant(&end_context, end, &ended).ok());
  SendFrame(kOwn, kTimeMs + 1'000, keys_[v1::ROLE_OPERATOR]);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AccessTest, NobodySaysWhoDroveBeforeHisGrant) {
  AddGrant(kOwn, dealer_, {v1::SCOPE_COMMANDS}, v1::PURPOSE_LEASED, kTimeMs / 1'000);
  RequireKeys();
  const auto assign = [&](std::int64_t from_s) {
    v1::AssignDriverRequest request;
    request.set_vin(kOwn);
    request.set_driver_id("D1");
    request.mutable_from_time()->set_seconds(from_s);
    v1::AssignDriverResponse response;
    grpc::ClientContext context;
    Show(context, v1::ROLE_MEMBER);
    return v1::DriverService::NewStub(server_->channel())->AssignDriver(&context, request, &response).error_code();
  };
  EXPECT_EQ(assign(kTimeMs / 1'000), grpc::StatusCode::OK);
  EXPECT_EQ(assign(kTimeMs / 1'000 - 1), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AccessTest, OnlyOperatorsRestartTerminals) {
  AddGrant(kOwn, dealer_, {v1::SCOPE_COMMANDS});
  RequireKeys();
  const auto send = [&](v1::Role role, bool control) {
    v1::SendCommandRequest request;
    request.set_protocol(v1::TERMINAL_PROTOCOL_JT808);
    request.set_number("1001");
    if (control) request.mutable_control()->set_command(4);
    if (!control) request.mutable_query_position();
    v1::SendCommandResponse response;
    grpc::ClientContext context;
    Show(context, role);
    return v1::TerminalService::NewStub(server_->channel())->SendCommand(&context, request, &response).error_code();
  };
  EXPECT_EQ(send(v1::ROLE_MEMBER, /*control=*/false), grpc::StatusCode::UNAVAILABLE) << "it is not connected";
  EXPECT_EQ(send(v1::ROLE_MEMBER, /*control=*/true), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(send(v1::ROLE_OPERATOR, /*control=*/true), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(AccessTest, ASenderSendsForItsOwnVehiclesOnly) {
  AddGrant(kOwn, dealer_, {v1::SCOPE_VEHICLE});
  RequireKeys();
  SendFrame(kOwn, kTimeMs, keys_[v1::ROLE_SENDER]);
  EXPECT_EQ(refused_, 0);
  SendFrame(kForeign, kTimeMs, keys_[v1::ROLE_SENDER]);
  EXPECT_EQ(refused_, 1);
  EXPECT_THAT(Times(kOwn, keys_[v1::ROLE_OPERATOR]), ElementsAre(kTimeMs));
  EXPECT_THAT(Times(kForeign, keys_[v1::ROLE_OPERATOR]), IsEmpty());
}

TEST_F(AccessTest, TheOwnerSeesAndEndsWhatOthersHave) {
  const std::string sold = AddGrant(kOwn, dealer_, {v1::SCOPE_FAULTS});
  AddGrant(kOwn, owner_, AllScopes(), v1::PURPOSE_OWNED);
  const std::string owners_key = AddKey(owner_, v1::ROLE_MEMBER);
  RequireKeys();
  const auto stub = v1::AccessService::NewStub(server_->channel());
  const auto end = [&](const std::string& key) {
    v1::EndGrantRequest request;
    request.set_name(sold);
    v1::EndGrantResponse response;
    grpc::ClientContext context;
    Show(context, key);
    return stub->EndGrant(&context, request, &response).error_code();
  };
  const auto list = [&](const std::string& key) {
    v1::ListGrantsRequest request;
    request.set_vin(kOwn);
    v1::ListGrantsResponse response;
    grpc::ClientContext context;
    Show(context, key);
    status_ = stub->ListGrants(&context, request, &response);
    return response;
  };
  EXPECT_EQ(list(keys_[v1::ROLE_MEMBER]).grants_size(), 0);
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  ASSERT_EQ(list(owners_key).grants_size(), 2);
  EXPECT_EQ(list(owners_key).grants(0).name(), sold);
  EXPECT_EQ(end(keys_[v1::ROLE_MEMBER]), grpc::StatusCode::NOT_FOUND) << "it is not the dealer's to end";
  EXPECT_EQ(end(owners_key), grpc::StatusCode::OK);
  EXPECT_TRUE(list(owners_key).grants(0).has_end_time());
  v1::VerifyAuditResponse flushed;
  grpc::ClientContext flush_context;
  Show(flush_context, v1::ROLE_OPERATOR);
  ASSERT_TRUE(stub->VerifyAudit(&flush_context, {}, &flushed).ok());
  v1::ListAccessesRequest request;
  request.set_vin(kOwn);
  v1::ListAccessesResponse response;
  grpc::ClientContext context;
  Show(context, owners_key);
  ASSERT_TRUE(stub->ListAccesses(&context, request, &response).ok());
  EXPECT_TRUE(std::ranges::any_of(response.accesses(), [this](const v1::Access& access) {
    return access.rpc() == "AccessService/EndGrant" && access.organisation_id() == owner_;
  })) << "ending a grant is in the audit";
  EXPECT_EQ(list(keys_[v1::ROLE_MEMBER]).grants_size(), 0);
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::NOT_FOUND) << "now it looks as if it were not there";
}

TEST_F(AccessTest, TheAuditTellsWhoAskedForAVehicle) {
  AddGrant(kOwn, owner_, AllScopes(), v1::PURPOSE_OWNED);
  const std::string owners_key = AddKey(owner_, v1::ROLE_MEMBER);
  RequireKeys();
  Times(kOwn, owners_key);
  Times(kOwn, keys_[v1::ROLE_MEMBER]);  // without a grant
  AddGrant(kOwn, dealer_, {v1::SCOPE_FAULTS});
  const auto verify = [&] {
    v1::VerifyAuditResponse response;
    grpc::ClientContext context;
    Show(context, v1::ROLE_OPERATOR);
    const grpc::Status status = v1::AccessService::NewStub(server_->channel())->VerifyAudit(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  };
  EXPECT_EQ(verify().last_number(), 3U) << "two that asked, and the grant";
  server_->Kill();
  server_.emplace(folder_.path() / "server", std::vector<std::string>{"--set", "access.required=true"});
  const v1::VerifyAuditResponse verified = verify();
  EXPECT_EQ(verified.first_number(), 1U);
  EXPECT_GE(verified.last_number(), 3U) << "what was flushed is there; the first question itself may be lost";
  EXPECT_EQ(verified.last_sha256().size(), 32U);

  v1::ListAccessesRequest request;
  request.set_vin(kOwn);
  v1::ListAccessesResponse response;
  grpc::ClientContext context;
  Show(context, owners_key);
  const grpc::Status status =
      v1::AccessService::NewStub(server_->channel())->ListAccesses(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_GE(response.accesses_size(), 2);
  EXPECT_EQ(response.accesses(0).organisation_id(), owner_);
  EXPECT_EQ(response.accesses(0).rpc(), "TelemetryService/GetHistory");
  EXPECT_EQ(response.accesses(0).outcome(), v1::AUDIT_OUTCOME_ALLOWED);
  EXPECT_THAT(response.accesses(0).peer(), HasSubstr("127.0.0.1"));
  EXPECT_EQ(response.accesses(1).organisation_id(), dealer_);
  EXPECT_EQ(response.accesses(1).outcome(), v1::AUDIT_OUTCOME_NO_GRANT);
}

TEST_F(AccessTest, AGatewayShowsItsKey) {
  const std::string key_file = folder_.path() / "gateway.key";
  ASSERT_TRUE(WriteWholeFile(key_file, keys_[v1::ROLE_GATEWAY] + "\n").ok());
  RequireKeys({"--set", "server.relays_allowed=true"});
  const auto flags = [&](const std::string& file) {
    return std::vector<std::string>{"--role", "gateway",
                                    "--set",  "gateway.upstream=" + server_->address(),
                                    "--set",  "jt808.listen=127.0.0.1:0",
                                    "--set",  "gateway.access_key_file=" + file};
  };
  const RunningServer gateway(folder_.path() / "gateway", flags(key_file));
  TerminalClient terminal(gateway.jt808_port(), "1001");
  EXPECT_TRUE(terminal.LogIn());
}

TEST_F(AccessTest, WithoutTlsOnlyThisMachineIsListenedTo) {
  const ProgramResult result = RunProgram({std::string(TELLTALE_BINARY_DIR) + "/server/telltaled", "--check-config",
                                           "--set", "access.required=true", "--set", "server.listen=0.0.0.0:7443"});
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.output, HasSubstr("tls_certificate_file"));
}

TEST_F(AccessTest, KeysWorkOverTls) {
  const TlsFiles files(folder_.path());
  const std::string key_file = folder_.path() / "operator.key";
  ASSERT_TRUE(WriteWholeFile(key_file, keys_[v1::ROLE_OPERATOR]).ok());
  RequireKeys({"--set", "server.tls_certificate_file=" + files.server_certificate, "--set",
               "server.tls_key_file=" + files.server_key});
  const auto list = [&](std::vector<std::string> flags) {
    std::vector<std::string> command = {std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server",
                                        server_->address(), "--tls-ca", files.ca};
    command.insert(command.end(), flags.begin(), flags.end());
    command.insert(command.end(), {"vehicles", "list"});
    return RunProgram(command);
  };
  EXPECT_THAT(list({"--key-file", key_file}).output, HasSubstr(kForeign));
  const ProgramResult refused = list({});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.output, HasSubstr("--key-file"));
  EXPECT_EQ(list({"--key-file", "/none"}).exit_status, 2);
}

}  // namespace
}  // namespace telltale
