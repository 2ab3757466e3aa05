#include "advice/internal/tank_watch.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace telltale::internal {
namespace {

constexpr double kMsPerHour = 3.6e6;

// Good for the few hundred metres that matter here.
double DistanceM(const Position& a, const Position& b) {
  constexpr double kMPerDegree = 111'195.0;
  const double north_m = (a.latitude_deg - b.latitude_deg) * kMPerDegree;
  const double east_m =
      (a.longitude_deg - b.longitude_deg) * kMPerDegree * std::cos(a.latitude_deg * std::numbers::pi / 180.0);
  return std::hypot(north_m, east_m);
}

}  // namespace

void TankWatch::CloseDay() {
  constexpr double kSizeL = 5.0;         // of the grid of tanks' sizes
  constexpr double kWeightPercent = 20;  // of that of how much it was learnt from
  if (anchor_known_) BankFall();
  const double learnt_percent = std::floor(learnt_percent_ / kWeightPercent) * kWeightPercent;
  // ul for a percent are 1e-4 litres of the tank.
  const double size_l = learnt_percent_ > 0.0 ? std::round(learnt_ul_ / learnt_percent_ * 1e-4 / kSizeL) * kSizeL : 0.0;
  learnt_percent_ = learnt_percent;
  learnt_ul_ = size_l * 1e4 * learnt_percent;
  unused_driving_ms_ = std::min<std::int64_t>(unused_driving_ms_, options_.unknown_use_after.count() + 1);
  blind_ms_ = std::min<std::int64_t>(blind_ms_, options_.blind_max.count() + 1);
  const auto round = [](double& percent) { percent = std::round(percent * 10.0) / 10.0; };
  round(reference_percent_);
  reference_ms_ = reference_ms_ / 60'000 * 60'000;
  round(stand_.level_percent);
  round(stand_.last_percent);
  for (double& percent : stand_.recent) round(percent);
  // What nobody reads any more.
  for (std::size_t i = block_.count; i < block_.tenths.size(); ++i) block_.tenths[i] = 0;
  for (std::size_t i = after_count_; i < after_.size(); ++i) after_[i] = {};
  for (std::size_t i = stand_.recent_count; i < stand_.recent.size(); ++i) stand_.recent[i] = 0.0;
}

std::optional<double> TankWatch::capacity_l() const {
  if (given_capacity_l_) return given_capacity_l_;
  double percent = learnt_percent_;
  double ul = learnt_ul_;
  if (fall_percent_ >= options_.learn_percent_min) {
    percent += fall_percent_;
    ul += static_cast<double>(fall_used_ul_);
  }
  if (percent < options_.learn_percent_min) return std::nullopt;
  return ul / percent * 1e-4;  // 100 % / 1e6 ul
}

std::optional<std::int64_t> TankWatch::pending_since_ms() const {
  if (place_.known) return place_.start_ms;
  if (parked_) return stand_.start_ms;
  return std::nullopt;
}

double TankWatch::UlPerPercent() const { return capacity_l().value_or(options_.assumed_capacity_l) * 1e4; }

std::int64_t TankWatch::ReferenceMaxMs() const {
  return (UseExact() ? options_.reference_max : options_.confirm).count();
}

void TankWatch::Take(std::int64_t time_ms, std::optional<double> level_percent, std::int64_t used_ul, bool standing,
                     bool settled, const std::optional<Position>& position, std::vector<TankEvent>& found) {
  if (!any_) {
    any_ = true;
    time_ms_ = time_ms;
    standing_ = !standing;
    block_.start_ms = time_ms;
  }
  if (used_ul > 0) {
    pending_used_ul_ += used_ul;
    use_known_ = true;
    unused_driving_ms_ = 0;
  }
  if (after_gap_) {
    EnterAfterGap(time_ms, standing, position, found);
  } else if (!standing_) {
    const std::int64_t span_ms = time_ms - time_ms_;
    pending_driving_ms_ += span_ms;
    unused_driving_ms_ += span_ms;
    if (unused_driving_ms_ > options_.unknown_use_after.count()) use_known_ = false;
  }
  if (standing != standing_) (standing ? standing_since_ms_ : moving_since_ms_) = time_ms;
  standing_ = standing;
  time_ms_ = time_ms;

  if (position) {
    position_ = position;
    if (parked_ && standing) {
      if (gap_position_ && DistanceM(*gap_position_, *position) > options_.moved_m) {
        // It stands somewhere else: this is another stand, and what was burnt on the way nobody saw.
        unseen_ = true;
        stand_ = {.start_ms = time_ms, .counts = true, .gap = true, .position = position};
        if (use_known_) BankFall();
      }
      if (!stand_.position) stand_.position = position;
    }
    gap_position_.reset();
  }
  if (parked_) {
    if (!standing && time_ms - moving_since_ms_ >= options_.depart_after.count()) Depart(time_ms, found);
    if (parked_ && !stand_.counts && standing && time_ms - stand_.start_ms >= options_.stand_min.count()) {
      CountStand(found);
    }
  } else if (standing && time_ms - standing_since_ms_ >= options_.park_after.count()) {
    Park(standing_since_ms_, found);
  }

  // What sloshes before it is known that the vehicle departs, is no level of the stand.
  if (level_percent && settled && (standing || !parked_)) TakeReading(time_ms, *level_percent);
  if (BlockEnds(time_ms)) CloseBlock(time_ms, found);
}

void TankWatch::TakeReading(std::int64_t time_ms, double percent) {
  if (!(percent >= 0.0 && percent <= 102.0)) return;
  const bool rail = AtRail(percent);
  if (rail && block_.reading && std::abs(percent - *block_.reading) > options_.rail_jump_percent) {
    // Failed, or filled up unseen: what it is, the next reading away from the rail tells.
    return;
  }
  if (!rail) {
    // Two that agree: a reading that jumps does not lead the way to a rail.
    if (!block_.reading || std::abs(percent - block_.latest) <= 2.0 * options_.rail_jump_percent)
      block_.reading = percent;
    block_.latest = percent;
  }
  const std::int64_t spacing_ms =
      (parked_ ? options_.stand_block : options_.drive_block).count() / static_cast<std::int64_t>(kReadingsMax);
  if (block_.count == kReadingsMax || (block_.count > 0 && time_ms - block_.kept_ms < spacing_ms)) return;
  block_.tenths[block_.count++] = static_cast<std::int16_t>(std::lround(percent * 10.0));
  block_.kept_ms = time_ms;
}

bool TankWatch::BlockEnds(std::int64_t time_ms) const {
  const std::int64_t length_ms = (parked_ ? options_.stand_block : options_.drive_block).count();
  const std::int64_t span_ms = time_ms - block_.start_ms;
  return span_ms >= length_ms &&
         (block_.count >= static_cast<std::uint32_t>(options_.readings_min) || span_ms >= kBlockSpans * length_ms);
}

// The mean of the middle half: as robust as needed against wrong readings, and finer than the sensor's grid.
double TankWatch::BlockLevel() const {
  std::array<std::int16_t, kReadingsMax> sorted = block_.tenths;
  const auto end = sorted.begin() + block_.count;
  std::sort(sorted.begin(), end);
  const std::ptrdiff_t cut = (block_.count + 1) / 4;
  std::int64_t sum = 0;
  for (auto it = sorted.begin() + cut; it != end - cut; ++it) sum += *it;
  return static_cast<double>(sum) / (10.0 * static_cast<double>(block_.count - 2 * cut));
}

void TankWatch::CloseBlock(std::int64_t time_ms, std::vector<TankEvent>& found) {
  ApplyUse();
  const std::int64_t span_ms = time_ms - block_.start_ms;
  bool enough = block_.count >= 3;
  if (enough && !parked_) {
    // While driving, a tank that is full or empty sloshes; a sensor that has failed does not.
    const auto at_rail = [this](std::int16_t tenths) { return AtRail(tenths / 10.0); };
    const auto end = block_.tenths.begin() + block_.count;
    enough = std::count_if(block_.tenths.begin(), end, at_rail) * 2 <= static_cast<std::ptrdiff_t>(block_.count);
  }
  const double percent = enough ? BlockLevel() : 0.0;
  block_.count = 0;
  block_.start_ms = time_ms;
  if (!enough) {
    if (!parked_ && !use_known_) blind_ms_ += span_ms;
    if (blind_ms_ > options_.blind_max.count()) reference_ms_ = 0;
    return;
  }
  blind_ms_ = 0;
  if (parked_) {
    TakeStandLevel(percent, time_ms, found);
  } else {
    TakeDrivenLevel(percent, span_ms, found);
  }
}

// Makes every level one as of now.
void TankWatch::ApplyUse() {
  double percent = 0.0;
  if (use_known_) {
    percent = static_cast<double>(pending_used_ul_) / UlPerPercent();
    anchor_used_ul_ += pending_used_ul_;
  } else {
    percent = static_cast<double>(pending_driving_ms_) * options_.assumed_use_percent_per_h / kMsPerHour;
  }
  pending_used_ul_ = 0;
  pending_driving_ms_ = 0;
  if (percent == 0.0) return;
  reference_percent_ -= percent;
  stand_.level_percent -= percent;
  for (std::uint32_t i = 0; i < after_count_; ++i) after_[i].percent -= percent;
}

void TankWatch::EnterAfterGap(std::int64_t time_ms, bool standing, const std::optional<Position>& position,
                              std::vector<TankEvent>& found) {
  after_gap_ = false;
  CloseBlock(time_ms_, found);
  block_.start_ms = time_ms;
  block_.count = 0;
  // The place where it stood, or moved last, if it stands there again or is just leaving. Without positions, it stood.
  const bool same =
      position && position_ ? DistanceM(*position, *position_) <= options_.moved_m : standing_ && standing;
  if (!parked_) Park(standing_ ? standing_since_ms_ : time_ms_, found);
  block_.start_ms = time_ms;
  stand_.gap = true;
  stand_.recent_count = 0;
  if (same) {
    CountStand(found);
    if (!position) gap_position_ = position_;
    standing_ = true;
    standing_since_ms_ = stand_.start_ms;
    return;
  }
  // What it burnt on its way, nobody saw.
  stand_.known = false;
  CountStand(found);
  unseen_ = true;
  BankFall();
  parked_ = false;
  OfferPlace(time_ms);
  stand_ = {};
  standing_ = standing;
  (standing ? standing_since_ms_ : moving_since_ms_) = time_ms;
}

void TankWatch::Park(std::int64_t start_ms, std::vector<TankEvent>& found) {
  // The readings of the first minute at the stand are few among those of the drive.
  CloseBlock(time_ms_, found);
  parked_ = true;
  stand_ = {.start_ms = start_ms, .position = position_};
}

void TankWatch::Depart(std::int64_t time_ms, std::vector<TankEvent>& found) {
  if (block_.count > 0) CloseBlock(time_ms, found);
  parked_ = false;
  block_.start_ms = time_ms;
  if (stand_.counts) OfferPlace(moving_since_ms_);
  stand_ = {};
  gap_position_.reset();
}

// The stand is long enough for an event: from here on the reference waits until it is decided.
void TankWatch::CountStand(std::vector<TankEvent>& found) {
  if (stand_.counts) return;
  if (trial_) Decide(true, found);
  stand_.counts = true;
  if (!trial_) unseen_ = false;
  trial_ = true;
  after_count_ = 0;
}

void TankWatch::OfferPlace(std::int64_t end_ms) {
  const double change = stand_.known ? stand_.last_percent - stand_.level_percent : 0.0;
  const bool seen = stand_.known && !stand_.gap && end_ms - stand_.last_ms <= UnseenMax() && stand_.recent_count >= 2;
  const bool onset = stand_.onset_ms != 0 && !stand_.late && std::abs(change) >= options_.agree_percent * 2.0;
  const double score = seen ? std::abs(change) : std::max(std::abs(change), 2.0 * options_.agree_percent);
  if (place_.known && place_.score >= score) return;
  place_ = {.known = true,
            .seen = seen,
            .start_ms = onset ? stand_.onset_ms : stand_.start_ms,
            .end_ms = onset && seen ? std::max(stand_.reached_ms, stand_.onset_ms) : end_ms,
            .score = score,
            .change_percent = change,
            .level_percent = reference_percent_,
            .position = stand_.position};
}

void TankWatch::TakeStandLevel(double percent, std::int64_t time_ms, std::vector<TankEvent>& found) {
  Stand& s = stand_;
  if (time_ms - (s.known ? s.last_ms : s.start_ms) > UnseenMax()) {
    s.gap = true;
    s.late = s.late || !s.known;
    s.recent_count = 0;
  }
  if (!s.known) {
    s.known = true;
    s.level_percent = percent;
    s.quiet_since_ms = s.start_ms;
  } else {
    const double drift = (UseExact() ? options_.drift_percent_per_h : options_.drift_unknown_percent_per_h) *
                         static_cast<double>(time_ms - s.last_ms) / kMsPerHour;
    // It does not follow over a silence, nor a change that is an event: that would hide it.
    if (s.recent_count > 0 && std::abs(percent - s.level_percent) < options_.change_percent_min) {
      s.level_percent += std::clamp(percent - s.level_percent, -drift, drift);
    }
    const double change = percent - s.level_percent;
    if (std::abs(change) < options_.change_seen_percent) {
      s.onset_ms = 0;
    } else if (s.onset_ms == 0) {
      s.onset_ms = s.last_ms;
      s.onset_quiet = s.last_ms - s.quiet_since_ms >= options_.quiet_min.count();
    }
    if (std::abs(percent - s.last_percent) > options_.stable_percent / 2.0) {
      s.reached_ms = time_ms;
    }
  }
  s.last_percent = percent;
  s.last_ms = time_ms;
  for (std::size_t i = kStableBlocks - 1; i > 0; --i) s.recent[i] = s.recent[i - 1];
  s.recent[0] = percent;
  s.recent_count = std::min<std::uint32_t>(s.recent_count + 1, kStableBlocks);
  if (s.recent_count < kStableBlocks || s.onset_ms == 0) return;
  const auto [least, greatest] = std::minmax_element(s.recent.begin(), s.recent.end());
  if (*greatest - *least > options_.stable_percent) return;

  double sum = 0.0;
  for (const double level : s.recent) sum += level;
  const double change = sum / kStableBlocks - s.level_percent;
  if (CertainAtStand(change)) {
    found.push_back(EventOf(s.level_percent, change, s.late ? s.start_ms : s.onset_ms,
                            std::max(s.reached_ms, s.onset_ms), s.position, 1.0));
    BankFall();
    reference_percent_ += change;
    for (std::uint32_t i = 0; i < after_count_; ++i) after_[i].percent += change;
  } else if (s.onset_quiet || std::abs(change) >= options_.change_percent_min) {
    return;  // may grow yet, or driving decides
  }
  // Else the tank came to rest at the tilt of this place.
  s.level_percent += change;
  s.quiet_since_ms = time_ms;
  s.onset_ms = 0;
}

double TankWatch::ChangeMin(double change) const {
  const double unknown = use_known_ ? options_.unknown_capacity_percent : options_.unknown_use_percent;
  return options_.change_percent_min + (change < 0.0 && !UseExact() ? unknown : 0.0);
}

bool TankWatch::CertainAtStand(double change) const {
  const double size = std::abs(change);
  if (size < ChangeMin(change)) return false;
  const double sign = change > 0.0 ? 1.0 : -1.0;
  if (change < 0.0 && !use_known_ && stand_.reached_ms - stand_.onset_ms > options_.slow_drop_max.count() &&
      !stand_.gap) {
    return false;
  }
  const double tilt = options_.sure_percent / 2.0;
  if (reference_ms_ > 0 && !unseen_ && !place_.known && sign * (stand_.last_percent - reference_percent_) < size - tilt)
    return false;
  return size >= options_.sure_percent || stand_.onset_quiet;
}

void TankWatch::TakeDrivenLevel(double percent, std::int64_t span_ms, std::vector<TankEvent>& found) {
  if (trial_) {
    if (after_count_ == kAfterMax) {
      std::move(after_.begin() + 1, after_.end(), after_.begin());
      --after_count_;
    }
    after_[after_count_++] = {.percent = percent, .span_ms = span_ms};
    Decide(false, found);
    return;
  }
  reference_ms_ = std::min(reference_ms_ + span_ms, ReferenceMaxMs());
  reference_percent_ +=
      (percent - reference_percent_) * std::min(1.0, static_cast<double>(span_ms) / static_cast<double>(reference_ms_));
  Learn();
}

bool TankWatch::IsEvent(double change) const {
  if (reference_ms_ == 0 || std::abs(change) < ChangeMin(change)) return false;
  if (change < 0.0 && unseen_) return false;
  const double sign = change > 0.0 ? 1.0 : -1.0;
  const bool agrees = std::abs(place_.change_percent - change) < 2.0 * options_.agree_percent;
  if (!agrees && std::abs(change) < ChangeMin(change) + options_.unseen_percent) return false;
  if (!place_.seen) return true;
  return place_.change_percent * sign >= options_.agree_percent;
}

// Compares the level of driving before and after the stands that are not decided.
void TankWatch::Decide(bool at_next_stand, std::vector<TankEvent>& found) {
  // The latest blocks that make up `confirm`.
  double sum = 0.0;
  std::int64_t span_ms = 0;
  std::uint32_t first = after_count_;
  while (first > 0 && span_ms < options_.confirm.count()) {
    --first;
    sum += after_[first].percent * static_cast<double>(after_[first].span_ms);
    span_ms += after_[first].span_ms;
  }
  if (span_ms < (at_next_stand ? options_.drive_block : options_.confirm).count()) return;
  double level = sum / static_cast<double>(span_ms);
  const double change = level - reference_percent_;
  const double size = std::abs(change);

  // A damped sensor is on its way yet: the later half goes on where the earlier went.
  double halves[2] = {0.0, 0.0};
  const std::uint32_t half = (after_count_ - first) / 2;
  for (std::uint32_t i = first; i < first + half; ++i) halves[0] += after_[i].percent / half;
  for (std::uint32_t i = after_count_ - half; i < after_count_; ++i) halves[1] += after_[i].percent / half;
  const bool settling = half > 0 && (change > 0.0 ? 1.0 : -1.0) * (halves[1] - halves[0]) > options_.settling_percent;

  if (at_next_stand) {
    // Driven too short to tell a small change from a hill: the next stand adds to it. But which of the two stands it
    // belongs to, can be told.
    const bool shows = reference_ms_ > 0 && size >= options_.place_percent;
    if (reference_ms_ > 0 && !shows && span_ms >= options_.confirm_short.count()) place_ = {};
    if (shows) place_.score = std::max(place_.score, size);
    const double last = after_count_ < 2 ? 0.0 : after_[after_count_ - 1].percent - after_[after_count_ - 2].percent;
    const bool lagging = (change > 0.0 ? last : -last) > options_.settling_percent;
    const bool agreed = place_.known && std::abs(place_.change_percent) >= options_.sure_percent &&
                        std::abs(place_.change_percent - change) < 2.0 * options_.agree_percent;
    if (!agreed) {
      if (span_ms < options_.confirm_short.count() || (reference_ms_ > 0 && lagging)) return;
      if (reference_ms_ > 0 && size > options_.settling_percent && size < options_.sure_percent) return;
    }
  } else if (reference_ms_ > 0 && settling && size > options_.settling_percent && after_count_ < kAfterMax) {
    return;
  }
  if (IsEvent(change)) {
    // What was seen at the stand knows no hills, but perhaps only a part.
    const bool agrees =
        place_.change_percent * change > 0.0 && std::abs(place_.change_percent - change) < options_.agree_percent * 2.0;
    const double best = agrees ? (change + place_.change_percent) / 2.0 : change;
    found.push_back(
        EventOf(place_.level_percent, best, place_.start_ms, place_.end_ms, place_.position, agrees ? 1.0 : 0.9));
    BankFall();
    EndTrial(level, span_ms);
    return;
  }
  if (reference_ms_ == 0 || unseen_ || size > ChangeMin(change)) {
    BankFall();
    EndTrial(level, span_ms);
    return;
  }
  // Nothing happened: both are the same level. The less they agree, the less the older counts.
  const double weight = static_cast<double>(reference_ms_) * (1.0 - size / ChangeMin(change));
  const double total = weight + static_cast<double>(span_ms);
  level = (reference_percent_ * weight + sum) / total;
  EndTrial(level, static_cast<std::int64_t>(total));
  Learn();
}

void TankWatch::EndTrial(double percent, std::int64_t span_ms) {
  reference_percent_ = percent;
  reference_ms_ = std::min(span_ms, ReferenceMaxMs());
  trial_ = false;
  unseen_ = false;
  after_count_ = 0;
  place_ = {};
}

TankEvent TankWatch::EventOf(double before, double change, std::int64_t start_ms, std::int64_t end_ms,
                             const std::optional<Position>& position, double doubt) const {
  TankEvent event;
  event.refuelling = change > 0.0;
  event.start_time_ms = start_ms;
  event.end_time_ms = end_ms;
  event.level_before_percent = std::clamp(before, 0.0, 100.0);
  event.level_after_percent = std::clamp(before + change, 0.0, 100.0);
  event.change_percent = std::abs(change);
  if (const auto capacity = capacity_l()) event.litres = event.change_percent / 100.0 * *capacity;
  event.position = position;
  // Half at the threshold; what is beyond hills and tilt is certain.
  const double beyond = event.change_percent - options_.change_percent_min;
  event.confidence = doubt * (use_known_ ? 1.0 : 0.9) * (1.0 - 0.5 * std::exp(-beyond / 3.0));
  return event;
}

// Follows the fall of the level since the anchor, as long as nothing happens.
void TankWatch::Learn() {
  if (!use_known_) {
    anchor_known_ = false;
    return;
  }
  if (reference_ms_ < options_.confirm.count()) return;
  if (!anchor_known_) {
    anchor_known_ = true;
    anchor_percent_ = reference_percent_;
    anchor_used_ul_ = 0;
  }
  fall_percent_ = anchor_percent_ - reference_percent_;
  fall_used_ul_ = anchor_used_ul_;
}

// The fall is over: it counts for what it was long.
void TankWatch::BankFall() {
  if (fall_percent_ >= options_.learn_percent_min) {
    // Old falls fade, as tanks get changed.
    constexpr double kFallsMax = 500.0;
    const double keep = std::min(1.0, kFallsMax / (learnt_percent_ + fall_percent_));
    learnt_percent_ = (learnt_percent_ + fall_percent_) * keep;
    learnt_ul_ = (learnt_ul_ + static_cast<double>(fall_used_ul_)) * keep;
  }
  anchor_known_ = false;
  fall_percent_ = 0.0;
  fall_used_ul_ = 0;
}

}  // namespace telltale::internal
