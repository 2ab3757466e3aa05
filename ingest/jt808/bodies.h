#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ingest/jt808/message.h"
#include "ingest/terminals/field_reader.h"

// The bodies of messages of terminals that we act on. Each reader takes all fields of one body; whether the body had
// them all, the FieldReader's ok() says. Strings are as sent, mostly GBK.
namespace telltale::jt808 {

// 0x0001: what a terminal says to a message of ours.
struct TerminalAnswer {
  std::uint16_t serial = 0;  // of our message
  MessageId id{};
  Result result{};
};
TerminalAnswer ReadTerminalAnswer(FieldReader& body);

// 0x0100. The maker's fields are shorter in 2011 and 2013 than in 2019:
//
//     province 2 | city 2 | maker 5 or 11 | model 8, 20 or 30 | terminal id 7, 7 or 30 | plate colour 1 | plate, the
//     rest
//
// The header does not tell 2011 from 2013: a body that is too short for 2013 is taken for 2011.
struct Registration {
  std::uint16_t province = 0;  // GB/T 2260, first two digits; 0: the platform's own
  std::uint16_t city = 0;      // the other four
  std::string maker;
  std::string model;
  std::string terminal_id;        // the maker's number of the box
  std::uint8_t plate_colour = 0;  // JT/T 415; 0: not plated
  std::string plate;              // of an unplated vehicle its VIN
};
Registration ReadRegistration(FieldReader& body, Edition edition);

// 0x0102: the code that we gave with 0x8100. 2019 has the IMEI and the software's version, too.
struct Authentication {
  std::string code;
  std::string imei;
  std::string software;
};
Authentication ReadAuthentication(FieldReader& body, Edition edition);

// 0x0702: the driver's licence card was put in or taken out.
//
//     2011   name 1 + n | identity number 20 | licence 40 | issuer 1 + n: no time, and nothing of cards
//     2013   1 in, 2 out | time BCD 6 | result 1 | name 1 + n | licence 20 | issuer 1 + n | valid until BCD 4
//     2019   the same | identity number 20
//
// Behind the time, a card that is taken out or could not be read has nothing.
struct DriverIdentity {
  bool of_2011 = false;
  bool inserted = false;
  std::optional<std::int64_t> time_ms;  // UTC
  std::uint8_t result = 0;              // of reading the card: 0 read, 1 to 4 not; only if inserted
  std::string name;
  std::string licence;  // certificate of the trade
  std::string issuer;
  std::string valid_until;  // yyyymmdd
  std::string id_number;    // 2011, 2019
};
DriverIdentity ReadDriverIdentity(FieldReader& body, Edition edition);

// 0x0705: frames of the vehicle's bus.
struct CanUpload {
  struct Item {
    std::uint8_t channel = 0;  // 0 CAN 1, 1 CAN 2
    bool extended = false;     // 29 bits of identifier
    bool averaged = false;     // over an interval, not as it was on the bus
    std::uint32_t id = 0;
    std::array<std::uint8_t, 8> bytes{};
  };
  // Of the first item's reception since midnight, UTC+8; nullopt: there is no such time of day. There is no date.
  std::optional<std::int64_t> time_of_day_ms;
  std::vector<Item> items;
};
CanUpload ReadCanUpload(FieldReader& body);

// The instant nearest to `near_ms` whose time of day, UTC+8, is the given one.
std::int64_t NearestInstant(std::int64_t time_of_day_ms, std::int64_t near_ms);

}  // namespace telltale::jt808
