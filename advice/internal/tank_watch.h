#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "advice/trip.h"

namespace telltale::internal {

// The thresholds of refuellings and fuel drops. docs/fuel_events.md tells what each does, and what was measured.
struct TankOptions {
  // How much is an event, in percent of the tank.
  double change_percent_min = 5.0;   // hills move the mean of ten minutes by 1 % (one sigma), of two such means by 1.4
  double sure_percent = 10.0;        // no parking place tilts a tank so much: certain while the vehicle still stands
  double unseen_percent = 1.0;       // more if only driving shows it, not the stand: those are the hills
  double unknown_use_percent = 3.0;  // a drop needs so much more if nobody tells what the engine burns...
  double unknown_capacity_percent = 2.0;  // ...or of how large a tank: a van's 10 %/h for 20 min

  // Blocks: readings that are made one level.
  std::chrono::milliseconds drive_block = std::chrono::seconds{120};  // many periods of slosh (2 to 10 s)
  std::chrono::milliseconds stand_block = std::chrono::seconds{60};   // nothing sloshes; a refuelling lasts 2 to 10 min
  int readings_min = 4;            // of a block, or it lasts up to five times as long: one wrong reading is cut off
  double rail_percent = 0.8;       // this close to 0 or 100 %, a sensor that failed looks like this...
  double rail_jump_percent = 8.0;  // ...if the reading before was farther away than slosh usually goes

  // Stands.
  std::chrono::milliseconds park_after = std::chrono::seconds{60};     // shorter is traffic: part of driving
  std::chrono::milliseconds depart_after = std::chrono::seconds{20};   // shorter is a nudge, or satellite noise
  std::chrono::milliseconds stand_min = std::chrono::seconds{120};     // nobody fills or drains 5 % in less
  std::chrono::milliseconds quiet_min = std::chrono::minutes{10};      // then damping and tilt have settled
  std::chrono::milliseconds slow_drop_max = std::chrono::minutes{60};  // slower: an engine whose use is unknown
  double stable_percent = 1.0;               // between the levels of four blocks: two steps of SPN 96
  double change_seen_percent = 1.0;          // a level so far off has begun to change
  double agree_percent = 1.5;                // a stand that was seen throughout shows at least so much of its event
  double moved_m = 300.0;                    // between the positions around a silence: it was driven unseen
  double drift_percent_per_h = 1.0;          // heat, idling's error; the stand's level may follow so fast
  double drift_unknown_percent_per_h = 4.0;  // if the use or the tank's size is unknown: idling of a van

  // Driving after a stand.
  std::chrono::milliseconds confirm = std::chrono::minutes{10};        // a climb lasts 5; see change_percent_min
  std::chrono::milliseconds confirm_short = std::chrono::minutes{4};   // enough before the next stand, if it is clear
  std::chrono::milliseconds reference_max = std::chrono::minutes{25};  // of driving, in the level before
  double place_percent = 3.5;     // minutes of driving show so much: the change belongs to the stand before them
  double settling_percent = 2.0;  // still changing this much within `confirm`: a damped sensor, wait

  // Use.
  double assumed_capacity_l = 400.0;       // until learnt; vans have 70, tractors up to 1,500
  double assumed_use_percent_per_h = 6.0;  // of driving, if the use is unknown: 3 (tractor) to 11 (van)
  double learn_percent_min = 20.0;  // at 1.4 % error at either end, the tank's size is then within 10 %, and improves
  std::chrono::milliseconds unknown_use_after = std::chrono::minutes{10};  // driven without a known use
  std::chrono::milliseconds blind_max = std::chrono::hours{1};  // of driving, without level and use: nothing is known
};

// A tank that got fuller, or lost what the engine did not burn.
struct TankEvent {
  bool refuelling = false;
  std::int64_t start_time_ms = 0;  // last time at the old level; the stand, where the change was not seen
  std::int64_t end_time_ms = 0;    // first time at the new level
  double level_before_percent = 0.0;
  double level_after_percent = 0.0;
  double change_percent = 0.0;   // positive; without what the engine burnt meanwhile
  std::optional<double> litres;  // if the tank's size is known or learnt
  std::optional<Position> position;
  double confidence = 0.0;  // 0 to 1

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive);
  friend bool operator==(const TankEvent&, const TankEvent&) = default;
};

// Finds refuellings and drops in the level of a tank that sloshes, tilts and lags. Changes of 10 % are found at the
// stand where they happen, within minutes; smaller ones after ten minutes of driving, or at a stand that was quiet
// before. Sees nothing but the sequence of calls. Not thread-safe; copyable, about 1.1 kB with its options.
class TankWatch {
 public:
  // `capacity_l`: if it is known from elsewhere.
  explicit TankWatch(const TankOptions& options = {}, std::optional<double> capacity_l = std::nullopt)
      : options_(options), given_capacity_l_(capacity_l) {}

  // Once for a frame, whether or not it has a level; times increase. `level_percent`: SPN 96, or a probe's litres by
  // the tank's size. `used_ul`: burnt since the last call; 0: nothing, or unknown. After a silence it is what the
  // engine's totals tell about it, if they do. `standing`: below 1 km/h, or engine off. `settled`: not within ten
  // seconds after the ignition. Appends what is certain now to `found`: at most two events.
  void Take(std::int64_t time_ms, std::optional<double> level_percent, std::int64_t used_ul, bool standing,
            bool settled, const std::optional<Position>& position, std::vector<TankEvent>& found);

  // After more than 200 s without a frame: what happened meanwhile is one change at the stand.
  void LeaveGap() { after_gap_ = any_; }

  // At the end of a day: what is carried on is put on a grid that a late frame hardly ever moves, so that days which
  // end alike go on alike and need not be folded again. The tank's size is learnt within days.
  void CloseDay();

  // Given, or learnt from what was burnt while the level fell by a fifth or more; nullopt: not yet.
  std::optional<double> capacity_l() const;

  // The start of the stand that is not decided yet: no later event begins before it.
  std::optional<std::int64_t> pending_since_ms() const;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.given_capacity_l_, self.any_, self.after_gap_, self.time_ms_, self.standing_, self.standing_since_ms_,
            self.moving_since_ms_, self.parked_, self.block_, self.pending_used_ul_, self.pending_driving_ms_,
            self.unused_driving_ms_, self.use_known_, self.blind_ms_, self.reference_percent_, self.reference_ms_,
            self.stand_, self.trial_, self.unseen_, self.after_, self.after_count_, self.place_, self.anchor_known_,
            self.anchor_percent_, self.anchor_used_ul_, self.fall_percent_, self.fall_used_ul_, self.learnt_percent_,
            self.learnt_ul_);
    PositionFields(self.position_, archive);
    PositionFields(self.gap_position_, archive);
  }

 private:
  friend struct TankEvent;
  static constexpr std::int64_t kBlockSpans = 5;   // a block of rare readings lasts up to so many times as long
  static constexpr std::size_t kReadingsMax = 32;  // of a block; denser ones are thinned out
  static constexpr std::size_t kAfterMax = 12;     // blocks of driving after a stand: 24 min
  static constexpr std::size_t kStableBlocks = 4;

  template <typename Optional, typename Archive>
  static void PositionFields(Optional& position, Archive& archive) {
    bool known = position.has_value();
    Position place = position.value_or(Position{});
    archive(known, place.latitude_deg, place.longitude_deg);
    if constexpr (!std::is_const_v<Optional>) {
      position = known ? std::optional(place) : std::nullopt;
    }
  }

  // Readings in a row, as they came, in tenths of a percent.
  struct Block {
    std::array<std::int16_t, kReadingsMax> tenths{};
    std::uint32_t count = 0;
    std::int64_t start_ms = 0;
    std::int64_t kept_ms = 0;       // of the last reading in it
    std::optional<double> reading;  // the last good one, also of an earlier block
    double latest = 0.0;            // that was not at a rail

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.tenths, self.count, self.start_ms, self.kept_ms, self.reading, self.latest);
    }
  };

  // What was seen while the vehicle stood at one place, silences included.
  struct Stand {
    std::int64_t start_ms = 0;
    bool counts = false;         // long enough for an event
    bool gap = false;            // a part of it was not seen
    bool known = false;          // has a level
    bool late = false;           // ...from after the silence only
    double level_percent = 0.0;  // before a change; follows drift
    double last_percent = 0.0;   // of the last block
    std::int64_t last_ms = 0;    // its end
    std::int64_t quiet_since_ms = 0;
    std::int64_t onset_ms = 0;  // of a change that goes on or has ended; 0: none
    bool onset_quiet = false;   // it came after quiet_min
    std::int64_t reached_ms = 0;
    std::array<double, kStableBlocks> recent{};  // levels of the last blocks, the newest first
    std::uint32_t recent_count = 0;
    std::optional<Position> position;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.start_ms, self.counts, self.gap, self.known, self.late, self.level_percent, self.last_percent,
              self.last_ms, self.quiet_since_ms, self.onset_ms, self.onset_quiet, self.reached_ms, self.recent,
              self.recent_count);
      PositionFields(self.position, archive);
    }
  };

  // The stand to which a change belongs that driving shows.
  struct Place {
    bool known = false;
    bool seen = false;  // all of it: then `change_percent` has a part of the change at least
    std::int64_t start_ms = 0;
    std::int64_t end_ms = 0;
    double score = 0.0;           // the place with the greatest is taken
    double change_percent = 0.0;  // at the stand
    double level_percent = 0.0;   // by the reference, when it began
    std::optional<Position> position;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.known, self.seen, self.start_ms, self.end_ms, self.score, self.change_percent, self.level_percent);
      PositionFields(self.position, archive);
    }
  };

  struct DrivenLevel {
    double percent = 0.0;
    std::int64_t span_ms = 0;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.percent, self.span_ms);
    }
  };

  // Readings and blocks.
  void TakeReading(std::int64_t time_ms, double percent);
  bool BlockEnds(std::int64_t time_ms) const;
  void CloseBlock(std::int64_t time_ms, std::vector<TankEvent>& found);
  double BlockLevel() const;
  void ApplyUse();

  // Standing and driving.
  void EnterAfterGap(std::int64_t time_ms, bool standing, const std::optional<Position>& position,
                     std::vector<TankEvent>& found);
  void Park(std::int64_t start_ms, std::vector<TankEvent>& found);
  void Depart(std::int64_t time_ms, std::vector<TankEvent>& found);
  void CountStand(std::vector<TankEvent>& found);
  void OfferPlace(std::int64_t end_ms);
  void TakeStandLevel(double percent, std::int64_t time_ms, std::vector<TankEvent>& found);
  void TakeDrivenLevel(double percent, std::int64_t span_ms, std::vector<TankEvent>& found);
  bool CertainAtStand(double change) const;
  void Decide(bool at_next_stand, std::vector<TankEvent>& found);
  bool IsEvent(double change) const;

  // Results.
  TankEvent EventOf(double before, double change, std::int64_t start_ms, std::int64_t end_ms,
                    const std::optional<Position>& position, double doubt) const;
  void EndTrial(double percent, std::int64_t span_ms);
  void Learn();
  void BankFall();
  double ChangeMin(double change) const;
  double UlPerPercent() const;
  bool UseExact() const { return use_known_ && capacity_l().has_value(); }  // in percent of the tank
  std::int64_t ReferenceMaxMs() const;
  bool AtRail(double percent) const {
    return percent <= options_.rail_percent || percent >= 100.0 - options_.rail_percent;
  }
  // Longer than any block: something was not seen.
  std::int64_t UnseenMax() const { return (kBlockSpans + 1) * options_.stand_block.count(); }

  TankOptions options_;
  std::optional<double> given_capacity_l_;

  // As of the last frame.
  bool any_ = false;
  bool after_gap_ = false;
  std::int64_t time_ms_ = 0;
  bool standing_ = false;
  std::int64_t standing_since_ms_ = 0;
  std::int64_t moving_since_ms_ = 0;
  bool parked_ = false;
  std::optional<Position> position_;
  std::optional<Position> gap_position_;  // before a silence; until a position after it is known
  Block block_;

  // Use; levels are made as of now by it, block by block.
  std::int64_t pending_used_ul_ = 0;
  std::int64_t pending_driving_ms_ = 0;
  std::int64_t unused_driving_ms_ = 0;
  bool use_known_ = false;
  std::int64_t blind_ms_ = 0;

  double reference_percent_ = 0.0;              // the mean while driving, before the stand that is not decided
  std::int64_t reference_ms_ = 0;               // of driving in it; 0: unknown
  Stand stand_;                                 // while parked_
  bool trial_ = false;                          // a stand is not decided
  bool unseen_ = false;                         // since the reference, it may have burnt fuel unseen: no drops
  std::array<DrivenLevel, kAfterMax> after_{};  // oldest first
  std::uint32_t after_count_ = 0;
  Place place_;

  // The tank's size.
  bool anchor_known_ = false;
  double anchor_percent_ = 0.0;
  std::int64_t anchor_used_ul_ = 0;
  double fall_percent_ = 0.0;  // since the anchor
  std::int64_t fall_used_ul_ = 0;
  double learnt_percent_ = 0.0;  // of all falls before
  double learnt_ul_ = 0.0;
};

template <typename Self, typename Archive>
void TankEvent::Fields(Self& self, Archive& archive) {
  archive(self.refuelling, self.start_time_ms, self.end_time_ms, self.level_before_percent, self.level_after_percent,
          self.change_percent, self.litres);
  TankWatch::PositionFields(self.position, archive);
  archive(self.confidence);
}

}  // namespace telltale::internal
