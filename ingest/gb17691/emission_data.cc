#include "ingest/gb17691/emission_data.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/gb32960/bodies.h"
#include "ingest/j1939/dm.h"

namespace telltale::gb17691 {
namespace {

using gb32960::Edition;
using gb32960::kTimeBytes;
using gb32960::ReadTime;

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::size_t kDtcBytes = 4;

enum Block : std::uint8_t {
  kObd = 0x01,
  kParticulateFilter = 0x02,
  kThreeWay = 0x03,
  kHybrid = 0x04,
  kThreeWayNox = 0x05,
};

std::string_view NameOf(std::uint8_t block) {
  switch (block) {
    case kObd:
      return "OBD information";
    case kParticulateFilter:
      return "engine with particulate filter and SCR, a second";
    case kThreeWay:
      return "engine with three-way catalyst, a second";
    case kHybrid:
      return "hybrid, a second";
    case kThreeWayNox:
      return "engine with three-way catalyst and NOx sensor, a second";
    default:
      return {};
  }
}

// Lengths and bytes of R and S (HJ 1239.3, table 3), up to the end.
bool IsSignature(FieldReader rest) {
  rest.Bytes(rest.U8(""), "");
  rest.Bytes(rest.U8(""), "");
  return rest.ok() && rest.remaining() == 0;
}

constexpr Unit kTorque{.offset = -125, .name = "%"};
constexpr Unit kNox{.scale = 0.05, .offset = -200, .name = "ppm", .decimals = 2};
constexpr Unit kShare{.scale = 0.4, .name = "%", .decimals = 1};
constexpr Unit kCatalyst{.scale = 0.03125, .offset = -273, .name = "degC", .decimals = 1};
constexpr Unit kAir{.scale = 0.05, .name = "kg/h", .decimals = 2};
constexpr Unit kCelsius{.offset = -40, .name = "degC"};

// What all engines send first.
constexpr FieldSpec kEngineFields[] = {
    {"vehicle speed", 2, "wheel_based_vehicle_speed", {.scale = 1.0 / 256, .name = "km/h", .decimals = 1}},
    {"barometric pressure", 1, "barometric_pressure", {.scale = 0.5, .name = "kPa", .decimals = 1}},
    {"engine net torque", 1, "emission_engine_net_torque", kTorque},
    {"friction torque", 1, "emission_friction_torque", kTorque},
    {"engine speed", 2, "engine_speed", {.scale = 0.125, .name = "rpm", .decimals = 1}},
    {"engine fuel flow", 2, "emission_engine_fuel_flow", {.scale = 0.05, .name = "l/h", .decimals = 2}},
};

// GB 17691, annex Q, and HJ 1239.3, table 5: of an engine with particulate filter and SCR catalyst, up to the position.
constexpr FieldSpec kParticulateFilterFields[] = {
    {"NOx before the SCR catalyst", 2, "emission_scr_upstream_nox", kNox},
    {"NOx after the SCR catalyst", 2, "emission_scr_downstream_nox", kNox},
    {"reagent in its tank", 1, "emission_reagent_level", kShare},
    {"intake air", 2, "emission_air_intake", kAir},
    {"temperature before the SCR catalyst", 2, "emission_scr_inlet_temperature", kCatalyst},
    {"temperature after the SCR catalyst", 2, "emission_scr_outlet_temperature", kCatalyst},
    {"pressure lost in the particulate filter",
     2,
     "emission_dpf_differential_pressure",
     {.scale = 0.1, .name = "kPa", .decimals = 1}},
    {"coolant temperature", 1, "engine_coolant_temperature", kCelsius},
    {"fuel in its tank", 1, "fuel_level_1", kShare},
};

// HJ 1239.3, tables 6 and 7: of a gas engine with a three-way catalyst.
constexpr FieldSpec kThreeWayFields[] = {
    {"oxygen sensor before the catalyst", 2, "emission_twc_upstream_lambda", {.scale = 0.0000305, .decimals = 4}},
    {"oxygen sensor after the catalyst",
     1,
     "emission_twc_downstream_oxygen",
     {.scale = 0.01, .name = "V", .decimals = 2}},
    {"intake air", 2, "emission_air_intake", kAir},
    {"coolant temperature", 1, "engine_coolant_temperature", kCelsius},
    {"temperature of the catalyst", 2, "emission_twc_temperature", kCatalyst},
};
constexpr FieldSpec kThreeWayNoxFields[] = {
    kThreeWayFields[0], kThreeWayFields[1], {"NOx after the catalyst", 2, "emission_twc_downstream_nox", kNox},
    kThreeWayFields[2], kThreeWayFields[3], kThreeWayFields[4],
};

// HJ 1239.3, table 8. It goes with an engine's block of the same second.
constexpr FieldSpec kHybridFields[] = {
    {"motor speed", 2, "emission_hybrid_motor_speed", {.name = "rpm"}},
    {"motor load", 1, "emission_hybrid_motor_load", {.name = "%"}},
    {"battery voltage", 2, "emission_hybrid_battery_voltage", {.scale = 0.1, .name = "V", .decimals = 1}},
    {"battery current",
     2,
     "emission_hybrid_battery_current",
     {.scale = 0.1, .offset = -1000, .name = "A", .decimals = 1}},
    {"state of charge", 1, "emission_hybrid_state_of_charge", {.name = "%"}},
};

constexpr std::uint8_t kJ1939 = 2;
constexpr FieldSpec kObdFields[] = {
    {"OBD protocol", 1, "emission_obd_protocol", {}, "0 ISO 15765, 1 ISO 27145, 2 SAE J1939"},
    {"malfunction lamp", 1, "emission_mil_state", {}, "0 off, 1 on"},
};

}  // namespace

EmissionReader::EmissionReader(const Catalog& catalog)
    : engine_(catalog, kEngineFields),
      particulate_filter_(catalog, kParticulateFilterFields),
      three_way_(catalog, kThreeWayFields),
      three_way_nox_(catalog, kThreeWayNoxFields),
      hybrid_(catalog, kHybridFields),
      obd_(catalog, kObdFields),
      place_(catalog),
      gnss_fix_(catalog, "gnss_fix"),
      mileage_(catalog, "terminal_mileage", 0.1),
      diagnoses_supported_(catalog, "emission_diagnoses_supported"),
      diagnoses_ready_(catalog, "emission_diagnoses_ready"),
      trouble_codes_(catalog, "emission_trouble_codes"),
      removed_(catalog, "emission_terminal_removed") {}

std::string EmissionReader::Read(FieldReader& data, Edition edition, bool gcj02, TerminalFrame& frame,
                                 const Sink& sink) const {
  const bool is_hj1239 = edition == Edition::kHj1239;
  const auto message_time_ms = ReadTime(data, "time");
  if (is_hj1239) data.U16("serial number");
  if (!data.ok()) return "the data ends before its time does";
  std::int64_t seconds = 0;
  while (data.remaining() > 0) {
    // Nothing says that a signature follows: it begins with a length that no block has for a type.
    if (is_hj1239 && IsSignature(data.Silently())) {
      data.Bytes(data.remaining(), "signature, not checked");
      break;
    }
    const auto type = static_cast<std::uint8_t>(data.Bits(1, "block"));
    if (NameOf(type).empty()) return fmt::format("block {:02x} is not known, nor its length", type);
    data.Note(NameOf(type));
    auto time_ms = message_time_ms;
    if (is_hj1239) {
      time_ms = ReadTime(data, "time of the block");
    } else {
      data.U16("serial number");
      // A hybrid's block goes with the engine's before it.
      if (time_ms) *time_ms += (type == kHybrid ? std::max<std::int64_t>(seconds - 1, 0) : seconds) * kSecondMs;
    }
    frame.Clear();
    std::optional<FaultReport> faults;
    if (type == kObd) {
      faults = ReadObd(data, frame);
      if (!is_hj1239) time_ms = message_time_ms;
    } else if (ReadEngine(type, data, gcj02, frame)) {
      ++seconds;
    }
    if (!data.ok()) return fmt::format("block {:02x} goes beyond the end", type);
    if (!time_ms) return "the time is no date and time of day";
    sink.on_frame(*time_ms, frame);
    if (!faults) continue;
    faults->measure_time_ms = *time_ms;
    sink.on_faults(*std::move(faults));
  }
  return {};
}

std::string EmissionReader::ReadRemoval(FieldReader& data, bool gcj02, TerminalFrame& frame, const Sink& sink) const {
  frame.Clear();
  const auto time_ms = ReadTime(data, "time");
  data.U16("serial number");
  ReadPlace(data, gcj02, frame);
  if (!data.ok()) return "the alarm is cut off";
  if (!time_ms) return "the time is no date and time of day";
  frame.Add(removed_, 1);
  sink.on_frame(*time_ms, frame);
  return {};
}

bool EmissionReader::ReadEngine(std::uint8_t type, FieldReader& block, bool gcj02, TerminalFrame& frame) const {
  if (type == kHybrid) {
    hybrid_.Read(block, frame);
    return false;
  }
  engine_.Read(block, frame);
  (type == kParticulateFilter ? particulate_filter_
   : type == kThreeWay        ? three_way_
                              : three_way_nox_)
      .Read(block, frame);
  ReadPlace(block, gcj02, frame);
  const std::uint32_t mileage = block.U32("mileage", {.scale = 0.1, .name = "km", .decimals = 1});
  frame.Add(mileage_.id(), FieldTable::RawOf(mileage_, mileage, 4));
  return true;
}

void EmissionReader::ReadPlace(FieldReader& block, bool gcj02, TerminalFrame& frame) const {
  constexpr std::uint32_t kInvalid = 1;
  constexpr std::uint32_t kSouth = 2;
  constexpr std::uint32_t kWest = 4;
  const std::uint32_t state = block.Bits(1, "state of the position");
  block.Note("bit 0 not valid, bit 1 south, bit 2 west");
  const std::uint32_t longitude = block.U32("longitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  const std::uint32_t latitude = block.U32("latitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  const bool valid = (state & kInvalid) == 0;
  frame.Add(gnss_fix_, valid ? 1 : 0);
  if (valid && latitude < 0xFFFF'FFFE && longitude < 0xFFFF'FFFE) {
    place_.Add((state & kSouth) != 0 ? -std::int64_t{latitude} : std::int64_t{latitude},
               (state & kWest) != 0 ? -std::int64_t{longitude} : std::int64_t{longitude}, gcj02, frame);
  } else {
    place_.AddNotAvailable(frame);
  }
}

std::optional<FaultReport> EmissionReader::ReadObd(FieldReader& block, TerminalFrame& frame) const {
  FieldReader ahead = block.Silently();
  const std::uint8_t protocol = ahead.U8("");
  const std::uint8_t lamp = ahead.U8("");
  obd_.Read(block, frame);
  const std::uint32_t supported = block.Bits(2, "diagnoses supported");
  const std::uint32_t ready = block.Bits(2, "diagnoses ready");
  frame.Add(diagnoses_supported_.id(), FieldTable::RawOf(diagnoses_supported_, supported, 2));
  frame.Add(diagnoses_ready_.id(), FieldTable::RawOf(diagnoses_ready_, ready, 2));
  block.Text(17, "VIN");
  block.Text(18, "calibration identification");
  block.Text(18, "calibration verification number");
  block.Bytes(36, "in-use performance ratios");
  const std::uint8_t count = block.U8("trouble codes");
  frame.Add(trouble_codes_.id(), FieldTable::RawOf(trouble_codes_, count, 1));
  // A count that is error or not available is none.
  if (count >= 0xFE) return std::nullopt;
  FaultReport report;
  if (lamp <= 1) report.lamps.malfunction = static_cast<LampStatus>(lamp);
  for (std::size_t i = 0; i < count && block.ok(); ++i) {
    const std::span<const std::uint8_t> bytes = block.Bytes(kDtcBytes, "trouble code");
    if (protocol != kJ1939 || !block.ok()) continue;
    const auto dtc = DecodeDtc(bytes.first<kDtcBytes>());
    if (!dtc) continue;
    if (block.explains()) block.Note(fmt::format("SPN {} FMI {}, {} times", dtc->spn, dtc->fmi, dtc->occurrence_count));
    report.dtcs.push_back(*dtc);
  }
  if (protocol != kJ1939) return std::nullopt;
  return report;
}

}  // namespace telltale::gb17691
