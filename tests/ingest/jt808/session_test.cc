// One terminal's connection, from its registration to its reports; bytes in, bytes out.

#include "ingest/jt808/session.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/jt808/framing.h"
#include "ingest/terminals/authentication_code.h"
#include "ingest/terminals/byte_writer.h"
#include "ingest/terminals/gcj02.h"
#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/fake_stores.h"
#include "tests/ingest/hex_bytes.h"

namespace telltale::jt808 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kNowMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr const char* kNumber = "13800138000";
constexpr const char* kVin = "LZYTBGCW4J1036497";

// Of 0x8001: "0200:7:0" is the answer "done" to message 0x0200 with serial number 7. Others: "8100:" and the body.
std::vector<std::string> AnswersOf(std::string_view replies) {
  std::vector<std::string> answers;
  std::span<const std::uint8_t> stream(reinterpret_cast<const std::uint8_t*>(replies.data()), replies.size());
  while (true) {
    const Piece piece = NextPiece(stream);
    if (piece.escaped.empty()) break;
    stream = stream.subspan(piece.consumed);
    std::vector<std::uint8_t> bytes;
    EXPECT_TRUE(Unescape(piece.escaped, bytes).ok());
    const MessageOrFault parsed = ParseMessage(bytes);
    EXPECT_FALSE(parsed.fault) << parsed.why;
    FieldReader body(parsed.message.body);
    if (parsed.message.header.id == MessageId::kPlatformAnswer) {
      const TerminalAnswer answer = ReadTerminalAnswer(body);
      answers.push_back(
          fmt::format("{:04x}:{}:{}", static_cast<int>(answer.id), answer.serial, static_cast<int>(answer.result)));
    } else {
      const std::span<const std::uint8_t> rest = body.Bytes(body.remaining(), "");
      answers.push_back(fmt::format("{:04x}:{}", static_cast<int>(parsed.message.header.id),
                                    HexOf({reinterpret_cast<const char*>(rest.data()), rest.size()})));
    }
  }
  EXPECT_TRUE(stream.empty());
  return answers;
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    Vehicle vehicle{.vin = *Vin::Parse(kVin), .display_name = {}, .traits = {}, .built_time_ms = {}};
    vehicle_id_ = vehicles_->Register(vehicle)->id;
  }

  void Bind(const std::string& number = kNumber) {
    ASSERT_TRUE(terminals_.Put({.number = number, .vehicle_id = vehicle_id_}).ok());
  }

  std::string MessageOf(MessageId id, std::string_view body, const std::string& number = kNumber) {
    std::string wire;
    AppendMessage({.edition = edition_, .terminal = number}, id, serial_, body, wire);
    return wire;
  }

  std::vector<std::string> Send(Session& session, std::string_view wire, std::int64_t now_ms = kNowMs) {
    SessionOutput out{.batch = batch_};
    session.Receive({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}, now_ms, out);
    closed_ = out.close ? out.close_reason : "";
    identified_ = out.identified;
    return AnswersOf(out.replies);
  }

  // A registration of 2013: province 31, city 115, maker and model, the box "BOX0001", and the plate.
  static std::string RegistrationBody(std::string_view box = "BOX0001", std::uint8_t colour = 1,
                                      std::string_view plate = "A12345") {
    std::string body;
    ByteWriter writer(body);
    writer.U16(31);
    writer.U16(115);
    writer.Bytes("MAKER");
    writer.Bytes(std::string("MODEL") + std::string(15, '\0'));
    writer.Bytes(box);
    writer.U8(colour);
    writer.Bytes(plate);
    return body;
  }

  // Registers and authenticates.
  void LogIn(Session& session) {
    const auto registered = Send(session, MessageOf(MessageId::kRegistration, RegistrationBody()));
    ASSERT_EQ(registered.size(), 1U);
    ASSERT_EQ(registered[0].substr(0, 5), "8100:");
    // Serial number 2 bytes, result 1 byte, then the code.
    const std::vector<std::uint8_t> answer = HexBytes(registered[0].substr(5));
    ASSERT_EQ(answer[2], 0);
    code_ = std::string(answer.begin() + 3, answer.end());
    const std::uint16_t serial = serial_;
    EXPECT_THAT(Send(session, MessageOf(MessageId::kAuthentication, code_)),
                ElementsAre(fmt::format("0102:{}:0", serial)));
    EXPECT_TRUE(identified_);
  }

  // 31.272612 N, 121.515793 E, 4 m, 36.0 km/h, 90 degrees, ignition on, positioned, at 2026-03-01T07:59:50+08:00.
  static std::string PositionBody(std::string_view time = "\x26\x03\x01\x07\x59\x50") {
    std::string body;
    ByteWriter writer(body);
    writer.U32(0);
    writer.U32(3);
    writer.U32(31'272'612);
    writer.U32(121'515'793);
    writer.U16(4);
    writer.U16(360);
    writer.U16(90);
    writer.Bytes(time);
    return body;
  }

  double Value(const char* name, std::size_t frame = 0) {
    const Signal& signal = catalog_.Get(name);
    return signal.ToPhysical(batch_.frames[frame].Get(signal.id));
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
  Edition edition_ = Edition::k2013;
  std::uint16_t serial_ = 1;
  std::string code_;
  std::string closed_;
  bool identified_ = false;
};

TEST_F(SessionTest, ATerminalRegistersAuthenticatesAndReports) {
  Bind();
  Session session(shared_);
  LogIn(session);
  serial_ = 7;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kPosition, PositionBody())), ElementsAre("0200:7:0"));
  ASSERT_EQ(batch_.frames.size(), 1U);
  EXPECT_EQ(batch_.frames[0].vehicle_id, vehicle_id_);
  EXPECT_EQ(batch_.frames[0].measure_time_ms, kNowMs - 10'000);  // Beijing is 8 hours ahead
  EXPECT_NEAR(Value("latitude"), 31.272612, 1e-9);
  EXPECT_NEAR(Value("longitude"), 121.515793, 1e-9);
  EXPECT_DOUBLE_EQ(Value("gnss_speed"), 36.0);
  EXPECT_DOUBLE_EQ(Value("altitude"), 4.0);
  EXPECT_DOUBLE_EQ(Value("heading"), 90.0);
  EXPECT_DOUBLE_EQ(Value("terminal_ignition_on"), 1.0);
  EXPECT_THAT(Send(session, MessageOf(MessageId::kHeartbeat, "")), ElementsAre("0002:8:0"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kLogout, "")), ElementsAre("0003:9:0"));
  EXPECT_EQ(closed_, "logout");
}

TEST_F(SessionTest, TheCodeIsStoredAsAHashAndWorksAgain) {
  Bind();
  Session session(shared_);
  LogIn(session);
  EXPECT_EQ(code_.size(), 26U);
  for (const auto& [key, value] : documents_.documents) EXPECT_EQ(value.find(code_), std::string::npos) << key;
  Session again(shared_);
  serial_ = 3;
  EXPECT_THAT(Send(again, MessageOf(MessageId::kAuthentication, code_)), ElementsAre("0102:3:0"));
  EXPECT_EQ(again.vehicle_id(), vehicle_id_);
}

TEST_F(SessionTest, NothingIsTakenBeforeTheTerminalHasProvedWhoItIs) {
  Bind();
  Session session(shared_);
  EXPECT_THAT(Send(session, MessageOf(MessageId::kPosition, PositionBody())), ElementsAre("0200:1:1"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kAuthentication, "guess")), ElementsAre("0102:2:1"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kPosition, PositionBody())), ElementsAre("0200:3:1"));
  EXPECT_EQ(batch_.frames.size(), 0U);
  EXPECT_EQ(session.vehicle_id(), 0U);
}

TEST_F(SessionTest, UnknownTerminalsOtherBoxesAndRevokedOnesGetNoCode) {
  Session stranger(shared_);
  EXPECT_THAT(Send(stranger, MessageOf(MessageId::kRegistration, RegistrationBody())), ElementsAre("8100:000104"));
  Bind();
  Session session(shared_);
  LogIn(session);
  Session other_box(shared_);
  serial_ = 1;
  EXPECT_THAT(Send(other_box, MessageOf(MessageId::kRegistration, RegistrationBody("BOX0002"))),
              ElementsAre("8100:000103"));
  Terminal terminal = *terminals_.Find(TerminalProtocol::kJt808, kNumber);
  terminal.revoked = true;
  ASSERT_TRUE(terminals_.Put(terminal).ok());
  Session revoked(shared_);
  serial_ = 1;
  EXPECT_THAT(Send(revoked, MessageOf(MessageId::kAuthentication, code_)), ElementsAre("0102:1:1"));
  EXPECT_THAT(Send(revoked, MessageOf(MessageId::kRegistration, RegistrationBody())), ElementsAre("8100:000204"));
}

TEST_F(SessionTest, WhereItIsAllowedATerminalBindsItselfByTheVin) {
  const Shared open(pipeline_, *vehicles_, terminals_, metrics_, {.self_registration = true});
  Session wrong(open);
  EXPECT_THAT(Send(wrong, MessageOf(MessageId::kRegistration, RegistrationBody("BOX0001", 0, "LZYTBGCW4J1036498"))),
              ElementsAre("8100:000102"));
  Session session(open);
  serial_ = 1;
  const auto answers = Send(session, MessageOf(MessageId::kRegistration, RegistrationBody("BOX0001", 0, kVin)));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].substr(0, 11), "8100:000100");
  EXPECT_EQ(terminals_.Find(TerminalProtocol::kJt808, kNumber)->vehicle_id, vehicle_id_);
}

TEST_F(SessionTest, AConnectionIsOneTerminals) {
  Bind();
  Session session(shared_);
  LogIn(session);
  Send(session, MessageOf(MessageId::kPosition, PositionBody(), "13800138001"));
  EXPECT_EQ(closed_, "another_terminal");
  EXPECT_EQ(batch_.frames.size(), 0U);
}

TEST_F(SessionTest, ABatchOfPositionsIsAnsweredOnceAndAWrongOneTakesNoOtherWithIt) {
  Bind();
  Session session(shared_);
  LogIn(session);
  std::string body;
  ByteWriter writer(body);
  writer.U16(3);
  writer.U8(1);
  for (const std::string_view time :
       {"\x26\x03\x01\x07\x10\x10", "\x26\x13\x01\x07\x10\x10", "\x26\x03\x01\x07\x11\x10"}) {
    writer.U16(28);
    writer.Bytes(PositionBody(time));
  }
  serial_ = 7;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kPositions, body)), ElementsAre("0704:7:0")) << "month 13";
  ASSERT_EQ(batch_.frames.size(), 2U);
  EXPECT_EQ(batch_.frames[1].measure_time_ms - batch_.frames[0].measure_time_ms, 60'000);
}

// However the network cuts the stream, the same frames and answers come out.
TEST_F(SessionTest, TheCutsOfTheStreamDoNotMatter) {
  Bind();
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Session session(shared_);
    LogIn(session);
    batch_.Clear();
    std::string stream;
    serial_ = 10;
    for (int i = 0; i < 20; ++i) stream += MessageOf(MessageId::kPosition, PositionBody());
    std::size_t answers = 0;
    for (std::string_view rest = stream; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(rest.size(), 1 + random() % 90);
      answers += Send(session, rest.substr(0, size)).size();
      rest.remove_prefix(size);
    }
    EXPECT_EQ(answers, 20U);
    EXPECT_EQ(batch_.frames.size(), 20U);
    EXPECT_EQ(session.partial_bytes(), 0U);
  }
}

TEST_F(SessionTest, AMessageWithoutEndIsCutOffAtTheGreatestLength) {
  Session session(shared_);
  const std::string endless(500, '\x01');
  Send(session, "\x7e");
  for (int i = 0; i < 20 && closed_.empty(); ++i) {
    Send(session, endless);
    EXPECT_LE(session.partial_bytes(), kEscapedBytesMax + 2);
  }
  EXPECT_EQ(closed_, "message_too_long");
}

TEST_F(SessionTest, PacketsOfOneMessageAreAnsweredWhenItIsWhole) {
  Bind();
  Session session(shared_);
  LogIn(session);
  std::string body;
  ByteWriter writer(body);
  writer.U16(40);
  writer.U8(1);
  for (int i = 0; i < 40; ++i) {
    writer.U16(28);
    writer.Bytes(PositionBody());
  }
  serial_ = 50;
  const std::string wire = MessageOf(MessageId::kPositions, body);  // 1,203 bytes: two packets
  const std::size_t second = wire.find("\x7e\x7e") + 1;
  EXPECT_THAT(Send(session, wire.substr(0, second)), IsEmpty());
  SessionOutput out{.batch = batch_};
  session.Tick(kNowMs + 5'000, out);
  EXPECT_THAT(AnswersOf(out.replies), ElementsAre("8003:0032010002")) << "packet 2 of the message that began with 50";
  EXPECT_THAT(Send(session, wire.substr(second)), ElementsAre("0704:51:0", "0704:50:0"));
  EXPECT_EQ(batch_.frames.size(), 40U);
}

// 900 rpm: 7200 eighths, 0x1c20. Twice in one upload, so the second is a millisecond later.
TEST_F(SessionTest, CanFramesAreDecodedAsJ1939) {
  Bind();
  Session session(shared_);
  LogIn(session);
  std::string body;
  ByteWriter writer(body);
  writer.U16(2);
  writer.Bytes(std::string_view("\x07\x59\x58\x05\x00", 5));  // 07:59:58.500 in Beijing
  for (int i = 0; i < 2; ++i) {
    writer.U32(0x4CF00400);  // bit 30: extended; EEC1 of the engine
    writer.Bytes(i == 0 ? std::string_view("\xF0\x7D\x7D\x20\x1C\xFF\xFF\xFF", 8)
                        : std::string_view("\xF0\x7D\x7D\x28\x1C\xFF\xFF\xFF", 8));
  }
  serial_ = 7;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kCanUpload, body)), ElementsAre("0705:7:0"));
  ASSERT_EQ(batch_.frames.size(), 2U);
  EXPECT_EQ(batch_.frames[0].measure_time_ms, kNowMs - 1'500);
  EXPECT_EQ(batch_.frames[1].measure_time_ms, kNowMs - 1'499);
  EXPECT_DOUBLE_EQ(Value("engine_speed", 0), 900.0);
  EXPECT_DOUBLE_EQ(Value("engine_speed", 1), 901.0);
}

TEST_F(SessionTest, ATextForTheDriverIsGbk) {
  Bind();
  Session session(shared_);
  EXPECT_TRUE(absl::IsFailedPrecondition(session.Encode(TextCommand{"too early"}).status()));
  LogIn(session);
  const auto wire = session.Encode(TextCommand{"油"});  // GBK d3 cd
  ASSERT_TRUE(wire.ok()) << wire.status();
  EXPECT_THAT(AnswersOf(wire->bytes), ElementsAre("8300:0cd3cd"));  // shown and read aloud
  EXPECT_TRUE(absl::IsInvalidArgument(session.Encode(TextCommand{std::string(1'025, 'a')}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(session.Encode(TextCommand{"\xF0\x9F\x9A\x9A"}).status()))
      << "a truck, which GBK lacks";
}

TEST_F(SessionTest, CommandsAreMessagesOfThePlatform) {
  Bind();
  Session session(shared_);
  EXPECT_TRUE(absl::IsFailedPrecondition(session.Encode(QueryPositionCommand{}).status()));
  LogIn(session);
  const auto encoded = [&](const TerminalCommand& command) {
    const auto wire = session.Encode(command);
    EXPECT_TRUE(wire.ok()) << wire.status();
    return AnswersOf(wire->bytes).at(0);
  };
  EXPECT_EQ(encoded(SetParametersCommand{{{.id = 0x29, .value = std::string("\0\0\0\x1e", 4)}}}),
            "8103:0100000029040000001e");
  EXPECT_EQ(encoded(QueryParametersCommand{}), "8104:");
  EXPECT_EQ(encoded(QueryParametersCommand{{0x29, 0x55}}), "8106:020000002900000055");
  EXPECT_EQ(encoded(QueryPropertiesCommand{}), "8107:");
  EXPECT_EQ(encoded(QueryPositionCommand{}), "8201:");
  EXPECT_EQ(encoded(TrackCommand{.interval_s = 5, .duration_s = 600}), "8202:000500000258");
  EXPECT_EQ(encoded(TrackCommand{}), "8202:0000");
  EXPECT_EQ(encoded(ControlCommand{.command = 4}), "8105:04");
  const auto refused = [&](const TerminalCommand& command) {
    return absl::IsInvalidArgument(session.Encode(command).status());
  };
  EXPECT_TRUE(refused(ControlCommand{.command = 8}));
  EXPECT_TRUE(refused(SetParametersCommand{}));
  EXPECT_TRUE(refused(SetParametersCommand{{{.id = 1, .value = std::string(256, 'a')}}}));
  EXPECT_TRUE(refused(SetParametersCommand{{5, {.id = 1, .value = std::string(250, 'a')}}}));
  EXPECT_TRUE(refused(QueryParametersCommand{std::vector<std::uint32_t>(256, 1)}));
}

TEST_F(SessionTest, AnswersToCommandsNameThem) {
  Bind();
  Session session(shared_);
  LogIn(session);
  const auto answers = [&](MessageId id, std::string_view body) {
    const std::string wire = MessageOf(id, body);
    SessionOutput out{.batch = batch_};
    session.Receive({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}, kNowMs, out);
    EXPECT_TRUE(out.replies.empty()) << "an answer is not answered";
    return out.command_answers;
  };
  const auto general = answers(MessageId::kTerminalAnswer, std::string("\0\5\x82\2\3", 5));
  ASSERT_EQ(general.size(), 1U);
  EXPECT_EQ(general[0].serial, 5);
  EXPECT_EQ(general[0].result, CommandAnswer::Result::kUnsupported);

  const auto parameters =
      answers(MessageId::kParameters, std::string("\0\6\2\0\0\0\x29\4\0\0\0\x1e\0\0\0\x12\3abc", 3 + 9 + 8));
  ASSERT_EQ(parameters.size(), 1U);
  EXPECT_EQ(parameters[0].serial, 6);
  EXPECT_THAT(parameters[0].parameters,
              ElementsAre(TerminalParameter{.id = 0x29, .value = std::string("\0\0\0\x1e", 4)},
                          TerminalParameter{.id = 0x12, .value = "abc"}));
  std::string shown;
  for (const ExplainedField& field : parameters[0].fields) shown += field.name + " " + field.value + "; ";
  EXPECT_THAT(shown, HasSubstr("interval of reports"));
  EXPECT_THAT(shown, HasSubstr("30 s"));
  EXPECT_THAT(shown, Not(HasSubstr("abc"))) << "a password";

  EXPECT_THAT(answers(MessageId::kProperties, std::string(60, '\0')), IsEmpty()) << "nobody has asked";
  const auto question = session.Encode(QueryPropertiesCommand{});
  ASSERT_TRUE(question.ok());
  const auto properties = answers(MessageId::kProperties, std::string(60, '\0'));
  ASSERT_EQ(properties.size(), 1U);
  EXPECT_EQ(properties[0].serial, question->serial);

  const auto position = answers(MessageId::kPositionAnswer, std::string("\0\7", 2) + PositionBody());
  ASSERT_EQ(position.size(), 1U);
  EXPECT_EQ(position[0].serial, 7);
  EXPECT_EQ(position[0].measure_time_ms, kNowMs - 10'000);
  EXPECT_EQ(batch_.frames.size(), 1U) << "it is stored, too";
}

TEST_F(SessionTest, ARegistrationThatIsNotWrittenIsNotAnswered) {
  Bind();
  Session session(shared_);
  documents_.fail = true;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kRegistration, RegistrationBody())), IsEmpty());
  EXPECT_EQ(closed_, "not_written");
}

TEST_F(SessionTest, APlaceOfAMapOfChinaIsStoredAsWgs84) {
  ASSERT_TRUE(terminals_.Put({.number = kNumber, .vehicle_id = vehicle_id_, .gcj02 = true}).ok());
  Session session(shared_);
  LogIn(session);
  Send(session, MessageOf(MessageId::kPosition, PositionBody()));
  ASSERT_EQ(batch_.frames.size(), 1U);
  const Place place = Gcj02OfWgs84({.latitude_deg = Value("latitude"), .longitude_deg = Value("longitude")});
  EXPECT_NEAR(place.latitude_deg, 31.272612, 2e-7);
  EXPECT_NEAR(place.longitude_deg, 121.515793, 2e-7);
  EXPECT_GT(std::abs(Value("longitude") - 121.515793), 0.003) << "some 400 m";
}

TEST_F(SessionTest, TheTimeIsUtc) {
  Session session(shared_);
  EXPECT_THAT(Send(session, MessageOf(MessageId::kTimeQuery, "")), ElementsAre("8004:260301000000"));
}

// A card: put in or taken out, at 2026-03-01T08:00:00+08:00, with the licence's number.
std::string DriverBody(bool inserted, std::string_view licence, std::uint8_t result = 0) {
  std::string body;
  ByteWriter writer(body);
  writer.U8(inserted ? 1 : 2);
  writer.Bytes(std::string_view(inserted ? "\x26\x03\x01\x08\x00\x00" : "\x26\x03\x01\x08\x05\x00", 6));
  if (!inserted) return body;
  writer.U8(result);
  writer.U8(4);
  writer.Bytes("\xC0\xEE\xCB\xC4");  // a name, GBK
  writer.Bytes(std::string(licence) + std::string(20 - licence.size(), '\0'));
  writer.U8(2);
  writer.Bytes("\xBD\xBB");
  writer.Bytes(std::string_view("\x20\x30\x12\x31", 4));
  return body;
}

TEST_F(SessionTest, ADriverIsKnownFromTheCard) {
  Bind();
  Session session(shared_);
  LogIn(session);
  serial_ = 7;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kDriverIdentity, DriverBody(true, "310115198001010010"))),
              ElementsAre("0702:7:0"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kDriverIdentity, DriverBody(false, ""))), ElementsAre("0702:8:0"));
  const auto& changes = batch_.records.drivers;
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].vehicle_id, vehicle_id_);
  EXPECT_EQ(changes[0].change.time_ms, kNowMs);
  EXPECT_EQ(changes[0].change.driver_id, "310115198001010010");
  EXPECT_EQ(changes[0].change.source, DriverSource::kTerminal);
  EXPECT_EQ(changes[1].change.time_ms, kNowMs + 5 * 60'000);
  EXPECT_EQ(changes[1].change.driver_id, "");
}

TEST_F(SessionTest, ACardThatCannotBeReadIsNobodys) {
  Bind();
  Session session(shared_);
  LogIn(session);
  serial_ = 7;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kDriverIdentity, DriverBody(true, "310115198001010010", 2))),
              ElementsAre("0702:7:0"));
  ASSERT_EQ(batch_.records.drivers.size(), 1U);
  EXPECT_EQ(batch_.records.drivers[0].change.driver_id, "");
}

TEST_F(SessionTest, ADriverWithoutAnIdThatCanBeKeptIsRefused) {
  Bind();
  Session session(shared_);
  LogIn(session);
  serial_ = 7;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kDriverIdentity, DriverBody(true, "D 1"))), ElementsAre("0702:7:2"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kDriverIdentity, "\x03")), ElementsAre("0702:8:2"));
  EXPECT_TRUE(batch_.records.empty());
}

TEST_F(SessionTest, WhatIsPassedThroughIsKeptAsItIs) {
  Bind();
  Session session(shared_);
  LogIn(session);
  serial_ = 7;
  EXPECT_THAT(Send(session, MessageOf(MessageId::kPassThrough, std::string("\x41\0\x7e\1", 4))),
              ElementsAre("0900:7:0"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kCompressed, std::string("\0\0\0\2\x1f\x8b", 6))),
              ElementsAre("0901:8:0"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kCompressed, std::string("\0\0\0\3\x1f\x8b", 6))),
              ElementsAre("0901:9:2"));
  EXPECT_THAT(Send(session, MessageOf(MessageId::kPassThrough, "")), ElementsAre("0900:10:2"));
  const auto& uploads = batch_.records.uploads;
  ASSERT_EQ(uploads.size(), 2U);
  EXPECT_EQ(
      uploads[0].upload,
      (Upload{.receive_time_ms = kNowMs, .message_id = 0x0900, .kind = 0x41, .content = std::string("\0\x7e\1", 3)}));
  EXPECT_EQ(uploads[1].upload.content, "\x1f\x8b");
}

TEST_F(SessionTest, ADriverOf2011CountsFromReceptionAndOneOfTomorrowIsRefused) {
  Bind();
  Session session(shared_);
  LogIn(session);
  serial_ = 7;
  std::string body;
  ByteWriter writer(body);
  writer.U8(4);
  writer.Bytes("\xD5\xC5\xC8\xFD");  // a name in GBK
  writer.Bytes(std::string(20, '1'));
  writer.Bytes("1234567890" + std::string(30, '\0'));
  writer.U8(2);
  writer.Bytes("GA");
  EXPECT_THAT(Send(session, MessageOf(MessageId::kDriverIdentity, body)), ElementsAre("0702:7:0"));
  const std::string tomorrow("\x02\x26\x03\x02\x09\x30\x00", 7);
  EXPECT_THAT(Send(session, MessageOf(MessageId::kDriverIdentity, tomorrow)), ElementsAre("0702:8:2"));
  ASSERT_EQ(batch_.records.drivers.size(), 1U);
  EXPECT_EQ(batch_.records.drivers[0].change.driver_id, "1234567890");
  EXPECT_EQ(batch_.records.drivers[0].change.time_ms, kNowMs);
}

// Item 0x65 of 47 bytes: alarm 1, state, number, level 2, fatigue 0, reserved 4, place 19 and label 16.
std::string DriverAlarm(std::uint8_t state, std::uint8_t number) {
  std::string item;
  ByteWriter writer(item);
  writer.U8(0x65);
  writer.U8(47);
  writer.U32(1);
  writer.U8(state);
  writer.U8(number);
  writer.U8(2);
  writer.Bytes(std::string(5 + 19 + 16, '\0'));
  return item;
}

TEST_F(SessionTest, AlarmsOfActiveSafetyRiseAndFall) {
  Bind();
  Session session(shared_);
  LogIn(session);
  const auto report = [&](const std::string& items) {
    batch_.Clear();
    Send(session, MessageOf(MessageId::kPosition, PositionBody() + items));
    EXPECT_EQ(batch_.frames.size(), 1U);
  };
  const auto raw = [&](const char* name) { return batch_.frames[0].Get(catalog_.Get(name).id); };
  report(DriverAlarm(0, 2));
  EXPECT_EQ(raw("dsm_phone"), 1);
  report("");
  EXPECT_EQ(raw("dsm_phone"), 0) << "an instant ends with the next report";
  report(DriverAlarm(1, 1));
  EXPECT_EQ(raw("dsm_fatigue"), 1);
  report("");
  EXPECT_EQ(raw("dsm_fatigue"), kAbsent) << "it stands until its end";
  report(DriverAlarm(2, 1));
  EXPECT_EQ(raw("dsm_fatigue"), 0);
  report(DriverAlarm(0, 10));
  EXPECT_EQ(raw("dsm_seat_belt_open"), kAbsent) << "the maker's own but in Guangdong";
  // Tyre 3: pressure low (bit 2), 400 kPa, 40 degrees, battery 90 %.
  std::string tyres;
  ByteWriter writer(tyres);
  writer.U8(0x66);
  writer.U8(4 + 1 + 19 + 16 + 1 + 9);
  writer.Bytes(std::string(4 + 1 + 19 + 16, '\0'));
  writer.U8(1);
  writer.U8(3);
  writer.U16(4);
  writer.U16(400);
  writer.U16(40);
  writer.U16(90);
  // Video: bit 1, covered. Compartment: -5 degrees.
  report(tyres + std::string("\x14\x04\0\0\0\x02\x06\x02\x80\x05", 10));
  EXPECT_EQ(raw("tpms_pressure_low"), 1);
  EXPECT_EQ(raw("tpms_pressure_high"), 0);
  EXPECT_EQ(raw("video_covered"), 1);
  EXPECT_EQ(raw("video_signal_lost"), 0);
  EXPECT_DOUBLE_EQ(Value("terminal_compartment_temperature"), -5.0);
}

}  // namespace
}  // namespace telltale::jt808
