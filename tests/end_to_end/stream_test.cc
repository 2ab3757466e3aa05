// Frames through the running server: what is acknowledged is there, in every way of asking, and after every way of
// stopping.

#include <algorithm>
#include <atomic>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "telltale/v1/catalog.grpc.pb.h"
#include "telltale/v1/faults.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kVin = "WDB9630031L000001";
constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

TEST(Stream, RowsOf420SignalsComeBackAsTheyWereSent) {
  TemporaryFolder folder;
  RunningServer server(folder.path());
  server.Register(kVin);
  const std::vector<std::uint32_t> layout = FirstSignals(server.channel(), 420);
  ASSERT_EQ(layout.size(), 420U);
  std::vector<std::int32_t> row(layout.size());
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::int32_t>(i % 2);

  IngestStream stream(server.channel());
  stream.Hello(layout, {kVin});
  EXPECT_EQ(stream.ReadHello().unknown_vehicle_index_size(), 0);
  std::vector<std::int64_t> sent;
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    std::vector<std::int64_t> times;
    for (int i = 0; i < 64; ++i) times.push_back(kTimeMs + static_cast<std::int64_t>(sequence * 64 + i) * 10'000);
    stream.Send(MakeBatch(sequence, times, row));
    sent.insert(sent.end(), times.begin(), times.end());
  }
  std::uint64_t accepted = 0;
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    const v1::BatchAck ack = stream.ReadAck();
    EXPECT_EQ(ack.sequence(), sequence);  // in the order of the batches
    EXPECT_EQ(ack.refusal_count(), 0U) << ack.ShortDebugString().substr(0, 500);
    accepted += ack.accepted_frame_count();
  }
  EXPECT_EQ(accepted, 320U);
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(StoredTimes(server.channel(), kVin, layout[0], 100), sent);

  grpc::ClientContext context;
  v1::GetLatestRequest request;
  request.set_vin(kVin);
  v1::GetLatestResponse latest;
  ASSERT_TRUE(v1::TelemetryService::NewStub(server.channel())->GetLatest(&context, request, &latest).ok());
  ASSERT_EQ(latest.values_size(), 420);
  for (int i = 0; i < latest.values_size(); ++i) EXPECT_EQ(latest.values(i).raw(), i % 2);
  const auto metrics = server.Metrics();
  EXPECT_EQ(metrics.at("telltale_ingest_frames_total"), 320);
  EXPECT_EQ(metrics.at("telltale_ingest_samples_total"), 320 * 420);
}

TEST(Stream, FramesSentTwiceLateAndOutOfOrderAreStoredOnceInOrder) {
  TemporaryFolder folder;
  RunningServer server(folder.path());
  server.Register(kVin);
  const std::uint32_t signal = FirstSignals(server.channel(), 1)[0];
  IngestStream stream(server.channel());
  stream.Hello({signal}, {kVin});
  stream.ReadHello();
  stream.Send(MakeBatch(1, {kTimeMs + 3000, kTimeMs + 1000}, {1}));
  stream.ReadAck();
  stream.Send(MakeBatch(2, {kTimeMs + 1000, kTimeMs + 2000, kTimeMs}, {1}));
  stream.ReadAck();
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_THAT(StoredTimes(server.channel(), kVin, signal, 2),
              ElementsAre(kTimeMs, kTimeMs + 1000, kTimeMs + 2000, kTimeMs + 3000));
}

// Sends batches of one frame until told to stop; returns the times that were acknowledged.
std::vector<std::int64_t> SendUntilItBreaks(const std::shared_ptr<grpc::Channel>& channel, std::uint32_t signal,
                                            std::int64_t first_ms, std::atomic<std::uint64_t>& acked_count,
                                            grpc::Status& status) {
  IngestStream stream(channel);
  stream.Hello({signal}, {kVin});
  stream.ReadHello();
  std::vector<std::int64_t> acked;
  std::uint64_t sequence = 0;
  grpc::ClientContext context;
  while (true) {
    const std::int64_t time_ms = first_ms + static_cast<std::int64_t>(++sequence) * 1000;
    if (!stream.Send(MakeBatch(sequence, {time_ms}, {1}))) break;
    v1::StreamResponse response;
    if (!stream.ReadAny(&response)) break;
    acked.push_back(time_ms);
    ++acked_count;
  }
  status = stream.Finish();
  return acked;
}

TEST(Stream, WhatWasAcknowledgedIsThereAfterKill9) {
  TemporaryFolder folder;
  std::vector<std::int64_t> acked;
  std::mt19937 random(20260301);
  std::uint32_t signal = 0;
  for (int round = 0; round < 3; ++round) {
    RunningServer server(folder.path());
    if (round == 0) server.Register(kVin);
    signal = FirstSignals(server.channel(), 1)[0];
    std::atomic<std::uint64_t> count = 0;
    grpc::Status status;
    std::vector<std::int64_t> round_acked;
    std::thread sender([&] {
      round_acked = SendUntilItBreaks(server.channel(), signal, kTimeMs + round * 10'000'000LL, count, status);
    });
    const std::uint64_t enough = 50 + random() % 200;
    while (count < enough) std::this_thread::yield();
    server.Kill();
    sender.join();
    EXPECT_FALSE(status.ok());
    acked.insert(acked.end(), round_acked.begin(), round_acked.end());
  }
  RunningServer server(folder.path());
  const std::vector<std::int64_t> stored = StoredTimes(server.channel(), kVin, signal, 1000);
  EXPECT_TRUE(std::includes(stored.begin(), stored.end(), acked.begin(), acked.end()));
  // At most the one batch of each round whose answer was under way.
  EXPECT_LE(stored.size(), acked.size() + 3);
  EXPECT_GT(server.Metrics().at("telltale_storage_replayed_frames"), 0);
}

TEST(Stream, AGracefulStopEndsOpenStreamsAndLosesNothing) {
  TemporaryFolder folder;
  std::vector<std::int64_t> acked;
  std::uint32_t signal = 0;
  {
    RunningServer server(folder.path());
    server.Register(kVin);
    signal = FirstSignals(server.channel(), 1)[0];
    std::atomic<std::uint64_t> count = 0;
    grpc::Status status;
    std::thread sender([&] { acked = SendUntilItBreaks(server.channel(), signal, kTimeMs, count, status); });
    while (count < 50) std::this_thread::yield();
    EXPECT_EQ(server.Stop(), 0);
    sender.join();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  }
  RunningServer server(folder.path());
  const std::vector<std::int64_t> stored = StoredTimes(server.channel(), kVin, signal, 1000);
  EXPECT_TRUE(std::includes(stored.begin(), stored.end(), acked.begin(), acked.end()));
  EXPECT_LE(stored.size(), acked.size() + 1);
  EXPECT_EQ(server.Metrics().at("telltale_storage_replayed_frames"), 0);
}

TEST(Stream, AFullQueueSlowsSendersDownAndLosesNothing) {
  constexpr int kStreams = 8;
  constexpr std::uint64_t kBatches = 60;
  TemporaryFolder folder;
  RunningServer server(folder.path(), {"--set", "store.queue_bytes_max=1"});
  const std::uint32_t signal = FirstSignals(server.channel(), 1)[0];
  std::vector<std::thread> senders;
  std::atomic<std::uint64_t> accepted = 0;
  for (int i = 0; i < kStreams; ++i) {
    const std::string vin = fmt::format("WDB9630031L{:06}", i);
    server.Register(vin);
    senders.emplace_back([&, vin] {
      IngestStream stream(server.channel());
      stream.Hello({signal}, {vin});
      stream.ReadHello();
      for (std::uint64_t sequence = 1; sequence <= kBatches; ++sequence) {
        const std::int64_t time_ms = kTimeMs + static_cast<std::int64_t>(sequence) * 10'000;
        stream.Send(MakeBatch(sequence, {time_ms, time_ms + 1000, time_ms + 2000}, {1}));
      }
      for (std::uint64_t sequence = 1; sequence <= kBatches; ++sequence) {
        accepted += stream.ReadAck().accepted_frame_count();
      }
      EXPECT_TRUE(stream.Finish().ok());
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(accepted, kStreams * kBatches * 3);
}

TEST(Stream, ASenderAboveItsRateIsToldWhenToComeBackAndOthersGoOn) {
  TemporaryFolder folder;
  RunningServer server(folder.path(),
                       {"--set", "ingest.sender_frames_per_s_max=100", "--set", "ingest.sender_burst_s=2"});
  server.Register(kVin);
  const std::uint32_t signal = FirstSignals(server.channel(), 1)[0];
  std::vector<std::int64_t> times;
  for (int i = 0; i < 250; ++i) times.push_back(kTimeMs + i * 1000);  // 2.5 s' worth
  IngestStream flood(server.channel());
  flood.Hello({signal}, {kVin}, "flood");
  flood.ReadHello();
  flood.Send(MakeBatch(1, times, {1}));
  EXPECT_EQ(flood.ReadAck().accepted_frame_count(), 250U);
  flood.Send(MakeBatch(2, times, {0}));
  const grpc::Status status = flood.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("sender 'flood' sends more than 100 frames a second"));
  const v1::ErrorDetail detail = DetailOf(status);
  EXPECT_EQ(detail.reason(), "TOO_MANY_FRAMES");
  const auto delay =
      std::chrono::seconds(detail.retry_delay().seconds()) + std::chrono::nanoseconds(detail.retry_delay().nanos());
  EXPECT_GT(delay, std::chrono::milliseconds{1000});
  EXPECT_LE(delay, std::chrono::milliseconds{1500});

  IngestStream other(server.channel());
  other.Hello({signal}, {kVin}, "other");
  other.ReadHello();
  other.Send(MakeBatch(1, {kTimeMs - 1000}, {1}));
  EXPECT_EQ(other.ReadAck().accepted_frame_count(), 1U);
  EXPECT_TRUE(other.Finish().ok());

  IngestStream too_early(server.channel());
  too_early.Hello({signal}, {kVin}, "flood");
  EXPECT_EQ(too_early.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  std::this_thread::sleep_for(delay);
  IngestStream in_time(server.channel());
  in_time.Hello({signal}, {kVin}, "flood");
  in_time.ReadHello();
  in_time.Send(MakeBatch(1, {kTimeMs - 2000}, {1}));
  EXPECT_EQ(in_time.ReadAck().accepted_frame_count(), 1U);
  EXPECT_TRUE(in_time.Finish().ok());
  EXPECT_EQ(server.Metrics().at("telltale_ingest_limited_streams_total"), 2);
}

TEST(Watch, SendsTheChosenSignalsOfTheChosenVehicles) {
  TemporaryFolder folder;
  RunningServer server(folder.path());
  server.Register(kVin);
  server.Register("WDB9630031L000002");
  const std::vector<std::uint32_t> signals = FirstSignals(server.channel(), 2);

  grpc::ClientContext context;
  v1::WatchRequest request;
  request.add_vin(kVin);
  request.add_signal_id(signals[1]);
  const auto stub = v1::TelemetryService::NewStub(server.channel());
  auto watch = stub->Watch(&context, request);
  watch->WaitForInitialMetadata();

  IngestStream stream(server.channel());
  stream.Hello(signals, {kVin, "WDB9630031L000002"});
  stream.ReadHello();
  v1::FrameBatch batch = MakeBatch(1, {kTimeMs, kTimeMs + 1000}, {0, 1});
  batch.mutable_frames(0)->set_vehicle_index(1);
  stream.Send(batch);
  stream.ReadAck();
  v1::WatchResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.vin(), kVin);
  ASSERT_EQ(response.values_size(), 1);
  EXPECT_EQ(response.values(0).signal_id(), signals[1]);
  EXPECT_EQ(response.values(0).raw(), 1);
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(server.Stop(), 0);  // ends the watch too
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

// The first message that `method` answers to `message`, both as bytes: health and reflection have no C++ messages here.
std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& message) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(wait());
  grpc::Slice slice(message);
  call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  EXPECT_TRUE(wait());
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  EXPECT_TRUE(wait()) << method;
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(wait());
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice bytes;
  EXPECT_TRUE(answer.DumpToSingleSlice(&bytes).ok());
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

TEST(Operations, HealthAndReflectionAnswer) {
  TemporaryFolder folder;
  RunningServer server(folder.path());
  // HealthCheckResponse.status, field 1, is SERVING, 1.
  EXPECT_EQ(CallRaw(server.channel(), "/grpc.health.v1.Health/Check", ""), std::string("\x08\x01"));
  // ServerReflectionRequest.list_services, field 7, empty.
  const std::string services = CallRaw(
      server.channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  for (const char* service :
       {"Ingest", "Catalog", "Telemetry", "Vehicle", "Trip", "Driver", "Fuel", "Fault", "Admin"}) {
    EXPECT_THAT(services, HasSubstr(std::string("telltale.v1.") + service + "Service"));
  }
}

TEST(Operations, ASecondServerOnTheSameFolderIsTold) {
  TemporaryFolder folder;
  RunningServer server(folder.path());
  const ProgramResult second =
      RunProgram({std::string(TELLTALE_BINARY_DIR) + "/server/telltaled", "--listen", "127.0.0.1:0", "--metrics-listen",
                  "127.0.0.1:0", "--data-dir", (folder.path() / "data").string()});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.output, HasSubstr("another process has it open"));
}

TEST(Operations, TheListOfMetricsIsThatOfTheServer) {
  TemporaryFolder folder;
  RunningServer server(folder.path());
  FirstSignals(server.channel(), 1);  // one call, so that the families with labels have a member
  // It is counted once its answer has been sent, which may be after we have read it.
  EXPECT_TRUE(Within(std::chrono::seconds{10}, [&] {
    const auto metrics = server.Metrics();
    return std::ranges::any_of(metrics, [](const auto& m) { return m.first.starts_with("telltale_grpc_requests"); });
  }));
  std::set<std::string> served;
  for (const auto& [name, value] : server.Metrics()) {
    std::string family = name.substr(0, name.find('{'));
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
      if (family.size() > suffix.size() && family.ends_with(suffix)) family.resize(family.size() - suffix.size());
    }
    if (family.rfind("telltale_", 0) == 0) served.insert(family);
  }
  std::set<std::string> listed;
  std::ifstream in(std::string(TELLTALE_SOURCE_DIR) + "/docs/metrics.md");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("| `telltale_", 0) == 0) listed.insert(line.substr(3, line.find('`', 3) - 3));
  }
  EXPECT_EQ(served, listed);
}

}  // namespace
}  // namespace telltale
