// Wrong input against the running server: each gets a clear error, is counted, and takes nothing else with it.

#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/catalog.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

constexpr const char* kVin = "WDB9630031L000001";
constexpr const char* kUnknownVin = "WDB9630031L999999";
constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

class BadInput : public ::testing::Test {
 protected:
  BadInput() { server_.Register(kVin); }

  // Ids of catalogue signals by their names.
  std::uint32_t Id(const std::string& name) {
    grpc::ClientContext context;
    v1::ListSignalsRequest request;
    request.mutable_filter()->add_signal_name(name);
    v1::ListSignalsResponse response;
    EXPECT_TRUE(v1::CatalogService::NewStub(server_.channel())->ListSignals(&context, request, &response).ok());
    EXPECT_EQ(response.signals_size(), 1) << name;
    return response.signals(0).id();
  }

  std::vector<std::int64_t> StoredTimes(std::uint32_t signal) {
    grpc::ClientContext context;
    v1::GetHistoryRequest request;
    request.set_vin(kVin);
    request.add_signal_id(signal);
    v1::GetHistoryResponse response;
    const grpc::Status status =
        v1::TelemetryService::NewStub(server_.channel())->GetHistory(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::int64_t> times;
    for (const v1::HistoryRow& row : response.rows()) {
      times.push_back(row.measure_time().seconds() * 1000 + row.measure_time().nanos() / 1'000'000);
    }
    return times;
  }

  double Refused(const std::string& reason) {
    return server_.Metrics()["telltale_ingest_refused_total{reason=\"" + reason + "\"}"];
  }

  v1::ImportProgress Import(const std::string& content, grpc::Status* status, bool with_start = false,
                            const std::string& vin = kVin) {
    grpc::ClientContext context;
    const auto stub = v1::IngestService::NewStub(server_.channel());
    auto call = stub->Import(&context);
    v1::ImportRequest request;
    request.mutable_header()->set_vin(vin);
    if (with_start) request.mutable_header()->mutable_start_time()->set_seconds(kTimeMs / 1000);
    call->Write(request);
    request.set_chunk(content);
    call->Write(request);
    call->WritesDone();
    v1::ImportProgress all;
    for (v1::ImportResponse response; call->Read(&response);) {
      v1::ImportProgress merged = response.progress();
      merged.mutable_refusals()->MergeFrom(all.refusals());
      all = merged;
    }
    *status = call->Finish();
    return all;
  }

  TemporaryFolder folder_;
  RunningServer server_{folder_.path()};
};

TEST_F(BadInput, AnUnknownVinRefusesItsFramesAndTakesTheOthers) {
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  IngestStream stream(server_.channel());
  stream.Hello({speed}, {kUnknownVin, kVin});
  const v1::HelloAck hello = stream.ReadHello();
  ASSERT_EQ(hello.unknown_vehicle_index_size(), 1);
  EXPECT_EQ(hello.unknown_vehicle_index(0), 0U);

  v1::FrameBatch batch = MakeBatch(1, {kTimeMs, kTimeMs + 1000}, {256});
  batch.mutable_frames(1)->set_vehicle_index(1);
  stream.Send(batch);
  const v1::BatchAck ack = stream.ReadAck();
  EXPECT_EQ(ack.accepted_frame_count(), 1U);
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_EQ(ack.refusals(0).frame_index(), 0U);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_UNKNOWN_VEHICLE);
  EXPECT_THAT(ack.refusals(0).message(), HasSubstr("register it"));
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_THAT(StoredTimes(speed), ::testing::ElementsAre(kTimeMs + 1000));
  EXPECT_EQ(Refused("unknown_vehicle"), 1);
}

TEST_F(BadInput, AVehicleRegisteredWhileTheStreamIsOpenIsTakenFromThenOn) {
  IngestStream stream(server_.channel());
  stream.Hello({Id("wheel_based_vehicle_speed")}, {kUnknownVin});
  stream.ReadHello();
  stream.Send(MakeBatch(1, {kTimeMs}, {256}));
  EXPECT_EQ(stream.ReadAck().accepted_frame_count(), 0U);
  server_.Register(kUnknownVin);
  stream.Send(MakeBatch(2, {kTimeMs}, {256}));
  EXPECT_EQ(stream.ReadAck().accepted_frame_count(), 1U);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(BadInput, QueriesOfAnUnknownVinSayHowToGoOn) {
  grpc::ClientContext context;
  v1::GetLatestRequest request;
  request.set_vin(kUnknownVin);
  v1::GetLatestResponse response;
  const grpc::Status status = v1::TelemetryService::NewStub(server_.channel())->GetLatest(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  const v1::ErrorDetail detail = DetailOf(status);
  EXPECT_EQ(detail.reason(), "UNKNOWN_VEHICLE");
  ASSERT_EQ(detail.field_violations_size(), 1);
  EXPECT_EQ(detail.field_violations(0).field(), "vin");
  // The request is counted once its answer has been sent, which may be after we have read it.
  EXPECT_TRUE(Within(std::chrono::seconds{10}, [&] {
    return server_.Metrics()
               ["telltale_grpc_requests_total{code=\"NOT_FOUND\",method=\"GetLatest\","
                "service=\"telltale.v1.TelemetryService\"}"] == 1;
  }));
}

TEST_F(BadInput, ARegistrationOfManySaysWhichVehicleIsWrongAndTakesNone) {
  const auto stub = v1::VehicleService::NewStub(server_.channel());
  v1::RegisterVehiclesRequest request;
  request.add_vehicles()->set_vin(kUnknownVin);
  request.add_vehicles()->set_vin("OIQ");
  v1::RegisterVehiclesResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->RegisterVehicles(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const v1::ErrorDetail detail = DetailOf(status);
  EXPECT_EQ(detail.reason(), "INVALID_VIN");
  ASSERT_EQ(detail.field_violations_size(), 1);
  EXPECT_EQ(detail.field_violations(0).field(), "vehicles[1].vin");

  v1::GetVehicleRequest get;
  get.set_vin(kUnknownVin);
  v1::Vehicle vehicle;
  grpc::ClientContext get_context;
  EXPECT_EQ(stub->GetVehicle(&get_context, get, &vehicle).error_code(), grpc::StatusCode::NOT_FOUND);

  grpc::ClientContext empty_context;
  request.clear_vehicles();
  EXPECT_EQ(stub->RegisterVehicles(&empty_context, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(BadInput, ARowOfTheWrongWidthIsRefusedAlone) {
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  IngestStream stream(server_.channel());
  stream.Hello({speed, Id("engine_speed")}, {kVin});
  stream.ReadHello();
  v1::FrameBatch batch = MakeBatch(1, {kTimeMs, kTimeMs + 1000, kTimeMs + 2000}, {256, 8000});
  batch.mutable_frames(1)->add_row(1);
  stream.Send(batch);
  const v1::BatchAck ack = stream.ReadAck();
  EXPECT_EQ(ack.accepted_frame_count(), 2U);
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_EQ(ack.refusals(0).frame_index(), 1U);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_ROW_WIDTH);
  EXPECT_THAT(ack.refusals(0).message(), HasSubstr("3 values"));
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_THAT(StoredTimes(speed), ::testing::ElementsAre(kTimeMs, kTimeMs + 2000));
  EXPECT_EQ(Refused("row_width"), 1);
}

TEST_F(BadInput, TimesIn1970And2099AreRefusedAlone) {
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  IngestStream stream(server_.channel());
  stream.Hello({speed}, {kVin});
  stream.ReadHello();
  stream.Send(MakeBatch(1, {1'000, kTimeMs, 4'070'908'800'000}, {256}));  // the last is 2099-01-01
  const v1::BatchAck ack = stream.ReadAck();
  EXPECT_EQ(ack.accepted_frame_count(), 1U);
  ASSERT_EQ(ack.refusals_size(), 2);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_TIME_TOO_EARLY);
  EXPECT_THAT(ack.refusals(0).message(), HasSubstr("clock"));
  EXPECT_EQ(ack.refusals(1).reason(), v1::REFUSAL_REASON_TIME_IN_FUTURE);
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_THAT(StoredTimes(speed), ::testing::ElementsAre(kTimeMs));
  EXPECT_EQ(Refused("time_too_early"), 1);
  EXPECT_EQ(Refused("time_in_future"), 1);
}

TEST_F(BadInput, NaNAndUnknownSignalsAreRefusedAsSamplesAndTheFrameIsTaken) {
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  const std::uint32_t rpm = Id("engine_speed");
  IngestStream stream(server_.channel());
  stream.Hello({}, {kVin});
  stream.ReadHello();
  v1::FrameBatch batch;
  batch.set_sequence(1);
  v1::Frame& frame = *batch.add_frames();
  frame.set_measure_time_ms(kTimeMs);
  const auto add = [&frame](std::uint32_t id, double physical) {
    v1::Sample& sample = *frame.add_samples();
    sample.set_signal_id(id);
    sample.set_physical(physical);
  };
  add(speed, std::numeric_limits<double>::quiet_NaN());
  add(65'000, 1.0);
  add(rpm, 900.0);
  add(rpm, 901.0);
  frame.add_samples()->set_signal_id(Id("engine_fuel_rate"));  // without a value
  stream.Send(batch);
  const v1::BatchAck ack = stream.ReadAck();
  EXPECT_EQ(ack.accepted_frame_count(), 1U);
  ASSERT_EQ(ack.refusals_size(), 4);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_NOT_A_NUMBER);
  EXPECT_EQ(ack.refusals(0).signal_id(), speed);
  EXPECT_EQ(ack.refusals(1).reason(), v1::REFUSAL_REASON_UNKNOWN_SIGNAL);
  EXPECT_EQ(ack.refusals(2).reason(), v1::REFUSAL_REASON_REPEATED_SIGNAL);
  EXPECT_EQ(ack.refusals(3).reason(), v1::REFUSAL_REASON_NO_VALUE);
  EXPECT_TRUE(stream.Finish().ok());

  grpc::ClientContext context;
  v1::GetLatestRequest request;
  request.set_vin(kVin);
  v1::GetLatestResponse response;
  ASSERT_TRUE(v1::TelemetryService::NewStub(server_.channel())->GetLatest(&context, request, &response).ok());
  ASSERT_EQ(response.values_size(), 2);
  for (const v1::Value& value : response.values()) {
    if (value.signal_id() == speed) {
      EXPECT_EQ(value.state(), v1::VALUE_STATE_ERROR);
    } else {
      EXPECT_EQ(value.signal_id(), rpm);
      EXPECT_EQ(value.physical(), 900.0);
    }
  }
  EXPECT_EQ(Refused("not_a_number"), 1);
}

TEST_F(BadInput, AValueOutOfRangeBecomesAnErrorAndTheFrameIsTaken) {
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  IngestStream stream(server_.channel());
  stream.Hello({speed, Id("engine_speed")}, {kVin});
  stream.ReadHello();
  // SPN 84 goes to 250.996 km/h = 64255 / 256; 70000 is beyond. The two states are not out of range.
  stream.Send(MakeBatch(1, {kTimeMs}, {70'000, 8000}));
  const v1::BatchAck ack = stream.ReadAck();
  EXPECT_EQ(ack.accepted_frame_count(), 1U);
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_OUT_OF_RANGE);
  EXPECT_EQ(ack.refusals(0).signal_id(), speed);
  EXPECT_THAT(ack.refusals(0).message(), HasSubstr("km/h"));
  constexpr std::int32_t kNotAvailableOnWire = std::numeric_limits<std::int32_t>::min();
  stream.Send(MakeBatch(2, {kTimeMs + 1000}, {kNotAvailableOnWire, kNotAvailableOnWire + 1}));
  EXPECT_EQ(stream.ReadAck().refusal_count(), 0U);
  stream.Send(MakeBatch(3, {kTimeMs + 2000}, {kNotAvailableOnWire + 2, 8000}));  // no state, no value
  EXPECT_EQ(stream.ReadAck().refusal_count(), 1U);
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(Refused("out_of_range"), 2);
}

TEST_F(BadInput, AMessageOf100MegabytesEndsOnlyItsOwnStream) {
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  IngestStream other(server_.channel());
  other.Hello({speed}, {kVin});
  other.ReadHello();

  IngestStream stream(server_.channel());
  stream.Hello({speed}, {kVin});
  stream.ReadHello();
  v1::FrameBatch huge = MakeBatch(1, {kTimeMs}, {256});
  huge.mutable_frames(0)->mutable_row()->Resize(25'000'000, 1);  // 4 bytes each
  stream.Send(huge);
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();

  other.Send(MakeBatch(1, {kTimeMs + 1000}, {256}));
  EXPECT_EQ(other.ReadAck().accepted_frame_count(), 1U);
  EXPECT_TRUE(other.Finish().ok());
  EXPECT_THAT(StoredTimes(speed), ::testing::ElementsAre(kTimeMs + 1000));
  // Counted once gRPC has let go of the call, which may be after the caller heard of it.
  EXPECT_TRUE(Within(std::chrono::seconds{10},
                     [this] { return server_.Metrics().at("telltale_ingest_broken_streams_total") == 1; }));
}

TEST_F(BadInput, ASecondHelloEndsTheStreamAfterItsBatchesWereAnswered) {
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  IngestStream stream(server_.channel());
  stream.Hello({speed}, {kVin});
  stream.ReadHello();
  stream.Send(MakeBatch(1, {kTimeMs}, {256}));
  stream.Hello({speed}, {kVin});
  EXPECT_EQ(stream.ReadAck().accepted_frame_count(), 1U);
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("second hello"));
  EXPECT_EQ(DetailOf(status).field_violations(0).field(), "hello");
  EXPECT_THAT(StoredTimes(speed), ::testing::ElementsAre(kTimeMs));
}

TEST_F(BadInput, ABatchBeforeTheHelloEndsTheStream) {
  IngestStream stream(server_.channel());
  stream.Send(MakeBatch(1, {kTimeMs}, {256}));
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("first message of a stream is a hello"));
}

TEST_F(BadInput, ALayoutWithAnUnknownSignalOrOneTwiceEndsTheStream) {
  IngestStream unknown(server_.channel());
  unknown.Hello({65'000}, {kVin});
  EXPECT_EQ(DetailOf(unknown.Finish()).reason(), "INVALID_LAYOUT");
  const std::uint32_t speed = Id("wheel_based_vehicle_speed");
  IngestStream twice(server_.channel());
  twice.Hello({speed, speed}, {kVin});
  const grpc::Status status = twice.Finish();
  EXPECT_EQ(DetailOf(status).reason(), "INVALID_LAYOUT");
  EXPECT_THAT(status.error_message(), HasSubstr("twice"));
}

TEST_F(BadInput, ASequenceThatDoesNotGrowEndsTheStream) {
  IngestStream stream(server_.channel());
  stream.Hello({Id("wheel_based_vehicle_speed")}, {kVin});
  stream.ReadHello();
  stream.Send(MakeBatch(5, {kTimeMs}, {256}));
  stream.ReadAck();
  stream.Send(MakeBatch(5, {kTimeMs + 1000}, {256}));
  EXPECT_EQ(DetailOf(stream.Finish()).reason(), "SEQUENCE_NOT_GROWING");
}

TEST_F(BadInput, AnEmptyBatchAndAnEmptyFrameAreAnsweredAndTheStreamGoesOn) {
  IngestStream stream(server_.channel());
  stream.Hello({Id("wheel_based_vehicle_speed")}, {kVin});
  stream.ReadHello();
  stream.Send(MakeBatch(1, {}, {}));
  v1::BatchAck ack = stream.ReadAck();
  EXPECT_EQ(ack.sequence(), 1U);
  EXPECT_EQ(ack.accepted_frame_count(), 0U);
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_THAT(ack.refusals(0).message(), HasSubstr("neither frames nor faults"));
  stream.Send(MakeBatch(2, {kTimeMs}, {}));
  ack = stream.ReadAck();
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_EMPTY_FRAME);
  stream.Send(MakeBatch(3, {kTimeMs}, {256}));
  EXPECT_EQ(stream.ReadAck().accepted_frame_count(), 1U);
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(Refused("empty_frame"), 2);
}

TEST_F(BadInput, AFrameOfAVehicleThatTheStreamDidNotNameIsRefused) {
  IngestStream stream(server_.channel());
  stream.Hello({Id("wheel_based_vehicle_speed")}, {kVin});
  stream.ReadHello();
  v1::FrameBatch batch = MakeBatch(1, {kTimeMs}, {256});
  batch.mutable_frames(0)->set_vehicle_index(7);
  stream.Send(batch);
  EXPECT_EQ(stream.ReadAck().refusals(0).reason(), v1::REFUSAL_REASON_BAD_VEHICLE_INDEX);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(BadInput, AFaultOutsideTheStandardIsRefusedAlone) {
  IngestStream stream(server_.channel());
  stream.Hello({}, {kVin});
  stream.ReadHello();
  v1::FrameBatch batch;
  batch.set_sequence(1);
  for (const std::uint32_t spn : {600'000U, 110U}) {
    v1::FaultReport& report = *batch.add_faults();
    report.set_measure_time_ms(kTimeMs);
    report.add_dtcs()->set_spn(spn);
  }
  stream.Send(batch);
  const v1::BatchAck ack = stream.ReadAck();
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_BAD_FAULT);
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(server_.Metrics()["telltale_ingest_fault_reports_total"], 1);
}

TEST_F(BadInput, ATruncatedCandumpLineIsRefusedAndItsNeighboursAreTaken) {
  grpc::Status status;
  const v1::ImportProgress progress = Import(
      "(1622547830.084000) can1 0CF00400#F0FF7D201CFFFFFF\n"
      "(1622547830.0946\n"
      "(1622547830.104000) can1 0CF00400#F0FF7D201CFFFFFF\n",
      &status);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(progress.done());
  EXPECT_EQ(progress.frame_count(), 2U);
  EXPECT_EQ(progress.refusal_count(), 1U);
  ASSERT_EQ(progress.refusals_size(), 1);
  EXPECT_EQ(progress.refusals(0).line(), 2U);
  EXPECT_EQ(progress.refusals(0).reason(), v1::REFUSAL_REASON_MALFORMED_LINE);
  EXPECT_EQ(Refused("malformed_line"), 1);
  EXPECT_EQ(StoredTimes(Id("engine_speed")).size(), 2U);
}

TEST_F(BadInput, ImportsOfUnreadableFilesSayWhatWouldBeRead) {
  grpc::Status status;
  Import("hello,world\n1,2\n", &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
  Import("t_s,speed_kmh\n0,10\n", &status);  // seconds from a start that nobody gave
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("start"));
  Import("t_s,speed_kmh\n0,10\n", &status, true, kUnknownVin);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  const v1::ImportProgress progress = Import("t_s,speed_kmh\n0,10\n1,oops\n2,12\n3,9999\n", &status, true);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(progress.frame_count(), 4U);
  EXPECT_EQ(progress.refusal_count(), 2U);
}

TEST_F(BadInput, RequestsThatMakeNoSenseNameTheField) {
  const auto stub = v1::TelemetryService::NewStub(server_.channel());
  const auto history = [&](auto change) {
    grpc::ClientContext context;
    v1::GetHistoryRequest request;
    request.set_vin(kVin);
    request.add_signal_name("engine_speed");
    change(request);
    v1::GetHistoryResponse response;
    const grpc::Status status = stub->GetHistory(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    return DetailOf(status).field_violations(0).field();
  };
  EXPECT_EQ(history([](auto& r) { r.set_vin("SHORT"); }), "vin");
  EXPECT_EQ(history([](auto& r) { r.add_signal_name("no_such_signal"); }), "signal_name");
  EXPECT_EQ(history([](auto& r) { r.clear_signal_name(); }), "signal_id");
  EXPECT_EQ(history([](auto& r) { r.set_page_size(-1); }), "page_size");
  EXPECT_EQ(history([](auto& r) { r.set_page_token("made up"); }), "page_token");
  EXPECT_EQ(history([](auto& r) {
              r.mutable_range()->mutable_from()->set_seconds(100);
              r.mutable_range()->mutable_to()->set_seconds(100);
            }),
            "range");
}

TEST(BadConfig, StopsTheStartAndNamesTheLine) {
  TemporaryFolder folder;
  const std::string telltaled = std::string(TELLTALE_BINARY_DIR) + "/server/telltaled";
  const auto check = [&](const std::string& text) {
    const std::string path = (folder.path() / "telltaled.yaml").string();
    std::ofstream(path) << text;
    return RunProgram({telltaled, "--config", path, "--check-config"});
  };
  EXPECT_EQ(check("server:\n  listen: 127.0.0.1:0\n").exit_status, 0);
  EXPECT_EQ(check("").exit_status, 0);
  ProgramResult wrong = check("server:\n  listen: nowhere\n");
  EXPECT_EQ(wrong.exit_status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("HOST:PORT"));
  wrong = check("server:\n  listen: 127.0.0.1:0\ningest:\n  batches_in_fligth: 3\n");
  EXPECT_EQ(wrong.exit_status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("line 4"));
  EXPECT_THAT(wrong.output, HasSubstr("did you mean 'ingest.batches_in_flight'"));
  wrong = check("ingest: [unfinished\n");
  EXPECT_EQ(wrong.exit_status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("not YAML"));
  wrong = check("ingest:\n  batches_in_flight: many\n");
  EXPECT_EQ(wrong.exit_status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("whole number"));
  wrong = RunProgram({telltaled, "--config", "/nonexistent.yaml", "--check-config"});
  EXPECT_EQ(wrong.exit_status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("cannot open"));
  wrong = RunProgram({telltaled, "--no-such-flag"});
  EXPECT_EQ(wrong.exit_status, 2);
}

TEST(BadConfig, PrintedSettingsAreReadBackUnchanged) {
  TemporaryFolder folder;
  const std::string telltaled = std::string(TELLTALE_BINARY_DIR) + "/server/telltaled";
  const ProgramResult first = RunProgram({telltaled, "--print-config", "--set", "ingest.batches_in_flight=3"});
  ASSERT_EQ(first.exit_status, 0) << first.output;
  const std::string path = (folder.path() / "printed.yaml").string();
  std::ofstream(path) << first.output;
  EXPECT_EQ(RunProgram({telltaled, "--config", path, "--print-config"}).output, first.output);
}

}  // namespace
}  // namespace telltale
