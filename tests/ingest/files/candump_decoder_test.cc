#include "ingest/files/candump_decoder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/files/decode_file.h"
#include "tests/ingest/test_files.h"

namespace telltale {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kEec1 = "(1622547830.084600) can1 0CF00400#F07D7D201CFFFFFF";  // 900 rpm

struct CandumpDecoderTest : testing::Test {
  CandumpDecoder decoder{BuiltInCatalog(), {.vehicle_id = 3}};
  DecodedPiece piece;

  Status Decode(std::string_view text) {
    RETURN_IF_ERROR(decoder.Add(text, piece));
    return decoder.Finish(piece);
  }
};

TEST_F(CandumpDecoderTest, MakesFramesOfTheCatalogueSignals) {
  ASSERT_TRUE(Decode(fmt::format("{}\n", kEec1)).ok());
  ASSERT_EQ(piece.frames.size(), 1U);
  EXPECT_EQ(piece.frames[0].vehicle_id, 3U);
  EXPECT_EQ(piece.frames[0].measure_time_ms, 1'622'547'830'084);
  EXPECT_DOUBLE_EQ(PhysicalOf(piece.frames[0], "engine_speed"), 900.0);
  EXPECT_THAT(piece.refusals, IsEmpty());
}

TEST_F(CandumpDecoderTest, TakesBothLineEndsEmptyLinesAndALastLineWithoutEnd) {
  ASSERT_TRUE(Decode(fmt::format("{0}\r\n\r\n\n{0}", kEec1)).ok());
  EXPECT_EQ(piece.frames.size(), 2U);
  EXPECT_EQ(decoder.line_count(), 4U);
  EXPECT_THAT(piece.refusals, IsEmpty());
}

TEST_F(CandumpDecoderTest, RefusesAMalformedLineAloneAndNamesIt) {
  ASSERT_TRUE(Decode(fmt::format("{0}\n(1622547830.09\n{0}\n", kEec1)).ok());
  EXPECT_EQ(piece.frames.size(), 2U);
  ASSERT_THAT(piece.refusals, SizeIs(1));
  EXPECT_EQ(piece.refusals[0].line, 2U);
  EXPECT_EQ(piece.refusals[0].reason, RefusalReason::kMalformedLine);
  EXPECT_THAT(piece.refusals[0].message, HasSubstr("expected the time in seconds in brackets"));
}

TEST_F(CandumpDecoderTest, RefusesALineThatIsTooLongOnceAndGoesOnBehindIt) {
  ASSERT_TRUE(
      Decode(fmt::format("{}\n{}\n{}\n", kEec1, std::string(3 * CandumpDecoder::kMaxLineBytes, 'x'), kEec1)).ok());
  EXPECT_EQ(piece.frames.size(), 2U);
  ASSERT_THAT(piece.refusals, SizeIs(1));
  EXPECT_EQ(piece.refusals[0].line, 2U);
  EXPECT_EQ(decoder.line_count(), 3U);
}

TEST_F(CandumpDecoderTest, CountsAndPassesOverWhatIsNotJ1939) {
  ASSERT_TRUE(Decode(fmt::format("{}\n(1.0) can0 123#11\n(1.0) can0 123#R\n(1.0) can0 20000004#0000000000000000\n"
                                 "(1.0) can0 18FEF100##100\n",
                                 kEec1))
                  .ok());
  EXPECT_EQ(decoder.counts().j1939_frames, 1U);
  EXPECT_EQ(decoder.counts().standard_id_frames, 1U);
  EXPECT_EQ(decoder.counts().remote_frames, 1U);
  EXPECT_EQ(decoder.counts().error_frames, 1U);
  EXPECT_EQ(decoder.counts().can_fd_frames, 1U);
  EXPECT_THAT(piece.refusals, IsEmpty());
}

TEST_F(CandumpDecoderTest, SaysSoIfNothingOfTheLogIsJ1939) {
  const Status status = Decode("(1.0) can0 123#11\n(1.1) can0 123#11\n");
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(MessageOf(status), HasSubstr("none of the 2 lines is a J1939 frame"));
}

TEST_F(CandumpDecoderTest, GivesUpOnAFileThatIsNoLog) {
  std::string text(kEec1);
  for (std::size_t i = 0; i < 2 * CandumpDecoder::kMaxMalformedLinesInARow; ++i) text += "\nx";
  const Status status = Decode(text);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(MessageOf(status), HasSubstr("lines 2 to 1001"));
  EXPECT_THAT(piece.refusals, SizeIs(CandumpDecoder::kMaxMalformedLinesInARow));
  EXPECT_EQ(decoder.Add(kEec1, piece), status);
}

TEST_F(CandumpDecoderTest, HasNoUseForAStartTime) {
  CandumpDecoder with_start(BuiltInCatalog(), {.start_time_ms = 0});
  EXPECT_TRUE(absl::IsInvalidArgument(with_start.Add(kEec1, piece)));
}

TEST_F(CandumpDecoderTest, ReportsTroubleCodesOfSingleFramesAndTransportMessages) {
  // DM1 of address 49: SPN 247 FMI 9 count 93; DM2 of the engine in 10 bytes: two codes.
  ASSERT_TRUE(Decode("(10.000000) can0 18FECA31#04FFF700095DFFFF\n"
                     "(10.100000) can0 1CECFF00#200A0002FFCBFE00\n"
                     "(10.150000) can0 1CEBFF00#0100FF6400030105\n"
                     "(10.200000) can0 1CEBFF00#02000402FFFFFFFF\n")
                  .ok());
  ASSERT_THAT(piece.faults, SizeIs(2));
  EXPECT_EQ(piece.faults[0].source_address, 49);
  EXPECT_EQ(piece.faults[0].measure_time_ms, 10'000);
  EXPECT_EQ(piece.faults[0].lamps.amber_warning, LampStatus::kOn);
  EXPECT_THAT(piece.faults[0].dtcs, testing::ElementsAre(Dtc{.spn = 247, .fmi = 9, .occurrence_count = 93}));
  EXPECT_TRUE(piece.faults[1].previously_active);
  EXPECT_EQ(piece.faults[1].measure_time_ms, 10'200);
  EXPECT_THAT(piece.faults[1].dtcs, testing::ElementsAre(Dtc{.spn = 100, .fmi = 3, .occurrence_count = 1},
                                                         Dtc{.spn = 5, .fmi = 4, .occurrence_count = 2}));
}

TEST_F(CandumpDecoderTest, ReportsTransportMessagesThatAreLost) {
  ASSERT_TRUE(Decode("(10.100000) can0 1CECFF00#20120003FFECFE00\n"
                     "(10.150000) can0 1CEBFF00#0131323334353637\n"
                     "(10.200000) can0 1CEBFF00#0331323334353637\n"
                     "(11.000000) can0 1CECFF00#20120003FFECFE00\n")
                  .ok());
  ASSERT_THAT(piece.refusals, SizeIs(2));
  EXPECT_EQ(piece.refusals[0].line, 3U);
  EXPECT_EQ(
      piece.refusals[0].message,
      "the message of PGN 65260 from address 0 to 255 is lost after 1 of its 3 packets: a packet is missing or came "
      "twice");
  EXPECT_EQ(piece.refusals[1].line, 4U);
  EXPECT_THAT(piece.refusals[1].message, HasSubstr("the log ends inside it"));
}

TEST_F(CandumpDecoderTest, DoesNotReportTransportMessagesThatWereNeverSent) {
  // An engine offers its VIN to a tester that does not answer, and gives up; offers it again, and the log ends.
  ASSERT_TRUE(Decode("(10.100000) can0 1CECF900#10120003FFECFE00\n"
                     "(11.350000) can0 1CECF900#FF03FFFFFFECFE00\n"
                     "(11.400000) can0 1CECF900#10120003FFECFE00\n")
                  .ok());
  EXPECT_EQ(decoder.transport_counts().broken, 2U);
  EXPECT_THAT(piece.refusals, IsEmpty());
}

class RealLogTest : public testing::TestWithParam<const char*> {};

// Every sample of every message is in a frame, but for those of senders that are not the chosen one of their signal.
TEST_P(RealLogTest, LosesNoSample) {
  const std::string text = ReadTestFile(fmt::format("canlogs/{}.log", GetParam()));
  CandumpDecoder decoder(BuiltInCatalog(), {.vehicle_id = 1});
  DecodedPiece piece;
  ASSERT_TRUE(decoder.Add(text, piece).ok());
  ASSERT_TRUE(decoder.Finish(piece).ok());

  std::uint64_t decoded = 0;
  const J1939Decoder messages(BuiltInCatalog());
  TransportReassembler transport;
  std::vector<J1939Sample> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const CanFrame frame = ParseCandumpLine(line).frame;
    samples.clear();
    if (!TransportReassembler::IsTransport(frame.id.pgn)) {
      messages.Decode(frame.id.pgn, frame.payload(), samples);
    } else if (const auto message = transport.Add(frame)) {
      messages.Decode(message->pgn, message->payload, samples);
    }
    decoded += samples.size();
  }
  EXPECT_EQ(piece.frames.sample_count() + decoder.left_out_sample_count(), decoded);
  EXPECT_GT(piece.frames.sample_count(), 5 * decoder.left_out_sample_count());
  RecordProperty("frames", static_cast<int>(piece.frames.size()));
  RecordProperty("samples", static_cast<int>(piece.frames.sample_count()));
  RecordProperty("left_out", static_cast<int>(decoder.left_out_sample_count()));
  RecordProperty("faults", static_cast<int>(piece.faults.size()));
  RecordProperty("refusals", static_cast<int>(piece.refusals.size()));
  for (const LineRefusal& refusal : piece.refusals) {
    EXPECT_THAT(refusal.message, HasSubstr("the log ends inside it")) << refusal.line;
  }
}

INSTANTIATE_TEST_SUITE_P(Logs, RealLogTest,
                         testing::Values("truck_coldstart_2013", "fleet_gateway_tp_2021", "key_on_dm1_2021"),
                         [](const auto& log) { return std::string(log.param); });

TEST(CandumpDecoder, ReportsTheTroubleCodeOfTheColdStart) {
  const DecodedFile file = DecodeFile(ReadTestFile("canlogs/truck_coldstart_2013.log"));
  ASSERT_TRUE(file.status.ok()) << file.status;
  const Dtc oil_hours{.spn = 247, .fmi = 9, .occurrence_count = 93};
  // Eight DM1 of address 49 between 12.07 s and its end say the code; the filter leaves the first and the last.
  std::vector<FaultReport> with_code;
  for (const FaultReport& report : file.piece.faults) {
    if (!report.dtcs.empty()) with_code.push_back(report);
  }
  ASSERT_GE(with_code.size(), 1U);
  EXPECT_EQ(with_code[0].source_address, 49);
  EXPECT_EQ(with_code[0].measure_time_ms, 1'385'746'886'065);  // 1385746874.000002 + 12.065407 s
  EXPECT_THAT(with_code[0].dtcs, testing::ElementsAre(oil_hours));
  EXPECT_EQ(with_code[0].lamps.amber_warning, LampStatus::kOn);
}

}  // namespace
}  // namespace telltale
