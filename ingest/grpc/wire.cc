#include "ingest/grpc/wire.h"

#include <fmt/format.h>

namespace telltale {
namespace {

static_assert(static_cast<int>(RefusalReason::kUnknownVehicle) == v1::REFUSAL_REASON_UNKNOWN_VEHICLE);
static_assert(static_cast<int>(RefusalReason::kOutOfRange) == v1::REFUSAL_REASON_OUT_OF_RANGE);
static_assert(static_cast<int>(RefusalReason::kTooManyFrames) == v1::REFUSAL_REASON_TOO_MANY_FRAMES);
static_assert(kRefusalReasonNames.size() == v1::RefusalReason_ARRAYSIZE);

constexpr std::uint32_t kMaxSourceAddress = 253;  // 254 is "no address", 255 all

LampStatus FromWire(v1::LampStatus lamp) {
  switch (lamp) {
    case v1::LAMP_STATUS_OFF:
      return LampStatus::kOff;
    case v1::LAMP_STATUS_ON:
      return LampStatus::kOn;
    default:
      return LampStatus::kNotAvailable;
  }
}

v1::LampStatus ToWire(LampStatus lamp) {
  switch (lamp) {
    case LampStatus::kOff:
      return v1::LAMP_STATUS_OFF;
    case LampStatus::kOn:
      return v1::LAMP_STATUS_ON;
    case LampStatus::kError:
    case LampStatus::kNotAvailable:
      break;
  }
  return v1::LAMP_STATUS_NOT_AVAILABLE;
}

}  // namespace

v1::RefusalReason ToWire(RefusalReason reason) { return static_cast<v1::RefusalReason>(reason); }

Pipeline::Sample FromWire(const v1::Sample& sample) {
  Pipeline::Sample out{.signal_id = sample.signal_id()};
  switch (sample.value_case()) {
    case v1::Sample::kPhysical:
      out.kind = Pipeline::Sample::Kind::kPhysical;
      out.physical = sample.physical();
      break;
    case v1::Sample::kNotAvailable:
      out.kind = Pipeline::Sample::Kind::kNotAvailable;
      break;
    case v1::Sample::kError:
      out.kind = Pipeline::Sample::Kind::kError;
      break;
    case v1::Sample::VALUE_NOT_SET:
      break;
  }
  return out;
}

StatusOr<FaultReport> FromWire(const v1::FaultReport& report) {
  if (report.source_address() > kMaxSourceAddress) {
    return absl::InvalidArgumentError(
        fmt::format("source_address {}; SAE J1939-81 has 0..{}", report.source_address(), kMaxSourceAddress));
  }
  FaultReport out{.measure_time_ms = report.measure_time_ms(),
                  .source_address = static_cast<std::uint8_t>(report.source_address()),
                  .previously_active = report.previously_active(),
                  .lamps = {.malfunction = FromWire(report.lamps().malfunction()),
                            .red_stop = FromWire(report.lamps().red_stop()),
                            .amber_warning = FromWire(report.lamps().amber_warning()),
                            .protect = FromWire(report.lamps().protect())},
                  .dtcs = {}};
  for (const v1::Dtc& dtc : report.dtcs()) {
    if (dtc.spn() > Dtc::kMaxSpn || dtc.fmi() > Dtc::kMaxFmi || dtc.occurrence_count() > Dtc::kOccurrenceNotAvailable) {
      return absl::InvalidArgumentError(
          fmt::format("SPN {} FMI {} count {}; SAE J1939-73 has SPN 0..{}, FMI 0..{}, count 0..{}", dtc.spn(),
                      dtc.fmi(), dtc.occurrence_count(), Dtc::kMaxSpn, Dtc::kMaxFmi, Dtc::kOccurrenceNotAvailable));
    }
    out.dtcs.push_back({.spn = dtc.spn(),
                        .fmi = static_cast<std::uint8_t>(dtc.fmi()),
                        .occurrence_count = static_cast<std::uint8_t>(dtc.occurrence_count())});
  }
  return out;
}

StatusOr<std::int64_t> ToMs(const google::protobuf::Timestamp& time) {
  // google.protobuf.Timestamp's own range.
  if (time.seconds() < -62'135'596'800 || time.seconds() > 253'402'300'799 || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return absl::InvalidArgumentError("the time is outside the years 1 to 9999");
  }
  return time.seconds() * 1000 + time.nanos() / 1'000'000;
}

v1::Lamps ToWire(const Lamps& lamps) {
  v1::Lamps out;
  out.set_malfunction(ToWire(lamps.malfunction));
  out.set_red_stop(ToWire(lamps.red_stop));
  out.set_amber_warning(ToWire(lamps.amber_warning));
  out.set_protect(ToWire(lamps.protect));
  return out;
}

}  // namespace telltale
