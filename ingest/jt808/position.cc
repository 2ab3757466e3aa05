#include "ingest/jt808/position.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/time.h"
#include "ingest/terminals/beijing_time.h"

namespace telltale::jt808 {
namespace {

constexpr std::uint32_t kStatusPositioned = 1U << 1;
constexpr std::uint32_t kStatusSouth = 1U << 2;
constexpr std::uint32_t kStatusWest = 1U << 3;
constexpr std::size_t kTimeBytes = 6;

struct Bit {
  std::size_t bit;
  std::string_view signal;  // of the catalogue; empty: not kept
  std::string_view text;
};

// JT/T 808-2019, table 24; those of 2011 and 2013 are the same where they have one, but 29, "collision or rollover" in
// 2011.
constexpr Bit kAlarmBits[] = {
    {0, "terminal_emergency_button", "emergency button"},
    {1, "terminal_overspeed_alarm", "overspeed"},
    {2, "terminal_fatigue_alarm", "fatigue"},
    {3, "terminal_danger_warning", "danger"},
    {4, "terminal_gnss_module_fault", "satellite receiver faulty"},
    {5, "terminal_gnss_antenna_cut", "satellite antenna cut"},
    {6, "terminal_gnss_antenna_shorted", "satellite antenna shorted"},
    {7, "terminal_undervoltage", "supply voltage low"},
    {8, "terminal_power_cut", "supply cut"},
    {9, "terminal_display_fault", "display faulty"},
    {10, "terminal_tts_module_fault", "speech module faulty"},
    {11, "terminal_camera_fault", "camera faulty"},
    {12, "terminal_licence_reader_fault", "licence reader faulty"},
    {13, "terminal_overspeed_warning", "overspeed near"},
    {14, "terminal_fatigue_warning", "fatigue near"},
    {15, "terminal_driving_violation", "driven against the rules"},
    {16, "terminal_tyre_pressure_warning", "tyre pressure"},
    {17, "terminal_right_blind_area", "somebody beside a right turn"},
    {18, "terminal_daily_driving_time_exceeded", "driven too long today"},
    {19, "terminal_parked_too_long", "parked too long"},
    {20, "terminal_area_crossed", "area entered or left"},
    {21, "terminal_route_crossed", "route entered or left"},
    {22, "terminal_road_section_time_wrong", "too long or too short on a road section"},
    {23, "terminal_off_route", "off the route"},
    {24, "terminal_speed_sensor_fault", "speed sensor faulty"},
    {25, "terminal_fuel_level_abnormal", "fuel level abnormal"},
    {26, "terminal_stolen", "vehicle stolen"},
    {27, "terminal_illegal_ignition", "ignition without right"},
    {28, "terminal_illegal_displacement", "moved without right"},
    {29, "terminal_collision_warning", "collision"},
    {30, "terminal_rollover_warning", "rollover"},
    {31, "terminal_illegal_door_opening", "door opened without right"},
};

// JT/T 808-2019, table 25; 6, 7 and 22 are new in it, and 13 to 21 in 2013.
constexpr Bit kStatusBits[] = {
    {0, "terminal_ignition_on", "ignition on"},
    {1, "", "position valid"},
    {2, "", "south"},
    {3, "", "west"},
    {4, "terminal_out_of_service", "out of service"},
    {5, "terminal_position_encrypted", "position encrypted"},
    {6, "terminal_forward_collision_warning", "collision ahead"},
    {7, "terminal_lane_departure_warning", "lane departure"},
    {10, "terminal_fuel_circuit_cut", "fuel circuit cut"},
    {11, "terminal_electric_circuit_cut", "electric circuit cut"},
    {12, "terminal_door_locked", "door locked"},
    {13, "terminal_front_door_open", "front door open"},
    {14, "terminal_middle_door_open", "middle door open"},
    {15, "terminal_rear_door_open", "rear door open"},
    {16, "terminal_driver_door_open", "driver's door open"},
    {17, "terminal_fifth_door_open", "fifth door open"},
    {18, "gnss_gps_used", "GPS"},
    {19, "gnss_beidou_used", "BeiDou"},
    {20, "gnss_glonass_used", "GLONASS"},
    {21, "gnss_galileo_used", "Galileo"},
    {22, "terminal_vehicle_moving", "moving"},
};

template <std::size_t size>
std::string TextOf(const Bit (&bits)[size], std::uint32_t value, std::string_view none) {
  std::string text;
  for (const Bit& bit : bits) {
    if ((value >> bit.bit & 1) != 0) text += fmt::format("{}{}", text.empty() ? "" : ", ", bit.text);
  }
  return text.empty() ? std::string(none) : text;
}

template <std::size_t size>
void FindSignals(const Catalog& catalog, const Bit (&bits)[size], std::array<SignalId, 32>& signals) {
  for (const Bit& bit : bits) {
    if (!bit.signal.empty()) signals[bit.bit] = catalog.Get(bit.signal).id;
  }
}

}  // namespace

std::string AlarmText(std::uint32_t alarm) { return TextOf(kAlarmBits, alarm, "none"); }
std::string StatusText(std::uint32_t status) { return TextOf(kStatusBits, status, "all off"); }

PositionReader::PositionReader(const Catalog& catalog)
    : load_state_(catalog.Get("terminal_load_state").id),
      place_(catalog),
      active_safety_(catalog),
      gnss_fix_(catalog, "gnss_fix"),
      altitude_(catalog, "altitude"),
      gnss_speed_(catalog, "gnss_speed", 0.1),
      heading_(catalog, "heading"),
      mileage_(catalog, "terminal_mileage", 0.1),
      fuel_volume_(catalog, "terminal_fuel_volume", 0.1),
      recorder_speed_(catalog, "recorder_speed", 0.1),
      extended_state_(catalog, "terminal_extended_vehicle_state"),
      io_state_(catalog, "terminal_io_state"),
      analog_0_(catalog, "terminal_analog_0"),
      analog_1_(catalog, "terminal_analog_1"),
      network_signal_strength_(catalog, "network_signal_strength"),
      satellite_count_(catalog, "gnss_satellite_count"),
      compartment_temperature_(catalog, "terminal_compartment_temperature") {
  FindSignals(catalog, kAlarmBits, alarm_signals_);
  FindSignals(catalog, kStatusBits, status_signals_);
}

PositionReader::Report PositionReader::Read(FieldReader& reader, TerminalFrame& frame, bool gcj02) const {
  const std::uint32_t alarm = reader.Bits(4, "alarms");
  if (reader.explains()) reader.Note(AlarmText(alarm));
  const std::uint32_t status = reader.Bits(4, "status");
  if (reader.explains()) reader.Note(StatusText(status));
  const std::uint32_t latitude = reader.U32("latitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  const std::uint32_t longitude = reader.U32("longitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  // An unsigned number in the standard, but terminals in Turpan, 154 m below the sea, send two's complement.
  const auto altitude = static_cast<std::int16_t>(reader.U16("altitude"));
  if (reader.explains()) reader.Note(fmt::format("{} m", altitude));
  const std::uint16_t speed = reader.U16("speed", {.scale = 0.1, .name = "km/h", .decimals = 1});
  const std::uint16_t direction = reader.U16("direction", {.name = "deg"});
  std::array<std::uint8_t, kTimeBytes> time_bytes{};
  const std::span<const std::uint8_t> time = reader.Bytes(kTimeBytes, "time");
  std::ranges::copy(time, time_bytes.begin());
  Report report{.measure_time_ms = reader.ok() ? BeijingTime::FromBcd(time_bytes).ToUnixMs() : std::nullopt};
  if (reader.explains()) {
    reader.Note(report.measure_time_ms ? FormatTime(*report.measure_time_ms) : "no such date or time");
  }
  if (!reader.ok()) {
    report.complete = false;
    return report;
  }

  const bool positioned = (status & kStatusPositioned) != 0;
  const bool encrypted = (status >> 5 & 1) != 0;
  frame.Add(gnss_fix_, positioned ? 1 : 0);
  if (positioned && !encrypted) {
    place_.Add((status & kStatusSouth) != 0 ? -std::int64_t{latitude} : std::int64_t{latitude},
               (status & kStatusWest) != 0 ? -std::int64_t{longitude} : std::int64_t{longitude}, gcj02, frame);
    frame.Add(altitude_, altitude);
    frame.Add(heading_, direction);
  } else {
    // Without a fix it is the place of long ago, or zero.
    place_.AddNotAvailable(frame);
    frame.Add(altitude_.id(), kNotAvailable);
    frame.Add(heading_.id(), kNotAvailable);
  }
  frame.Add(gnss_speed_, speed);
  for (std::size_t bit = 0; bit < kBits; ++bit) {
    if (alarm_signals_[bit] != 0) frame.Add(alarm_signals_[bit], static_cast<RawValue>(alarm >> bit & 1));
    if (status_signals_[bit] != 0) frame.Add(status_signals_[bit], static_cast<RawValue>(status >> bit & 1));
  }
  frame.Add(load_state_, static_cast<RawValue>(status >> 8 & 3));
  ReadItems(reader, report, frame);
  return report;
}

void PositionReader::ReadItems(FieldReader& reader, Report& report, TerminalFrame& frame) const {
  while (reader.remaining() > 0) {
    if (reader.remaining() == 1) {  // a byte of padding; some terminals send it
      reader.Bits(1, "padding");
      return;
    }
    const auto id = static_cast<std::uint8_t>(reader.Bits(1, "item id"));
    const std::uint8_t size = reader.U8("item length");
    if (size > reader.remaining()) {
      report.complete = false;
      reader.Bytes(size, "item");
      return;
    }
    FieldReader item = reader.Group(size, "item");
    ReadItem(id, item, report, frame);
  }
}

// JT/T 808-2019, table 27. An item of another length than the standard's is not guessed at.
void PositionReader::ReadItem(std::uint8_t id, FieldReader& item, Report& report, TerminalFrame& frame) const {
  const auto unknown = [&item] { item.Bytes(item.remaining(), "value"); };
  switch (item.remaining() << 8 | id) {
    case 0x0401:
      frame.Add(mileage_, item.U32("mileage", {.scale = 0.1, .name = "km", .decimals = 1}));
      break;
    case 0x0202:
      frame.Add(fuel_volume_, item.U16("fuel in the tank", {.scale = 0.1, .name = "l", .decimals = 1}));
      break;
    case 0x0203:
      frame.Add(recorder_speed_, item.U16("speed of the recorder", {.scale = 0.1, .name = "km/h", .decimals = 1}));
      break;
    case 0x0204:
      item.U16("number of the alarm that a person confirms");
      break;
    case 0x1e05:
      item.Bytes(30, "tyre pressures, from the front, from left to right");
      break;
    case 0x0206: {
      // Sign and magnitude in the standard. Two's complement of a temperature is far below its least, so it is told
      // apart.
      const std::uint16_t wire = item.U16("temperature of the load compartment");
      const int magnitude = wire & 0x7FFF;
      const int celsius = (wire & 0x8000) == 0 ? magnitude : magnitude > 0x4000 ? magnitude - 0x8000 : -magnitude;
      if (item.explains()) item.Note(fmt::format("{} degC", celsius));
      frame.Add(compartment_temperature_, celsius);
      break;
    }
    case 0x0111:
    case 0x0511:
      item.U8("overspeed: kind of place");
      if (item.remaining() > 0) item.U32("area or road section");
      break;
    case 0x0612:
      item.U8("area or route: kind of place");
      item.U32("area or route");
      item.U8("direction");
      item.Note("0 in, 1 out");
      break;
    case 0x0713:
      item.U32("road section");
      item.U16("time on it", {.name = "s"});
      item.U8("result");
      item.Note("0 too short, 1 too long");
      break;
    case 0x0425:
      frame.Add(extended_state_, item.Bits(4, "extended vehicle signals"));
      break;
    case 0x022a:
      frame.Add(io_state_, item.Bits(2, "inputs and outputs"));
      break;
    case 0x042b: {
      // Bits 0 to 15 are input 0, bits 16 to 31 input 1.
      frame.Add(analog_1_, item.U16("analogue input 1"));
      frame.Add(analog_0_, item.U16("analogue input 0"));
      break;
    }
    case 0x0130:
      frame.Add(network_signal_strength_, item.U8("strength of the mobile network"));
      break;
    case 0x0131:
      frame.Add(satellite_count_, item.U8("satellites"));
      break;
    default:
      if (!active_safety_.Read(id, item, report.instants, frame)) unknown();
  }
}

}  // namespace telltale::jt808
