// Backups of a server that works, restored and verified with the programs that operators have.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kVin = "WDB9630031L000001";
constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr int kFramesPerBatch = 64;
constexpr int kSignals = 100;

class Backup : public ::testing::Test {
 protected:
  ProgramResult Client(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server",
                                         server_ != nullptr ? server_->address() : "127.0.0.1:1"});
    return RunProgram(arguments);
  }
  static ProgramResult Verify(const std::string& folder) {
    return RunProgram({std::string(TELLTALE_BINARY_DIR) + "/server/telltaled", "--verify", folder});
  }
  // Its data folder is `folder`/data.
  void Start(const std::string& folder) {
    // Some blocks, some of the journal, and days that are archived.
    server_ = std::make_unique<RunningServer>(
        folder, std::vector<std::string>{"--set", "store.frames_per_block=50", "--set", "store.archive_period_s=1"});
  }
  std::string At(const std::string& name) const { return folder_.path() / name; }

  // Sends batches until told to stop; `acknowledged` counts frames.
  void SendUntil(const std::atomic<bool>& stop, std::atomic<int>& acknowledged) const {
    const std::vector<std::uint32_t> layout = FirstSignals(server_->channel(), kSignals);
    std::vector<std::int32_t> row(layout.size());
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::int32_t>(i % 2);
    IngestStream stream(server_->channel());
    stream.Hello(layout, {kVin});
    stream.ReadHello();
    int frame = acknowledged;
    for (std::uint64_t sequence = 1; !stop; ++sequence) {
      std::vector<std::int64_t> times;
      for (int i = 0; i < kFramesPerBatch; ++i) times.push_back(kTimeMs + std::int64_t{frame++} * 10'000);
      ASSERT_TRUE(stream.Send(MakeBatch(sequence, times, row)));
      ASSERT_EQ(stream.ReadAck().sequence(), sequence);
      acknowledged = frame;
    }
    EXPECT_TRUE(stream.Finish().ok());
  }

  TemporaryFolder folder_;
  std::unique_ptr<RunningServer> server_;
};

// The largest file below a folder with this ending.
fs::path LargestFile(const fs::path& folder, const std::string& ending) {
  fs::path largest;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ending) continue;
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  return largest;
}

// Turns a bit of a copy of the file that takes its place: a backup may share it with the server.
void FlipBit(const fs::path& path, std::uint64_t at) {
  const fs::path copy = path.string() + ".flipped";
  fs::copy_file(path, copy);
  std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
  file.close();
  fs::rename(copy, path);
}

TEST_F(Backup, HasWhatWasAcknowledgedWhileFramesGoOnComing) {
  Start(At("server"));
  server_->Register(kVin);
  std::atomic<bool> stop = false;
  std::atomic<int> acknowledged = 0;
  std::thread sender([&] { SendUntil(stop, acknowledged); });
  EXPECT_TRUE(Within(std::chrono::seconds{20}, [&] { return acknowledged > 12'000; }));
  const int before = acknowledged;
  const ProgramResult made = Client({"backup", "first"});
  const int after = acknowledged;
  EXPECT_EQ(made.exit_status, 0) << made.output;
  const std::string backup = At("server/data/backups/first");
  EXPECT_THAT(made.output, HasSubstr(backup));
  const ProgramResult online = Client({"verify"});
  EXPECT_EQ(online.exit_status, 0) << online.output;
  EXPECT_THAT(online.output, HasSubstr("all sound"));
  EXPECT_EQ(Client({"backup", "first"}).exit_status, 1) << "the name is taken";
  EXPECT_EQ(Client({"backup", "../first"}).exit_status, 1) << "not a file name";
  stop = true;
  sender.join();
  EXPECT_FALSE(fs::exists(At("server/data/snapshot")));
  EXPECT_EQ(server_->Stop(), 0);
  server_.reset();

  EXPECT_EQ(Client({"verify", "--backup", backup}).exit_status, 0);
  const ProgramResult sound = Verify(backup);
  EXPECT_EQ(sound.exit_status, 0) << sound.output;
  EXPECT_EQ(Client({"verify", "--backup", backup}).exit_status, 0) << "verifying adds no file";
  const ProgramResult restored = Client({"restore", backup, At("restored/data")});
  ASSERT_EQ(restored.exit_status, 0) << restored.output;
  EXPECT_EQ(Client({"restore", backup, At("restored/data")}).exit_status, 2) << "nothing is overwritten";

  Start(At("restored"));
  const std::uint32_t signal = FirstSignals(server_->channel(), 1).front();
  const std::vector<std::int64_t> times = StoredTimes(server_->channel(), kVin, signal, 5'000);
  EXPECT_EQ(server_->Metrics().at("telltale_storage_replay_damaged_places"), 0);
  EXPECT_GE(times.size(), static_cast<std::size_t>(before)) << "acknowledged before the backup began";
  EXPECT_LE(times.size(), static_cast<std::size_t>(after + kFramesPerBatch));
  EXPECT_EQ(times.size() % kFramesPerBatch, 0U) << "batches are there as a whole";
  for (std::size_t i = 0; i < times.size(); ++i) ASSERT_EQ(times[i], kTimeMs + static_cast<std::int64_t>(i) * 10'000);
  // And it goes on.
  std::atomic<bool> stop_again = false;
  std::atomic<int> more = static_cast<int>(times.size());
  std::thread again([&] { SendUntil(stop_again, more); });
  EXPECT_TRUE(Within(std::chrono::seconds{20}, [&] { return more > static_cast<int>(times.size()) + 1'000; }));
  stop_again = true;
  again.join();
  EXPECT_EQ(StoredTimes(server_->channel(), kVin, signal, 5'000).size(), static_cast<std::size_t>(more));
}

// Of a server that only just started, all that was ever sent is in blocks, and the journal has nothing.
TEST_F(Backup, OfAnIdleServerIsSound) {
  Start(At("server"));
  server_->Register(kVin);
  std::atomic<bool> stop = false;
  std::atomic<int> acknowledged = 0;
  std::thread sender([&] { SendUntil(stop, acknowledged); });
  EXPECT_TRUE(Within(std::chrono::seconds{20}, [&] { return acknowledged > 1'000; }));
  stop = true;
  sender.join();
  EXPECT_EQ(server_->Stop(), 0);
  Start(At("server"));
  ASSERT_EQ(Client({"backup", "idle"}).exit_status, 0);
  const ProgramResult sound = Verify(At("server/data/backups/idle"));
  EXPECT_EQ(sound.exit_status, 0) << sound.output;
  ASSERT_EQ(Client({"restore", At("server/data/backups/idle"), At("restored/data")}).exit_status, 0);
  Start(At("restored"));
  EXPECT_EQ(server_->Metrics().at("telltale_storage_replay_damaged_places"), 0);
  const std::uint32_t signal = FirstSignals(server_->channel(), 1).front();
  EXPECT_EQ(StoredTimes(server_->channel(), kVin, signal, 5'000).size(), static_cast<std::size_t>(acknowledged));
  // A journal that lost its end is damage, also if nothing of it is left.
  fs::remove_all(At("server/data/backups/idle/telemetry/journal"));
  fs::create_directory(At("server/data/backups/idle/telemetry/journal"));
  EXPECT_EQ(Verify(At("server/data/backups/idle")).exit_status, 1);
}

TEST_F(Backup, DamageIsFoundAndNamed) {
  Start(At("server"));
  server_->Register(kVin);
  std::atomic<bool> stop = false;
  std::atomic<int> acknowledged = 0;
  std::thread sender([&] { SendUntil(stop, acknowledged); });
  EXPECT_TRUE(Within(std::chrono::seconds{20}, [&] { return acknowledged > 5'000; }));
  stop = true;
  sender.join();
  ASSERT_EQ(Client({"backup", "sound"}).exit_status, 0);
  const ProgramResult running = Verify(At("server/data"));
  EXPECT_EQ(running.exit_status, 1) << running.output;
  EXPECT_THAT(running.output, HasSubstr("another process has it open"));
  const std::string backup = At("server/data/backups/sound");
  for (const char* ending : {".sst", ".journal"}) {
    SCOPED_TRACE(ending);
    fs::remove_all(At("backup"));
    fs::copy(backup, At("backup"), fs::copy_options::recursive);
    const fs::path damaged = LargestFile(At("backup/telemetry"), ending);
    ASSERT_FALSE(damaged.empty());
    FlipBit(damaged, std::min<std::uint64_t>(fs::file_size(damaged) / 2, 2'000));
    const std::string name = damaged.filename();
    const ProgramResult deep = Verify(At("backup"));
    EXPECT_EQ(deep.exit_status, 1);
    EXPECT_THAT(deep.output, HasSubstr(name));
    EXPECT_THAT(deep.output, HasSubstr(name.ends_with(".sst") ? "vehicle 1 on 2026-03-01" : "before_byte"));
    const ProgramResult files = Client({"verify", "--backup", At("backup")});
    EXPECT_EQ(files.exit_status, 1);
    EXPECT_THAT(files.output, HasSubstr(name + " is not as it was"));
    const ProgramResult restored = Client({"restore", At("backup"), At("restored")});
    EXPECT_EQ(restored.exit_status, 1);
    EXPECT_THAT(restored.output, HasSubstr(name));
    EXPECT_FALSE(fs::exists(At("restored")));
  }
  // Of the server's own files, while it runs.
  const fs::path damaged = LargestFile(At("server/data/telemetry"), ".sst");
  FlipBit(damaged, std::min<std::uint64_t>(fs::file_size(damaged) / 2, 2'000));
  const ProgramResult online = Client({"verify"});
  EXPECT_EQ(online.exit_status, 1);
  EXPECT_THAT(online.output, HasSubstr(damaged.filename().string()));
}

TEST_F(Backup, ErrorsSayWhatToDo) {
  fs::create_directories(At("empty"));
  ProgramResult result = Verify(At("empty"));
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.output, HasSubstr("name the data folder of a stopped server"));
  EXPECT_EQ(Verify(At("nowhere")).exit_status, 2);
  result = Client({"restore", At("empty"), At("restored")});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.output, HasSubstr("is no backup"));
  EXPECT_EQ(Client({"restore", At("nowhere"), At("restored")}).exit_status, 2);
  EXPECT_EQ(Client({"backup"}).exit_status, 3) << "no server answers";
}

}  // namespace
}  // namespace telltale
