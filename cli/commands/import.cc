#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "telltale/v1/ingest.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/commands/register_vehicle.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr std::size_t kChunkBytes = 256 << 10;
constexpr const char* kStandardInput = "-";
constexpr std::string_view kReasonPrefix = "REFUSAL_REASON_";

struct ImportArguments {
  std::vector<std::string> files;
  std::string vin;
  std::string format;
  std::string start_time;
  bool register_vehicle = false;
  bool strict = false;
};

// What became of one file.
struct ImportOutcome {
  grpc::Status status;
  bool file_is_read = true;     // false: reading failed, and the import was given up
  v1::ImportProgress progress;  // the last one, with the refusals and ignored columns of all
  double seconds = 0;
};

// A file's name without its folder, as protobuf can carry it.
std::string ShownName(const std::string& file) {
  if (file == kStandardInput) return "standard input";
  return Printable(std::filesystem::path(file).filename().string());
}

v1::ImportRequest HeaderFor(const ImportArguments& arguments, const std::string& file) {
  v1::ImportRequest request;
  v1::ImportHeader& header = *request.mutable_header();
  header.set_vin(arguments.vin);
  if (arguments.format == "candump") header.set_format(v1::FILE_FORMAT_CANDUMP);
  if (arguments.format == "csv") header.set_format(v1::FILE_FORMAT_CSV);
  header.set_file_name(ShownName(file));
  if (!arguments.start_time.empty()) *header.mutable_start_time() = TimestampOf(arguments.start_time);
  return request;
}

// Takes the next message of the server into `sum`.
void AddProgress(const v1::ImportProgress& next, v1::ImportProgress& sum) {
  const auto refusals = sum.refusals();
  const auto ignored_columns = sum.ignored_columns();
  sum = next;
  *sum.mutable_refusals() = refusals;
  sum.mutable_refusals()->MergeFrom(next.refusals());
  *sum.mutable_ignored_columns() = ignored_columns;
  sum.mutable_ignored_columns()->MergeFrom(next.ignored_columns());
}

// Sends `in` in chunks until its end, or until the server does not take more. False if reading failed.
bool SendFile(std::istream& in, const v1::ImportRequest& header,
              grpc::ClientReaderWriter<v1::ImportRequest, v1::ImportResponse>& stream) {
  if (!stream.Write(header)) return true;
  v1::ImportRequest request;
  std::string& chunk = *request.mutable_chunk();
  while (true) {
    chunk.resize(kChunkBytes);
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    chunk.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad()) return false;
    if (chunk.empty()) break;
    if (!stream.Write(request)) return true;  // the status of the call tells why
  }
  stream.WritesDone();
  return true;
}

ImportOutcome ImportStream(std::istream& in, std::optional<std::uint64_t> size_bytes, const v1::ImportRequest& header,
                           Session& session) {
  const Terminal& terminal = session.terminal();
  const std::int64_t start_ms = terminal.clock.NowMs();
  ImportOutcome outcome;
  grpc::ClientContext context;  // no deadline: a file takes as long as it takes
  const auto stream = v1::IngestService::Stub(session.client().channel()).Import(&context);

  // Reads beside the sending, as the server may stop taking chunks while its answers wait to be read.
  std::thread reader([&] {
    Progress progress(header.header().file_name(), size_bytes, terminal.err_is_terminal, terminal.err, terminal.clock);
    v1::ImportResponse response;
    while (stream->Read(&response)) {
      progress.Update(response.progress().bytes());
      AddProgress(std::move(*response.mutable_progress()), outcome.progress);
    }
    progress.Clear();
  });
  const bool file_is_read = SendFile(in, header, *stream);
  // Half a file must not look like a whole one to the server.
  if (!file_is_read) context.TryCancel();
  reader.join();
  outcome.file_is_read = file_is_read;
  outcome.status = stream->Finish();
  if (outcome.status.ok() && !outcome.progress.done()) {
    outcome.status = {grpc::StatusCode::INTERNAL,
                      "the import ended before everything was stored; import the file again"};
  }
  outcome.seconds = static_cast<double>(terminal.clock.NowMs() - start_ms) / 1000;
  return outcome;
}

ImportOutcome ImportFile(const std::string& file, const v1::ImportRequest& header, Session& session) {
  if (file == kStandardInput) return ImportStream(session.terminal().in, std::nullopt, header, session);
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    ImportOutcome outcome;
    outcome.file_is_read = false;
    return outcome;
  }
  std::error_code error;
  const std::uintmax_t size_bytes = std::filesystem::file_size(file, error);
  return ImportStream(in, error ? std::nullopt : std::make_optional<std::uint64_t>(size_bytes), header, session);
}

// What was not taken, on standard error: it wants a look, but is no failure.
void PrintRefusals(const std::string& name, const v1::ImportProgress& progress, std::ostream& err) {
  if (!progress.ignored_columns().empty()) {
    std::string columns;
    for (const std::string& column : progress.ignored_columns()) {
      columns += (columns.empty() ? "" : ", ") + Printable(column);
    }
    err << fmt::format("{}: no signal takes these columns: {}\n", name, columns);
  }
  for (const v1::LineRefusal& refusal : progress.refusals()) {
    err << fmt::format("{}:{}: {}: {}\n", name, refusal.line(),
                       WordsOf(v1::RefusalReason_Name(refusal.reason()), kReasonPrefix), Printable(refusal.message()));
  }
  const auto shown = static_cast<std::uint64_t>(progress.refusals_size());
  if (shown > 0 && progress.refusal_count() > shown) {
    err << fmt::format("{}: and {} refusals more\n", name, FormatCount(progress.refusal_count() - shown));
  }
  err << std::flush;
}

double MegabytesPerSecond(const ImportOutcome& outcome) {
  return static_cast<double>(outcome.progress.bytes()) / 1e6 / std::max(outcome.seconds, 0.001);
}

std::string Summary(const std::string& name, const ImportOutcome& outcome) {
  const v1::ImportProgress& progress = outcome.progress;
  return fmt::format(
      "{}: {} lines, {} frames, {} samples ({} valid), {} fault reports, {} refusals in {:.1f} s, {:.1f} MB/s", name,
      FormatCount(progress.lines()), FormatCount(progress.frame_count()), FormatCount(progress.sample_count()),
      FormatCount(progress.valid_sample_count()), FormatCount(progress.fault_report_count()),
      FormatCount(progress.refusal_count()), outcome.seconds, MegabytesPerSecond(outcome));
}

ExitCode FailureOf(const ImportOutcome& outcome, const std::string& file, const std::string& vin, Session& session) {
  const std::string name = ShownName(file);
  if (!outcome.file_is_read) {
    return session.Fail(fmt::format("{} cannot be read; is it a file that you may read?", name), ExitCode::kUsage);
  }
  const ExitCode code = session.Fail(outcome.status, vin, /*had_deadline=*/false);
  session.terminal().err << fmt::format("  {} was not imported to its end; importing it again does no harm\n", name);
  return code;
}

ExitCode EnsureRegistered(const std::string& vin, Session& session) {
  v1::Vehicle vehicle;
  bool is_known = false;
  if (const auto status = FindVehicle(session.client(), vin, &vehicle, &is_known); !status.ok()) {
    return session.Fail(status, vin);
  }
  if (is_known) return ExitCode::kOk;
  vehicle.set_vin(vin);
  if (const auto status = RegisterVehicle(session.client(), &vehicle); !status.ok()) return session.Fail(status, vin);
  if (!session.json()) session.PrintLine("Registered " + vin);
  return ExitCode::kOk;
}

ExitCode Import(const ImportArguments& arguments, Session& session) {
  if (arguments.register_vehicle) {
    if (const ExitCode code = EnsureRegistered(arguments.vin, session); code != ExitCode::kOk) return code;
  }
  Json results = Json::array();
  ExitCode code = ExitCode::kOk;
  std::uint64_t refusal_count = 0;
  for (const std::string& file : arguments.files) {
    const ImportOutcome outcome = ImportFile(file, HeaderFor(arguments, file), session);
    const std::string name = ShownName(file);
    PrintRefusals(name, outcome.progress, session.terminal().err);
    if (!outcome.file_is_read || !outcome.status.ok()) {
      code = FailureOf(outcome, file, arguments.vin, session);
      break;  // the next file would most likely meet the same
    }
    refusal_count += outcome.progress.refusal_count();
    if (session.json()) {
      results.push_back({{"file_name", name},
                         {"seconds", outcome.seconds},
                         {"megabytes_per_second", MegabytesPerSecond(outcome)},
                         {"progress", JsonOf(outcome.progress)}});
    } else {
      session.PrintLine(Summary(name, outcome));
    }
  }
  if (session.json()) session.PrintJson(results);
  if (code == ExitCode::kOk && arguments.strict && refusal_count > 0) {
    return session.Fail(fmt::format("{} refusals, and --strict allows none; all else was stored", refusal_count));
  }
  return code;
}

}  // namespace

void AddImportCommand(CLI::App& program, Command& chosen) {
  CLI::App* import = program.add_subcommand("import", "Send recorded files of one vehicle to the server");
  auto arguments = std::make_shared<ImportArguments>();
  import->add_option("FILE", arguments->files, "candump logs or CSV files; - is standard input")
      ->required()
      ->check(CLI::Validator(
          [](std::string& file) {
            if (file == kStandardInput) return std::string();
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return "there is no file " + Printable(file);
  return std::filesystem::is_directory(file, error) ? Printable(file) + " is a folder, not a file" : "";
},
          ""))
      ->type_name("");
import->add_option("--vin", arguments->vin, "The vehicle that recorded them")
    ->required()
    ->transform(VinArgument())
    ->type_name("VIN");
import->add_option("--format", arguments->format, "candump or csv; without it the server looks at the first bytes")
    ->check(CLI::IsMember({"candump", "csv"}).description(""))
    ->type_name("FORMAT");
import->add_option("--start-time", arguments->start_time, "When a file starts that has only seconds from its start")
    ->check(TimeArgument())
    ->type_name("TIME");
import->add_flag("--register", arguments->register_vehicle,
                 "Register the vehicle first if the server does not know it");
import->add_flag("--strict", arguments->strict, "End with 1 if anything was refused");
  import->callback([&chosen, arguments] {
    chosen = [arguments](Session& session) { return Import(*arguments, session);
  };  // namespace telltale::cli
  });
  }

  }  // namespace telltale::cli
