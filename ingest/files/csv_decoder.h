#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "ingest/files/csv_columns.h"
#include "ingest/files/csv_time.h"
#include "ingest/files/file_decoder.h"
#include "ingest/internal/layout_cache.h"

namespace telltale {

// Reads comma separated values: the first line names the columns, each further one is a frame. An empty cell is a
// signal that this frame does not have; "NA" or "n/a" is not available. A cell that is no number or outside its
// signal's range is stored as an error, and refused. docs/importing.md describes columns and times. Not thread-safe.
class CsvDecoder final : public FileDecoder {
 public:
  static constexpr std::size_t kMaxColumns = Layout::kMaxSignals;
  // A file that is something else must not end as one refusal for each of its lines.
  static constexpr std::size_t kMaxMalformedLinesInARow = 1000;

  CsvDecoder(const Catalog& catalog, const FileDecoderOptions& options);

  // Errors: INVALID_ARGUMENT the header cannot be read, has no time or no column that a signal takes; the start time is
  // missing, or given and not wanted; kMaxMalformedLinesInARow.
  Status Add(std::string_view bytes, DecodedPiece& piece) override;
  Status Finish(DecodedPiece& piece) override;

  std::uint64_t line_count() const override { return line_count_; }
  std::vector<std::string> ignored_columns() const override { return ignored_columns_; }

 private:
  struct ValueColumn {
    std::size_t index = 0;  // in the row
    std::string name;
    CsvColumn column;
  };
  // Cells of a row that were refused for one reason: the first, and how many.
  struct BadCells {
    std::size_t count = 0;
    std::string message;
    void Add(std::string text);
  };

  void StartReader();
  // Passes bytes without a line end inside on to the reader; a line that it cannot read is refused alone.
  void AddToReader(std::string_view bytes);
  void OnRow(const std::vector<std::string>& fields);
  Status ReadHeader(const std::vector<std::string>& fields);
  Status ReadRow(const std::vector<std::string>& fields);
  // nullopt: the cell is empty.
  std::optional<RawValue> ReadCell(const ValueColumn& column, std::string_view cell, BadCells& not_numbers,
                                   BadCells& out_of_range) const;
  void RefuseLine(RefusalReason reason, std::string message);

  const Catalog& catalog_;
  const FileDecoderOptions options_;
  std::optional<CsvReader> reader_;
  Status file_status_;
  DecodedPiece* piece_ = nullptr;  // during a call
  bool skipping_line_ = false;     // the rest of a line that could not be read
  bool line_has_bytes_ = false;
  std::uint64_t line_count_ = 0;  // that have ended
  std::size_t malformed_in_a_row_ = 0;

  std::size_t column_count_ = 0;  // 0: the header is not read yet
  std::size_t time_index_ = 0;
  std::optional<CsvTime> time_;
  std::vector<ValueColumn> columns_;  // in the order of the signals' ids
  std::vector<std::string> ignored_columns_;
  LayoutCache layouts_;
  std::vector<SignalId> signals_;  // of the row at hand
  std::vector<RawValue> values_;
};

}  // namespace telltale
