#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace telltale {

// Reads comma separated values (RFC 4180, by libcsv) as they arrive, in pieces of any size. Quoted fields may hold
// commas and line ends; \n and \r\n both end a row; empty lines are skipped; blanks around an unquoted field are not
// part of it. Not thread-safe.
class CsvReader {
 public:
  // Of the fields and the commas between them. Holds back a file whose quote is left open.
  static constexpr std::size_t kMaxRowBytes = 1 << 20;

  // Called once for each row with its number from 1 (the header line is 1) and its fields, valid during the call.
  using RowFunction = std::function<void(std::uint64_t row, const std::vector<std::string>& fields)>;

  explicit CsvReader(RowFunction on_row);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // Errors: INVALID_ARGUMENT if quotes are malformed or a row is larger than kMaxRowBytes; no more is taken then.
  Status Add(std::string_view bytes);

  // Ends the input; a last row without a line end still counts.
  Status Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads a whole file. Errors: NOT_FOUND if it cannot be opened, UNAVAILABLE if it cannot be read, INVALID_ARGUMENT as
// above.
Status ReadCsvFile(const std::string& path, const CsvReader::RowFunction& on_row);

}  // namespace telltale
