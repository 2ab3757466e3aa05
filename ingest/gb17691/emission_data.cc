#include "ingest/gb17691/emission_data.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/time.h"
#include "ingest/terminals/beijing_time.h"

namespace telltale::gb17691 {
namespace {

constexpr std::size_t kTimeBytes = 6;
constexpr std::int64_t kSecondMs = 1'000;
constexpr std::uint8_t kObd = 0x01;
constexpr std::uint8_t kEngine = 0x02;

constexpr Unit kTorque{.offset = -125, .name = "%"};
constexpr Unit kNox{.scale = 0.05, .offset = -200, .name = "ppm", .decimals = 2};
constexpr Unit kShare{.scale = 0.4, .name = "%", .decimals = 1};
constexpr Unit kCatalyst{.scale = 0.03125, .offset = -273, .name = "degC", .decimals = 1};

// Annex Q, the stream of an engine with particulate filter and SCR catalyst, up to the position.
constexpr FieldSpec kEngineFields[] = {
    {"vehicle speed", 2, "wheel_based_vehicle_speed", {.scale = 1.0 / 256, .name = "km/h", .decimals = 1}},
    {"barometric pressure", 1, "barometric_pressure", {.scale = 0.5, .name = "kPa", .decimals = 1}},
    {"engine net torque", 1, "emission_engine_net_torque", kTorque},
    {"friction torque", 1, "emission_friction_torque", kTorque},
    {"engine speed", 2, "engine_speed", {.scale = 0.125, .name = "rpm", .decimals = 1}},
    {"engine fuel flow", 2, "emission_engine_fuel_flow", {.scale = 0.05, .name = "l/h", .decimals = 2}},
    {"NOx before the SCR catalyst", 2, "emission_scr_upstream_nox", kNox},
    {"NOx after the SCR catalyst", 2, "emission_scr_downstream_nox", kNox},
    {"reagent in its tank", 1, "emission_reagent_level", kShare},
    {"intake air", 2, "emission_air_intake", {.scale = 0.05, .name = "kg/h", .decimals = 2}},
    {"temperature before the SCR catalyst", 2, "emission_scr_inlet_temperature", kCatalyst},
    {"temperature after the SCR catalyst", 2, "emission_scr_outlet_temperature", kCatalyst},
    {"pressure lost in the particulate filter",
     2,
     "emission_dpf_differential_pressure",
     {.scale = 0.1, .name = "kPa", .decimals = 1}},
    {"coolant temperature", 1, "engine_coolant_temperature", {.offset = -40, .name = "degC"}},
    {"fuel in its tank", 1, "fuel_level_1", kShare},
};

constexpr FieldSpec kObdFields[] = {
    {"OBD protocol", 1, "emission_obd_protocol", {}, "0 ISO 15765, 1 ISO 27145, 2 SAE J1939"},
    {"malfunction lamp", 1, "emission_mil_state", {}, "0 off, 1 on"},
};

}  // namespace

EmissionReader::EmissionReader(const Catalog& catalog)
    : engine_(catalog, kEngineFields),
      obd_(catalog, kObdFields),
      place_(catalog),
      gnss_fix_(catalog, "gnss_fix"),
      mileage_(catalog, "terminal_mileage", 0.1) {}

std::string EmissionReader::Read(FieldReader& data, bool gcj02, TerminalFrame& frame,
                                 const SecondFunction& on_second) const {
  std::array<std::uint8_t, kTimeBytes> bytes{};
  std::ranges::copy(data.Bytes(kTimeBytes, "time"), bytes.begin());
  if (!data.ok()) return "the data ends before its time does";
  const auto time_ms = BeijingTime::FromBytes(bytes).ToUnixMs();
  if (data.explains()) data.Note(time_ms ? FormatTime(*time_ms) : "no such date or time");
  std::int64_t engine_seconds = 0;
  while (data.remaining() > 0) {
    const auto type = static_cast<std::uint8_t>(data.Bits(1, "block"));
    frame.Clear();
    std::int64_t second = 0;
    if (type == kObd) {
      data.Note("OBD information");
      data.U16("serial number");
      ReadObd(data, frame);
    } else if (type == kEngine) {
      data.Note("engine, a second");
      data.U16("serial number");
      ReadEngine(data, gcj02, frame);
      second = engine_seconds++;
    } else {
      return fmt::format("block {:02x} is not known, nor its length", type);
    }
    if (!data.ok()) return fmt::format("block {:02x} goes beyond the end", type);
    if (!time_ms) return "the time is no date and time of day";
    on_second(*time_ms + second * kSecondMs, frame);
  }
  return {};
}

void EmissionReader::ReadEngine(FieldReader& block, bool gcj02, TerminalFrame& frame) const {
  constexpr std::uint32_t kInvalid = 1;
  constexpr std::uint32_t kSouth = 2;
  constexpr std::uint32_t kWest = 4;
  engine_.Read(block, frame);
  const std::uint32_t state = block.Bits(1, "state of the position");
  block.Note("bit 0 not valid, bit 1 south, bit 2 west");
  const std::uint32_t longitude = block.U32("longitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  const std::uint32_t latitude = block.U32("latitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  const std::uint32_t mileage = block.U32("mileage", {.scale = 0.1, .name = "km", .decimals = 1});
  if (!block.ok()) return;
  const bool valid = (state & kInvalid) == 0;
  frame.Add(gnss_fix_, valid ? 1 : 0);
  if (valid && latitude < 0xFFFF'FFFE && longitude < 0xFFFF'FFFE) {
    place_.Add((state & kSouth) != 0 ? -std::int64_t{latitude} : std::int64_t{latitude},
               (state & kWest) != 0 ? -std::int64_t{longitude} : std::int64_t{longitude}, gcj02, frame);
  } else {
    place_.AddNotAvailable(frame);
  }
  frame.Add(mileage_.id(), FieldTable::RawOf(mileage_, mileage, 4));
}

void EmissionReader::ReadObd(FieldReader& block, TerminalFrame& frame) const {
  obd_.Read(block, frame);
  block.Bits(2, "diagnoses supported");
  block.Bits(2, "diagnoses ready");
  block.Text(17, "VIN");
  block.Text(18, "calibration identification");
  block.Text(18, "calibration verification number");
  block.Bytes(36, "in-use performance ratios");
  const std::uint8_t count = block.U8("trouble codes");
  for (std::size_t i = 0; count < 0xFE && i < count && block.ok(); ++i) block.Bits(4, "trouble code");
}

}  // namespace telltale::gb17691
