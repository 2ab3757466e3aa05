#include "server/maintenance.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include <absl/cleanup/cleanup.h>
#include <fmt/format.h>

#include "base/log.h"
#include "base/time.h"

namespace telltale {
namespace {

namespace fs = std::filesystem;

Status CheckName(const std::string& name) {
  const bool sound = !name.empty() && name.size() <= Maintenance::kNameLengthMax && name.front() != '.' &&
                     std::ranges::all_of(name, [](unsigned char letter) {
                       return std::isalnum(letter) != 0 || letter == '.' || letter == '_' || letter == '-';
                     });
  if (sound) return OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("a backup's name has 1 to {} letters, digits, '.', '_' and '-', and does not begin with a dot",
                  Maintenance::kNameLengthMax));
}

// "2026-03-01T12:30:00.000Z" as "20260301T123000Z".
std::string NameOfTime(std::int64_t time_ms) {
  std::string name = FormatTime(time_ms).substr(0, 19) + "Z";
  std::erase_if(name, [](char letter) { return letter == '-' || letter == ':'; });
  return name;
}

}  // namespace

Maintenance::Maintenance(RocksDbTelemetryStore& telemetry, RocksDbDocumentStore& documents, const std::string& data_dir,
                         std::string backup_dir, const Clock& clock)
    : telemetry_(telemetry),
      documents_(documents),
      snapshot_(data_dir + "/snapshot"),
      backup_dir_(backup_dir.empty() ? data_dir + "/backups" : std::move(backup_dir)),
      clock_(clock) {
  std::error_code ignored;
  fs::remove_all(snapshot_, ignored);
}

Status Maintenance::WithSnapshot(const std::function<Status(const std::string& snapshot, std::uint64_t bytes)>& work) {
  {
    MutexLock lock(mutex_);
    if (at_work_) {
      return absl::ResourceExhaustedError("another backup or verification is at work; try again when it has ended");
    }
    at_work_ = true;
  }
  const absl::Cleanup done = [this] {
    std::error_code error;
    fs::remove_all(snapshot_, error);
    if (error) spdlog::error("cannot remove the snapshot folder={} error=\"{}\"", snapshot_, error.message());
    MutexLock lock(mutex_);
    at_work_ = false;
  };
  std::error_code error;
  fs::remove_all(snapshot_, error);
  if (!error) fs::create_directory(snapshot_, error);
  if (error) return absl::UnavailableError(fmt::format("cannot make {}: {}", snapshot_, error.message()));
  // Documents last: every vehicle that has frames is then known.
  RETURN_IF_ERROR(telemetry_.LinkTo(snapshot_ + "/telemetry"));
  RETURN_IF_ERROR(documents_.LinkTo(snapshot_ + "/documents"));
  ASSIGN_OR_RETURN(const std::uint64_t bytes, FolderBytes(snapshot_));
  return work(snapshot_, bytes);
}

StatusOr<std::string> Maintenance::CreateBackup(const std::string& name, const Progress& progress) {
  const std::string chosen = name.empty() ? NameOfTime(clock_.NowMs()) : name;
  RETURN_IF_ERROR(CheckName(chosen));
  const std::string path = fmt::format("{}/{}", backup_dir_, chosen);
  if (fs::exists(path)) return absl::AlreadyExistsError(fmt::format("{} is there already; take another name", path));
  const std::int64_t begun_ms = clock_.NowMs();
  std::uint64_t size_bytes = 0;
  RETURN_IF_ERROR(WithSnapshot([&](const std::string& snapshot, std::uint64_t bytes) {
    size_bytes = bytes;
    return CollectFiles(snapshot, path, [&](std::uint64_t done) { return progress(done, bytes); });
  }));
  spdlog::info("backup made path={} bytes={} seconds={:.1f}", path, size_bytes,
               1e-3 * static_cast<double>(clock_.NowMs() - begun_ms));
  return path;
}

StatusOr<Verification> Maintenance::Verify(const Progress& progress) {
  std::optional<Verification> found;
  RETURN_IF_ERROR(WithSnapshot([&](const std::string& snapshot, std::uint64_t bytes) -> Status {
    ASSIGN_OR_RETURN(found, VerifyStores(snapshot, [&](std::uint64_t done) { return progress(done, bytes); }));
    return OkStatus();
  }));
  for (const std::string& damage : found->damage) spdlog::error("damaged {}", damage);
  return *std::move(found);
}

}  // namespace telltale
