#include "ingest/jt808/bodies.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/time.h"
#include "ingest/terminals/beijing_time.h"

namespace telltale::jt808 {
namespace {

constexpr std::size_t kRegistrationBytes2013 = 37;  // without the plate

std::optional<std::int64_t> ReadTime(FieldReader& body, std::string_view name) {
  std::array<std::uint8_t, 6> bytes{};
  std::ranges::copy(body.Bytes(bytes.size(), name), bytes.begin());
  if (!body.ok()) return std::nullopt;
  const auto time_ms = BeijingTime::FromBcd(bytes).ToUnixMs();
  if (body.explains()) body.Note(time_ms ? FormatTime(*time_ms) : "no such date or time");
  return time_ms;
}

}  // namespace

TerminalAnswer ReadTerminalAnswer(FieldReader& body) {
  TerminalAnswer answer;
  answer.serial = body.U16("serial number of the message that is answered");
  answer.id = static_cast<MessageId>(body.Bits(2, "its id"));
  answer.result = static_cast<Result>(body.U8("result"));
  body.Note("0 done, 1 failed, 2 message wrong, 3 not supported, 4 alarm confirmed");
  return answer;
}

Registration ReadRegistration(FieldReader& body, Edition edition) {
  const bool of_2011 = edition == Edition::k2013 && body.remaining() < kRegistrationBytes2013;
  const bool of_2019 = edition == Edition::k2019;
  Registration registration;
  registration.province = body.U16("province");
  registration.city = body.U16("city");
  registration.maker = body.Text(of_2019 ? 11 : 5, "maker");
  registration.model = body.Text(of_2019 ? 30 : of_2011 ? 8 : 20, "model");
  registration.terminal_id = body.Text(of_2019 ? 30 : 7, "terminal id");
  registration.plate_colour = body.U8("plate colour");
  body.Note("0 not plated: the VIN follows");
  registration.plate = body.Text(body.remaining(), "plate");
  return registration;
}

Authentication ReadAuthentication(FieldReader& body, Edition edition) {
  // What the code says is between the terminal and us.
  const auto secret = [&body](std::size_t size) {
    FieldReader code = body.Group(size, "authentication code (not shown)");
    FieldReader silent = code.Silently();
    return silent.Text(size, "");
  };
  Authentication authentication;
  if (edition == Edition::k2013) {
    authentication.code = secret(body.remaining());
    return authentication;
  }
  authentication.code = secret(body.U8("length of the code"));
  authentication.imei = body.Text(15, "IMEI");
  authentication.software = body.Text(20, "software version");
  return authentication;
}

// The header does not tell 2011 from 2013; a name of one or two bytes, which would look like a card, is none.
bool IsDriverIdentityOf2011(FieldReader body) {
  const std::size_t size = body.remaining();
  const std::size_t name_size = body.U8("");
  constexpr std::size_t kNumbersBytes = 20 + 40;
  if (name_size <= 2 || size < 1 + name_size + kNumbersBytes + 1) return false;
  body.Bytes(name_size + kNumbersBytes, "");
  return body.U8("") == body.remaining();
}

DriverIdentity ReadDriverIdentity(FieldReader& body, Edition edition) {
  DriverIdentity driver;
  if (edition == Edition::k2013 && IsDriverIdentityOf2011(body.Silently())) {
    driver.of_2011 = true;
    driver.inserted = true;
    driver.name = body.Text(body.U8("length of the name"), "driver's name");
    driver.id_number = body.Text(20, "identity number");
    driver.licence = body.Text(40, "licence");
    driver.issuer = body.Text(body.U8("length of the issuer"), "issuer");
    return driver;
  }
  driver.inserted = body.U8("card") == 1;
  body.Note("1 put in, 2 taken out");
  driver.time_ms = ReadTime(body, "time");
  if (!driver.inserted) return driver;
  driver.result = body.U8("result of reading the card");
  body.Note("0 read, 1 password wrong, 2 locked, 3 taken out, 4 checksum wrong");
  if (driver.result != 0 && body.remaining() == 0) return driver;
  driver.name = body.Text(body.U8("length of the name"), "driver's name");
  driver.licence = body.Text(20, "licence");
  driver.issuer = body.Text(body.U8("length of the issuer"), "issuer");
  driver.valid_until = body.Bcd(4, "valid until");
  // Terminals of 2019 with the body of 2013 are about.
  if (edition == Edition::k2019 && body.remaining() > 0) driver.id_number = body.Text(20, "identity number");
  return driver;
}

CanUpload ReadCanUpload(FieldReader& body) {
  CanUpload upload;
  const std::size_t count = body.U16("number of CAN frames");
  const std::string digits = body.Bcd(5, "time of day of the first");  // hhmmss and milliseconds, 4 digits
  if (body.ok() && std::ranges::all_of(digits, [](char digit) { return digit <= '9'; })) {
    const int hour = std::stoi(digits.substr(0, 2));
    const int minute = std::stoi(digits.substr(2, 2));
    const int second = std::stoi(digits.substr(4, 2));
    const int millisecond = std::stoi(digits.substr(6));
    if (hour < 24 && minute < 60 && second < 60 && millisecond < 1000) {
      upload.time_of_day_ms = ((hour * 60 + minute) * 60 + second) * std::int64_t{1000} + millisecond;
    }
  }
  for (std::size_t i = 0; i < count && body.ok() && body.remaining() > 0; ++i) {
    FieldReader group = body.Group(12, fmt::format("CAN frame {}", i + 1));
    const std::uint32_t id = group.Bits(4, "identifier");
    const std::span<const std::uint8_t> bytes = group.Bytes(8, "bytes");
    if (!group.ok()) break;
    if (group.explains()) {
      group.Note(fmt::format("CAN {}, {}, {}", (id >> 31) + 1, (id >> 30 & 1) != 0 ? "extended" : "standard",
                             (id >> 29 & 1) != 0 ? "averaged" : "as on the bus"));
    }
    CanUpload::Item& item = upload.items.emplace_back();
    item.channel = static_cast<std::uint8_t>(id >> 31);
    item.extended = (id >> 30 & 1) != 0;
    item.averaged = (id >> 29 & 1) != 0;
    item.id = id & 0x1FFF'FFFF;
    std::ranges::copy(bytes, item.bytes.begin());
  }
  return upload;
}

std::int64_t NearestInstant(std::int64_t time_of_day_ms, std::int64_t near_ms) {
  constexpr std::int64_t kAheadMs = std::chrono::milliseconds{BeijingTime::kAheadOfUtc}.count();
  const std::int64_t time_ms = DayOf(near_ms + kAheadMs) * kMsPerDay + time_of_day_ms - kAheadMs;
  if (time_ms - near_ms > kMsPerDay / 2) return time_ms - kMsPerDay;
  if (near_ms - time_ms > kMsPerDay / 2) return time_ms + kMsPerDay;
  return time_ms;
}

}  // namespace telltale::jt808
