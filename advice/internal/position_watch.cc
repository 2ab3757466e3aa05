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

bool PositionWatch::CanBe(const Place& from, const Place& to) {
  if (Near(from.position, to.position)) return true;
  const double seconds = static_cast<double>(to.time_ms - from.time_ms) * 1e-3;
  return DistanceM(from.position, to.position) <= kSpeedKmhMax / 3.6 * seconds + kSlackM;
}

void PositionWatch::Take(std::int64_t time_ms, const Position& position, bool drives) {
  if (position.latitude_deg == 0.0 && position.longitude_deg == 0.0) return;  // what a receiver without a fix sends
  const Place place{.time_ms = time_ms, .position = position};
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

void PositionWatch::FollowCarriage(const Place& place, bool drives) {
  if (drives || !parked_) {
    EndCarriage();
    parked_ = place;
    return;
  }
  if (!far_) {
    if (!Near(parked_->position, place.position) && DistanceM(parked_->position, place.position) > kCarriedM) {
      far_ = place;
    }
    return;
  }
  if (DistanceM(far_->position, place.position) > kSlackM) {
    far_ = place;
  } else if (place.time_ms - far_->time_ms > kRestMs) {
    EndCarriage();
    parked_ = place;
  }
}

void PositionWatch::EndCarriage() {
  if (!far_) return;
  carried_ = Event{.kind = EventKind::kCarried,
                   .start_time_ms = parked_->time_ms,
                   .duration_ms = far_->time_ms - parked_->time_ms,
                   .value = DistanceM(parked_->position, far_->position) * 1e-3,
                   .position = far_->position};
  far_.reset();
}

}  // namespace telltale::internal
