#pragma once

#include <string>

#include <google/protobuf/duration.pb.h>

#include "telltale/v1/trips.pb.h"

// How the sums of a trip, a day or a longer period are shown. Stateless.
namespace telltale::cli {

std::string DurationText(const google::protobuf::Duration& duration);

// Kilometres or litres with one decimal; "~" before what is estimated; kUnknown if there is no source.
std::string AmountText(double amount, v1::Source source);

// kUnknown below 1 km, where a figure would say nothing.
std::string ConsumptionText(const v1::Totals& totals);

}  // namespace telltale::cli
