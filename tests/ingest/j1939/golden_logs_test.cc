// Three real logs against a decode by an independent script (tests/data/canlogs/README.md).

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ingest/files/candump_line.h"
#include "ingest/j1939/decoder.h"
#include "ingest/j1939/dm.h"
#include "ingest/j1939/transport.h"
#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/test_files.h"

namespace telltale {
namespace {

using nlohmann::json;

// One SPN of one sender over a whole log.
struct Stream {
  std::uint64_t frames = 0;
  std::vector<double> values;
};

struct Message {
  std::uint64_t count = 0;
  double first_end_s = 0.0;
};

struct DecodedLog {
  std::uint64_t frames = 0;
  std::uint64_t steps_back = 0;
  double duration_s = 0.0;
  std::set<std::uint32_t> can_ids;
  std::set<std::uint32_t> pgns;
  std::set<std::uint32_t> source_addresses;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Stream> streams;                       // by SPN and source address
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::string>, Message>  // PGN, from, to, payload
      transport_messages;
  std::map<std::pair<std::uint32_t, std::string>, Message> dm1;  // by source address and payload
  std::map<std::pair<std::uint32_t, std::string>, FaultReport> dm1_report;
  TransportReassembler::Counts transport;
};

std::string Hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// How the reference and the product meet. The reference takes a field shorter than 8 bits as not available only if all
// its bits are ones, so the error state of 2 bits (2) is a value for it; for the product it is an error. It knows the
// limits of SAE J1939-71 only; where the catalogue is narrower, a value beyond is an error for the product. Both give
// no value for not available, and for the error and reserved patterns of 8 bits and more.
bool IsValueForReference(const J1939Sample& sample) {
  if (IsValue(sample.raw)) return true;
  return sample.signal->j1939->bit_length == 2 && sample.bus == 2 && sample.raw == kError;
}

// The reference knows more groups than the source of our catalogue (SAE J1939 digital annex of October 2020, an
// extract): cab message 1 and cab illumination, both addressed to one receiver, and the two letters of the
// transmission's ranges, which are text. They are checked to be these and no others.
bool IsBeyondTheCatalogue(std::uint32_t spn, std::uint32_t pgn) {
  constexpr std::uint32_t kCabMessage1 = 57344;
  constexpr std::uint32_t kCabIllumination = 53248;
  return pgn == kCabMessage1 || pgn == kCabIllumination || spn == 162 || spn == 163;
}

void AddMessage(DecodedLog& log, const J1939Decoder& decoder, std::uint32_t pgn, std::uint8_t source_address,
                std::span<const std::uint8_t> payload) {
  std::vector<J1939Sample> samples;
  decoder.Decode(pgn, payload, samples);
  for (const J1939Sample& sample : samples) {
    Stream& stream = log.streams[{sample.signal->j1939->spn, source_address}];
    ++stream.frames;
    if (IsValueForReference(sample)) {
      stream.values.push_back(
          sample.signal->ToPhysical(static_cast<RawValue>(sample.bus + sample.signal->j1939->raw_shift)));
    }
  }
}

DecodedLog DecodeLog(const std::string& text) {
  const J1939Decoder decoder(BuiltInCatalog());
  TransportReassembler transport;
  DecodedLog log;
  std::istringstream lines(text);
  std::int64_t start_us = 0;
  std::int64_t last_us = 0;
  std::int64_t least_us = 0;
  std::int64_t greatest_us = 0;
  for (std::string line; std::getline(lines, line);) {
    const CandumpLine parsed = ParseCandumpLine(line);
    EXPECT_EQ(parsed.kind, CandumpLineKind::kJ1939) << line;
    const CanFrame& frame = parsed.frame;
    if (log.frames == 0) start_us = last_us = least_us = greatest_us = frame.time_us;
    ++log.frames;
    if (frame.time_us < last_us) ++log.steps_back;
    last_us = frame.time_us;
    least_us = std::min(least_us, frame.time_us);
    greatest_us = std::max(greatest_us, frame.time_us);
    const std::size_t hash = line.find('#');
    log.can_ids.insert(static_cast<std::uint32_t>(std::stoul(line.substr(hash - 8, 8), nullptr, 16)));
    log.pgns.insert(frame.id.pgn);
    log.source_addresses.insert(frame.id.source_address);
    const auto seconds = [&](std::int64_t time_us) { return static_cast<double>(time_us - start_us) / 1e6; };
    if (TransportReassembler::IsTransport(frame.id.pgn)) {
      if (const auto message = transport.Add(frame)) {
        Message& counted = log.transport_messages[{message->pgn, message->source_address, message->destination_address,
                                                   Hex(message->payload)}];
        if (counted.count++ == 0) counted.first_end_s = seconds(message->time_us);
        AddMessage(log, decoder, message->pgn, message->source_address, message->payload);
      }
      continue;
    }
    if (frame.id.pgn == kPgnDm1) {
      const std::pair key(std::uint32_t{frame.id.source_address}, Hex(frame.payload()));
      Message& counted = log.dm1[key];
      if (counted.count++ == 0) counted.first_end_s = seconds(frame.time_us);
      log.dm1_report[key] = *DecodeFaults(frame.id.pgn, frame.time_us / 1000, frame.id.source_address, frame.payload());
    }
    AddMessage(log, decoder, frame.id.pgn, frame.id.source_address, frame.payload());
  }
  log.duration_s = static_cast<double>(greatest_us - least_us) / 1e6;
  log.transport = transport.counts();
  return log;
}

class GoldenLog : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    expected_ = json::parse(ReadTestFile("canlogs/" + GetParam() + ".expected.json"));
    log_ = DecodeLog(ReadTestFile("canlogs/" + GetParam() + ".log"));
  }
  json expected_;
  DecodedLog log_;
};

TEST_P(GoldenLog, HasTheTotalsOfTheReference) {
  EXPECT_EQ(log_.frames, expected_["frames"]);
  EXPECT_EQ(log_.frames, expected_["extended_frames"]);
  EXPECT_EQ(log_.steps_back, expected_["out_of_order_steps"]);
  EXPECT_NEAR(log_.duration_s, expected_["duration_s"].get<double>(), 1e-6);
  EXPECT_EQ(log_.can_ids.size(), expected_["can_ids"]);
  EXPECT_EQ(log_.pgns.size(), expected_["pgns"]);
  EXPECT_EQ(log_.source_addresses, expected_["source_addresses"].get<std::set<std::uint32_t>>());
}

TEST_P(GoldenLog, DecodesEverySignalOfEverySenderAsTheReference) {
  std::size_t with_values = 0;
  std::size_t varying = 0;
  std::size_t beyond = 0;
  for (const json& signal : expected_["signals"]) {
    SCOPED_TRACE(signal.dump());
    if (IsBeyondTheCatalogue(signal["spn"], signal["pgn"])) {
      ++beyond;
      with_values += signal["valid"] > 0 ? 1 : 0;
      varying += signal["distinct"] > 1 ? 1 : 0;
      continue;
    }
    const auto found = log_.streams.find({signal["spn"], signal["sa"]});
    if (found == log_.streams.end()) {
      ADD_FAILURE() << "not decoded";
      continue;
    }
    const Stream& stream = found->second;
    EXPECT_EQ(stream.frames, signal["frames"]);
    ASSERT_EQ(stream.values.size(), signal["valid"]);
    if (stream.values.empty()) continue;
    ++with_values;
    // The reference is rounded to six digits behind the point.
    const auto near = [&](const char* key) { return testing::DoubleNear(signal[key].get<double>(), 1e-6); };
    EXPECT_THAT(stream.values.front(), near("first"));
    EXPECT_THAT(stream.values.back(), near("last"));
    EXPECT_THAT(*std::ranges::min_element(stream.values), near("min"));
    EXPECT_THAT(*std::ranges::max_element(stream.values), near("max"));
    double sum = 0.0;
    for (const double value : stream.values) sum += value;
    EXPECT_THAT(sum / static_cast<double>(stream.values.size()), near("mean"));
    const std::size_t distinct = std::set<double>(stream.values.begin(), stream.values.end()).size();
    EXPECT_EQ(distinct, signal["distinct"]);
    if (distinct > 1) ++varying;
  }
  EXPECT_EQ(expected_["signals"].size(), expected_["signal_streams"]);
  EXPECT_EQ(with_values, expected_["signal_streams_with_valid_values"]);
  EXPECT_EQ(varying, expected_["signal_streams_varying"]);
  EXPECT_GE(log_.streams.size(), expected_["signals"].size() - beyond);
}

TEST_P(GoldenLog, PutsTheTransportMessagesOfTheReferenceTogether) {
  EXPECT_EQ(log_.transport_messages.size(), expected_["transport_messages"].size());
  std::uint64_t count = 0;
  for (const json& message : expected_["transport_messages"]) {
    SCOPED_TRACE(message.dump());
    const std::string payload = message["payload_hex"];
    EXPECT_EQ(payload.size(), 2 * message["size"].get<std::size_t>());
    const auto found = log_.transport_messages.find({message["pgn"], message["sa"], message["da"], payload});
    ASSERT_NE(found, log_.transport_messages.end());
    EXPECT_EQ(found->second.count, message["count"]);
    EXPECT_NEAR(found->second.first_end_s, message["t_end"].get<double>(), 1e-5);
    EXPECT_EQ(message["bam"], std::get<2>(found->first) == CanId::kToAll);
    count += found->second.count;
  }
  EXPECT_EQ(log_.transport.complete, count);
  EXPECT_EQ(log_.transport.malformed_announcements, 0U);
}

TEST_P(GoldenLog, ReadsTheTroubleCodesOfTheReference) {
  EXPECT_EQ(log_.dm1.size(), expected_["dm1"].size());
  for (const json& dm1 : expected_["dm1"]) {
    SCOPED_TRACE(dm1.dump());
    const std::pair key(dm1["sa"].get<std::uint32_t>(), dm1["payload_hex"].get<std::string>());
    ASSERT_TRUE(log_.dm1.contains(key));
    EXPECT_EQ(log_.dm1[key].count, dm1["count"]);
    EXPECT_NEAR(log_.dm1[key].first_end_s, dm1["first_t"].get<double>(), 1e-5);
    const FaultReport& report = log_.dm1_report[key];
    EXPECT_FALSE(report.previously_active);
    EXPECT_EQ(static_cast<int>(report.lamps.malfunction), dm1["mil"]);
    EXPECT_EQ(static_cast<int>(report.lamps.red_stop), dm1["red_stop"]);
    EXPECT_EQ(static_cast<int>(report.lamps.amber_warning), dm1["amber"]);
    EXPECT_EQ(static_cast<int>(report.lamps.protect), dm1["protect"]);
    std::vector<Dtc> dtcs;
    for (const json& dtc : dm1["dtcs"]) {
      dtcs.push_back({.spn = dtc["spn"], .fmi = dtc["fmi"], .occurrence_count = dtc["oc"]});
    }
    EXPECT_EQ(report.dtcs, dtcs);
  }
}

INSTANTIATE_TEST_SUITE_P(Logs, GoldenLog,
                         testing::Values("truck_coldstart_2013", "fleet_gateway_tp_2021", "key_on_dm1_2021"),
                         [](const auto& log) { return log.param; });

}  // namespace
}  // namespace telltale
