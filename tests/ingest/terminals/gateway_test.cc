// Ports for terminals in this process, on several threads, over a store whose speed and health the test decides.

#include "ingest/terminals/gateway.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/jt808/session.h"
#include "tests/base/tls_files.h"
#include "tests/end_to_end/terminal_client.h"
#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/fake_stores.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using namespace std::chrono_literals;

// Answers from a thread of its own, as the real store does, once it may.
class StoreInSteps : public FakeTelemetryStore {
 public:
  StoreInSteps() : thread_([this] { Run(); }) {}
  ~StoreInSteps() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Append(FrameBatch batch, AppendCallback done) override {
    const std::lock_guard lock(mutex_);
    frame_count_ += batch.size();
    waiting_.push_back({batch.size(), std::move(done)});
    changed_.notify_all();
  }

  bool HasRoom(std::function<void()> on_room) override {
    const std::lock_guard lock(mutex_);
    if (has_room_) return true;
    on_room_.push_back(std::move(on_room));
    return false;
  }

  void SetRoom(bool has_room) {
    std::vector<std::function<void()>> called;
    {
      const std::lock_guard lock(mutex_);
      has_room_ = has_room;
      if (has_room) called.swap(on_room_);
    }
    for (const auto& on_room : called) on_room();
  }

  void Hold(bool hold) {
    const std::lock_guard lock(mutex_);
    hold_ = hold;
    changed_.notify_all();
  }

  void Fail(bool fail_writes) {
    const std::lock_guard lock(mutex_);
    fails_ = fail_writes;
  }

  std::size_t frame_count() {
    const std::lock_guard lock(mutex_);
    return frame_count_;
  }

 private:
  struct Waiting {
    std::size_t frame_count;
    AppendCallback done;
  };

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || (!waiting_.empty() && !hold_); });
      if (stopping_) return;
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      const bool fails = fails_;
      lock.unlock();
      if (fails) {
        next.done(absl::UnavailableError("broken"));
      } else {
        next.done(AppendResult{.frame_count = next.frame_count});
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::vector<std::function<void()>> on_room_;
  std::size_t frame_count_ = 0;
  bool has_room_ = true;
  bool hold_ = false;
  bool fails_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

class GatewayTest : public ::testing::Test {
 protected:
  void Start(GatewayOptions options = {}) {
    options.listen = "127.0.0.1:0";
    auto gateway = TerminalGateway::Start(options, sessions_, pipeline_, metrics_, clock_);
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
  }

  std::string Bind(int index) {
    Vehicle vehicle{.vin = *Vin::Parse(fmt::format("LZYTBGCW4J{:07}", index)),
                    .display_name = {},
                    .traits = {},
                    .built_time_ms = {}};
    const std::string number = fmt::format("{}", 13'800'000'000LL + index);
    EXPECT_TRUE(terminals_.Put({.number = number, .vehicle_id = vehicles_->Register(vehicle)->id}).ok());
    return number;
  }

  // The sessions' documents are changed by the gateway's threads.
  class LockedDocuments : public FakeDocumentStore {
   public:
    Status Write(const std::vector<DocumentWrite>& writes) override {
      const std::lock_guard lock(mutex_);
      return FakeDocumentStore::Write(writes);
    }
    StatusOr<std::string> Get(std::string_view key) override {
      const std::lock_guard lock(mutex_);
      return FakeDocumentStore::Get(key);
    }

   private:
    std::mutex mutex_;
  };

  const Catalog& catalog_ = BuiltInCatalog();
  LockedDocuments documents_;
  StoreInSteps store_;
  FaultStore faults_{documents_};
  LiveFrames live_{{}};
  SystemClock clock_;
  prometheus::Registry registry_;
  IngestMetrics ingest_metrics_{registry_};
  TerminalMetrics metrics_{registry_};
  Pipeline pipeline_{catalog_, store_, SinksOf(faults_), live_, clock_, ingest_metrics_, {}};
  std::unique_ptr<VehicleRegistry> vehicles_ = *VehicleRegistry::Open(documents_);
  TerminalRegistry terminals_{documents_};
  const jt808::Shared shared_{pipeline_, *vehicles_, terminals_, metrics_, {}};
  jt808::Sessions sessions_{shared_};
  std::unique_ptr<TerminalGateway> gateway_;
};

TEST_F(GatewayTest, ManyTerminalsOnSeveralThreadsAreAllAnswered) {
  Start({.threads = 2});
  constexpr int kTerminals = 30;
  constexpr int kReports = 20;
  std::vector<std::string> numbers;
  for (int i = 0; i < kTerminals; ++i) numbers.push_back(Bind(i));
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int part = 0; part < 3; ++part) {
    threads.emplace_back([&, part] {
      std::vector<std::unique_ptr<TerminalClient>> clients;
      for (int i = part; i < kTerminals; i += 3) {
        clients.push_back(std::make_unique<TerminalClient>(gateway_->port(), numbers[static_cast<std::size_t>(i)]));
        EXPECT_TRUE(clients.back()->LogIn());
      }
      for (int report = 0; report < kReports; ++report) {
        for (const auto& client : clients) {
          if (client->IsDone(client->Send(jt808::MessageId::kPosition, TerminalClient::Position(0, report))))
            ++answered;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, kTerminals * kReports);
  EXPECT_EQ(store_.frame_count(), static_cast<std::size_t>(kTerminals * kReports));
}

TEST_F(GatewayTest, WhileTheStoreHasNoRoomNothingIsRead) {
  Start();
  TerminalClient client(gateway_->port(), Bind(1));
  ASSERT_TRUE(client.LogIn());
  store_.SetRoom(false);
  std::vector<std::uint16_t> serials;
  for (int i = 0; i < 50; ++i) {
    serials.push_back(client.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, i)));
  }
  EXPECT_FALSE(client.Receive(300ms));
  EXPECT_EQ(store_.frame_count(), 0U);
  store_.SetRoom(true);
  for (const std::uint16_t serial : serials) EXPECT_TRUE(client.IsDone(serial));
  EXPECT_EQ(store_.frame_count(), 50U);
}

class GatewayTlsTest : public GatewayTest {
 protected:
  const TemporaryFolder folder_;
  const TlsFiles files_{folder_.path()};
};

TEST_F(GatewayTlsTest, TerminalsMaySpeakTls) {
  Start({.tls = {.certificate_file = files_.server_certificate, .key_file = files_.server_key, .client_ca_file = {}}});
  const std::string number = Bind(1);
  {
    TerminalClient client(gateway_->port(), number, files_.ca);
    ASSERT_TRUE(client.LogIn());
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(client.IsDone(client.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, i))));
    }
    // More than the socket takes at once, without reading the answers meanwhile.
    std::vector<std::uint16_t> serials;
    for (int i = 0; i < 2'000; ++i) serials.push_back(client.Send(jt808::MessageId::kHeartbeat, ""));
    for (const std::uint16_t serial : serials) ASSERT_TRUE(client.IsDone(serial));
  }
  TerminalClient distrustful(gateway_->port(), number, files_.other_ca);
  EXPECT_TRUE(distrustful.IsClosed());
  TerminalClient plain(gateway_->port(), number);
  EXPECT_FALSE(plain.LogIn());
  EXPECT_TRUE(plain.IsClosed());
}

TEST_F(GatewayTlsTest, WithAnAuthorityOfClientsOthersAreRefused) {
  Start(
      {.tls = {
           .certificate_file = files_.server_certificate, .key_file = files_.server_key, .client_ca_file = files_.ca}});
  const std::string number = Bind(1);
  TerminalClient known(gateway_->port(), number, files_.ca, files_.client_certificate, files_.client_key);
  EXPECT_TRUE(known.LogIn());
  TerminalClient unknown(gateway_->port(), number, files_.ca);
  EXPECT_FALSE(unknown.LogIn());
}

// Connections that begin a handshake and stop end as any that do not log in.
TEST_F(GatewayTlsTest, AHandshakeThatStopsEnds) {
  Start({.tls = {.certificate_file = files_.server_certificate, .key_file = files_.server_key, .client_ca_file = {}},
         .login_timeout = 1s});
  TerminalClient client(gateway_->port(), Bind(1));
  client.SendBytes(std::string("\x16\x03\x01\x02\x00", 5));
  EXPECT_TRUE(client.IsClosed(5s));
}

TEST_F(GatewayTest, AReportIsAnsweredOnlyOnceItIsDurable) {
  Start();
  TerminalClient client(gateway_->port(), Bind(1));
  ASSERT_TRUE(client.LogIn());
  store_.Hold(true);
  const std::uint16_t serial = client.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1));
  EXPECT_FALSE(client.Receive(300ms));
  EXPECT_EQ(store_.frame_count(), 1U);
  store_.Hold(false);
  EXPECT_TRUE(client.IsDone(serial));
}

TEST_F(GatewayTest, WhatIsNotWrittenIsNotAnsweredAndTheTerminalMayTryAgain) {
  Start();
  const std::string number = Bind(1);
  std::string code;
  {
    TerminalClient client(gateway_->port(), number);
    ASSERT_TRUE(client.LogIn());
    code = client.code();
    store_.Fail(true);
    client.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1));
    EXPECT_FALSE(client.Receive());
  }
  store_.Fail(false);
  TerminalClient again(gateway_->port(), number);
  ASSERT_TRUE(again.Authenticate(code));
  EXPECT_TRUE(again.IsDone(again.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1))));
}

// Each new connection is served by the other thread, so the old one is closed across threads.
TEST_F(GatewayTest, ATerminalThatComesBackAgainAndAgainHasOneConnection) {
  Start({.threads = 2});
  const std::string number = Bind(1);
  auto client = std::make_unique<TerminalClient>(gateway_->port(), number);
  ASSERT_TRUE(client->LogIn());
  for (int i = 0; i < 20; ++i) {
    auto next = std::make_unique<TerminalClient>(gateway_->port(), number);
    ASSERT_TRUE(next->Authenticate(client->code()));
    EXPECT_TRUE(client->IsClosed());
    client = std::move(next);
  }
  EXPECT_TRUE(client->IsDone(client->Send(jt808::MessageId::kHeartbeat, "")));
  EXPECT_EQ(gateway_->connection_count(), 1U);
}

TEST_F(GatewayTest, OneThatSendsTooMuchIsReadLaterAndLosesNothing) {
  Start({.bytes_per_second_max = 400});  // ten seconds' worth, 4,000 bytes, at once
  TerminalClient client(gateway_->port(), Bind(1));
  ASSERT_TRUE(client.LogIn());
  std::vector<std::uint16_t> serials;
  for (int i = 0; i < 60; ++i) {  // 43 bytes each and more
    serials.push_back(client.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, i % 60)));
  }
  for (const std::uint16_t serial : serials) EXPECT_TRUE(client.IsDone(serial));
}

TEST_F(GatewayTest, AnAddressThatGuessesIsShutOutForAMinute) {
  Start({.refused_logins_per_address_per_minute_max = 3});
  const std::string number = Bind(1);
  TerminalClient inside(gateway_->port(), number);
  ASSERT_TRUE(inside.LogIn());
  for (int i = 0; i < 3; ++i) {
    TerminalClient guesser(gateway_->port(), number);
    EXPECT_FALSE(guesser.Authenticate("guess" + std::to_string(i)));
  }
  TerminalClient late(gateway_->port(), number);
  EXPECT_TRUE(late.IsClosed());
  EXPECT_TRUE(inside.IsDone(inside.Send(jt808::MessageId::kHeartbeat, ""))) << "who is in stays";
}

TEST_F(GatewayTest, AnAddressMayConnectSoOftenInAMinuteAndSoManyAtATime) {
  Start({.connections_per_address_max = 2, .attempts_per_address_per_minute_max = 5});
  const std::string number = Bind(1);
  {
    TerminalClient first(gateway_->port(), number);
    ASSERT_TRUE(first.LogIn());
    TerminalClient second(gateway_->port(), Bind(2));
    ASSERT_TRUE(second.LogIn());
    TerminalClient third(gateway_->port(), Bind(3));
    EXPECT_TRUE(third.IsClosed());
  }
  while (gateway_->connection_count() > 0) std::this_thread::sleep_for(1ms);
  TerminalClient fourth(gateway_->port(), number);
  TerminalClient fifth(gateway_->port(), number);
  EXPECT_FALSE(fifth.IsClosed(200ms));
  TerminalClient sixth(gateway_->port(), number);
  EXPECT_TRUE(sixth.IsClosed());
}

TEST_F(GatewayTest, AStopAnswersWhatWasTaken) {
  Start({.threads = 2});
  TerminalClient client(gateway_->port(), Bind(1));
  ASSERT_TRUE(client.LogIn());
  store_.Hold(true);
  const std::uint16_t serial = client.Send(jt808::MessageId::kPosition, TerminalClient::Position(0, 1));
  while (store_.frame_count() == 0) std::this_thread::sleep_for(1ms);
  std::thread stopping([this] { gateway_->Stop(); });
  std::this_thread::sleep_for(50ms);
  store_.Hold(false);
  EXPECT_TRUE(client.IsDone(serial));
  stopping.join();
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(gateway_->connection_count(), 0U);
}

TEST(GatewayOptionsTest, WrongSettingsAreNamed) {
  const auto message = [](GatewayOptions options) { return std::string(Validate(options, "jt808").message()); };
  EXPECT_THAT(message({.listen = "nowhere"}), ::testing::HasSubstr("jt808.listen"));
  EXPECT_THAT(message({.listen = "127.0.0.1:70000"}), ::testing::HasSubstr("jt808.listen"));
  EXPECT_THAT(message({.listen = "127.0.0.1:0", .threads = 0}), ::testing::HasSubstr("jt808.threads"));
  EXPECT_THAT(message({.listen = "127.0.0.1:0", .idle_timeout = std::chrono::seconds{0}}),
              ::testing::HasSubstr("jt808.idle_timeout_s"));
  EXPECT_TRUE(Validate(GatewayOptions{.listen = "[::1]:0"}, "jt808").ok());
  EXPECT_TRUE(Validate(GatewayOptions{}, "jt808").ok()) << "no such port";
}

}  // namespace
}  // namespace telltale
