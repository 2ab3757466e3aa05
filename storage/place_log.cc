#include "storage/place_log.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kPrefix = "place/";
constexpr std::uint8_t kRecordVersion = 1;
constexpr double kCellDeg = 0.02;  // 2.2 km of latitude
constexpr int kLongitudeCells = 18'000;
constexpr double kMetresPerDegree = 111'195.0;
constexpr std::size_t kCellBytes = 4;
constexpr double kGrid = 1e-6;  // degrees

struct Cell {
  int latitude = 0;   // from the south pole
  int longitude = 0;  // from 180 degrees west
  friend auto operator<=>(const Cell&, const Cell&) = default;
};

Cell CellOf(double latitude_deg, double longitude_deg) {
  return {.latitude = static_cast<int>(std::floor((std::clamp(latitude_deg, -90.0, 90.0) + 90.0) / kCellDeg)),
          .longitude =
              static_cast<int>(std::floor((longitude_deg + 180.0) / kCellDeg) + 2 * kLongitudeCells) % kLongitudeCells};
}

std::string CellKey(const Cell& cell) {
  std::string key(kPrefix);
  PutBigEndian(key, static_cast<std::uint32_t>(cell.latitude << 16 | cell.longitude), kCellBytes);
  return key;
}

std::string DayKey(const Cell& cell, std::int64_t day) {
  std::string key = CellKey(cell);
  PutBigEndian(key, static_cast<std::uint32_t>(std::clamp<std::int64_t>(day, 0, UINT32_MAX)), 4);
  return key;
}

std::string Encode(const std::vector<PlaceNote>& notes) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  for (const PlaceNote& note : notes) {
    PutLittleEndian(record, static_cast<std::uint8_t>(note.silent));
    PutLittleEndian(record, static_cast<std::int32_t>(std::lround(note.latitude_deg / kGrid)));
    PutLittleEndian(record, static_cast<std::int32_t>(std::lround(note.longitude_deg / kGrid)));
  }
  return record;
}

bool Decode(std::string_view record, std::vector<PlaceNote>& notes) {
  constexpr std::size_t kNoteBytes = 9;
  RecordReader reader(record);
  if (reader.Read<std::uint8_t>() != kRecordVersion || (record.size() - 1) % kNoteBytes != 0) return false;
  while (reader.ok() && !reader.finished()) {
    PlaceNote& note = notes.emplace_back();
    note.silent = reader.Read<std::uint8_t>() != 0;
    note.latitude_deg = reader.Read<std::int32_t>() * kGrid;
    note.longitude_deg = reader.Read<std::int32_t>() * kGrid;
  }
  return reader.ok();
}

// One note of each kind is enough for a cell.
std::map<Cell, std::vector<PlaceNote>> ByCell(const std::vector<PlaceNote>& notes) {
  std::map<Cell, std::vector<PlaceNote>> cells;
  std::size_t count = 0;
  for (const PlaceNote& note : notes) {
    std::vector<PlaceNote>& of_cell = cells[CellOf(note.latitude_deg, note.longitude_deg)];
    if (std::ranges::find(of_cell, note.silent, &PlaceNote::silent) != of_cell.end()) continue;
    if (++count > PlaceLog::kNotesPerDayMax) break;
    of_cell.push_back(note);
  }
  std::erase_if(cells, [](const auto& cell) { return cell.second.empty(); });
  return cells;
}

// On a plane, which is good enough for some kilometres.
double DistanceM(double latitude_deg, double longitude_deg, const PlaceNote& note) {
  double longitude = std::abs(note.longitude_deg - longitude_deg);
  if (longitude > 180.0) longitude = 360.0 - longitude;
  longitude *= std::cos(latitude_deg * std::numbers::pi / 180.0);
  return std::hypot(note.latitude_deg - latitude_deg, longitude) * kMetresPerDegree;
}

}  // namespace

void PlaceLog::AddWrites(VehicleId vehicle, std::int64_t day, const std::vector<PlaceNote>& before,
                         const std::vector<PlaceNote>& after, std::vector<DocumentWrite>& writes) {
  const auto key_of = [&](const Cell& cell) {
    std::string key = DayKey(cell, day);
    PutBigEndian(key, vehicle, sizeof(vehicle));
    return key;
  };
  const auto old_cells = ByCell(before);
  const auto new_cells = ByCell(after);
  for (const auto& [cell, notes] : old_cells) {
    if (!new_cells.contains(cell)) writes.push_back({key_of(cell), std::nullopt});
  }
  for (const auto& [cell, notes] : new_cells) {
    const auto old = old_cells.find(cell);
    if (old == old_cells.end() || old->second != notes) writes.push_back({key_of(cell), Encode(notes)});
  }
}

StatusOr<PlaceLog::Counts> PlaceLog::Around(double latitude_deg, double longitude_deg, double radius_m,
                                            std::int64_t from_day, std::int64_t to_day, VehicleId except) const {
  const Cell middle = CellOf(latitude_deg, longitude_deg);
  const double radius_deg = radius_m / kMetresPerDegree;
  const double narrowing = std::max(std::cos(latitude_deg * std::numbers::pi / 180.0), 0.05);
  const int up = static_cast<int>(std::ceil(radius_deg / kCellDeg));
  const int across = static_cast<int>(std::ceil(radius_deg / narrowing / kCellDeg));
  std::set<VehicleId> silent;
  std::set<VehicleId> heard;
  std::size_t read_count = 0;
  Status damage;
  std::vector<PlaceNote> notes;
  for (int north = -up; north <= up; ++north) {
    for (int east = -across; east <= across; ++east) {
      const Cell cell{.latitude = middle.latitude + north,
                      .longitude = (middle.longitude + east + kLongitudeCells) % kLongitudeCells};
      if (cell.latitude < 0) continue;
      const std::string prefix = CellKey(cell);
      RETURN_IF_ERROR(
          documents_.Scan(prefix, DayKey(cell, from_day), [&](std::string_view key, std::string_view record) {
            const std::string_view rest = key.substr(prefix.size());
            if (static_cast<std::int64_t>(ReadBigEndian(rest.substr(0, 4))) >= to_day || ++read_count > kReadMax) {
              return false;
            }
            notes.clear();
            if (rest.size() != 8 || !Decode(record, notes)) {
              damage = absl::DataLossError("the note of a place cannot be read");
              return false;
            }
            const VehicleId vehicle = ReadBigEndian(rest.substr(4, 4));
            for (const PlaceNote& note : notes) {
              if (vehicle != except && DistanceM(latitude_deg, longitude_deg, note) <= radius_m) {
                (note.silent ? silent : heard).insert(vehicle);
              }
            }
            return true;
          }));
      RETURN_IF_ERROR(damage);
    }
  }
  for (const VehicleId vehicle : silent) heard.erase(vehicle);
  return Counts{.silent = static_cast<std::uint32_t>(silent.size()), .heard = static_cast<std::uint32_t>(heard.size())};
}

}  // namespace telltale
