#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/gb32960/message.h"
#include "ingest/terminals/field_reader.h"

// The data units of GB/T 32960.3 but those of measurements, which data_unit.h reads.
namespace telltale::gb32960 {

inline constexpr std::size_t kTimeBytes = 6;

// Beijing time, six binary bytes, as UTC; nullopt: there is no such date or time.
std::optional<std::int64_t> ReadTime(FieldReader& data, std::string_view name);

// A vehicle's login, GB/T 32960.3-2016, 7.1, 2025, 7.1.
struct Login {
  std::optional<std::int64_t> time_ms;
  std::uint16_t serial = 0;  // of the day's logins
  std::string iccid;         // of the SIM, 20 characters
  std::vector<std::string> pack_codes;
};
Login ReadLogin(FieldReader& data, Edition edition);

// The login of a platform that passes the messages of its vehicles on, GB/T 32960.3-2016, 7.4.
struct PlatformLogin {
  std::optional<std::int64_t> time_ms;
  std::uint16_t serial = 0;
  std::string user;      // at most 12 characters
  std::string password;  // at most 20; is not explained
};
PlatformLogin ReadPlatformLogin(FieldReader& data);

// A logout, of a vehicle or a platform: 7.3 and 7.5.
void ReadLogout(FieldReader& data);

// GB/T 32960.3-2025, annex B: the vehicle's security chip shows its public key, signed. Not checked.
void ReadActivation(FieldReader& data);
void ReadActivationAnswer(FieldReader& data);
// GB/T 32960.3-2025, 7.6: the key of what follows. Not shown.
void ReadKeyExchange(FieldReader& data);
// What ends a data unit of 2025: 1 SM2, 2 RSA, 3 ECC. Not checked.
void ReadSignature(FieldReader& data);

}  // namespace telltale::gb32960
