// One vehicle's connection by GB/T 32960; bytes in, bytes out.

#include "ingest/gb32960/session.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/terminals/authentication_code.h"
#include "ingest/terminals/byte_writer.h"
#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/fake_stores.h"
#include "tests/ingest/hex_bytes.h"

namespace telltale::gb32960 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kNowMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr const char* kVin = "LZYTBGCW4J1036497";
constexpr const char* kIccid = "89860402101700173398";

class Gb32960SessionTest : public ::testing::Test {
 protected:
  Gb32960SessionTest() {
    Vehicle vehicle{.vin = *Vin::Parse(kVin), .display_name = {}, .traits = {}, .built_time_ms = {}};
    vehicle_id_ = vehicles_->Register(vehicle)->id;
  }

  void Bind() {
    ASSERT_TRUE(
        terminals_.Put({.protocol = TerminalProtocol::kGb32960, .number = kVin, .vehicle_id = vehicle_id_}).ok());
  }

  static std::string MessageOf(Command command, std::string_view data, std::string_view vin = kVin) {
    std::string wire;
    AppendAnswer({.command = command, .vin = std::string(vin)}, Answer::kCommand,
                 {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()}, wire);
    return wire;
  }

  static std::string Time() { return {"\x1a\x03\x01\x07\x3b\x32", 6}; }  // 2026-03-01T07:59:50 in Beijing

  static std::string Login(std::string_view iccid = kIccid, std::string_view vin = kVin) {
    std::string data = Time();
    ByteWriter writer(data);
    writer.U16(1);
    writer.Bytes(iccid);
    writer.U8(0);
    writer.U8(0);
    return MessageOf(Command::kLogin, data, vin);
  }

  // A crankshaft speed of 1,800 rpm.
  static std::string Data() {
    return MessageOf(Command::kRealTime, Time() + std::string("\x04\x01\x07\x08\x04\xd2", 6));
  }

  // "02:1": the answer flag of each answer behind its command.
  std::vector<std::string> Send(Session& session, std::string_view wire) {
    SessionOutput out{.batch = batch_};
    session.Receive({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}, kNowMs, out);
    closed_ = out.close ? out.close_reason : "";
    identified_ = out.identified;
    login_refused_ = out.login_refused;
    std::vector<std::string> answers;
    std::span<const std::uint8_t> stream(reinterpret_cast<const std::uint8_t*>(out.replies.data()), out.replies.size());
    while (true) {
      const Piece piece = NextPiece(stream, kDataBytesMax);
      if (piece.kind != Piece::Kind::kMessage) break;
      const MessageOrFault parsed = ParseMessage(stream.first(piece.size));
      EXPECT_FALSE(parsed.fault) << parsed.why;
      answers.push_back(fmt::format("{:02x}:{}", static_cast<int>(parsed.message.header.command),
                                    static_cast<int>(parsed.message.header.answer)));
      data_ = HexOf({reinterpret_cast<const char*>(parsed.message.data.data()), parsed.message.data.size()});
      stream = stream.subspan(piece.size);
    }
    EXPECT_TRUE(stream.empty());
    return answers;
  }

  const Catalog& catalog_ = BuiltInCatalog();
  FakeDocumentStore documents_;
  FakeTelemetryStore telemetry_;
  FaultStore faults_{documents_};
  LiveFrames live_{{}};
  FakeClock clock_{kNowMs};
  prometheus::Registry registry_;
  IngestMetrics ingest_metrics_{registry_};
  TerminalMetrics metrics_{registry_};
  Pipeline pipeline_{catalog_, telemetry_, SinksOf(faults_), live_, clock_, ingest_metrics_, {}};
  std::unique_ptr<VehicleRegistry> vehicles_ = *VehicleRegistry::Open(documents_);
  TerminalRegistry terminals_{documents_};
  Shared shared_{pipeline_, *vehicles_, terminals_, metrics_, {}};
  VehicleId vehicle_id_ = 0;
  IncomingBatch batch_;
  std::string closed_;
  std::string data_;  // of the last answer
  bool identified_ = false;
  bool login_refused_ = false;
};

TEST_F(Gb32960SessionTest, AVehicleLogsInReportsAndLogsOut) {
  Bind();
  Session session(shared_);
  EXPECT_THAT(Send(session, Login()), ElementsAre("01:1"));
  EXPECT_TRUE(identified_);
  EXPECT_EQ(data_, "1a0301073b32") << "the time of the login";
  EXPECT_THAT(Send(session, Data()), ElementsAre("02:1"));
  ASSERT_EQ(batch_.frames.size(), 1U);
  EXPECT_EQ(batch_.frames[0].measure_time_ms, kNowMs - 10'000);
  EXPECT_EQ(batch_.frames[0].vehicle_id, vehicle_id_);
  EXPECT_THAT(Send(session, MessageOf(Command::kHeartbeat, "")), ElementsAre("07:1"));
  EXPECT_THAT(Send(session, MessageOf(Command::kTime, "")), ElementsAre("08:1"));
  EXPECT_EQ(data_, "1a0301080000");  // 08:00 in Beijing
  EXPECT_THAT(Send(session, MessageOf(Command::kLogout, Time() + std::string("\0\1", 2))), ElementsAre("04:1"));
  EXPECT_EQ(closed_, "logout");
}

TEST_F(Gb32960SessionTest, NothingIsTakenBeforeALogin) {
  Bind();
  Session session(shared_);
  EXPECT_THAT(Send(session, Data()), ElementsAre("02:2"));
  EXPECT_EQ(batch_.frames.size(), 0U);
}

TEST_F(Gb32960SessionTest, StrangersOtherSimsAndRevokedOnesAreRefused) {
  Session unbound(shared_);
  EXPECT_THAT(Send(unbound, Login()), ElementsAre("01:2"));
  Bind();
  Session session(shared_);
  EXPECT_THAT(Send(session, Login()), ElementsAre("01:1"));
  Session other_sim(shared_);
  EXPECT_THAT(Send(other_sim, Login("89860402101700179999")), ElementsAre("01:2"));
  Session unknown(shared_);
  EXPECT_THAT(Send(unknown, Login(kIccid, "LZYTBGCW4J1036498")), ElementsAre("01:2"));
  Terminal terminal = *terminals_.Find(TerminalProtocol::kGb32960, kVin);
  terminal.revoked = true;
  ASSERT_TRUE(terminals_.Put(terminal).ok());
  Session revoked(shared_);
  EXPECT_THAT(Send(revoked, Login()), ElementsAre("01:2"));
  const Shared open(pipeline_, *vehicles_, terminals_, metrics_, {.self_registration = true});
  documents_.documents.erase(std::string("terminal/\x02") + kVin);
  Session itself(open);
  EXPECT_THAT(Send(itself, Login()), ElementsAre("01:1"));
}

constexpr const char* kUser = "fleet01";
constexpr const char* kPassword = "2vj6ekt9m4xq7hznpa3c";
constexpr const char* kOtherVin = "LZYTBGCW4J1036498";

class Gb32960PlatformTest : public Gb32960SessionTest {
 protected:
  Gb32960PlatformTest() {
    Vehicle other{.vin = *Vin::Parse(kOtherVin), .display_name = {}, .traits = {}, .built_time_ms = {}};
    other_id_ = vehicles_->Register(other)->id;
    EXPECT_TRUE(
        terminals_.Put({.protocol = TerminalProtocol::kGb32960, .number = kOtherVin, .vehicle_id = other_id_}).ok());
    EXPECT_TRUE(
        terminals_
            .Put({.protocol = TerminalProtocol::kGb32960Platform, .number = kUser, .code_sha256 = HashOf(kPassword)})
            .ok());
    Bind();
  }

  static std::string PlatformLogin(std::string user = kUser, std::string password = kPassword) {
    std::string data = Time() + std::string("\0\1", 2);
    user.resize(12, '\0');
    password.resize(20, '\0');
    return MessageOf(Command::kPlatformLogin, data + user + password + "\x01", "PLATFORM000000001");
  }

  static std::string DataOf(const char* vin) {
    return MessageOf(Command::kRealTime, Time() + std::string("\x04\x01\x07\x08\x04\xd2", 6), vin);
  }

  VehicleId other_id_ = 0;
};

TEST_F(Gb32960PlatformTest, APlatformPassesManyVehiclesOn) {
  Session session(shared_);
  EXPECT_THAT(Send(session, PlatformLogin()), ElementsAre("05:1"));
  EXPECT_TRUE(identified_);
  EXPECT_EQ(session.terminal(), kUser);
  EXPECT_THAT(Send(session, Login() + DataOf(kVin)), ElementsAre("01:1", "02:1"));
  EXPECT_THAT(Send(session, DataOf(kOtherVin)), ElementsAre("02:1")) << "its login may be of yesterday";
  ASSERT_EQ(batch_.frames.size(), 2U);
  EXPECT_EQ(batch_.frames[0].vehicle_id, vehicle_id_);
  EXPECT_EQ(batch_.frames[1].vehicle_id, other_id_);
  EXPECT_EQ(session.sender_count(), 3U) << "limits are per vehicle";
  EXPECT_THAT(Send(session, DataOf("LZYTBGCW4J1036499")), ElementsAre("02:2"));
  EXPECT_THAT(Send(session, Login(kIccid, "LZYTBGCW4J1036499")), ElementsAre("01:2"));
  EXPECT_FALSE(login_refused_) << "a platform does not guess";
  EXPECT_THAT(Send(session, MessageOf(Command::kLogout, Time() + std::string("\0\1", 2))), ElementsAre("04:1"));
  EXPECT_EQ(closed_, "") << "of a vehicle, not of the platform";
  EXPECT_EQ(session.sender_count(), 2U);
  EXPECT_THAT(Send(session, MessageOf(Command::kPlatformLogout, Time() + std::string("\0\1", 2))), ElementsAre("06:1"));
  EXPECT_EQ(closed_, "logout");
}

TEST_F(Gb32960PlatformTest, AWrongPasswordUserOrARevokedPlatformEndsTheConnection) {
  for (const auto& [user, password] : {std::pair{kUser, "2vj6ekt9m4xq7hznpa3d"}, std::pair{kUser, ""},
                                       std::pair{"fleet02", kPassword}, std::pair{"", kPassword}}) {
    Session session(shared_);
    EXPECT_THAT(Send(session, PlatformLogin(user, password)), ElementsAre("05:2"));
    EXPECT_EQ(closed_, "refused");
    EXPECT_TRUE(login_refused_);
  }
  Terminal platform = *terminals_.Find(TerminalProtocol::kGb32960Platform, kUser);
  platform.revoked = true;
  ASSERT_TRUE(terminals_.Put(platform).ok());
  Session revoked(shared_);
  EXPECT_THAT(Send(revoked, PlatformLogin()), ElementsAre("05:2"));
  Session without(shared_);
  EXPECT_THAT(Send(without, DataOf(kVin)), ElementsAre("02:2"));
  Session vehicle(shared_);
  Send(vehicle, Login());
  EXPECT_THAT(Send(vehicle, DataOf(kOtherVin)), ElementsAre("02:2")) << "a vehicle is no platform";
}

TEST_F(Gb32960PlatformTest, RevokedVehiclesAndTooManyAreRefused) {
  Terminal terminal = *terminals_.Find(TerminalProtocol::kGb32960, kOtherVin);
  terminal.revoked = true;
  ASSERT_TRUE(terminals_.Put(terminal).ok());
  Session session(shared_);
  Send(session, PlatformLogin());
  EXPECT_THAT(Send(session, DataOf(kOtherVin)), ElementsAre("02:2"));
  terminal.revoked = false;
  ASSERT_TRUE(terminals_.Put(terminal).ok());
  const Shared small(pipeline_, *vehicles_, terminals_, metrics_, {.vehicles_per_platform_max = 1});
  Session full(small);
  EXPECT_THAT(Send(full, PlatformLogin() + DataOf(kVin) + DataOf(kOtherVin) + Login(kIccid, kOtherVin) + DataOf(kVin)),
              ElementsAre("05:1", "02:1", "02:2", "01:2", "02:1"));
}

TEST_F(Gb32960SessionTest, TheCutsOfTheStreamAndGarbageInItDoNotMatter) {
  Bind();
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Session session(shared_);
    Send(session, Login());
    batch_.Clear();
    std::string stream;
    for (int i = 0; i < 20; ++i) stream += Data() + std::string(random() % 3, '#');
    std::size_t answers = 0;
    for (std::string_view rest = stream; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(rest.size(), 1 + random() % 90);
      answers += Send(session, rest.substr(0, size)).size();
      rest.remove_prefix(size);
    }
    EXPECT_EQ(answers, 20U);
    EXPECT_EQ(batch_.frames.size(), 20U);
  }
}

TEST_F(Gb32960SessionTest, AMessageIsKeptNoLongerThanItMayBe) {
  Session session(shared_);
  std::string endless = "##\x02\xfe" + std::string(kVin) + "\x01\xff\xf0";
  Send(session, endless);
  EXPECT_LE(session.partial_bytes(), kHeaderBytes);
  for (int i = 0; i < 50; ++i) {
    Send(session, std::string(1'000, 'x'));
    EXPECT_LE(session.partial_bytes(), kHeaderBytes + (8 << 10) + 1);
  }
}

TEST_F(Gb32960SessionTest, EncryptedMessagesAreRefusedClearly) {
  Bind();
  Session session(shared_);
  Send(session, Login());
  std::string wire = Data();
  wire[21] = 2;                                            // RSA
  wire.back() = static_cast<char>(wire.back() ^ (1 ^ 2));  // the check follows
  EXPECT_THAT(Send(session, wire), ElementsAre("02:2"));
  EXPECT_EQ(batch_.frames.size(), 0U);
}

}  // namespace
}  // namespace telltale::gb32960
