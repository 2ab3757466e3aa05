#pragma once

#include <string>
#include <vector>

#include "telltale/v1/trips.pb.h"

namespace telltale::cli {

// When and why nothing was heard of a vehicle, with the evidence, for people who have to believe it: a page of HTML.
std::string GapReport(const std::string& vin, const std::string& period, const std::string& made_at,
                      const std::vector<v1::Gap>& gaps);

}  // namespace telltale::cli
