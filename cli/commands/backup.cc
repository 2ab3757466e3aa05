#include <memory>
#include <optional>

#include <fmt/format.h>

#include "telltale/v1/admin.grpc.pb.h"

#include "base/file_sums.h"
#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

struct BackupArguments {
  std::string name;
};

struct RestoreArguments {
  std::string backup;
  std::string data_dir;
};

struct VerifyArguments {
  std::string backup;  // empty: what the server has
};

// A bar that comes when the size is known.
class SizedProgress {
 public:
  SizedProgress(std::string label, Terminal& terminal) : label_(std::move(label)), terminal_(terminal) {}
  ~SizedProgress() {
    if (progress_) progress_->Clear();
  }
  SizedProgress(const SizedProgress&) = delete;
  SizedProgress& operator=(const SizedProgress&) = delete;

  void Update(std::uint64_t done_bytes, std::uint64_t size_bytes) {
    if (!progress_) progress_.emplace(label_, size_bytes, terminal_.err_is_terminal, terminal_.err, terminal_.clock);
    progress_->Update(done_bytes);
  }

 private:
  const std::string label_;
  Terminal& terminal_;
  std::optional<Progress> progress_;
};

// Reads answers until the last one, which `is_last` knows, and shows how far the server is.
template <typename Response, typename IsLast>
grpc::Status ReadToLast(const std::string& label, grpc::ClientReader<Response>& stream, Terminal& terminal,
                        Response& response, const IsLast& is_last) {
  SizedProgress progress(label, terminal);
  while (stream.Read(&response)) {
    if (!is_last(response)) progress.Update(response.done_bytes(), response.size_bytes());
  }
  return stream.Finish();
}

ExitCode Backup(const BackupArguments& arguments, Session& session) {
  grpc::ClientContext context;
  v1::CreateBackupRequest request;
  request.set_name(arguments.name);
  const auto stream = v1::AdminService::Stub(session.client().channel()).CreateBackup(&context, request);
  v1::CreateBackupResponse response;
  const grpc::Status status = ReadToLast("backup", *stream, session.terminal(), response,
                                         [](const v1::CreateBackupResponse& answer) { return !answer.path().empty(); });
  if (!status.ok()) return session.Fail(status, "", /*had_deadline=*/false);
  if (session.json()) {
    session.PrintJson(Json{{"path", response.path()}});
  } else {
    session.PrintLine(fmt::format("The backup is in {} on the server's machine; copy it to another disk.",
                                  Printable(response.path())));
  }
  return ExitCode::kOk;
}

// `work` is of files of this machine.
template <typename Work>
Status WithFileProgress(const std::string& label, const std::string& folder, Terminal& terminal, const Work& work) {
  ASSIGN_OR_RETURN(const std::uint64_t size_bytes, FolderBytes(folder));
  SizedProgress progress(label, terminal);
  return work([&](std::uint64_t done_bytes) {
    progress.Update(done_bytes, size_bytes);
    return OkStatus();
  });
}

ExitCode FailWithFiles(const Status& status, Session& session) {
  // What is wrong with the arguments, and what with the files.
  const bool usage = absl::IsNotFound(status) || absl::IsAlreadyExists(status);
  return session.Fail(Printable(MessageOf(status)), usage ? ExitCode::kUsage : ExitCode::kFailed);
}

ExitCode Restore(const RestoreArguments& arguments, Session& session) {
  const Status status = WithFileProgress(
      "restore", arguments.backup, session.terminal(),
      [&](const FileProgress& progress) { return RestoreFiles(arguments.backup, arguments.data_dir, progress); });
  if (!status.ok()) return FailWithFiles(status, session);
  if (session.json()) {
    session.PrintJson(Json{{"data_dir", arguments.data_dir}});
  } else {
    session.PrintLine(
        fmt::format("{0} is restored, every file as it was. Start the server with: telltaled --data-dir {0}",
                    Printable(arguments.data_dir)));
  }
  return ExitCode::kOk;
}

ExitCode VerifyBackup(const std::string& backup, Session& session) {
  const Status status = WithFileProgress("verify", backup, session.terminal(),
                                         [&](const FileProgress& progress) { return CheckFiles(backup, progress); });
  if (!status.ok()) return FailWithFiles(status, session);
  if (session.json()) {
    session.PrintJson(Json{{"backup", backup}, {"sound", true}});
  } else {
    session.PrintLine("Every file of the backup is as it was when it was made.");
  }
  return ExitCode::kOk;
}

ExitCode VerifyServer(Session& session) {
  grpc::ClientContext context;
  const auto stream = v1::AdminService::Stub(session.client().channel()).Verify(&context, v1::VerifyRequest());
  v1::VerifyResponse response;
  const grpc::Status status = ReadToLast("verify", *stream, session.terminal(), response,
                                         [](const v1::VerifyResponse& answer) { return answer.has_result(); });
  if (!status.ok()) return session.Fail(status, "", /*had_deadline=*/false);
  const v1::VerifyResult& result = response.result();
  if (session.json()) {
    session.PrintJson(JsonOf(result));
  } else {
    for (const std::string& damage : result.damage()) session.PrintLine("damaged: " + Printable(damage));
    session.PrintLine(fmt::format(
        "{} tables, {} blocks, {} records of the journal, latest values of {} vehicles, {} documents: {}",
        FormatCount(result.file_count()), FormatCount(result.block_count()), FormatCount(result.record_count()),
        FormatCount(result.vehicle_count()), FormatCount(result.document_count()),
        result.damage_count() == 0 ? "all sound"
                                   : fmt::format("{} places are damaged", FormatCount(result.damage_count()))));
  }
  return result.damage_count() == 0 ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

void AddBackupCommands(CLI::App& program, Command& chosen) {
  CLI::App* backup = program.add_subcommand("backup", "Back up all that the server has, while it works");
  auto backup_arguments = std::make_shared<BackupArguments>();
  backup
      ->add_option("NAME", backup_arguments->name, "Of the new folder in the server's store.backup_dir; else the time")
      ->check(Utf8Argument())
      ->type_name("");
  backup->callback([&chosen, backup_arguments] {
    chosen = [backup_arguments](Session& session) { return Backup(*backup_arguments, session); };
  });

  CLI::App* restore = program.add_subcommand("restore", "Make a data folder of a backup, checking every file");
  auto restore_arguments = std::make_shared<RestoreArguments>();
  restore->add_option("BACKUP", restore_arguments->backup, "The backup's folder, on this machine")
      ->required()
      ->type_name("");
  restore->add_option("DATA_DIR", restore_arguments->data_dir, "The data folder, empty or not there")
      ->required()
      ->type_name("");
  restore->callback([&chosen, restore_arguments] {
    chosen = [restore_arguments](Session& session) { return Restore(*restore_arguments, session); };
  });

  CLI::App* verify = program.add_subcommand("verify", "Read all that the server has and check every checksum");
  auto verify_arguments = std::make_shared<VerifyArguments>();
  verify
      ->add_option("--backup", verify_arguments->backup,
                   "Check the files of this backup, on this machine, instead of the server's")
      ->type_name("FOLDER");
  verify->callback([&chosen, verify_arguments] {
    chosen = [verify_arguments](Session& session) {
      return verify_arguments->backup.empty() ? VerifyServer(session) : VerifyBackup(verify_arguments->backup, session);
    };
  });
}

}  // namespace telltale::cli
