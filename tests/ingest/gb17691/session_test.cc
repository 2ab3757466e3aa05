// One truck's emission monitoring by GB 17691, annex Q; bytes in, frames out.

#include "ingest/gb17691/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/terminals/byte_writer.h"
#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/fake_stores.h"
#include "tests/ingest/hex_bytes.h"

namespace telltale::gb17691 {
namespace {

constexpr std::int64_t kNowMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr const char* kVin = "LZYTBGCW4J1036497";
constexpr const char* kIccid = "89860402101700173398";

class Gb17691SessionTest : public ::testing::Test {
 protected:
  Gb17691SessionTest() {
    Vehicle vehicle{.vin = *Vin::Parse(kVin), .display_name = {}, .traits = {}, .built_time_ms = {}};
    vehicle_id_ = vehicles_->Register(vehicle)->id;
    EXPECT_TRUE(
        terminals_.Put({.protocol = TerminalProtocol::kGb17691, .number = kVin, .vehicle_id = vehicle_id_}).ok());
  }

  static std::string Time() { return {"\x1a\x03\x01\x07\x3b\x32", 6}; }  // 2026-03-01T07:59:50 in Beijing

  static std::string MessageOf(std::uint8_t command, std::string_view data, std::string_view start = "##") {
    std::string wire(start);
    ByteWriter writer(wire);
    writer.U8(command);
    writer.Bytes(kVin);
    writer.U8(1);  // version of the software
    writer.U8(1);  // not encrypted
    writer.U16(static_cast<std::uint32_t>(data.size()));
    writer.Bytes(data);
    std::uint8_t check = 0;
    for (const char byte : wire.substr(2)) check ^= static_cast<std::uint8_t>(byte);
    writer.U8(check);
    return wire;
  }

  static std::string Hj1239(std::uint8_t command, std::string_view data) { return MessageOf(command, data, "~~"); }
  static std::string Bytes(std::string_view hex) {
    const std::vector<std::uint8_t> bytes = HexBytes(std::string(hex));
    return {bytes.begin(), bytes.end()};
  }

  static std::string Login(std::string_view iccid = kIccid) {
    return MessageOf(1, Time() + std::string("\0\1", 2) + std::string(iccid));
  }

  // A second of engine data, 37 bytes: 0x4b00 / 256 = 75 km/h, 0xca x 0.5 = 101 kPa, 0xaf - 125 = 50 % torque, 0x82 -
  // 125 = 5 %, 0x2ee0 / 8 = 1,500 rpm, 0x0258 x 0.05 = 30 l/h, NOx 0x3e80 x 0.05 - 200 = 600 and 0x1068 x 0.05 - 200 =
  // 10 ppm, reagent 0x7d x 0.4 = 50 %, air 0x4e20 x 0.05 = 1,000 kg/h, 0x4a20 / 32 - 273 = 320 and 0x49a0 / 32 - 273 =
  // 316 degrees, 0x0032 x 0.1 = 5 kPa, coolant 0x7d - 40 = 85 degrees, fuel 0xfa x 0.4 = 100 %, positioned at
  // 121.515793 E, 31.272612 N, 12,345.6 km.
  static std::string Second(std::string_view speed = "4b00") {
    const std::vector<std::uint8_t> bytes = HexBytes(std::string(speed) +
                                                     "ca"
                                                     "af"
                                                     "82"
                                                     "2ee0"
                                                     "0258"
                                                     "3e80"
                                                     "1068"
                                                     "7d"
                                                     "4e20"
                                                     "4a20"
                                                     "49a0"
                                                     "0032"
                                                     "7d"
                                                     "fa"
                                                     "00"
                                                     "073e2f11"
                                                     "01dd2ea4"
                                                     "0001e240");
    return {bytes.begin(), bytes.end()};
  }

  void Send(Session& session, std::string_view wire) {
    SessionOutput out{.batch = batch_};
    session.Receive({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}, kNowMs, out);
    replies_ = out.replies;
    closed_ = out.close ? out.close_reason : "";
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
  std::string closed_;
  std::string replies_;
};

TEST_F(Gb17691SessionTest, ASecondOfTheEngineIsAFrameOfItsOwnTime) {
  Session session(shared_);
  Send(session, Login());
  EXPECT_EQ(session.vehicle_id(), vehicle_id_);
  std::string data = Time();
  for (int second = 0; second < 3; ++second) data += std::string("\x02\0\7", 3) + Second(second == 2 ? "ffff" : "4b00");
  Send(session, MessageOf(2, data));
  ASSERT_EQ(batch_.frames.size(), 3U);
  for (int second = 0; second < 3; ++second) {
    EXPECT_EQ(batch_.frames[static_cast<std::size_t>(second)].measure_time_ms, kNowMs - 10'000 + second * 1'000);
  }
  EXPECT_DOUBLE_EQ(Value("wheel_based_vehicle_speed"), 75.0);
  EXPECT_DOUBLE_EQ(Value("barometric_pressure"), 101.0);
  EXPECT_DOUBLE_EQ(Value("emission_engine_net_torque"), 50.0);
  EXPECT_DOUBLE_EQ(Value("emission_friction_torque"), 5.0);
  EXPECT_DOUBLE_EQ(Value("engine_speed"), 1'500.0);
  EXPECT_NEAR(Value("emission_engine_fuel_flow"), 30.0, 1e-9);
  EXPECT_NEAR(Value("emission_scr_upstream_nox"), 600.0, 1e-9);
  EXPECT_NEAR(Value("emission_scr_downstream_nox"), 10.0, 1e-9);
  EXPECT_NEAR(Value("emission_reagent_level"), 50.0, 1e-9);
  EXPECT_NEAR(Value("emission_air_intake"), 1'000.0, 1e-9);
  EXPECT_DOUBLE_EQ(Value("emission_scr_inlet_temperature"), 320.0);
  EXPECT_DOUBLE_EQ(Value("emission_scr_outlet_temperature"), 316.0);
  EXPECT_NEAR(Value("emission_dpf_differential_pressure"), 5.0, 1e-9);
  EXPECT_DOUBLE_EQ(Value("engine_coolant_temperature"), 85.0);
  EXPECT_NEAR(Value("fuel_level_1"), 100.0, 1e-9);
  EXPECT_NEAR(Value("latitude"), 31.272612, 1e-9);
  EXPECT_NEAR(Value("longitude"), 121.515793, 1e-9);
  EXPECT_NEAR(Value("terminal_mileage"), 12'345.6, 1e-9);
  EXPECT_EQ(batch_.frames[2].Get(catalog_.Get("wheel_based_vehicle_speed").id), kNotAvailable);
}

TEST_F(Gb17691SessionTest, ObdInformationIsReadAndABrokenBlockLeavesWhatCameBefore) {
  Session session(shared_);
  Send(session, Login());
  const std::string obd = std::string("\x01\0\1", 3) + "\x02\x01" + std::string(4, '\0') + kVin + std::string(72, ' ') +
                          std::string(1, '\1') + std::string(4, '\x11');
  Send(session, MessageOf(3, Time() + obd + std::string("\x02\0\2\x4b", 4)));
  ASSERT_EQ(batch_.frames.size(), 1U);
  EXPECT_DOUBLE_EQ(Value("emission_obd_protocol"), 2.0);
  EXPECT_DOUBLE_EQ(Value("emission_mil_state"), 1.0);
}

// SPN 3226, FMI 4, 3 times; SPN 94, FMI 1, once. A code of ISO 15765 has no SPN.
TEST_F(Gb17691SessionTest, TroubleCodesOfJ1939BecomeFaults) {
  Session session(shared_);
  Send(session, Login());
  const auto obd = [](char protocol, std::string_view codes) {
    return std::string("\x01\0\1", 3) + protocol + "\x01" + Bytes("18003000") + kVin + std::string(72, ' ') +
           static_cast<char>(codes.size() / 8) + Bytes(codes);
  };
  Send(session, MessageOf(2, Time() + obd(2,
                                          "9a0c0403"
                                          "5e000101")));
  ASSERT_EQ(batch_.records.faults.size(), 1U);
  const FaultReport& report = batch_.records.faults[0].report;
  EXPECT_EQ(report.measure_time_ms, kNowMs - 10'000);
  EXPECT_EQ(report.lamps.malfunction, LampStatus::kOn);
  ASSERT_EQ(report.dtcs.size(), 2U);
  EXPECT_EQ(report.dtcs[0], (Dtc{.spn = 3226, .fmi = 4, .occurrence_count = 3}));
  EXPECT_EQ(report.dtcs[1], (Dtc{.spn = 94, .fmi = 1, .occurrence_count = 1}));
  EXPECT_DOUBLE_EQ(Value("emission_trouble_codes"), 2.0);
  EXPECT_DOUBLE_EQ(Value("emission_diagnoses_supported"), 0x1800);
  EXPECT_DOUBLE_EQ(Value("emission_diagnoses_ready"), 0x3000);
  Send(session, MessageOf(2, Time() + obd(0, "04200000")));
  EXPECT_EQ(batch_.records.faults.size(), 1U);
  EXPECT_DOUBLE_EQ(Value("emission_trouble_codes", 1), 1.0);
}

// HJ 1239.3: 75 km/h, 101 kPa, 50 and 5 %, 1,500 rpm, 30 l/h; lambda 0x8000 x 0.0000305 = 0.9994, 0.7 V, NOx 10 ppm,
// air 1,000 kg/h, coolant 85, catalyst 0x6200 / 32 - 273 = 511 degrees, positioned. Hybrid: 3,000 rpm, 60 %, 600 V, 50
// A, 70 %.
TEST_F(Gb17691SessionTest, Hj1239HasATimeInEachBlockAndMoreKindsOfEngines) {
  Session session(shared_);
  Send(session, Hj1239(1, Time() + std::string("\0\1", 2) + kIccid));
  EXPECT_EQ(session.vehicle_id(), vehicle_id_);
  const std::string engine = "4b00caaf822ee00258";
  const std::string place = "00073e2f1101dd2ea40001e240";
  const std::string data = Time() + Bytes("0007") +  //
                           Bytes(
                               "02"
                               "1a0301073b30") +
                           Second() +
                           Bytes(
                               "03"
                               "1a0301073b31" +
                               engine +
                               "8000"
                               "46"
                               "4e20"
                               "7d"
                               "6200" +
                               place) +
                           Bytes(
                               "05"
                               "1a0301073b32" +
                               engine +
                               "8000"
                               "46"
                               "1068"
                               "4e20"
                               "7d"
                               "6200" +
                               place) +
                           Bytes(
                               "04"
                               "1a0301073b32"
                               "0bb8"
                               "3c"
                               "1770"
                               "2904"
                               "46");
  for (const std::string& signature : {Bytes("02aabb"
                                             "03ccddee"),
                                       std::string()}) {
    batch_.Clear();
    Send(session, Hj1239(2, data + signature));
    ASSERT_EQ(batch_.frames.size(), 4U);
    EXPECT_EQ(batch_.frames[0].measure_time_ms, kNowMs - 12'000);
    EXPECT_EQ(batch_.frames[1].measure_time_ms, kNowMs - 11'000);
    EXPECT_EQ(batch_.frames[2].measure_time_ms, kNowMs - 10'000);
    EXPECT_EQ(batch_.frames[3].measure_time_ms, kNowMs - 10'000);
  }
  EXPECT_NEAR(Value("emission_scr_upstream_nox", 0), 600.0, 1e-9);
  EXPECT_NEAR(Value("emission_twc_upstream_lambda", 1), 0.9994, 1e-4);
  EXPECT_NEAR(Value("emission_twc_downstream_oxygen", 1), 0.7, 1e-9);
  EXPECT_DOUBLE_EQ(Value("emission_twc_temperature", 1), 511.0);
  EXPECT_NEAR(Value("emission_air_intake", 1), 1'000.0, 1e-9);
  EXPECT_NEAR(Value("latitude", 1), 31.272612, 1e-9);
  EXPECT_NEAR(Value("emission_twc_downstream_nox", 2), 10.0, 1e-9);
  EXPECT_DOUBLE_EQ(Value("engine_coolant_temperature", 2), 85.0);
  EXPECT_DOUBLE_EQ(Value("emission_hybrid_motor_speed", 3), 3'000.0);
  EXPECT_NEAR(Value("emission_hybrid_battery_voltage", 3), 600.0, 1e-9);
  EXPECT_NEAR(Value("emission_hybrid_battery_current", 3), 50.0, 1e-9);
  EXPECT_DOUBLE_EQ(Value("emission_hybrid_state_of_charge", 3), 70.0);
}

TEST_F(Gb17691SessionTest, OnlyTheQuestionForTheTimeIsAnswered) {
  Session session(shared_);
  Send(session, Login());
  Send(session, MessageOf(2, Time() + std::string("\x02\0\7", 3) + Second()));
  EXPECT_EQ(replies_, "");
  Send(session, MessageOf(5, ""));
  EXPECT_EQ(replies_, MessageOf(5, Bytes("1a0301080000"))) << "08:00 in Beijing";
  Send(session, Hj1239(5, ""));
  EXPECT_EQ(replies_, Hj1239(5, Bytes("1a0301080000")));
}

TEST_F(Gb17691SessionTest, ATerminalThatIsTakenOffIsAnAlarm) {
  Session session(shared_);
  Send(session, Hj1239(1, Time() + std::string("\0\1", 2) + kIccid));
  Send(session, Hj1239(6, Time() + Bytes("0001"
                                         "00"
                                         "073e2f11"
                                         "01dd2ea4")));
  ASSERT_EQ(batch_.frames.size(), 1U);
  EXPECT_DOUBLE_EQ(Value("emission_terminal_removed"), 1.0);
  EXPECT_NEAR(Value("longitude"), 121.515793, 1e-9);
}

TEST_F(Gb17691SessionTest, StrangersLoseTheirConnection) {
  Session early(shared_);
  Send(early, MessageOf(2, Time()));
  EXPECT_EQ(closed_, "not_logged_in");
  Session session(shared_);
  Send(session, Login());
  EXPECT_EQ(closed_, "");
  Session other_sim(shared_);
  Send(other_sim, Login("89860402101700179999"));
  EXPECT_EQ(closed_, "refused");
}

TEST_F(Gb17691SessionTest, MessagesAreExplainedToTheLastByte) {
  for (const std::string& wire : {MessageOf(2, Time() + std::string("\x02\0\7", 3) + Second()),
                                  Hj1239(2, Time() +
                                                Bytes("0007"
                                                      "02"
                                                      "1a0301073b30") +
                                                Second() +
                                                Bytes("02aabb"
                                                      "03ccddee")),
                                  Hj1239(6, Time() + Bytes("0001"
                                                           "00"
                                                           "073e2f11"
                                                           "01dd2ea4")),
                                  Hj1239(7, Time() + std::string(16 + 64, 'c') + kVin + Bytes("01aa01bb")),
                                  Hj1239(8, Bytes("0100")), MessageOf(5, "")}) {
    const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size());
    std::size_t at = 0;
    for (const ExplainedField& field : Explain(bytes, shared_.emissions)) {
      EXPECT_EQ(field.first_byte, at) << field.name;
      at += field.byte_count;
    }
    EXPECT_EQ(at, bytes.size());
    for (std::size_t size = 0; size < bytes.size(); ++size) Explain(bytes.first(size), shared_.emissions);
  }
}

}  // namespace
}  // namespace telltale::gb17691
