#include "cli/commands/totals.h"

#include <chrono>

#include <google/protobuf/util/time_util.h>

#include "cli/format.h"

namespace telltale::cli {

std::string DurationText(const google::protobuf::Duration& duration) {
  return FormatDuration(std::chrono::milliseconds(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration)));
}

std::string AmountText(double amount, v1::Source source) {
  if (source == v1::SOURCE_UNSPECIFIED) return kUnknown;
  return (source == v1::SOURCE_ESTIMATED ? "~" : "") + FormatNumber(amount, 1);
}

std::string ConsumptionText(const v1::Totals& totals) {
  if (totals.distance_km() < 1 || totals.distance_source() == v1::SOURCE_UNSPECIFIED) return kUnknown;
  return AmountText(totals.fuel_used_l() * 100 / totals.distance_km(), totals.fuel_source());
}

}  // namespace telltale::cli
