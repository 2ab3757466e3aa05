#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "catalog/catalog.h"

namespace telltale {

// How the cells of a CSV column become a signal's values: physical = cell x factor + offset.
struct CsvColumn {
  const Signal* signal = nullptr;
  double factor = 1.0;
  double offset = 0.0;
};

enum class CsvTimeColumn {
  kTime,              // time, timestamp, measure_time: RFC 3339, Unix seconds or milliseconds, or a time of day
  kSecondsFromStart,  // t_s
};

// What a name of the header line means as a time; nullopt: none. Upper and lower case are the same.
std::optional<CsvTimeColumn> FindCsvTimeColumn(std::string_view header_cell);

// What a name of the header line means: a well-known name (docs/importing.md has the table) or a signal of the
// catalogue, with or without a unit in brackets, "engine_speed [rpm]". Errors: NOT_FOUND no signal takes it;
// INVALID_ARGUMENT the unit cannot be converted into the signal's.
StatusOr<CsvColumn> FindCsvColumn(const Catalog& catalog, std::string_view header_cell);

// The well-known names, for messages.
std::string KnownCsvColumns();

// The factor and offset that turn a value in `from` into one in `to`, for example "mph" into "km/h"; nullopt: not
// known, or different things.
struct UnitConversion {
  double factor = 1.0;
  double offset = 0.0;
};
std::optional<UnitConversion> ConvertUnit(std::string_view from, std::string_view to);

}  // namespace telltale
