#include "storage/upload_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kPrefix = "upload/";
constexpr std::uint8_t kRecordVersion = 1;

std::string VehicleKey(VehicleId vehicle) {
  std::string key(kPrefix);
  PutBigEndian(key, vehicle, sizeof(vehicle));
  return key;
}

// Of two of one instant the later to come has the greater number.
std::string UploadKey(VehicleId vehicle, std::int64_t receive_time_ms, std::uint16_t number) {
  std::string key = VehicleKey(vehicle);
  PutBigEndian(key, static_cast<std::uint32_t>(receive_time_ms >> 32), 4);
  PutBigEndian(key, static_cast<std::uint32_t>(receive_time_ms), 4);
  PutBigEndian(key, number, 2);
  return key;
}

std::string Encode(const Upload& upload) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  PutLittleEndian(record, upload.receive_time_ms);
  PutLittleEndian(record, upload.message_id);
  PutLittleEndian(record, upload.kind);
  record += upload.content;
  return record;
}

bool Decode(std::string_view record, Upload& upload) {
  constexpr std::size_t kHeadBytes = 1 + 8 + 2 + 1;
  RecordReader reader(record);
  if (record.size() < kHeadBytes || reader.Read<std::uint8_t>() != kRecordVersion) return false;
  upload.receive_time_ms = reader.Read<std::int64_t>();
  upload.message_id = reader.Read<std::uint16_t>();
  upload.kind = reader.Read<std::uint8_t>();
  upload.content = record.substr(kHeadBytes);
  return true;
}

}  // namespace

Status UploadLog::Record(VehicleId vehicle, const Upload& upload) {
  std::vector<std::string> keys;
  bool repeated = false;
  std::uint16_t number = 0;
  RETURN_IF_ERROR(documents_.Scan(VehicleKey(vehicle), "", [&](std::string_view key, std::string_view record) {
    keys.emplace_back(key);
    Upload present;
    if (!Decode(record, present)) return true;  // List() tells of it
    if (present.receive_time_ms == upload.receive_time_ms) ++number;
    repeated =
        repeated || (present.message_id == upload.message_id && present.kind == upload.kind &&
                     upload.receive_time_ms - present.receive_time_ms < kRepeatMs && present.content == upload.content);
    return true;
  }));
  if (repeated) return OkStatus();
  std::vector<DocumentWrite> writes = {{UploadKey(vehicle, upload.receive_time_ms, number), Encode(upload)}};
  for (std::size_t i = 0; keys.size() - i >= std::max<std::size_t>(options_.per_vehicle_max, 1); ++i) {
    writes.push_back({keys[i], std::nullopt});
  }
  return documents_.Write(writes);
}

StatusOr<std::vector<Upload>> UploadLog::List(VehicleId vehicle) const {
  std::vector<Upload> uploads;
  bool damaged = false;
  RETURN_IF_ERROR(documents_.Scan(VehicleKey(vehicle), "", [&](std::string_view /*key*/, std::string_view record) {
    damaged = damaged || !Decode(record, uploads.emplace_back());
    return true;
  }));
  if (damaged) return absl::DataLossError(fmt::format("an upload of vehicle {} cannot be read", vehicle));
  std::ranges::reverse(uploads);
  return uploads;
}

}  // namespace telltale
