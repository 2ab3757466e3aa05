#include "ingest/gb32960/bodies.h"

#include <algorithm>
#include <array>

#include "base/time.h"
#include "ingest/terminals/beijing_time.h"

namespace telltale::gb32960 {
namespace {

constexpr std::size_t kIccidBytes = 20;
constexpr std::size_t kPackCodeBytes2025 = 24;
constexpr std::size_t kUserBytes = 12;
constexpr std::size_t kPasswordBytes = 20;
constexpr std::size_t kChipIdBytes = 16;
constexpr std::size_t kVinBytes = 17;

}  // namespace

std::optional<std::int64_t> ReadTime(FieldReader& data, std::string_view name) {
  std::array<std::uint8_t, kTimeBytes> bytes{};
  std::ranges::copy(data.Bytes(kTimeBytes, name), bytes.begin());
  if (!data.ok()) return std::nullopt;
  const auto time_ms = BeijingTime::FromBytes(bytes).ToUnixMs();
  if (data.explains()) data.Note(time_ms ? FormatTime(*time_ms) : "no such date or time");
  return time_ms;
}

Login ReadLogin(FieldReader& data, Edition edition) {
  Login login;
  login.time_ms = ReadTime(data, "time");
  login.serial = data.U16("number of the day's logins");
  login.iccid = data.Text(kIccidBytes, "ICCID of the SIM");
  if (edition == Edition::k2025) {
    // Battery management systems, then the packs of each, then a code for each pack.
    const std::size_t systems = data.U8("battery management systems");
    std::size_t packs = 0;
    for (std::size_t i = 0; i < systems && data.ok(); ++i) packs += data.U8("packs of the system");
    for (std::size_t i = 0; i < packs && data.ok() && data.remaining() > 0; ++i) {
      login.pack_codes.push_back(data.Text(kPackCodeBytes2025, "code of the pack"));
    }
    return login;
  }
  const std::size_t subsystems = data.U8("storage subsystems");
  const std::size_t code_bytes = data.U8("length of their codes");
  for (std::size_t i = 0; i < subsystems && code_bytes > 0 && data.ok(); ++i) {
    login.pack_codes.push_back(data.Text(code_bytes, "code of the subsystem"));
  }
  return login;
}

PlatformLogin ReadPlatformLogin(FieldReader& data) {
  PlatformLogin login;
  login.time_ms = ReadTime(data, "time");
  login.serial = data.U16("number of the day's logins");
  login.user = data.Text(kUserBytes, "user");
  FieldReader password = data.Group(kPasswordBytes, "password (not shown)");
  FieldReader silent = password.Silently();
  login.password = silent.Text(silent.remaining(), "");
  data.U8("encryption");
  return login;
}

void ReadLogout(FieldReader& data) {
  ReadTime(data, "time");
  data.U16("number of the day's logins");
}

void ReadActivation(FieldReader& data) {
  ReadTime(data, "time");
  data.Text(kChipIdBytes, "security chip");
  data.Bytes(data.U16("length of the public key"), "public key");
  data.Text(kVinBytes, "VIN");
  ReadSignature(data);
}

void ReadActivationAnswer(FieldReader& data) {
  data.U8("result");
  data.Note("1 activated, 2 not");
  data.U8("why");
  data.Note("1 done, 2 chip used already, 3 VIN known already");
}

void ReadKeyExchange(FieldReader& data) {
  data.U8("encryption");
  data.Group(data.U16("length of the key"), "key (not shown)");
  ReadTime(data, "valid from");
  ReadTime(data, "valid until");
}

void ReadSignature(FieldReader& data) {
  data.U8("kind of signature");
  data.Note("1 SM2, 2 RSA, 3 ECC; not checked");
  data.Bytes(data.U16("length of R"), "R");
  data.Bytes(data.U16("length of S"), "S");
}

}  // namespace telltale::gb32960
