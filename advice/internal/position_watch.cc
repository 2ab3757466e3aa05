#include "advice/internal/position_watch.h"

#include <cmath>
#include <utility>

#include "advice/gap.h"

namespace telltale::internal {
namespace {

constexpr int kAgreeing = 3;  // refused places in a row that agree with each other are the truth

// Within 160 m, whatever the latitude: a glance that spares the distance in most frames.
bool Near(const Position& a, const Position& b) {
  return std::abs(a.latitude_deg - b.latitude_deg) < 0.001 && std::abs(a.longitude_deg - b.longitude_deg) < 0.001;
}

}  // namespace

bool PositionWatch::CanBe(const TimedPosition& from, const TimedPosition& to) {
  if (Near(from.position, to.position)) return true;
  const double seconds = static_cast<double>(to.time_ms - from.time_ms) * 1e-3;
  return DistanceM(from.position, to.position) <= kSpeedKmhMax / 3.6 * seconds + kSlackM;
}

void PositionWatch::Take(std::int64_t time_ms, const Position& position, bool drives) {
  if (position.latitude_deg == 0.0 && position.longitude_deg == 0.0) return;  // what a receiver without a fix sends
  const TimedPosition place{.time_ms = time_ms, .position = position};
  if (accepted_ && !CanBe(*accepted_, place)) {
    refused_count_ = refused_ && CanBe(*refused_, place) ? refused_count_ + 1 : 1;
    refused_ = place;
    if (refused_count_ < kAgreeing) return;
  }
  refused_.reset();
  refused_count_ = 0;
  accepted_ = place;
  FollowCarriage(place, drives);
}

void PositionWatch::FollowCarriage(const TimedPosition& place, bool drives) {
  if (drives || !parked_) {
    EndCarriage();
    parked_ = place;
    return;
  }
  if (!far_) {
    if (Near(parked_->position, place.position)) {
      parked_->time_ms = place.time_ms;  // still here
    } else if (DistanceM(parked_->position, place.position) > kCarriedM) {
      far_ = place;
      far_count_ = 1;
    }
    return;
  }
  if (DistanceM(parked_->position, place.position) <= kCarriedM) {
    far_.reset();  // back where it stood: a place was wrong
  } else if (DistanceM(far_->position, place.position) > kSlackM) {
    far_ = place;
    ++far_count_;
  } else if (place.time_ms - far_->time_ms > kRestMs) {
    ++far_count_;
    EndCarriage();
    parked_ = place;
  }
}

void PositionWatch::EndCarriage() {
  if (!far_ || far_count_ < 2) {
    far_.reset();
    return;
  }
  carried_ = Event{.kind = EventKind::kCarried,
                   .start_time_ms = parked_->time_ms,
                   .duration_ms = far_->time_ms - parked_->time_ms,
                   .value = DistanceM(parked_->position, far_->position) * 1e-3,
                   .position = far_->position};
  far_.reset();
}

}  // namespace telltale::internal
