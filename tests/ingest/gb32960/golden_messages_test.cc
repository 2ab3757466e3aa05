// Messages of real vehicles against a decode by an independent script (tests/data/gb32960/README.md), and hand-worked
// ones of what no vehicle in there sends.

#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ingest/gb32960/bodies.h"
#include "ingest/gb32960/data_unit.h"
#include "ingest/gb32960/message.h"
#include "ingest/terminals/gcj02.h"
#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/hex_bytes.h"

namespace telltale::gb32960 {
namespace {

using nlohmann::json;

std::vector<json> Lines(const std::string& name) {
  std::ifstream file(std::string(TELLTALE_SOURCE_DIR) + "/tests/data/gb32960/" + name);
  std::vector<json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

// The messages of a stream, and how many bytes of garbage.
struct Taken {
  std::vector<std::string> messages;
  std::size_t garbage = 0;
  std::string rest;
};

Taken TakeApart(std::span<const std::uint8_t> stream) {
  Taken taken;
  while (true) {
    const Piece piece = NextPiece(stream, kDataBytesMax);
    if (piece.kind == Piece::Kind::kNeedMore) break;
    const std::string bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(piece.size));
    if (piece.kind == Piece::Kind::kMessage) taken.messages.push_back(HexOf(bytes));
    if (piece.kind == Piece::Kind::kGarbage) taken.garbage += piece.size;
    stream = stream.subspan(piece.size);
  }
  taken.rest = HexOf({reinterpret_cast<const char*>(stream.data()), stream.size()});
  return taken;
}

class Gb32960Golden : public ::testing::Test {
 protected:
  DataUnitReader::Result Read(std::span<const std::uint8_t> data, Edition edition = Edition::k2016) {
    frame_.Clear();
    FieldReader reader(data);
    const DataUnitReader::Result result = reader_.Read(reader, edition, frame_);
    batch_.Clear();
    LayoutCache layouts;
    frame_.AddTo(1, 0, layouts, batch_);
    return result;
  }

  RawValue Raw(const std::string& name) const { return batch_[0].Get(catalog_.Get(name).id); }
  double Value(const std::string& name) const { return catalog_.Get(name).ToPhysical(Raw(name)); }

  // A field of the expectation; null stands for error or not available.
  void Expect(const json& item, const char* field, const std::string& signal, double tolerance = 1e-6) const {
    SCOPED_TRACE(field);
    ASSERT_TRUE(item.contains(field));
    const Signal& known = catalog_.Get(signal);
    if (item[field].is_null()) {
      EXPECT_LE(Raw(signal), kError);
    } else if (const double value = item[field]; value < known.min || value > known.max) {
      EXPECT_LE(Raw(signal), kError) << value << " is beyond the signal's range";
    } else {
      EXPECT_NEAR(Value(signal), value, tolerance);
    }
  }

  void ExpectItem(const json& item) const {
    const std::string type = item["type"];
    if (type == "01") {
      Expect(item, "speed_kmh", "ev_vehicle_speed");
      Expect(item, "mileage_km", "ev_mileage");
      Expect(item, "voltage_v", "ev_total_voltage");
      Expect(item, "current_a", "ev_total_current");
      Expect(item, "soc_pct", "ev_state_of_charge");
      Expect(item, "status", "ev_vehicle_state");
      Expect(item, "charge_status", "ev_charging_state");
      Expect(item, "mode", "ev_running_mode");
      Expect(item, "gear", "ev_gear");
      Expect(item, "insulation_kohm", "ev_insulation_resistance");
      Expect(item, "accelerator", "ev_accelerator_pedal");
      Expect(item, "brake", "ev_brake_pedal");
    } else if (type == "02") {
      for (const json& motor : item["motors"]) {
        const std::string prefix = "drive_motor_" + std::to_string(motor["no"].get<int>());
        Expect(motor, "state", prefix + "_state");
        Expect(motor, "speed_rpm", prefix + "_speed");
        Expect(motor, "torque_nm", prefix + "_torque");
        Expect(motor, "temp_c", prefix + "_temperature");
        Expect(motor, "input_v", prefix + "_controller_voltage");
        Expect(motor, "dc_current_a", prefix + "_controller_current");
      }
    } else if (type == "05") {
      EXPECT_EQ(Raw("gnss_fix") == 1, item["valid"].get<bool>());
      if (item["valid"].get<bool>()) {
        Expect(item, "longitude", "longitude");
        Expect(item, "latitude", "latitude");
      }
    } else if (type == "06") {
      Expect(item, "max_cell_v", "battery_cell_voltage_max");
      Expect(item, "max_v_cell", "battery_cell_voltage_max_cell");
      Expect(item, "min_cell_v", "battery_cell_voltage_min");
      Expect(item, "max_temp_c", "battery_temperature_max");
      Expect(item, "min_temp_c", "battery_temperature_min");
      Expect(item, "min_t_probe", "battery_temperature_min_probe");
    } else if (type == "07") {
      Expect(item, "max_level", "ev_alarm_level");
    }
  }

  const Catalog& catalog_ = BuiltInCatalog();
  const DataUnitReader reader_{catalog_};
  TerminalFrame frame_;
  FrameBatch batch_;
};

TEST_F(Gb32960Golden, MessagesAreAsExpectedAndFaultsAreFound) {
  int checked = 0;
  for (const json& golden : Lines("frames.ndjson")) {
    SCOPED_TRACE(golden["id"].get<std::string>());
    const std::string cls = golden["cls"];
    const std::vector<std::uint8_t> bytes = HexBytes(golden["hex"].get<std::string>());
    if (cls == "tcp_chunk") continue;
    const MessageOrFault parsed = ParseMessage(bytes);
    const json& expected = golden["expected"];
    if (cls == "bad_bcc" || cls == "too_short") {
      EXPECT_TRUE(parsed.fault);
      continue;
    }
    ASSERT_FALSE(parsed.fault) << parsed.why;
    const Header& header = parsed.message.header;
    std::string vin = expected["vin"];
    vin = vin.c_str();  // without the zeros behind it
    EXPECT_EQ(header.vin, vin);
    EXPECT_EQ(static_cast<int>(header.command), std::stoi(golden["cmd"].get<std::string>(), nullptr, 16));
    EXPECT_EQ(header.data_size, expected["data_length"].get<std::size_t>());
    if (header.answer != Answer::kCommand) continue;
    if (header.command != Command::kRealTime && header.command != Command::kReupload) continue;
    const DataUnitReader::Result result = Read(parsed.message.data);
    EXPECT_TRUE(result.measure_time_ms);
    EXPECT_TRUE(cls != "ok" || result.fault.empty()) << result.fault;
    for (const json& item : expected["body"]["items"]) ExpectItem(item);
    ++checked;
  }
  EXPECT_GE(checked, 30);
}

TEST_F(Gb32960Golden, ALoginIsRead) {
  // gb-d-001: LZYTBGCW4J1036497 at 20:35:54 in Beijing on 2018-10-30, its 53rd login.
  const std::vector<std::uint8_t> bytes = HexBytes(
      "232301fe4c5a595442474357344a3130333634393701001e120a1e14233600353839383630343032313031373030313733333938010090");
  const MessageOrFault parsed = ParseMessage(bytes);
  ASSERT_FALSE(parsed.fault) << parsed.why;
  FieldReader data(parsed.message.data);
  const Login login = ReadLogin(data, Edition::k2016);
  EXPECT_TRUE(data.ok());
  EXPECT_EQ(login.serial, 53);
  EXPECT_EQ(login.iccid, "89860402101700173398");
  EXPECT_EQ(login.time_ms, 1'540'902'954'000);  // 2018-10-30T12:35:54Z
}

TEST_F(Gb32960Golden, StreamsComeApartAsTheyWereSent) {
  for (const json& golden : Lines("tcp_streams.ndjson")) {
    SCOPED_TRACE(golden["id"].get<std::string>());
    std::vector<std::uint8_t> stream;
    for (const json& chunk : golden["chunks"]) {
      const std::vector<std::uint8_t> bytes = HexBytes(chunk["hex"].get<std::string>());
      stream.insert(stream.end(), bytes.begin(), bytes.end());
    }
    const Taken taken = TakeApart(stream);
    EXPECT_EQ(taken.messages, golden["expected_frames"].get<std::vector<std::string>>());
    EXPECT_EQ(taken.rest, golden["trailing_hex"].get<std::string>());
  }
}

TEST_F(Gb32960Golden, AfterGarbageTheNextMessageIsFound) {
  const std::string message = "232307fe4c5a595442474357584a31303434333134010000d7";
  const Taken taken = TakeApart(HexBytes("0123" + message + "23aa23" + message));
  EXPECT_THAT(taken.messages, ::testing::ElementsAre(message, message));
  EXPECT_EQ(taken.garbage, 5U);
}

// Table 13: started, 0x0708 = 1800 rpm, 0x04d2 = 1234 hundredths of a litre. Table 12: 0x0d7d = 345.3 V, 0x00c8 = 20 A,
// 0x007b = 1.23 kg, two probes of 0x5a and 0x64 = 50 and 60 degrees, hydrogen 0x0258 - 400 tenths = 20 degrees at probe
// 1, 7 mg/kg at sensor 2, 0x015e = 35 MPa at sensor 3, converter working.
TEST_F(Gb32960Golden, EnginesAndFuelCellsAreRead) {
  const DataUnitReader::Result result =
      Read(HexBytes("1a0301081e00"
                    "04"
                    "01070804d2"
                    "03"
                    "0d7d00c8007b00025a64"
                    "0258010007"
                    "02015e0301"));
  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(result.measure_time_ms, 1'772'325'000'000);  // 2026-03-01T08:30:00+08:00
  EXPECT_DOUBLE_EQ(Value("hybrid_crankshaft_speed"), 1800.0);
  EXPECT_NEAR(Value("hybrid_fuel_consumption"), 12.34, 1e-9);
  EXPECT_NEAR(Value("fuel_cell_voltage"), 345.3, 1e-9);
  EXPECT_NEAR(Value("fuel_cell_current"), 20.0, 1e-9);
  EXPECT_NEAR(Value("fuel_cell_consumption"), 1.23, 1e-9);
  EXPECT_DOUBLE_EQ(Value("fuel_cell_probe_temperature_max"), 60.0);
  EXPECT_NEAR(Value("fuel_cell_hydrogen_temperature_max"), 20.0, 1e-9);
  EXPECT_DOUBLE_EQ(Value("fuel_cell_hydrogen_concentration_max"), 7.0);
  EXPECT_NEAR(Value("fuel_cell_hydrogen_pressure_max"), 35.0, 1e-9);
}

// 2025: a current of 0x7724 = 30,500 tenths - 3,000 = 50 A; a motor at 0x80e8 - 32,000 = 1,000 rpm with 0x00035b60 =
// 220,000 tenths - 20,000 = 2,000 Nm; a place of GCJ-02, 0x073e1d11 = 121.511185 east and 0x01dd2ea4 = 31.272612 north;
// bit 27 of the alarms; cells of 3.300 and 3.250 V.
TEST_F(Gb32960Golden, TheEditionOf2025IsRead) {
  const DataUnitReader::Result result = Read(HexBytes("1a0301081e00"
                                                      "01"
                                                      "010301"
                                                      "0064"
                                                      "00002710"
                                                      "1770"
                                                      "7724"
                                                      "50"
                                                      "01"
                                                      "0e"
                                                      "03e8"
                                                      "02"
                                                      "01"
                                                      "01"
                                                      "01"
                                                      "50"
                                                      "80e8"
                                                      "00035b60"
                                                      "5a"
                                                      "05"
                                                      "00"
                                                      "02"
                                                      "073e1d11"
                                                      "01dd2ea4"
                                                      "06"
                                                      "02"
                                                      "08000000"
                                                      "00000000"
                                                      "01"
                                                      "1b02"
                                                      "07"
                                                      "01"
                                                      "01"
                                                      "1770"
                                                      "7724"
                                                      "0002"
                                                      "0ce4"
                                                      "0cb2"
                                                      "08"
                                                      "01"
                                                      "01"
                                                      "0002"
                                                      "3c"
                                                      "46"
                                                      "04"
                                                      "0708"
                                                      "ff"
                                                      "01"
                                                      "0002aabb"
                                                      "0001cc"),
                                             Edition::k2025);
  EXPECT_EQ(result.fault, "");
  EXPECT_NEAR(Value("ev_total_current"), 50.0, 1e-9);
  EXPECT_DOUBLE_EQ(Value("drive_motor_1_speed"), 1000.0);
  EXPECT_NEAR(Value("drive_motor_1_torque"), 2000.0, 1e-9);
  EXPECT_EQ(Raw("gnss_fix"), 1);
  const Place place = Gcj02OfWgs84({.latitude_deg = Value("latitude"), .longitude_deg = Value("longitude")});
  EXPECT_NEAR(place.latitude_deg, 31.272612, 2e-7);
  EXPECT_NEAR(place.longitude_deg, 121.511185, 2e-7);
  EXPECT_GT(std::abs(Value("longitude") - 121.511185), 0.003) << "some 400 m";
  EXPECT_EQ(Raw("ev_alarm_fuel_cell_stack_temperature"), 1);
  EXPECT_EQ(Raw("ev_alarm_level"), 2);
  EXPECT_NEAR(Value("battery_cell_voltage_max"), 3.3, 1e-9);
  EXPECT_NEAR(Value("battery_cell_voltage_min"), 3.25, 1e-9);
  EXPECT_DOUBLE_EQ(Value("battery_temperature_max"), 30.0);
  EXPECT_DOUBLE_EQ(Value("hybrid_crankshaft_speed"), 1800.0);
}

TEST_F(Gb32960Golden, ErrorAndNotAvailableAreStates) {
  Read(
      HexBytes("1a0301081e00"
               "01"
               "fefffe"
               "fffe"
               "ffffffff"
               "fffe"
               "ffff"
               "ff"
               "fe"
               "ff"
               "ffff"
               "fe"
               "ff"));
  EXPECT_EQ(Raw("ev_vehicle_state"), kError);
  EXPECT_EQ(Raw("ev_charging_state"), kNotAvailable);
  EXPECT_EQ(Raw("ev_vehicle_speed"), kError);
  EXPECT_EQ(Raw("ev_mileage"), kNotAvailable);
  EXPECT_EQ(Raw("ev_total_current"), kNotAvailable);
  EXPECT_EQ(Raw("ev_brake_pedal"), kNotAvailable);
}

TEST_F(Gb32960Golden, ABrokenBlockLeavesWhatCameBeforeIt) {
  const DataUnitReader::Result result =
      Read(HexBytes("1a0301081e00"
                    "04"
                    "01070804d2"
                    "06"
                    "0101"));
  EXPECT_EQ(result.fault, "block 06 goes beyond the end");
  EXPECT_DOUBLE_EQ(Value("hybrid_crankshaft_speed"), 1800.0);
  EXPECT_EQ(Read(HexBytes("1a0301081e00"
                          "04"
                          "01070804d2"
                          "2f00"))
                .fault,
            "block 2f is reserved, and its length is not known");
}

// An engine block and a position at 121.515793 E, 31.272612 N.
constexpr const char* kTime = "1a0301081e00";
constexpr const char* kEngine = "0401070804d2";
constexpr const char* kPlace = "0500073e2f1101dd2ea4";

TEST_F(Gb32960Golden, ABlockThatIsCutOffGivesNothingOfIt) {
  const std::string vehicle = "0101030100640000271017702774500111";
  for (std::size_t digits = 4; digits < vehicle.size(); digits += 2) {
    const auto result = Read(HexBytes(kTime + std::string(kEngine) + vehicle.substr(0, digits)));
    EXPECT_EQ(result.fault, "block 01 goes beyond the end");
    EXPECT_EQ(frame_.size(), 3U) << "of the engine";
  }
}

// The maker's block says 4 bytes and has so many; then it says fewer, more, or has no length at all.
TEST_F(Gb32960Golden, BehindAMakersBlockOfAWrongLengthNothingIsBelieved) {
  const std::string begin = kTime + std::string(kEngine);
  const SignalId latitude = catalog_.Get("latitude").id;
  // How many bytes were not read.
  const auto read = [&](const std::string& blocks) {
    const auto result = Read(HexBytes(begin + blocks));
    EXPECT_EQ(result.fault, "");
    EXPECT_NEAR(Value("hybrid_fuel_consumption"), 12.34, 1e-9) << "what came before holds";
    return result.unread_bytes;
  };
  // Its content looks like a position in India.
  const std::string content = "0500048ad8e601312d00";
  EXPECT_EQ(read("80000a" + content), 0U);
  EXPECT_FALSE(frame_.Has(latitude));
  EXPECT_EQ(read("80000a" + content + kPlace), 0U);
  EXPECT_NEAR(Value("latitude"), 31.272612, 1e-6);
  EXPECT_EQ(read(kPlace + ("80000a" + content) + "8100020000"), 0U);
  EXPECT_NEAR(Value("latitude"), 31.272612, 1e-6);

  EXPECT_EQ(read("800000" + content + "00"), 14U);
  EXPECT_FALSE(frame_.Has(latitude));
  EXPECT_EQ(read("800000" + content + kPlace), 23U) << "a position that comes twice";
  EXPECT_FALSE(frame_.Has(latitude));
  EXPECT_EQ(read(kPlace + ("80" + content)), 11U);
  EXPECT_NEAR(Value("latitude"), 31.272612, 1e-6);
  EXPECT_EQ(read("8000ff" + content), 13U);
  EXPECT_FALSE(frame_.Has(latitude));
  EXPECT_EQ(read("80"), 1U);
  // Of two the second may be the wrong one.
  EXPECT_EQ(read("80000a" + content + "81ffff00" + kPlace), 27U);
  EXPECT_FALSE(frame_.Has(latitude));
}

TEST_F(Gb32960Golden, NoBlockComesTwice) {
  const auto result = Read(HexBytes(kTime + std::string(kEngine) + "0402000a0001"));
  EXPECT_EQ(result.fault, "block 04 comes twice");
  EXPECT_DOUBLE_EQ(Value("hybrid_crankshaft_speed"), 1800.0);
}

// State 1, 50 degrees, 1,000 rpm, 0 Nm, 50 degrees, 300 V, 0 A.
TEST_F(Gb32960Golden, MotorsAreCountedFromOneOrFromZeroAndTheFifthIsLeftOut) {
  const std::string motor = "015a52084e205a0bb82710";
  EXPECT_EQ(Read(HexBytes(kTime + ("020200" + motor + "01") + motor)).left_out, 0U);
  EXPECT_DOUBLE_EQ(Value("drive_motor_1_speed"), 1000.0);
  EXPECT_DOUBLE_EQ(Value("drive_motor_2_speed"), 1000.0);
  EXPECT_EQ(Read(HexBytes(kTime + ("020204" + motor + "05") + motor)).left_out, 1U);
  EXPECT_DOUBLE_EQ(Value("drive_motor_4_speed"), 1000.0);
  EXPECT_FALSE(frame_.Has(catalog_.Get("drive_motor_1_speed").id));
}

std::string Hex16(std::size_t number) { return fmt::format("{:04x}", number); }

// Two subsystems of 3 and 2 cells at 600 and 300 V, 10 A and 20 A.
TEST_F(Gb32960Golden, CellsAreKeptByNumberOverAllSubsystems) {
  const std::string first =
      "01" + Hex16(6000) + Hex16(10'100) + Hex16(3) + Hex16(1) + "03" + Hex16(3300) + Hex16(0xFFFE) + Hex16(3400);
  const std::string second =
      "02" + Hex16(3000) + Hex16(10'200) + Hex16(2) + Hex16(1) + "02" + Hex16(3500) + Hex16(3510);
  EXPECT_EQ(Read(HexBytes(kTime + ("0802" + first) + second)).fault, "");
  EXPECT_NEAR(Value("battery_cell_voltage_1"), 3.3, 1e-9);
  EXPECT_EQ(Raw("battery_cell_voltage_2"), kError);
  EXPECT_NEAR(Value("battery_cell_voltage_3"), 3.4, 1e-9);
  EXPECT_NEAR(Value("battery_cell_voltage_4"), 3.5, 1e-9);
  EXPECT_NEAR(Value("battery_cell_voltage_5"), 3.51, 1e-9);
  EXPECT_NEAR(Value("battery_1_voltage"), 600.0, 1e-9);
  EXPECT_NEAR(Value("battery_1_current"), 10.0, 1e-9);
  EXPECT_NEAR(Value("battery_2_current"), 20.0, 1e-9);
  EXPECT_NEAR(Value("battery_1_cell_voltage_min"), 3.3, 1e-9);
  EXPECT_NEAR(Value("battery_1_cell_voltage_mean"), 3.35, 1e-9);
  EXPECT_NEAR(Value("battery_2_cell_voltage_max"), 3.51, 1e-9);
  // The second alone: how many cells the first has is not known.
  EXPECT_EQ(Read(HexBytes(kTime + ("0801" + second))).left_out, 2U);
  EXPECT_FALSE(frame_.Has(catalog_.Get("battery_cell_voltage_1").id));
  EXPECT_NEAR(Value("battery_2_cell_voltage_max"), 3.51, 1e-9);
}

TEST_F(Gb32960Golden, CellsOfALargeBatteryComeInSeveralMessages) {
  const auto part = [](std::size_t first, std::size_t count, std::size_t all) {
    std::string hex = "080101" + Hex16(6000) + Hex16(10'000) + Hex16(all) + Hex16(first) + fmt::format("{:02x}", count);
    for (std::size_t cell = 0; cell < count; ++cell) hex += Hex16(3000 + first + cell);
    return hex;
  };
  EXPECT_EQ(Read(HexBytes(kTime + part(1, 200, 360))).left_out, 0U);
  EXPECT_NEAR(Value("battery_cell_voltage_200"), 3.2, 1e-9);
  EXPECT_FALSE(frame_.Has(catalog_.Get("battery_1_cell_voltage_min").id)) << "not all cells are in it";
  EXPECT_EQ(Read(HexBytes(kTime + part(201, 160, 360))).left_out, 0U);
  EXPECT_NEAR(Value("battery_cell_voltage_201"), 3.201, 1e-9);
  EXPECT_NEAR(Value("battery_cell_voltage_360"), 3.36, 1e-9);
  EXPECT_EQ(Read(HexBytes(kTime + part(501, 200, 700))).left_out, 100U) << "there are signals for 600";
}

TEST_F(Gb32960Golden, ProbesAreKeptByNumber) {
  EXPECT_EQ(Read(HexBytes(kTime + std::string("0902010002"
                                              "3c46"
                                              "020001"
                                              "ff")))
                .fault,
            "");
  EXPECT_DOUBLE_EQ(Value("battery_probe_temperature_1"), 20.0);
  EXPECT_DOUBLE_EQ(Value("battery_probe_temperature_2"), 30.0);
  EXPECT_EQ(Raw("battery_probe_temperature_3"), kNotAvailable);
  EXPECT_DOUBLE_EQ(Value("battery_1_temperature_min"), 20.0);
  EXPECT_DOUBLE_EQ(Value("battery_1_temperature_max"), 30.0);
  EXPECT_FALSE(frame_.Has(catalog_.Get("battery_2_temperature_min").id));
}

// 2025: a gear that is not valid; alarm 27 of level 2; a stack at 300 V, 100 A, 50 and 20 kPa, 30 degrees, with 60 and
// 65 degrees in its water; a supercapacitor of 500 V and 0 A with one cell and one probe, and its extremes.
TEST_F(Gb32960Golden, OtherBlocksOf2025AreRead) {
  const auto result = Read(HexBytes(kTime + std::string("01"
                                                        "010301006400002710177075305001"
                                                        "8f"
                                                        "03e8"
                                                        "06"
                                                        "02"
                                                        "08000000"
                                                        "00000000"
                                                        "01"
                                                        "1b02"
                                                        "30"
                                                        "01"
                                                        "01"
                                                        "0bb8"
                                                        "03e8"
                                                        "05dc"
                                                        "04b0"
                                                        "46"
                                                        "0002"
                                                        "6469"
                                                        "31"
                                                        "01"
                                                        "1388"
                                                        "7530"
                                                        "0001"
                                                        "0a8c"
                                                        "0001"
                                                        "46"
                                                        "32"
                                                        "01"
                                                        "0003"
                                                        "0a8c"
                                                        "01"
                                                        "0004"
                                                        "0a28"
                                                        "01"
                                                        "0001"
                                                        "46"
                                                        "01"
                                                        "0002"
                                                        "45"
                                                        "ff"
                                                        "02"
                                                        "0002"
                                                        "aabb"
                                                        "0000")),
                           Edition::k2025);
  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(Raw("ev_gear"), kNotAvailable);
  EXPECT_EQ(Raw("ev_alarm_fuel_cell_stack_temperature_level"), 2);
  EXPECT_EQ(Raw("ev_alarm_insulation_level"), 0);
  EXPECT_NEAR(Value("fuel_cell_stack_1_voltage"), 300.0, 1e-9);
  EXPECT_NEAR(Value("fuel_cell_stack_1_current"), 100.0, 1e-9);
  EXPECT_NEAR(Value("fuel_cell_stack_1_hydrogen_inlet_pressure"), 50.0, 1e-9);
  EXPECT_NEAR(Value("fuel_cell_stack_1_air_inlet_pressure"), 20.0, 1e-9);
  EXPECT_DOUBLE_EQ(Value("fuel_cell_stack_1_coolant_temperature_min"), 60.0);
  EXPECT_DOUBLE_EQ(Value("fuel_cell_stack_1_coolant_temperature_max"), 65.0);
  EXPECT_NEAR(Value("supercapacitor_voltage"), 500.0, 1e-9);
  EXPECT_NEAR(Value("supercapacitor_current"), 0.0, 1e-9);
  EXPECT_NEAR(Value("supercapacitor_cell_voltage_max"), 2.7, 1e-9);
  EXPECT_EQ(Raw("supercapacitor_cell_voltage_min_cell"), 4);
  EXPECT_DOUBLE_EQ(Value("supercapacitor_temperature_min"), 29.0);
}

// Of a message that a maker of terminals published: gear 0xbf with everything not available.
TEST_F(Gb32960Golden, AGearOf2016HasNoValidity) {
  Read(HexBytes(kTime + std::string("01ffffffffffffffffffffffffffffff3fffffffff")));
  EXPECT_EQ(Raw("ev_gear"), 63);
}

// Every message is explained to its last byte; nothing breaks however a bit is turned or the end is cut.
TEST_F(Gb32960Golden, EveryMessageIsExplainedAndNoBitBreaksTheReader) {
  for (const json& golden : Lines("frames.ndjson")) {
    SCOPED_TRACE(golden["id"].get<std::string>());
    const std::vector<std::uint8_t> bytes = HexBytes(golden["hex"].get<std::string>());
    const Explanation explanation = Explain(bytes, reader_);
    if (golden["cls"] == "ok") {
      std::size_t at = 0;
      for (const ExplainedField& field : explanation) {
        if (field.byte_count == 0) continue;
        EXPECT_EQ(field.first_byte, at) << field.name;
        at += field.byte_count;
      }
      EXPECT_EQ(at, bytes.size());
    }
    if (bytes.size() > 200) continue;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::vector<std::uint8_t> flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      Explain(flipped, reader_);
      EXPECT_TRUE(golden["cls"] != "ok" || bit < 16 || ParseMessage(flipped).fault);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) Explain(std::span(bytes).first(size), reader_);
  }
}

}  // namespace
}  // namespace telltale::gb32960
