#include "ingest/jt808/parameters.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "ingest/jt808/text_encoding.h"
#include "ingest/terminals/byte_writer.h"

namespace telltale::jt808 {
namespace {

using Type = ParameterKind::Type;

// In the order of ids.
constexpr ParameterKind kKinds[] = {
    {0x0001, "interval of heartbeats", Type::kDword, "s"},
    {0x0002, "TCP: wait for an answer", Type::kDword, "s"},
    {0x0003, "TCP: repetitions", Type::kDword},
    {0x0004, "UDP: wait for an answer", Type::kDword, "s"},
    {0x0005, "UDP: repetitions", Type::kDword},
    {0x0006, "SMS: wait for an answer", Type::kDword, "s"},
    {0x0007, "SMS: repetitions", Type::kDword},
    {0x0010, "access point of the main server", Type::kText},
    {0x0011, "user name at the main server's access point", Type::kText},
    {0x0012, "password at the main server's access point", Type::kSecret},
    {0x0013, "address of the main server", Type::kText},
    {0x0014, "access point of the second server", Type::kText},
    {0x0015, "user name at the second server's access point", Type::kText},
    {0x0016, "password at the second server's access point", Type::kSecret},
    {0x0017, "address of the second server", Type::kText},
    {0x0018, "TCP port of the server", Type::kDword},
    {0x0019, "UDP port of the server", Type::kDword},
    {0x001A, "address of the server for driver cards", Type::kText},
    {0x001B, "TCP port of the server for driver cards", Type::kDword},
    {0x001C, "UDP port of the server for driver cards", Type::kDword},
    {0x001D, "address of the second server for driver cards", Type::kText},
    {0x0020, "when it reports: 0 by time, 1 by distance, 2 both", Type::kDword},
    {0x0021, "how it reports: 0 by the ignition, 1 by driver and ignition", Type::kDword},
    {0x0022, "interval of reports without a driver", Type::kDword, "s"},
    {0x0027, "interval of reports asleep", Type::kDword, "s"},
    {0x0028, "interval of reports in an emergency", Type::kDword, "s"},
    {0x0029, "interval of reports", Type::kDword, "s"},
    {0x002C, "distance between reports", Type::kDword, "m"},
    {0x002D, "distance between reports without a driver", Type::kDword, "m"},
    {0x002E, "distance between reports asleep", Type::kDword, "m"},
    {0x002F, "distance between reports in an emergency", Type::kDword, "m"},
    {0x0030, "turn that is reported", Type::kDword, "deg"},
    {0x0031, "radius of the electronic fence", Type::kWord, "m"},
    {0x0040, "telephone of the platform", Type::kText},
    {0x0041, "telephone for a restart", Type::kText},
    {0x0042, "telephone for factory settings", Type::kText},
    {0x0043, "number of the platform for SMS", Type::kText},
    {0x0044, "number for alarms by SMS", Type::kText},
    {0x0045, "how it takes calls: 0 by itself, 1 not while the ignition is on", Type::kDword},
    {0x0046, "longest call", Type::kDword, "s"},
    {0x0047, "calls in a month", Type::kDword, "s"},
    {0x0048, "telephone for listening in", Type::kText},
    {0x0049, "number for privileged SMS", Type::kText},
    {0x0050, "alarms that are not sent", Type::kDword},
    {0x0051, "alarms that are sent by SMS, too", Type::kDword},
    {0x0052, "alarms that take a picture", Type::kDword},
    {0x0053, "alarms whose picture is kept", Type::kDword},
    {0x0054, "key alarms", Type::kDword},
    {0x0055, "greatest speed", Type::kDword, "km/h"},
    {0x0056, "speeding that is an alarm", Type::kDword, "s"},
    {0x0057, "longest driving without rest", Type::kDword, "s"},
    {0x0058, "longest driving in a day", Type::kDword, "s"},
    {0x0059, "shortest rest", Type::kDword, "s"},
    {0x005A, "longest parking", Type::kDword, "s"},
    {0x005B, "warning of speeding: below the greatest speed, tenths", Type::kWord, "km/h"},
    {0x005C, "warning of fatigue: before the longest driving", Type::kWord, "s"},
    {0x005D, "collision: time and acceleration", Type::kWord},
    {0x005E, "rollover: angle", Type::kWord, "deg"},
    {0x0064, "pictures by time", Type::kDword},
    {0x0065, "pictures by distance", Type::kDword},
    {0x0070, "quality of pictures, 1 best to 10", Type::kDword},
    {0x0071, "brightness", Type::kDword},
    {0x0072, "contrast", Type::kDword},
    {0x0073, "saturation", Type::kDword},
    {0x0074, "chroma", Type::kDword},
    {0x0080, "odometer, tenths", Type::kDword, "km"},
    {0x0081, "province", Type::kWord},
    {0x0082, "city", Type::kWord},
    {0x0083, "plate", Type::kText},
    {0x0084, "colour of the plate", Type::kByte},
    {0x0090, "satellite systems", Type::kByte},
    {0x0091, "rate of the satellite receiver's line", Type::kByte},
    {0x0092, "rate of its positions", Type::kByte},
    {0x0093, "interval of its samples", Type::kDword, "s"},
    {0x0094, "how its data is uploaded", Type::kByte},
    {0x0095, "after how much its data is uploaded", Type::kDword},
    {0x0100, "CAN 1: interval of samples", Type::kDword, "ms"},
    {0x0101, "CAN 1: interval of uploads", Type::kWord, "s"},
    {0x0102, "CAN 2: interval of samples", Type::kDword, "ms"},
    {0x0103, "CAN 2: interval of uploads", Type::kWord, "s"},
    {0x0110, "CAN identifier that is sampled by itself", Type::kBytes},
};

constexpr std::size_t SizeOf(Type type) {
  switch (type) {
    case Type::kByte:
      return 1;
    case Type::kWord:
      return 2;
    case Type::kDword:
      return 4;
    case Type::kText:
    case Type::kSecret:
    case Type::kBytes:
      break;
  }
  return 0;
}

// A number that has another length than the standard's is not taken for one.
void ExplainValue(FieldReader value, const ParameterKind* kind) {
  const std::size_t size = value.remaining();
  const Type type = kind != nullptr ? kind->type : Type::kBytes;
  const Unit unit{.name = kind != nullptr ? kind->unit : std::string_view{}};
  if (type == Type::kSecret) {
    value.Group(size, "value (not shown)");
  } else if (type == Type::kText) {
    value.Text(size, "value");
  } else if (size > 0 && SizeOf(type) == size) {
    size == 1   ? void(value.U8("value", unit))
    : size == 2 ? void(value.U16("value", unit))
                : void(value.U32("value", unit));
  } else {
    value.Bytes(size, "value");
  }
}

}  // namespace

const ParameterKind* FindParameterKind(std::uint32_t id) {
  const auto* const at = std::ranges::lower_bound(kKinds, id, {}, &ParameterKind::id);
  return at != std::end(kKinds) && at->id == id ? at : nullptr;
}

std::string TextOf(const TerminalParameter& parameter) {
  const ParameterKind* const kind = FindParameterKind(parameter.id);
  if (kind == nullptr) return {};
  if (kind->type == Type::kText) return FromGbk(parameter.value);
  if (SizeOf(kind->type) == 0 || SizeOf(kind->type) != parameter.value.size()) return {};
  std::uint32_t number = 0;
  for (const char byte : parameter.value) number = number << 8 | static_cast<std::uint8_t>(byte);
  return std::to_string(number);
}

StatusOr<TerminalParameter> ParameterOf(std::uint32_t id, const std::string& text) {
  const ParameterKind* const kind = FindParameterKind(id);
  if (kind == nullptr || kind->type == Type::kBytes) {
    return absl::InvalidArgumentError(
        fmt::format("what kind of value parameter {:#06x} has is not known; send its bytes", id));
  }
  TerminalParameter parameter{.id = id};
  const std::size_t size = SizeOf(kind->type);
  if (size == 0) {
    ASSIGN_OR_RETURN(parameter.value, ToGbk(text));
    return parameter;
  }
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || (size < 4 && number >> (8 * size) != 0)) {
    return absl::InvalidArgumentError(
        fmt::format("parameter {:#06x} ({}) is a whole number of {} bytes, not '{}'", id, kind->name, size, text));
  }
  for (std::size_t byte = size; byte > 0; --byte) {
    parameter.value.push_back(static_cast<char>(number >> (8 * (byte - 1)) & 0xFF));
  }
  return parameter;
}

std::vector<TerminalParameter> ReadParameters(FieldReader& body, std::size_t count) {
  std::vector<TerminalParameter> parameters;
  for (std::size_t i = 0; i < count && body.ok() && body.remaining() > 0; ++i) {
    const std::uint32_t id = body.Bits(4, "parameter");
    const ParameterKind* const kind = FindParameterKind(id);
    if (kind != nullptr) body.Note(kind->name);
    FieldReader value = body.Group(body.U8("its length"), "its value");
    if (!body.ok()) break;
    FieldReader silent = value.Silently();
    const std::span<const std::uint8_t> bytes = silent.Bytes(silent.remaining(), "");
    parameters.push_back({.id = id, .value = std::string(bytes.begin(), bytes.end())});
    if (body.explains()) ExplainValue(value, kind);
  }
  return parameters;
}

void AppendParameters(const std::vector<TerminalParameter>& parameters, std::string& body) {
  ByteWriter writer(body);
  writer.U8(static_cast<std::uint32_t>(parameters.size()));
  for (const TerminalParameter& parameter : parameters) {
    writer.U32(parameter.id);
    writer.U8(static_cast<std::uint32_t>(parameter.value.size()));
    writer.Bytes(parameter.value);
  }
}

}  // namespace telltale::jt808
