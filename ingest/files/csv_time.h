#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "ingest/files/csv_columns.h"

namespace telltale {

// Turns the cells of a CSV file's time column into instants.
//
//     column  cell                                     instant
//     t_s     12.25                                    start time + 12.25 s
//     time    2026-03-01T06:00:00Z, with a fraction    itself
//     time    1772344800, 1772344800.5, 1772344800500  Unix time; from 1e11 on in milliseconds
//     time    06:00:00, 06:00:00.250                   start time + time of day since the first row; midnight is passed
//
// The first cell that can be read says which of them the file has. Not thread-safe.
class CsvTime {
 public:
  CsvTime(CsvTimeColumn column, std::optional<std::int64_t> start_time_ms)
      : column_(column), start_time_ms_(start_time_ms) {}

  // nullopt: the cell is not a time, or one of another form than those before. Errors: INVALID_ARGUMENT the form needs
  // a start time and there is none, or has no use for the one there is.
  StatusOr<std::optional<std::int64_t>> Read(std::string_view cell);

  // The same check for a column whose form the header tells.
  Status CheckStartTime() const;

  std::string_view expected() const;  // what a cell should be, for messages

 private:
  enum class Form { kUnknown, kSecondsFromStart, kUnix, kRfc3339, kTimeOfDay };
  Status CheckStartTime(Form form) const;

  const CsvTimeColumn column_;
  const std::optional<std::int64_t> start_time_ms_;
  Form form_ = Form::kUnknown;
  std::int64_t time_of_day_ms_ = 0;  // of the last row
  std::int64_t time_ms_ = 0;         // of the last row, where times of day are counted on
};

}  // namespace telltale
