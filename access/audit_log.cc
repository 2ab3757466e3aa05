#include "access/audit_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <pthread.h>

#include "base/log.h"
#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kPrefix = "audit/entry/";
constexpr std::string_view kVehiclePrefix = "audit/vehicle/";
constexpr std::uint8_t kRecordVersion = 1;
constexpr auto kRemoveInterval = std::chrono::minutes{10};
constexpr std::size_t kRemovedAtOnce = 10'000;

void PutNumber(std::string& key, std::uint64_t number) {
  PutBigEndian(key, static_cast<std::uint32_t>(number >> 32), 4);
  PutBigEndian(key, static_cast<std::uint32_t>(number), 4);
}

std::uint64_t ReadNumber(std::string_view bytes) {
  return std::uint64_t{ReadBigEndian(bytes.substr(0, 4))} << 32 | ReadBigEndian(bytes.substr(4, 4));
}

std::string EntryKey(std::uint64_t number) {
  std::string key(kPrefix);
  PutNumber(key, number);
  return key;
}

std::string VehicleKey(VehicleId vehicle, std::uint64_t number) {
  std::string key(kVehiclePrefix);
  PutBigEndian(key, vehicle, 4);
  PutNumber(key, number);
  return key;
}

void PutText(std::string& record, std::string_view text) {
  text = text.substr(0, AuditLog::kMaxTextBytes);
  PutLittleEndian(record, static_cast<std::uint8_t>(text.size()));
  record += text;
}

// What is hashed: the number, the hash before, and the entry.
std::string Encode(std::uint64_t number, const SecretHash& before, const AuditEntry& entry) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  PutLittleEndian(record, number);
  record.append(before.begin(), before.end());
  PutLittleEndian(record, entry.time_ms);
  PutLittleEndian(record, entry.organisation);
  PutLittleEndian(record, entry.vehicle);
  PutLittleEndian(record, static_cast<std::uint8_t>(entry.outcome));
  PutText(record, entry.key_id);
  PutText(record, entry.rpc);
  PutText(record, entry.peer);
  return record;
}

struct Decoded {
  std::uint64_t number = 0;
  SecretHash before{};
  AuditEntry entry;
  SecretHash hash{};
};

Status Broken(std::uint64_t number) {
  return absl::DataLossError(fmt::format("entry {} of the audit is not as it was written", number));
}

StatusOr<Decoded> Decode(std::string_view key, std::string_view record) {
  if (key.size() != kPrefix.size() + 8) return absl::DataLossError("an entry of the audit has a malformed key");
  const std::uint64_t number = ReadNumber(key.substr(kPrefix.size()));
  Decoded decoded;
  if (record.size() < decoded.hash.size()) return Broken(number);
  const std::string_view hashed = record.substr(0, record.size() - decoded.hash.size());
  RecordReader reader(record);
  if (reader.Read<std::uint8_t>() != kRecordVersion) return Broken(number);
  decoded.number = reader.Read<std::uint64_t>();
  std::ranges::copy(reader.ReadBytes(decoded.before.size()), decoded.before.begin());
  decoded.entry.time_ms = reader.Read<std::int64_t>();
  decoded.entry.organisation = reader.Read<std::uint32_t>();
  decoded.entry.vehicle = reader.Read<std::uint32_t>();
  decoded.entry.outcome = static_cast<AuditOutcome>(reader.Read<std::uint8_t>());
  for (std::string* const text : {&decoded.entry.key_id, &decoded.entry.rpc, &decoded.entry.peer}) {
    *text = reader.ReadBytes(reader.Read<std::uint8_t>());
  }
  const std::string_view hash = reader.ReadBytes(decoded.hash.size());
  if (!reader.finished()) return Broken(number);
  std::ranges::copy(hash, decoded.hash.begin());
  if (decoded.number != number || HashOf(hashed) != decoded.hash) return Broken(number);
  return decoded;
}

}  // namespace

StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(DocumentStore& documents, const Clock& clock,
                                                   const Options& options) {
  std::unique_ptr<AuditLog> log(new AuditLog(documents, clock, options));
  RETURN_IF_ERROR(log->FindLast());
  log->thread_ = std::thread([p = log.get()] { p->Run(); });
  return log;
}

AuditLog::~AuditLog() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

// Documents are only scanned forwards: finds the last number by asking whether there is one behind, in halves.
Status AuditLog::FindLast() {
  const auto first_behind = [this](std::uint64_t number) -> StatusOr<std::optional<Decoded>> {
    std::optional<Decoded> found;
    Status status;
    RETURN_IF_ERROR(documents_.Scan(kPrefix, EntryKey(number), [&](std::string_view key, std::string_view record) {
      auto decoded = Decode(key, record);
      status = decoded.status();
      if (decoded.ok()) found = *std::move(decoded);
      return false;
    }));
    RETURN_IF_ERROR(status);
    return found;
  };
  std::uint64_t step = std::uint64_t{1} << 62;
  ASSIGN_OR_RETURN(std::optional<Decoded> last, first_behind(0));
  while (last && step > 0) {
    ASSIGN_OR_RETURN(const std::optional<Decoded> next, first_behind(last->number + step - 1));
    if (next) last = next;
    if (!next) step /= 2;
  }
  if (last) {
    last_ = last->number;
    last_hash_ = last->hash;
  }
  return OkStatus();
}

Status AuditLog::Record(AuditEntry entry) {
  entry.time_ms = clock_.NowMs();
  MutexLock lock(mutex_);
  if (waiting_.size() >= options_.waiting_max) {
    return absl::UnavailableError("what is done cannot be noted: the disk does not take the audit");
  }
  waiting_.push_back(std::move(entry));
  ++recorded_;
  return OkStatus();
}

Status AuditLog::Flush() {
  MutexLock lock(mutex_);
  const std::uint64_t wanted = recorded_;
  // The attempt that may be under way began before; how the next one ends is what counts.
  const std::uint64_t attempts = attempts_ + 2;
  changed_.NotifyAll();
  while (written_ < wanted && (status_.ok() || attempts_ < attempts)) changed_.Wait(mutex_);
  return written_ < wanted ? status_ : OkStatus();
}

void AuditLog::Run() {
  pthread_setname_np(pthread_self(), "audit");  // for top and perf
  std::vector<AuditEntry> entries;
  while (true) {
    bool stopping = false;
    {
      MutexLock lock(mutex_);
      const auto until = std::chrono::steady_clock::now() + options_.write_interval;
      if (!stopping_) changed_.WaitUntil(mutex_, until);
      stopping = stopping_;
      if (entries.empty()) entries.swap(waiting_);  // else they are tried again
    }
    Status status = Write(entries);
    if (status.ok() && options_.retention.count() > 0) status = RemoveOld();
    MutexLock lock(mutex_);
    if (!status.ok() && status_.ok()) spdlog::error("the audit cannot be written error=\"{}\"", MessageOf(status));
    status_ = status;
    ++attempts_;
    if (status.ok()) {
      written_ += entries.size();
      entries.clear();
    }
    changed_.NotifyAll();
    if (stopping && (waiting_.empty() || !status.ok())) return;
  }
}

Status AuditLog::Write(const std::vector<AuditEntry>& entries) {
  if (entries.empty()) return OkStatus();
  std::vector<DocumentWrite> writes;
  std::uint64_t number = last_;
  SecretHash hash = last_hash_;
  for (const AuditEntry& entry : entries) {
    std::string record = Encode(++number, hash, entry);
    hash = HashOf(record);
    record.append(hash.begin(), hash.end());
    writes.push_back({.key = EntryKey(number), .value = std::move(record)});
    if (entry.vehicle != 0) writes.push_back({.key = VehicleKey(entry.vehicle, number), .value = ""});
  }
  RETURN_IF_ERROR(documents_.Write(writes));
  last_ = number;
  last_hash_ = hash;
  return OkStatus();
}

Status AuditLog::RemoveOld() {
  const auto now = std::chrono::steady_clock::now();
  if (removed_at_.time_since_epoch().count() != 0 && now - removed_at_ < kRemoveInterval) return OkStatus();
  removed_at_ = now;
  const std::int64_t before_ms = clock_.NowMs() - options_.retention.count() * kMsPerDay;
  std::vector<DocumentWrite> writes;
  Status status;
  RETURN_IF_ERROR(documents_.Scan(kPrefix, "", [&](std::string_view key, std::string_view record) {
    const auto decoded = Decode(key, record);
    status = decoded.status();
    // The last stays, as what comes next goes on from it.
    if (!decoded.ok() || decoded->entry.time_ms >= before_ms || decoded->number == last_) return false;
    writes.push_back({.key = std::string(key), .value = std::nullopt});
    if (decoded->entry.vehicle != 0) {
      writes.push_back({.key = VehicleKey(decoded->entry.vehicle, decoded->number), .value = std::nullopt});
    }
    return writes.size() < kRemovedAtOnce;
  }));
  RETURN_IF_ERROR(status);
  return writes.empty() ? OkStatus() : documents_.Write(writes);
}

StatusOr<std::vector<AuditLog::Numbered>> AuditLog::EntriesOf(VehicleId vehicle, std::uint64_t after,
                                                              std::size_t limit) const {
  std::vector<std::uint64_t> numbers;
  std::string prefix(kVehiclePrefix);
  PutBigEndian(prefix, vehicle, 4);
  RETURN_IF_ERROR(documents_.Scan(prefix, after == 0 ? std::string() : VehicleKey(vehicle, after),
                                  [&](std::string_view key, std::string_view /*value*/) {
                                    if (key.size() != prefix.size() + 8 || numbers.size() == limit) return false;
                                    numbers.push_back(ReadNumber(key.substr(prefix.size())));
                                    return true;
                                  }));
  std::vector<Numbered> entries;
  for (const std::uint64_t number : numbers) {
    const std::string key = EntryKey(number);
    const auto record = documents_.Get(key);
    if (absl::IsNotFound(record.status())) return Broken(number);
    RETURN_IF_ERROR(record.status());
    ASSIGN_OR_RETURN(Decoded decoded, Decode(key, *record));
    entries.push_back({.number = number, .entry = std::move(decoded.entry)});
  }
  return entries;
}

StatusOr<AuditLog::Extent> AuditLog::Verify() const {
  Extent extent;
  Status status;
  RETURN_IF_ERROR(documents_.Scan(kPrefix, "", [&](std::string_view key, std::string_view record) {
    const auto decoded = Decode(key, record);
    status = decoded.status();
    if (!status.ok()) return false;
    // Of the first the entry before is gone, or there was none.
    if (extent.first == 0) extent.first = decoded->number;
    if (extent.last != 0 && (decoded->number != extent.last + 1 || decoded->before != extent.hash)) {
      status = absl::DataLossError(
          fmt::format("what was before entry {} of the audit is not what was written there", decoded->number));
      return false;
    }
    extent.last = decoded->number;
    extent.hash = decoded->hash;
    return true;
  }));
  RETURN_IF_ERROR(status);
  return extent;
}

}  // namespace telltale
