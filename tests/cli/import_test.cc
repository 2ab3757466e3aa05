#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "canned_server.h"
#include "cli/json.h"
#include "tests/temporary_folder.h"

namespace telltale::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

// A file in a folder of its own, gone with the object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& content) {
    path_ = folder_.path() / name;
    std::ofstream(path_, std::ios::binary) << content;
  }

  const std::string& path() const { return path_; }

 private:
  TemporaryFolder folder_;
  std::string path_;
};

CannedAnswers SomeImported() {
  CannedAnswers answers;
  answers.import_end.set_lines(1234);
  answers.import_end.set_frame_count(600);
  answers.import_end.set_sample_count(250'000);
  answers.import_end.set_valid_sample_count(249'000);
  answers.import_end.set_fault_report_count(12);
  return answers;
}

TEST(Import, SendsTheFileInChunksOf256KiB) {
  std::string content(600'000, 'x');  // 262,144 + 262,144 + 75,712
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7);
  const TemporaryFile file("truck.log", content);
  const CannedServer server(SomeImported());
  const RunResult result = RunCli(server.address(), {"import", file.path(), "--vin", kVin, "--format", "candump"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const CannedRequests requests = server.requests();
  EXPECT_THAT(requests.import_chunk_bytes, ElementsAre(262'144, 262'144, 75'712));
  EXPECT_TRUE(requests.import_content == content);
  ASSERT_EQ(requests.import_headers.size(), 1u);
  const v1::ImportHeader& header = requests.import_headers[0];
  EXPECT_EQ(header.vin(), kVin);
  EXPECT_EQ(header.format(), v1::FILE_FORMAT_CANDUMP);
  EXPECT_EQ(header.file_name(), "truck.log");
  EXPECT_FALSE(header.has_start_time());
  EXPECT_EQ(
      result.out,
      "truck.log: 1,234 lines, 600 frames, 250,000 samples (249,000 valid), 12 fault reports, 0 refusals in 0.0 s, "
      "600.0 MB/s\n");  // the clock of the test stands still, which counts as a millisecond
}

TEST(Import, ReadsStandardInputAndPassesTheStartTime) {
  const CannedServer server(SomeImported());
  const RunResult result = RunCli(
      server.address(), {"import", "-", "--vin", kVin, "--start-time", "2026-03-01T08:00:00Z"}, "t,speed\n0,1\n");
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const CannedRequests requests = server.requests();
  EXPECT_EQ(requests.import_content, "t,speed\n0,1\n");
  ASSERT_EQ(requests.import_headers.size(), 1u);
  EXPECT_EQ(requests.import_headers[0].format(), v1::FILE_FORMAT_UNSPECIFIED);
  EXPECT_EQ(requests.import_headers[0].file_name(), "standard input");
  EXPECT_EQ(requests.import_headers[0].start_time().seconds(), TimeAt("2026-03-01T08:00:00Z").seconds());
}

TEST(Import, TakesAnEmptyFile) {
  const CannedServer server(SomeImported());
  EXPECT_EQ(RunCli(server.address(), {"import", "-", "--vin", kVin}).code, ExitCode::kOk);
  EXPECT_THAT(server.requests().import_chunk_bytes, IsEmpty());
}

CannedAnswers WithRefusals() {
  CannedAnswers answers = SomeImported();
  v1::ImportProgress early;
  early.add_ignored_columns("driver_mood");
  early.add_ignored_columns("note");
  v1::LineRefusal& first = *early.add_refusals();
  first.set_line(17);
  first.set_reason(v1::REFUSAL_REASON_OUT_OF_RANGE);
  first.set_message("engine_speed 9999 is above 8031.875");
  answers.import_progress.push_back(early);
  v1::LineRefusal& second = *answers.import_end.add_refusals();
  second.set_line(1200);
  second.set_reason(v1::REFUSAL_REASON_MALFORMED_LINE);
  second.set_message("the line ends early");
  answers.import_end.set_refusal_count(1002);
  return answers;
}

TEST(Import, ShowsRefusalsWithTheirLinesAndIgnoredColumns) {
  const CannedServer server(WithRefusals());
  const RunResult result = RunCli(server.address(), {"import", "-", "--vin", kVin}, "content");
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.err,
            "standard input: no signal takes these columns: driver_mood, note\n"
            "standard input:17: out of range: engine_speed 9999 is above 8031.875\n"
            "standard input:1200: malformed line: the line ends early\n"
            "standard input: and 1,000 refusals more\n");
  EXPECT_THAT(result.out, HasSubstr(" 1,002 refusals "));
}

TEST(Import, EndsWithOneForRefusalsOnlyIfStrict) {
  const CannedServer server(WithRefusals());
  const RunResult result = RunCli(server.address(), {"import", "-", "--vin", kVin, "--strict"}, "content");
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_THAT(result.err, HasSubstr("telltale: 1002 refusals, and --strict allows none"));
}

TEST(Import, SendsSeveralFilesOneAfterTheOther) {
  const TemporaryFile first("a.log", "first ");
  const TemporaryFile second("b.log", "second");
  const CannedServer server(SomeImported());
  const RunResult result = RunCli(server.address(), {"import", first.path(), second.path(), "--vin", kVin, "--json"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(server.requests().import_content, "first second");
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["file_name"], "a.log");
  EXPECT_EQ(json[1]["file_name"], "b.log");
  EXPECT_EQ(json[1]["progress"]["lines"], "1234");  // protobuf writes 64-bit integers as text
  EXPECT_EQ(json[1]["progress"]["done"], true);
}

TEST(Import, RegistersAnUnknownVehicleIfAsked) {
  const CannedServer server(SomeImported());
  const RunResult result = RunCli(server.address(), {"import", "-", "--vin", "wdb96340310123456", "--register"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.register_vehicle.size(), 1u);
  EXPECT_EQ(requests.register_vehicle[0].vehicle().vin(), kVin);
  EXPECT_THAT(result.out, HasSubstr("Registered WDB96340310123456\n"));
}

TEST(Import, LeavesAKnownVehicleAsItIs) {
  CannedAnswers answers = SomeImported();
  answers.vehicles.emplace_back().set_vin(kVin);
  const CannedServer server(answers);
  EXPECT_EQ(RunCli(server.address(), {"import", "-", "--vin", kVin, "--register"}).code, ExitCode::kOk);
  EXPECT_THAT(server.requests().register_vehicle, IsEmpty());
}

TEST(Import, StopsWhenTheServerRefusesAndSaysWhatWasLeft) {
  CannedAnswers answers;
  answers.import_chunk_max = 1;
  answers.import_status = {grpc::StatusCode::NOT_FOUND, "no vehicle WDB96340310123456"};
  const CannedServer server(answers);
  // Large enough that flow control would block a client that does not notice the end.
  const RunResult result = RunCli(server.address(), {"import", "-", "--vin", kVin}, std::string(64 << 20, 'x'));
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, AllOf(HasSubstr("telltale: no vehicle WDB96340310123456\n"),
                                HasSubstr("telltale vehicles add WDB96340310123456"),
                                HasSubstr("standard input was not imported to its end")));
}

TEST(Import, DoesNotTakeAnEarlyEndForSuccess) {
  CannedAnswers answers;
  answers.import_is_never_done = true;
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"import", "-", "--vin", kVin}, "content");
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_THAT(result.err, HasSubstr("the import ended before everything was stored"));
}

TEST(Import, DrawsABarOnATerminalAndTakesItAway) {
  CannedAnswers answers = SomeImported();
  v1::ImportProgress half;
  half.set_bytes(500);
  answers.import_progress.push_back(half);
  const TemporaryFile file("truck.log", std::string(1000, 'x'));
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"import", file.path(), "--vin", kVin}, "", /*on_terminal=*/true);
  EXPECT_THAT(result.err, HasSubstr("truck.log  ████████████░░░░░░░░░░░░  50 %  500 B of 1.0 kB"));
  EXPECT_THAT(result.err, EndsWith("\r\x1b[K"));
}

}  // namespace
}  // namespace telltale::cli
