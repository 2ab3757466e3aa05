// Messages of real terminals and of other projects, against a decode by an independent script
// (tests/data/jt808/README.md).

#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ingest/jt808/bodies.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/message.h"
#include "ingest/jt808/message_table.h"
#include "ingest/jt808/position.h"
#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/hex_bytes.h"

namespace telltale::jt808 {
namespace {

using nlohmann::json;

std::vector<json> GoldenMessages() {
  std::ifstream file(std::string(TELLTALE_SOURCE_DIR) + "/tests/data/jt808/messages.ndjson");
  std::vector<json> messages;
  for (std::string line; std::getline(file, line);) messages.push_back(json::parse(line));
  return messages;
}

struct Decoded {
  std::vector<std::uint8_t> bytes;
  MessageOrFault parsed;
  bool escapes_ok = false;
};

Decoded Decode(const json& golden) {
  const std::vector<std::uint8_t> wire = HexBytes(golden["hex"].get<std::string>());
  const Piece piece = NextPiece(wire);
  Decoded decoded;
  decoded.escapes_ok = Unescape(piece.escaped, decoded.bytes).ok();
  decoded.parsed = ParseMessage(decoded.bytes);
  return decoded;
}

class Golden : public ::testing::Test {
 protected:
  const Catalog& catalog_ = BuiltInCatalog();
  const PositionReader positions_{catalog_};

  double Physical(const TerminalFrame& terminal_frame, std::string_view name) const {
    LayoutCache layouts;
    FrameBatch batch;
    terminal_frame.AddTo(1, 0, layouts, batch);
    const Signal& signal = catalog_.Get(name);
    return signal.ToPhysical(batch[0].Get(signal.id));
  }

  RawValue Raw(const TerminalFrame& terminal_frame, std::string_view name) const {
    LayoutCache layouts;
    FrameBatch batch;
    terminal_frame.AddTo(1, 0, layouts, batch);
    return batch[0].Get(catalog_.Get(name).id);
  }

  void ExpectPosition(const json& expected, FieldReader& body) const {
    TerminalFrame frame;
    const PositionReader::Report report = positions_.Read(body, frame);
    const std::uint32_t alarm = expected["alarm"];
    const std::uint32_t status = expected["status"];
    EXPECT_EQ(Raw(frame, "terminal_ignition_on"), status & 1);
    EXPECT_EQ(Raw(frame, "gnss_fix"), status >> 1 & 1);
    EXPECT_EQ(Raw(frame, "terminal_power_cut"), alarm >> 8 & 1);
    const double speed_kmh = expected["speed_kmh"];
    if (speed_kmh <= 250.0) {
      EXPECT_NEAR(Physical(frame, "gnss_speed"), speed_kmh, 1.0 / 512 + 1e-9);
    } else {
      EXPECT_EQ(Raw(frame, "gnss_speed"), kError);
    }
    const double latitude = expected["latitude"];
    const bool known = (status >> 1 & 1) != 0 && (status >> 5 & 1) == 0;
    if (!known) {
      EXPECT_EQ(Raw(frame, "latitude"), kNotAvailable);
      EXPECT_EQ(Raw(frame, "heading"), kNotAvailable);
    } else if (std::abs(latitude) > 90.0) {
      EXPECT_EQ(Raw(frame, "latitude"), kError);
    } else {
      EXPECT_NEAR(Physical(frame, "latitude"), latitude, 1e-9);
      EXPECT_NEAR(Physical(frame, "longitude"), expected["longitude"].get<double>(), 1e-9);
      EXPECT_NEAR(Physical(frame, "altitude"), expected["altitude_m"].get<double>(), 0.01);
      EXPECT_NEAR(Physical(frame, "heading"), expected["direction_deg"].get<double>(), 0.01);
    }
    for (const json& item : expected["additional"]) {
      if (item.contains("mileage_km") && item["id"] == "01") {
        EXPECT_NEAR(Physical(frame, "terminal_mileage"), item["mileage_km"].get<double>(), 1e-6);
      }
      if (item.contains("gnss_satellites") && item["id"] == "31") {
        EXPECT_EQ(Raw(frame, "gnss_satellite_count"), item["gnss_satellites"].get<int>());
      }
      if (item.contains("recorder_speed_kmh")) {
        EXPECT_NEAR(Physical(frame, "recorder_speed"), item["recorder_speed_kmh"].get<double>(), 1e-6);
      }
    }
    EXPECT_EQ(report.complete, expected.value("additional_well_formed", true));
    EXPECT_TRUE(report.measure_time_ms.has_value() || expected["time_local"].is_null());
  }
};

TEST_F(Golden, HeadersAndBodiesAreAsExpectedAndFaultsAreFound) {
  int ok = 0;
  for (const json& golden : GoldenMessages()) {
    SCOPED_TRACE(golden["id"].get<std::string>());
    const Decoded decoded = Decode(golden);
    const json& expected = golden["expected"];
    const std::string cls = golden["cls"];
    if (cls == "undecodable") {
      EXPECT_TRUE(decoded.parsed.fault);
      continue;
    }
    EXPECT_EQ(decoded.escapes_ok, cls != "bad_escape");
    // Two messages in one, or a delimiter that was not escaped: a stream is taken apart there.
    const std::vector<std::uint8_t> wire = HexBytes(golden["hex"].get<std::string>());
    if (std::count(wire.begin(), wire.end(), kDelimiter) > 2) {
      EXPECT_NE(cls, "ok");
      EXPECT_TRUE(decoded.parsed.fault);
      continue;
    }
    if (!expected.is_object()) continue;
    const Header& header = decoded.parsed.message.header;
    EXPECT_EQ(fmt::format("{:04X}", static_cast<unsigned>(header.id)), expected["msg_id"].get<std::string>());
    EXPECT_EQ(header.edition == Edition::k2019, expected["version"] == "2019");
    EXPECT_EQ(header.serial, expected["serial"].get<int>());
    EXPECT_EQ(header.body_size, expected["body_length"].get<int>());
    EXPECT_EQ(header.sub_packet, expected["subpackage"].get<bool>());
    const std::string number = expected["phone_bcd"];
    EXPECT_EQ(std::string(number.size() - header.terminal.size(), '0') + header.terminal, number);
    EXPECT_EQ(HexBytes(expected["body_hex"].get<std::string>()),
              std::vector<std::uint8_t>(decoded.parsed.message.body.begin(), decoded.parsed.message.body.end()));
    if (cls == "ok" || cls == "subpackage" || cls == "malformed_items") {
      EXPECT_FALSE(decoded.parsed.fault) << decoded.parsed.why;
      ++ok;
    } else if (cls != "bad_escape") {
      ASSERT_TRUE(decoded.parsed.fault);
      EXPECT_EQ(*decoded.parsed.fault, expected["checksum_ok"].get<bool>() ? Fault::kLength : Fault::kChecksum);
    }
  }
  EXPECT_GT(ok, 200);
}

TEST_F(Golden, PositionsAreAsExpected) {
  int positions = 0;
  for (const json& golden : GoldenMessages()) {
    SCOPED_TRACE(golden["id"].get<std::string>());
    const json& expected = golden["expected"];
    if (!expected.is_object() || !expected.contains("body") || golden["cls"] != "ok") continue;
    const Decoded decoded = Decode(golden);
    FieldReader body(decoded.parsed.message.body);
    switch (decoded.parsed.message.header.id) {
      case MessageId::kPosition:
        ExpectPosition(expected["body"], body);
        ++positions;
        break;
      case MessageId::kPositionAnswer:
        EXPECT_EQ(body.U16("serial"), expected["body"]["ack_serial"].get<int>());
        ExpectPosition(expected["body"], body);
        ++positions;
        break;
      case MessageId::kPositions: {
        EXPECT_EQ(body.U16("count"), expected["body"]["count"].get<int>());
        EXPECT_EQ(body.U8("kind"), expected["body"]["batch_type"].get<int>());
        for (const json& item : expected["body"]["items"]) {
          FieldReader report = body.Group(body.U16("length"), "position");
          ExpectPosition(item, report);
          ++positions;
        }
        EXPECT_TRUE(body.ok());
        break;
      }
      default:
        break;
    }
  }
  EXPECT_GE(positions, 60);
}

TEST_F(Golden, RegistrationsAuthenticationsAndDriversAreAsExpected) {
  int found = 0;
  for (const json& golden : GoldenMessages()) {
    SCOPED_TRACE(golden["id"].get<std::string>());
    const json& expected = golden["expected"];
    if (!expected.is_object() || !expected.contains("body") || golden["cls"] != "ok") continue;
    const json& fields = expected["body"];
    const Decoded decoded = Decode(golden);
    const Header& header = decoded.parsed.message.header;
    FieldReader body(decoded.parsed.message.body);
    ++found;
    if (header.id == MessageId::kRegistration) {
      const Registration registration = ReadRegistration(body, header.edition);
      EXPECT_EQ(registration.province, fields["province"].get<int>());
      EXPECT_EQ(registration.city, fields["city"].get<int>());
      EXPECT_EQ(registration.model, fields["model"].get<std::string>());
      EXPECT_EQ(registration.plate_colour, fields["plate_color"].get<int>());
    } else if (header.id == MessageId::kAuthentication) {
      EXPECT_EQ(ReadAuthentication(body, header.edition).code, fields["auth_code"].get<std::string>());
      if (fields.contains("imei")) {
        FieldReader again(decoded.parsed.message.body);
        EXPECT_EQ(ReadAuthentication(again, header.edition).imei, fields["imei"].get<std::string>());
      }
    } else if (header.id == MessageId::kDriverIdentity) {
      const DriverIdentity driver = ReadDriverIdentity(body, header.edition);
      EXPECT_EQ(driver.inserted, fields["ic_status"] == 1);
      EXPECT_EQ(driver.result, fields["result"].get<int>());
      EXPECT_TRUE(driver.time_ms);
    } else if (header.id == MessageId::kTerminalAnswer || header.id == MessageId::kPlatformAnswer) {
      const TerminalAnswer answer = ReadTerminalAnswer(body);
      EXPECT_EQ(answer.serial, fields["ack_serial"].get<int>());
      EXPECT_EQ(static_cast<int>(answer.result), fields["result"].get<int>());
    } else {
      --found;
      continue;
    }
    EXPECT_TRUE(body.ok());
  }
  EXPECT_GE(found, 15);
}

// Every message there is, right or wrong, is explained to its last byte, and the fields follow each other.
TEST_F(Golden, EveryMessageIsExplained) {
  for (const json& golden : GoldenMessages()) {
    SCOPED_TRACE(golden["id"].get<std::string>());
    const Explanation explanation = Explain(HexBytes(golden["hex"].get<std::string>()), positions_);
    ASSERT_FALSE(explanation.empty());
    if (golden["cls"] != "ok") continue;
    std::size_t at = 0;
    std::vector<ExplainedField> leaves;
    for (std::size_t i = 0; i < explanation.size(); ++i) {
      const bool group = i + 1 < explanation.size() && explanation[i + 1].depth > explanation[i].depth;
      if (!group) leaves.push_back(explanation[i]);
    }
    for (const ExplainedField& field : leaves) {
      EXPECT_EQ(field.first_byte, at) << field.name;
      at += field.byte_count;
    }
    EXPECT_EQ(at, Decode(golden).bytes.size());
  }
}

TEST_F(Golden, CodesAreNotExplained) {
  // 0x0102 of 13800138000 with the code "secret", worked by hand: 6 bytes of body.
  std::string wire;
  std::uint16_t serial = 1;
  AppendMessage({.edition = Edition::k2013, .terminal = "13800138000"}, MessageId::kAuthentication, serial, "secret",
                wire);
  for (const ExplainedField& field : Explain(HexBytes(HexOf(wire)), positions_)) {
    EXPECT_THAT(field.value, ::testing::Not(::testing::HasSubstr("secret")));
    EXPECT_THAT(field.value, ::testing::Not(::testing::HasSubstr("73 65 63")));
  }
}

// Every message with each of its bits turned over, and each of its beginnings: nothing breaks, and a wrong checksum is
// seen.
TEST_F(Golden, NoBitAndNoCutBreaksTheReader) {
  for (const json& golden : GoldenMessages()) {
    if (golden["cls"] != "ok" || golden["bytes"].get<int>() > 120) continue;
    SCOPED_TRACE(golden["id"].get<std::string>());
    const std::vector<std::uint8_t> bytes = Decode(golden).bytes;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::vector<std::uint8_t> flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      EXPECT_TRUE(ParseMessage(flipped).fault);
      Explain(flipped, positions_);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) Explain(std::span(bytes).first(size), positions_);
  }
}

}  // namespace
}  // namespace telltale::jt808
