#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "telltale/v1/access.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "base/csv.h"
#include "base/vin.h"
#include "cli/commands/commands.h"
#include "cli/commands/enum_words.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/text.h"

// registry import: a fleet and who may see it, from a table.
namespace telltale::cli {
namespace {

constexpr int kRowsAtOnce = 1'000;  // of VehicleService/RegisterVehicles
constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::size_t kMaxNameBytes = 100;
constexpr double kMaxDisplacementL = 1'000;
const std::vector<std::string> kDescription = {"display_name", "vehicle_class", "fuel_type", "engine_displacement_l",
                                               "built"};
const std::vector<std::string> kGranting = {"organisation_id", "purpose", "scopes", "from", "to"};

struct RegistryArguments {
  std::string file;
  bool dry_run = false;
  bool skip_wrong = false;
};

// Where each column of the file is.
using Columns = std::map<std::string, std::size_t>;

struct RegistryRow {
  v1::Vehicle vehicle;
  v1::Grant grant;  // of no organisation: there is none
};

// Turns rows into what is sent. What is wrong with one is said in words.
class RowReader {
 public:
  explicit RowReader(std::set<std::uint32_t> organisations) : organisations_(std::move(organisations)) {}

  std::string TakeHeader(const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool is_known = names[i] == "vin" || std::ranges::count(kDescription, names[i]) > 0 ||
                            std::ranges::count(kGranting, names[i]) > 0;
      if (!is_known) {
        return fmt::format("no column '{}'; there are: vin, {}, {}", Printable(names[i]), fmt::join(kDescription, ", "),
                           fmt::join(kGranting, ", "));
      }
      if (!columns_.emplace(names[i], i).second) return fmt::format("the column '{}' comes twice", names[i]);
    }
    if (!columns_.contains("vin")) return "the column 'vin' is missing; the first line names the columns";
    return "";
  }

  // Whether vehicles are registered, not only granted.
  bool describes() const {
    return !columns_.contains("organisation_id") ||
           std::ranges::any_of(kDescription, [this](const std::string& name) { return columns_.contains(name); });
  }

  // What is wrong; empty: nothing.
  std::string Read(const std::vector<std::string>& fields, RegistryRow* out) const {
    if (fields.size() != columns_.size()) {
      return fmt::format("{} fields; the first line names {} columns", fields.size(), columns_.size());
    }
    const auto vin = Vin::Parse(fields[columns_.at("vin")]);
    if (!vin.ok()) return MessageOf(vin.status());
    out->vehicle.set_vin(vin->text());
    std::string wrong = Describe(fields, out->vehicle);
    if (wrong.empty()) wrong = Grant(fields, out->grant);
    if (wrong.empty() && out->grant.organisation_id() != 0) out->grant.set_vin(vin->text());
    return wrong;
  }

 private:
  const std::string& Of(const std::vector<std::string>& fields, const char* column) const {
    static const std::string empty;
    const auto at = columns_.find(column);
    return at != columns_.end() ? fields[at->second] : empty;
  }

  template <typename Enum>
  static std::string ReadWord(const std::string& text, const char* column, const std::map<std::string, Enum>& words,
                              const std::function<void(Enum)>& set) {
    const auto at = words.find(text);
    if (at == words.end()) return fmt::format("{} '{}' is none of {}", column, Printable(text), ListOf(words));
    set(at->second);
    return "";
  }

  static std::string ReadTimeOf(std::string text, const char* column, google::protobuf::Timestamp* out) {
    if (const std::string wrong = TimeArgument()(text); !wrong.empty()) return fmt::format("{}: {}", column, wrong);
    *out = TimestampOf(text);
    return "";
  }

  std::string Describe(const std::vector<std::string>& fields, v1::Vehicle& out) const {
    static const auto classes = WordsOfEnum<v1::VehicleClass>(*v1::VehicleClass_descriptor(), "VEHICLE_CLASS_");
    static const auto fuels = WordsOfEnum<v1::FuelType>(*v1::FuelType_descriptor(), "FUEL_TYPE_");
    std::string name = Of(fields, "display_name");
    if (name.size() > kMaxNameBytes || !Utf8Argument()(name).empty()) {
      return fmt::format("display_name is not UTF-8 text of at most {} bytes", kMaxNameBytes);
    }
    out.set_display_name(name);
    std::string wrong;
    if (const std::string& text = Of(fields, "vehicle_class"); !text.empty()) {
      wrong = ReadWord<v1::VehicleClass>(text, "vehicle_class", classes, [&out](auto v) { out.set_vehicle_class(v); });
      if (!wrong.empty()) return wrong;
    }
    if (const std::string& text = Of(fields, "fuel_type"); !text.empty()) {
      wrong = ReadWord<v1::FuelType>(text, "fuel_type", fuels, [&out](auto v) { out.set_fuel_type(v); });
      if (!wrong.empty()) return wrong;
    }
    if (std::string text = Of(fields, "engine_displacement_l"); !text.empty()) {
      wrong = NumberArgument(0, kMaxDisplacementL)(text);
      if (!wrong.empty()) return "engine_displacement_l " + wrong;
      out.set_engine_displacement_l(std::stod(text));
    }
    const std::string& built = Of(fields, "built");
    return built.empty() ? "" : ReadTimeOf(built, "built", out.mutable_built_time());
  }

  std::string Grant(const std::vector<std::string>& fields, v1::Grant& out) const {
    static const auto purposes = WordsOfEnum<v1::Purpose>(*v1::Purpose_descriptor(), "PURPOSE_");
    static const auto scopes = WordsOfEnum<v1::Scope>(*v1::Scope_descriptor(), "SCOPE_");
    const std::string& id_text = Of(fields, "organisation_id");
    if (id_text.empty()) {
      for (const char* const column : {"purpose", "scopes", "from", "to"}) {
        if (!Of(fields, column).empty()) return fmt::format("a {}, but no organisation_id", column);
      }
      return "";
    }
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(id_text.data(), id_text.data() + id_text.size(), id);
    if (error != std::errc() || end != id_text.data() + id_text.size() || !organisations_.contains(id)) {
      return fmt::format("there is no organisation '{}' (telltale access organisations)", Printable(id_text));
    }
    std::string wrong = ReadWord<v1::Purpose>(Of(fields, "purpose"), "purpose", purposes,
                                              [&out](auto purpose) { out.set_purpose(purpose); });
    if (!wrong.empty()) return wrong;
    const std::string& words = Of(fields, "scopes");
    for (std::size_t from = 0; from < words.size();) {
      const std::size_t blank = std::min(words.find(' ', from), words.size());
      const std::string word = words.substr(from, blank - from);
      from = blank + 1;
      if (word.empty()) continue;
      if (word == "all") {
        for (const auto& [name, scope] : scopes) out.add_scopes(scope);
        continue;
      }
      wrong = ReadWord<v1::Scope>(word, "scopes", scopes, [&out](auto scope) { out.add_scopes(scope); });
      if (!wrong.empty()) return wrong;
    }
    if (out.scopes().empty()) return "a grant has at least one of scopes";
    if (const std::string& text = Of(fields, "from"); !text.empty()) {
      wrong = ReadTimeOf(text, "from", out.mutable_start_time());
      if (!wrong.empty()) return wrong;
    }
    if (const std::string& text = Of(fields, "to"); !text.empty()) {
      wrong = ReadTimeOf(text, "to", out.mutable_end_time());
      if (!wrong.empty()) return wrong;
      if (out.end_time().seconds() <= out.start_time().seconds()) return "to is not after from";
    }
    out.set_organisation_id(id);
    return "";
  }

  const std::set<std::uint32_t> organisations_;
  Columns columns_;
};

// Calls `on_row` for each row until it returns false. Errors as of ReadCsvFile.
Status ForEachRow(const std::string& file, Progress& progress,
                  const std::function<bool(std::uint64_t row, const std::vector<std::string>& fields)>& on_row) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::NotFoundError(fmt::format("{} cannot be opened", Printable(file)));
  bool goes_on = true;
  CsvReader reader([&](std::uint64_t row, const std::vector<std::string>& fields) {
    if (goes_on) goes_on = on_row(row, fields);
  });
  std::string chunk;
  std::uint64_t done_bytes = 0;
  while (goes_on && in) {
    chunk.resize(kReadBytes);
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (in.bad()) return absl::UnavailableError(fmt::format("{} cannot be read", Printable(file)));
    chunk.resize(static_cast<std::size_t>(in.gcount()));
    done_bytes += chunk.size();
    RETURN_IF_ERROR(reader.Add(chunk));
    progress.Update(done_bytes);
  }
  if (goes_on) RETURN_IF_ERROR(reader.Finish());
  progress.Clear();
  return OkStatus();
}

// One import: the file is read twice, so that nothing is sent of one that is wrong.
class RegistryImport {
 public:
  RegistryImport(const RegistryArguments& arguments, std::set<std::uint32_t> organisations, Session& session)
      : arguments_(arguments), session_(session), rows_(std::move(organisations)) {}

  ExitCode Run() {
    std::error_code error;
    size_bytes_ = std::filesystem::file_size(arguments_.file, error);
    if (error) return session_.Fail(arguments_.file + ": " + error.message(), ExitCode::kUsage);
    if (const Status status = Check(); !status.ok()) {
      return session_.Fail(arguments_.file + ": " + MessageOf(status), ExitCode::kUsage);
    }
    const std::string counts = fmt::format("{} lines, {} vehicle{}, {} grant{}, {} wrong", FormatCount(lines_),
                                           FormatCount(lines_ - wrong_), lines_ - wrong_ == 1 ? "" : "s",
                                           FormatCount(grants_), grants_ == 1 ? "" : "s", FormatCount(wrong_));
    if (arguments_.dry_run) {
      session_.PrintLine("Checked, nothing was sent: " + counts);
      return wrong_ == 0 ? ExitCode::kOk : ExitCode::kFailed;
    }
    if (wrong_ > 0 && !arguments_.skip_wrong) {
      return session_.Fail(counts + "; nothing was sent\n  mend these lines, or leave them out with --skip-wrong");
    }
    const std::int64_t start_ms = session_.terminal().clock.NowMs();
    const Status status = Send();
    if (!status_.ok()) {
      const ExitCode code = session_.Fail(status_);
      session_.terminal().err << fmt::format(
          "  up to line {} all is in; import the file again, what is there is not added twice\n", sent_to_);
      return code;
    }
    if (!status.ok()) return session_.Fail(arguments_.file + ": " + MessageOf(status));
    session_.PrintLine(fmt::format("{}: {} in {:.1f} s", std::filesystem::path(arguments_.file).filename().string(),
                                   counts, static_cast<double>(session_.terminal().clock.NowMs() - start_ms) / 1e3));
    return ExitCode::kOk;
  }

 private:
  Progress NewProgress(const std::string& label) const {
    return {label, size_bytes_, session_.terminal().err_is_terminal, session_.terminal().err,
            session_.terminal().clock};
  }

  Status Check() {
    std::string header_wrong;
    bool has_header = false;
    Progress progress = NewProgress("checking");
    RETURN_IF_ERROR(ForEachRow(arguments_.file, progress, [&](std::uint64_t row, const auto& fields) {
      if (!has_header) {
        has_header = true;
        header_wrong = rows_.TakeHeader(fields);
        return header_wrong.empty();
      }
      ++lines_;
      RegistryRow read;
      const std::string wrong = rows_.Read(fields, &read);
      if (!wrong.empty()) {
        ++wrong_;
        progress.Clear();
        session_.terminal().err << fmt::format("{}:{}: {}\n", arguments_.file, row, wrong);
      } else if (read.grant.organisation_id() != 0) {
        ++grants_;
      }
      return true;
    }));
    if (!has_header) return absl::InvalidArgumentError("the file is empty; its first line names the columns");
    return header_wrong.empty() ? OkStatus() : absl::InvalidArgumentError(header_wrong);
  }

  Status Send() {
    bool is_header = true;
    Progress progress = NewProgress("importing");
    RETURN_IF_ERROR(ForEachRow(arguments_.file, progress, [&](std::uint64_t row, const auto& fields) {
      if (std::exchange(is_header, false)) return true;
      RegistryRow read;
      if (!rows_.Read(fields, &read).empty()) return true;
      if (read.grant.organisation_id() != 0) grants_request_.add_grants()->Swap(&read.grant);
      vehicles_request_.add_vehicles()->Swap(&read.vehicle);
      return vehicles_request_.vehicles_size() < kRowsAtOnce || SendBatch(row);
    }));
    if (status_.ok() && vehicles_request_.vehicles_size() > 0) SendBatch(lines_ + 1);
    return OkStatus();
  }

  // False: the server did not take it; `status_` says why.
  bool SendBatch(std::uint64_t row) {
    if (rows_.describes()) {
      v1::RegisterVehiclesResponse response;
      status_ = session_.client().Call(&v1::VehicleService::Stub::RegisterVehicles, vehicles_request_, &response);
    }
    if (status_.ok() && grants_request_.grants_size() > 0) {
      v1::AddGrantsResponse response;
      status_ = session_.client().Call(&v1::AccessService::Stub::AddGrants, grants_request_, &response);
    }
    if (!status_.ok()) return false;
    vehicles_request_.clear_vehicles();
    grants_request_.clear_grants();
    sent_to_ = row;
    return true;
  }

  const RegistryArguments& arguments_;
  Session& session_;
  RowReader rows_;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t lines_ = 0;  // but the first
  std::uint64_t wrong_ = 0;
  std::uint64_t grants_ = 0;
  std::uint64_t sent_to_ = 1;
  v1::RegisterVehiclesRequest vehicles_request_;
  v1::AddGrantsRequest grants_request_;
  grpc::Status status_;
};

ExitCode ImportRegistry(const RegistryArguments& arguments, Session& session) {
  v1::ListOrganisationsResponse response;
  if (const auto status =
          session.client().Call(&v1::AccessService::Stub::ListOrganisations, v1::ListOrganisationsRequest(), &response);
      !status.ok()) {
    return session.Fail(status);
  }
  std::set<std::uint32_t> organisations;
  for (const v1::Organisation& organisation : response.organisations()) organisations.insert(organisation.id());
  return RegistryImport(arguments, std::move(organisations), session).Run();
}

}  // namespace

void AddRegistryCommand(CLI::App& program, Command& chosen) {
  CLI::App* registry = program.add_subcommand("registry", "The fleet, and who may see it, as a file");
  registry->require_subcommand(1);
  CLI::App* import = registry->add_subcommand("import", "Register the vehicles of a CSV file, and grant them");
  auto arguments = std::make_shared<RegistryArguments>();
  import->add_option("file", arguments->file, "The file; its columns: docs/cli.md")->required()->type_name("FILE");
  import->add_flag("--dry-run", arguments->dry_run, "Only check it, and name every wrong line");
  import->add_flag("--skip-wrong", arguments->skip_wrong,
                   "Leave wrong lines out, else nothing is sent if there is one");
  import->callback(
      [&chosen, arguments] { chosen = [arguments](Session& session) { return ImportRegistry(*arguments, session);
};
}  // namespace telltale::cli
);
}

}  // namespace telltale::cli
