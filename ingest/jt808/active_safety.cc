#include "ingest/jt808/active_safety.h"

#include <fmt/format.h>

namespace telltale::jt808 {
namespace {

struct Alarm {
  std::size_t number;
  std::string_view signal;
};

constexpr Alarm kVideo[] = {
    {0, "video_signal_lost"},         {1, "video_covered"},     {2, "video_storage_fault"},
    {3, "video_device_fault"},        {4, "video_overcrowded"}, {5, "video_abnormal_driving"},
    {6, "video_storage_nearly_full"},
};
constexpr Alarm kBehaviour[] = {{0, "video_driver_fatigue"}, {1, "video_driver_phone"}, {2, "video_driver_smoking"}};
constexpr Alarm kAdas[] = {
    {1, "adas_forward_collision"},    {2, "adas_lane_departure"},  {3, "adas_headway_short"}, {4, "adas_pedestrian"},
    {5, "adas_frequent_lane_change"}, {6, "adas_road_sign_limit"}, {7, "adas_obstacle"},
};
// From 6 on those of Guangdong's form; elsewhere these numbers are the maker's own.
constexpr std::uint8_t kDriverOfGuangdong = 6;
constexpr Alarm kDriver[] = {
    {1, "dsm_fatigue"},         {2, "dsm_phone"},           {3, "dsm_smoking"},
    {4, "dsm_distracted"},      {5, "dsm_driver_abnormal"}, {6, "dsm_camera_covered"},
    {10, "dsm_seat_belt_open"}, {12, "dsm_hands_off"},      {13, "dsm_phone_in_hand"},
};
constexpr Alarm kTyres[] = {
    {1, "tpms_pressure_high"}, {2, "tpms_pressure_low"}, {3, "tpms_temperature_high"}, {4, "tpms_sensor_fault"},
    {5, "tpms_unbalanced"},    {6, "tpms_slow_leak"},    {7, "tpms_battery_low"},
};
constexpr Alarm kBlindSpot[] = {{1, "bsd_rear"}, {2, "bsd_left_rear"}, {3, "bsd_right_rear"}};

constexpr std::uint8_t kFirstItem = 0x64;
constexpr std::size_t kDriverItem = 1;
constexpr std::size_t kTyreItem = 2;
// Speed, altitude, place, time and status of the vehicle at the alarm.
constexpr std::size_t kPlaceBytes = 1 + 2 + 4 + 4 + 6 + 2;
constexpr std::size_t kLabelBytes = 16;           // terminal 7, time 6, number, files, reserved
constexpr std::size_t kLabelBytesGuangdong = 40;  // terminal 30, and reserved 2
constexpr std::size_t kTyreBytes = 9;
constexpr std::uint8_t kStateEnd = 2;

// Bytes between the alarm's id and state, and the place: its number, its level, and five more.
constexpr std::size_t kDetailBytes[] = {7, 7, 0, 1};

template <std::size_t size>
void FindSignals(const Catalog& catalog, const Alarm (&alarms)[size], std::array<SignalId, 16>& signals) {
  for (const Alarm& alarm : alarms) signals[alarm.number] = catalog.Get(alarm.signal).id;
}

void ReadPlace(FieldReader& item) {
  item.U8("speed", {.name = "km/h"});
  item.U16("altitude", {.name = "m"});
  item.U32("latitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  item.U32("longitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  item.Bcd(6, "time");
  item.Bits(2, "vehicle status");
}

}  // namespace

ActiveSafetyReader::ActiveSafetyReader(const Catalog& catalog) : safety_{}, video_{}, behaviour_{} {
  FindSignals(catalog, kAdas, safety_[0]);
  FindSignals(catalog, kDriver, safety_[kDriverItem]);
  FindSignals(catalog, kTyres, safety_[kTyreItem]);
  FindSignals(catalog, kBlindSpot, safety_[3]);
  FindSignals(catalog, kVideo, video_);
  FindSignals(catalog, kBehaviour, behaviour_);
}

void ActiveSafetyReader::AddAll(const Alarms& alarms, std::uint32_t bits, TerminalFrame& frame) const {
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    if (alarms[i] != 0) frame.Add(alarms[i], static_cast<RawValue>(bits >> i & 1));
  }
}

void ActiveSafetyReader::End(Instants items, TerminalFrame& frame) const {
  for (std::size_t i = 0; i < kItems; ++i) {
    if ((items >> i & 1) == 0) continue;
    for (const SignalId alarm : safety_[i]) {
      if (alarm != 0 && !frame.Has(alarm)) frame.Add(alarm, 0);
    }
  }
}

bool ActiveSafetyReader::Read(std::uint8_t id, FieldReader& item, Instants& instants, TerminalFrame& frame) const {
  const std::size_t size = item.remaining();
  switch (id) {
    case 0x14:
      if (size != 4) return false;
      AddAll(video_, item.Bits(4, "video alarms"), frame);
      return true;
    case 0x15:
    case 0x16:
      if (size != 4) return false;
      item.Bits(4, id == 0x15 ? "channels without a signal" : "channels that are covered");
      return true;
    case 0x17:
      if (size != 2) return false;
      item.Bits(2, "stores that are faulty");
      return true;
    case 0x18:
      if (size != 2 && size != 3) return false;
      AddAll(behaviour_, item.Bits(2, "abnormal driving"), frame);
      item.Note("bits: 0 fatigue, 1 telephone, 2 smoking");
      if (size == 3) item.U8("degree of fatigue");
      return true;
    default:
      break;
  }
  if (id < kFirstItem || id >= kFirstItem + kItems) return false;
  const std::size_t index = id - kFirstItem;
  if (size < 4 + 1 + kDetailBytes[index] + kPlaceBytes) return false;
  if (index == kTyreItem) {
    ReadTyres(item, instants, frame);
  } else {
    ReadAlarm(index, item, instants, frame);
  }
  if (item.remaining() > 0) item.Bytes(item.remaining(), "the rest");
  return true;
}

void ActiveSafetyReader::ReadAlarm(std::size_t index, FieldReader& item, Instants& instants,
                                   TerminalFrame& frame) const {
  const bool guangdong = item.remaining() == 4 + 1 + kDetailBytes[index] + kPlaceBytes + kLabelBytesGuangdong;
  item.U32("alarm id");
  const std::uint8_t state = item.U8("state");
  item.Note("0 an instant, 1 begins, 2 ends");
  const std::uint8_t number = item.U8("alarm");
  if (index != 3) item.U8("level");
  if (index == 0) {
    item.U8("speed of the vehicle in front", {.name = "km/h"});
    item.U8("distance", {.scale = 0.1, .name = "s", .decimals = 1});
    item.U8("departure");
    item.Note("1 left, 2 right");
    item.U8("road sign");
    item.Note("1 speed, 2 height, 3 weight");
    item.U8("its number");
  } else if (index == kDriverItem) {
    item.U8("degree of fatigue");
    item.Bytes(4, "reserved");
  }
  ReadPlace(item);
  if (!item.ok()) return;
  if (item.remaining() >= kLabelBytes) item.Bytes(guangdong ? kLabelBytesGuangdong : kLabelBytes, "label");
  const Alarms& alarms = safety_[index];
  const auto bit = static_cast<std::uint8_t>(1U << index);
  if (number >= alarms.size() || alarms[number] == 0) return;
  if (index == kDriverItem && number >= kDriverOfGuangdong && !guangdong) return;
  frame.Add(alarms[number], state == kStateEnd ? 0 : 1);
  if (state == 0) instants |= bit;
}

void ActiveSafetyReader::ReadTyres(FieldReader& item, Instants& instants, TerminalFrame& frame) const {
  item.U32("alarm id");
  const std::uint8_t state = item.U8("state");
  item.Note("0 an instant, 1 begins, 2 ends");
  ReadPlace(item);
  const std::size_t rest = item.remaining();
  if (rest < kLabelBytes + 1) return;
  // The label's length is the one that leaves whole tyres.
  const bool guangdong = (rest - kLabelBytes - 1) % kTyreBytes != 0 && rest > kLabelBytesGuangdong;
  item.Bytes(guangdong ? kLabelBytesGuangdong : kLabelBytes, "label");
  const std::size_t count = item.U8("number of tyres");
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < count && item.remaining() >= kTyreBytes; ++i) {
    FieldReader tyre = item.Group(kTyreBytes, fmt::format("tyre {}", i + 1));
    tyre.U8("position");
    bits |= tyre.Bits(2, "alarms");
    tyre.U16("pressure", {.name = "kPa"});
    tyre.U16("temperature", {.name = "degC"});
    tyre.U16("battery", {.name = "%"});
  }
  constexpr auto kBit = static_cast<std::uint8_t>(1U << kTyreItem);
  AddAll(safety_[kTyreItem], state == kStateEnd ? 0 : bits, frame);
  if (state == 0 && bits > 1) instants |= kBit;
}

}  // namespace telltale::jt808
