#pragma once

#include <string>

#include "telltale/v1/trips.pb.h"

// How what happened to a vehicle is shown. Stateless.
namespace telltale::cli {

// The value of an event in its unit, see EventKind.
std::string EventValueText(const v1::Event& event);

// "48.13722, 11.57550"; kUnknown if `is_set` is false.
std::string PositionText(const v1::Position& position, bool is_set);

}  // namespace telltale::cli
