// Kills the real server at random moments under load, starts it again, and compares what was acknowledged with what is
// there. TELLTALE_CRASH_ROUNDS rounds (25 if it is not set), every 50 of them on a new data folder, which is kept if
// the test fails.

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <map>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/catalog.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr int kStreams = 2;
constexpr int kVehiclesPerStream = 100;
constexpr int kFramesPerBatch = 20;
constexpr std::size_t kInFlight = 8;
constexpr int kRoundsPerFolder = 50;  // all that is there is read after every round

// Small, so that within a round heads become blocks, blocks are flushed, and the journal is trimmed. All days are past:
// they are archived again and again, as soon as a server is there for a second.
const std::vector<std::string> kSettings = {"--set", "store.head_bytes_max=200000",        //
                                            "--set", "store.journal_segment_bytes=65536",  //
                                            "--set", "store.journal_bytes_max=300000",     //
                                            "--set", "store.write_buffer_bytes=65536",     //
                                            "--set", "store.archive_period_s=1"};

using Values = std::array<std::int32_t, 2>;
using VehicleFrames = std::map<std::int64_t, Values>;

struct SentFrame {
  int vehicle = 0;
  std::int64_t time_ms = 0;
  Values values{};
};
using SentBatch = std::vector<SentFrame>;

// What one stream sent to its vehicles over all rounds.
struct Sender {
  std::vector<std::string> vins;
  std::vector<std::uint32_t> layout;
  std::vector<double> scales;  // of the layout's signals
  std::mt19937 random;
  std::vector<std::int64_t> newest_ms;
  int next_value = 0;
  // Acknowledged; and of each vehicle of this round, sent and not yet acknowledged, in order.
  std::vector<VehicleFrames> frames;
  std::deque<SentBatch> unanswered;
  std::uint64_t acknowledged_count = 0;
};

void Apply(const SentBatch& batch, std::vector<VehicleFrames>& frames) {
  for (const SentFrame& frame : batch) frames[static_cast<std::size_t>(frame.vehicle)][frame.time_ms] = frame.values;
}

// Mostly the next frame of a vehicle; sometimes the last again, an earlier one with other values, or a late one.
SentBatch MakeFrames(Sender& sender) {
  SentBatch batch;
  for (int i = 0; i < kFramesPerBatch; ++i) {
    SentFrame frame{.vehicle = static_cast<int>(sender.random() % kVehiclesPerStream)};
    const auto vehicle = static_cast<std::size_t>(frame.vehicle);
    std::int64_t& newest_ms = sender.newest_ms[vehicle];
    const unsigned dice = sender.random() % 100;
    if (dice < 75) {
      newest_ms += 1'000 * (1 + static_cast<std::int64_t>(sender.random() % 3));
      frame.time_ms = newest_ms;
    } else if (dice < 85) {
      frame.time_ms = newest_ms;
    } else {
      frame.time_ms = newest_ms - 500 * static_cast<std::int64_t>(sender.random() % 100);
    }
    const auto known = sender.frames[vehicle].find(frame.time_ms);
    if (dice < 95 || known == sender.frames[vehicle].end()) {
      frame.values = {sender.next_value % 60'000, sender.next_value / 60'000 % 60'000};
      ++sender.next_value;
    } else {
      frame.values = known->second;
    }
    batch.push_back(frame);
  }
  return batch;
}

// Sends until the server is gone, always with some batches unanswered.
void SendUntilKilled(const std::shared_ptr<grpc::Channel>& channel, Sender& sender, std::atomic<bool>& answered) {
  IngestStream stream(channel);
  stream.Hello(sender.layout, sender.vins);
  v1::StreamResponse response;
  if (!stream.ReadAny(&response)) return;
  for (std::uint64_t sequence = 1;; ++sequence) {
    const SentBatch frames = MakeFrames(sender);
    v1::FrameBatch batch;
    batch.set_sequence(sequence);
    for (const SentFrame& frame : frames) {
      v1::Frame& to = *batch.add_frames();
      to.set_vehicle_index(static_cast<std::uint32_t>(frame.vehicle));
      to.set_measure_time_ms(frame.time_ms);
      for (const std::int32_t value : frame.values) to.add_row(value);
    }
    sender.unanswered.push_back(frames);
    if (!stream.Send(batch)) break;
    if (sender.unanswered.size() < kInFlight) continue;
    if (!stream.ReadAny(&response)) break;
    ASSERT_EQ(response.batch_ack().accepted_frame_count(), kFramesPerBatch) << response.DebugString();
    Apply(sender.unanswered.front(), sender.frames);
    sender.unanswered.pop_front();
    sender.acknowledged_count += kFramesPerBatch;
    answered = true;
  }
  while (stream.ReadAny(&response)) {
    Apply(sender.unanswered.front(), sender.frames);
    sender.unanswered.pop_front();
    sender.acknowledged_count += kFramesPerBatch;
  }
}

VehicleFrames ReadBack(const std::shared_ptr<grpc::Channel>& channel, const Sender& sender, std::size_t vehicle) {
  const auto stub = v1::TelemetryService::NewStub(channel);
  VehicleFrames frames;
  v1::GetHistoryRequest request;
  request.set_vin(sender.vins[vehicle]);
  for (const std::uint32_t signal : sender.layout) request.add_signal_id(signal);
  request.set_page_size(10'000);
  do {
    grpc::ClientContext context;
    v1::GetHistoryResponse response;
    const grpc::Status status = stub->GetHistory(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (!status.ok()) break;
    for (const v1::HistoryRow& row : response.rows()) {
      Values& values = frames[row.measure_time().seconds() * 1000 + row.measure_time().nanos() / 1'000'000];
      EXPECT_EQ(row.cells_size(), 2);
      for (int i = 0; i < row.cells_size() && i < response.signal_id_size(); ++i) {
        EXPECT_EQ(row.cells(i).state(), v1::VALUE_STATE_VALID);
        const std::size_t signal = response.signal_id(i) == sender.layout[0] ? 0 : 1;
        values[signal] = static_cast<std::int32_t>(std::lround(row.cells(i).physical() / sender.scales[signal]));
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return frames;
}

// Batches are made durable in order and whole, so what is there is what was acknowledged and the first of those that
// were not; how many must be the same for all vehicles. Takes those into what must be there from now on.
void Verify(const std::shared_ptr<grpc::Channel>& channel, Sender& sender) {
  std::vector<VehicleFrames> there;
  for (std::size_t i = 0; i < kVehiclesPerStream; ++i) there.push_back(ReadBack(channel, sender, i));
  const std::size_t unanswered_count = sender.unanswered.size();
  const std::vector<VehicleFrames> acknowledged = sender.frames;
  while (there != sender.frames && !sender.unanswered.empty()) {
    Apply(sender.unanswered.front(), sender.frames);
    sender.unanswered.pop_front();
  }
  for (std::size_t i = 0; i < there.size(); ++i) {
    if (there == sender.frames) break;
    for (const auto& [time_ms, values] : acknowledged[i]) {
      if (there[i].contains(time_ms) && there[i][time_ms] == values) continue;
      ADD_FAILURE() << sender.vins[i] << " has " << there[i].size() << " frames, " << acknowledged[i].size()
                    << " were acknowledged; that of " << time_ms << " is "
                    << (there[i].contains(time_ms) ? "another" : "missing") << "; " << unanswered_count
                    << " batches were unanswered";
    }
  }
  EXPECT_TRUE(there == sender.frames) << "what is there is no first part of the " << unanswered_count
                                      << " unanswered batches";
  sender.unanswered.clear();
}

v1::Signal SignalOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& name) {
  v1::ListSignalsRequest request;
  request.set_page_size(1'000);
  do {
    grpc::ClientContext context;
    v1::ListSignalsResponse response;
    EXPECT_TRUE(v1::CatalogService::NewStub(channel)->ListSignals(&context, request, &response).ok());
    for (const v1::Signal& signal : response.signals()) {
      if (signal.name() == name) return signal;
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  ADD_FAILURE() << "no signal " << name;
  return {};
}

std::vector<Sender> MakeSenders(const RunningServer& server, unsigned seed) {
  const std::array<std::vector<std::string>, kStreams> layouts = {
      {{"wheel_based_vehicle_speed", "engine_speed"}, {"engine_speed", "wheel_based_vehicle_speed"}}};
  std::vector<Sender> senders(kStreams);
  for (std::size_t s = 0; s < kStreams; ++s) {
    Sender& sender = senders[s];
    sender.random.seed(seed * 100 + static_cast<unsigned>(s));
    for (const std::string& name : layouts[s]) {
      const v1::Signal signal = SignalOf(server.channel(), name);
      sender.layout.push_back(signal.id());
      sender.scales.push_back(signal.scale());
    }
    for (int i = 0; i < kVehiclesPerStream; ++i) {
      sender.vins.push_back(fmt::format("WDB963{}031L{:06}", s, i));
      server.Register(sender.vins.back());
    }
    sender.newest_ms.assign(kVehiclesPerStream, kTimeMs);
    sender.frames.resize(kVehiclesPerStream);
  }
  return senders;
}

// Starts the server and kills it while it opens its store.
void KillWhileItStarts(const std::filesystem::path& folder, int after_ms) {
  std::vector<std::string> command = {"/usr/bin/timeout", "-s", "KILL", fmt::format("0.{:03}", after_ms),
                                      std::string(TELLTALE_BINARY_DIR) + "/server/telltaled"};
  const std::vector<std::string> arguments = {"--listen",    "127.0.0.1:0", "--metrics-listen",
                                              "127.0.0.1:0", "--data-dir",  (folder / "data").string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), kSettings.begin(), kSettings.end());
  RunProgram(command);
}

TEST(Crash, LosesNothingThatWasAcknowledgedAndKeepsNoHalfBatch) {
  const char* const wanted = std::getenv("TELLTALE_CRASH_ROUNDS");
  const int rounds = wanted == nullptr ? 25 : std::atoi(wanted);
  const char* const seed_text = std::getenv("TELLTALE_CRASH_SEED");
  const unsigned seed = seed_text == nullptr ? 1 : static_cast<unsigned>(std::atoi(seed_text));
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("telltale-crash-{}", getpid());
  std::mt19937 random(seed);
  std::vector<Sender> senders;
  std::uint64_t before_count = 0;
  for (int round = 0; round <= rounds && !testing::Test::HasFailure(); ++round) {
    if (round % 5 == 4) KillWhileItStarts(folder, 5 + static_cast<int>(random() % 150));
    const auto starting = SteadyClock::now();
    auto server = std::make_unique<RunningServer>(folder, kSettings);
    const std::chrono::duration<double, std::milli> start = SteadyClock::now() - starting;
    if (senders.empty()) senders = MakeSenders(*server, seed);
    const double replayed = server->Metrics()["telltale_storage_replayed_frames"];
    const auto verifying = SteadyClock::now();
    for (Sender& sender : senders) Verify(server->channel(), sender);
    const std::chrono::duration<double, std::milli> verified = SteadyClock::now() - verifying;
    if (round == rounds) break;
    if (round > 0 && round % kRoundsPerFolder == 0) {
      server->Kill();
      std::filesystem::remove_all(folder);
      server = std::make_unique<RunningServer>(folder, kSettings);
      senders = MakeSenders(*server, seed + static_cast<unsigned>(round));
      before_count = 0;
    }

    std::atomic<bool> answered = false;
    std::vector<std::thread> threads;
    for (Sender& sender : senders) {
      threads.emplace_back([&] { SendUntilKilled(server->channel(), sender, answered); });
    }
    const int while_archiving_ms = round % 3 == 2 ? 600 : 0;
    const int kill_after_ms = 20 + while_archiving_ms + static_cast<int>(random() % 380);
    EXPECT_TRUE(Within(std::chrono::seconds{20}, [&] { return answered.load(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds{kill_after_ms});  // the moment is what is being tested
    server->Kill();
    for (std::thread& thread : threads) thread.join();
    std::uint64_t count = 0;
    for (const Sender& sender : senders) count += sender.acknowledged_count;
    fmt::print(
        "round {} of {}: started in {:.0f} ms with {:.0f} frames replayed, verified in {:.0f} ms, killed after {} "
        "ms and {} acknowledged frames\n",
        round + 1, rounds, start.count(), replayed, verified.count(), kill_after_ms, count - before_count);
    std::fflush(stdout);
    before_count = count;
  }
  if (testing::Test::HasFailure()) {
    fmt::print("seed {}; the data and the server's log are in {}\n", seed, folder.string());
  } else {
    std::filesystem::remove_all(folder);
  }
}

}  // namespace
}  // namespace telltale
