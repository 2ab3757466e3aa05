#include "ingest/files/csv_decoder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace telltale {
namespace {

constexpr std::size_t kMaxQuotedChars = 40;  // of the file's text in a message

std::string Quote(std::string_view text) {
  return text.size() <= kMaxQuotedChars ? fmt::format("'{}'", text)
                                        : fmt::format("'{}...'", text.substr(0, kMaxQuotedChars));
}

bool IsNotAvailable(std::string_view cell) { return cell == "NA" || cell == "n/a" || cell == "N/A" || cell == "na"; }

}  // namespace

void CsvDecoder::BadCells::Add(std::string text) {
  if (count++ == 0) message = std::move(text);
}

CsvDecoder::CsvDecoder(const Catalog& catalog, const FileDecoderOptions& options)
    : catalog_(catalog), options_(options) {
  StartReader();
}

void CsvDecoder::StartReader() {
  reader_.emplace([this](std::uint64_t /*row*/, const std::vector<std::string>& fields) { OnRow(fields); });
}

Status CsvDecoder::Add(std::string_view bytes, DecodedPiece& piece) {
  piece_ = &piece;
  // Line by line, so that a row knows the number of its line.
  while (!bytes.empty() && file_status_.ok()) {
    const std::size_t end = bytes.find('\n');
    const bool ends = end != std::string_view::npos;
    const std::string_view part = bytes.substr(0, ends ? end + 1 : end);
    bytes.remove_prefix(part.size());
    line_has_bytes_ = true;
    if (!skipping_line_) AddToReader(part);
    if (ends && file_status_.ok()) {  // the line at which the file was refused is never over, however the pieces fall
      ++line_count_;
      line_has_bytes_ = false;
      skipping_line_ = false;
    }
  }
  piece_ = nullptr;
  return file_status_;
}

Status CsvDecoder::Finish(DecodedPiece& piece) {
  RETURN_IF_ERROR(file_status_);
  piece_ = &piece;
  if (const Status read = reader_->Finish(); !read.ok() && file_status_.ok()) {
    RefuseLine(RefusalReason::kMalformedLine, "a quoted field does not end");
  }
  if (line_has_bytes_) ++line_count_;
  piece_ = nullptr;
  if (file_status_.ok() && column_count_ == 0) file_status_ = absl::InvalidArgumentError("the file has no header line");
  return file_status_;
}

void CsvDecoder::AddToReader(std::string_view bytes) {
  const Status read = reader_->Add(bytes);
  if (read.ok() || !file_status_.ok()) return;
  if (column_count_ == 0) {
    file_status_ = absl::InvalidArgumentError(fmt::format("the header line cannot be read: {}", MessageOf(read)));
    return;
  }
  RefuseLine(RefusalReason::kMalformedLine,
             R"(quotes are malformed; a field with commas or quotes is written "like ""this""")");
  StartReader();
  skipping_line_ = true;
}

void CsvDecoder::OnRow(const std::vector<std::string>& fields) {
  if (!file_status_.ok()) return;
  file_status_ = column_count_ == 0 ? ReadHeader(fields) : ReadRow(fields);
}

Status CsvDecoder::ReadHeader(const std::vector<std::string>& fields) {
  if (fields.size() > kMaxColumns) {
    return absl::InvalidArgumentError(
        fmt::format("the header names {} columns; at most {} are taken", fields.size(), kMaxColumns));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (const auto time_column = FindCsvTimeColumn(fields[i])) {
      if (time_) {
        ignored_columns_.push_back(fields[i]);
      } else {
        time_.emplace(*time_column, options_.start_time_ms);
        time_index_ = i;
      }
      continue;
    }
    const auto column = FindCsvColumn(catalog_, fields[i]);
    if (!column.ok()) {
      ignored_columns_.push_back(absl::IsNotFound(column.status())
                                     ? fields[i]
                                     : fmt::format("{} ({})", fields[i], MessageOf(column.status())));
      continue;
    }
    const auto twice =
        std::ranges::find(columns_, column->signal, [](const ValueColumn& c) { return c.column.signal; });
    if (twice != columns_.end()) {
      ignored_columns_.push_back(fmt::format("{} ({} has {} already)", fields[i], twice->name, column->signal->name));
      continue;
    }
    columns_.push_back({.index = i, .name = fields[i], .column = *column});
  }
  if (!time_) {
    return absl::InvalidArgumentError(
        "no column tells the time; name it 'time' (2026-03-01T06:00:00Z, Unix seconds or milliseconds) or 't_s' "
        "(seconds "
        "from the start)");
  }
  if (columns_.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("no signal takes a column of this file, whose first is {}; a column is named as a signal of the "
                    "catalogue, with or without a unit (engine_speed [rpm]), or one of: {}",
                    Quote(fields.front()), KnownCsvColumns()));
  }
  RETURN_IF_ERROR(time_->CheckStartTime());
  std::ranges::sort(columns_, {}, [](const ValueColumn& c) { return c.column.signal->id; });
  column_count_ = fields.size();
  return OkStatus();
}

Status CsvDecoder::ReadRow(const std::vector<std::string>& fields) {
  if (fields.size() != column_count_) {
    RefuseLine(RefusalReason::kMalformedLine,
               fmt::format("{} fields; the header names {} columns", fields.size(), column_count_));
    return file_status_;
  }
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> time_ms, time_->Read(fields[time_index_]));
  if (!time_ms) {
    RefuseLine(RefusalReason::kMalformedLine,
               fmt::format("the time {} is not {}", Quote(fields[time_index_]), time_->expected()));
    return file_status_;
  }
  malformed_in_a_row_ = 0;
  signals_.clear();
  values_.clear();
  BadCells not_numbers;
  BadCells out_of_range;
  for (const ValueColumn& column : columns_) {
    const auto raw = ReadCell(column, fields[column.index], not_numbers, out_of_range);
    if (!raw) continue;
    signals_.push_back(column.column.signal->id);
    values_.push_back(*raw);
  }
  if (signals_.empty()) {
    RefuseLine(RefusalReason::kEmptyFrame, "the row has a time but no value");
    return OkStatus();
  }
  piece_->frames.Add(options_.vehicle_id, *time_ms, layouts_.Get(signals_), values_);
  for (const auto& [bad, reason] :
       {std::pair(&not_numbers, RefusalReason::kNotANumber), std::pair(&out_of_range, RefusalReason::kOutOfRange)}) {
    if (bad->count > 1) bad->message += fmt::format("; and {} more of this row", bad->count - 1);
    if (bad->count > 0) RefuseLine(reason, std::move(bad->message));
  }
  return OkStatus();
}

std::optional<RawValue> CsvDecoder::ReadCell(const ValueColumn& column, std::string_view cell, BadCells& not_numbers,
                                             BadCells& out_of_range) const {
  if (cell.empty()) return std::nullopt;
  if (IsNotAvailable(cell)) return kNotAvailable;
  const std::string_view digits = cell.front() == '+' ? cell.substr(1) : cell;
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = end == digits.data() + digits.size();
  if (error == std::errc::result_out_of_range && whole) {
    out_of_range.Add(fmt::format("{}: {} is too large or too small for a number", column.name, Quote(cell)));
    return kError;
  }
  if (error != std::errc() || !whole || !std::isfinite(value)) {
    not_numbers.Add(fmt::format("{}: {} is not a number", column.name, Quote(cell)));
    return kError;
  }
  const auto raw = ToRaw(*column.column.signal, value * column.column.factor + column.column.offset);
  if (!raw.ok()) {
    out_of_range.Add(fmt::format("{}: {}", column.name, MessageOf(raw.status())));
    return kError;
  }
  return *raw;
}

void CsvDecoder::RefuseLine(RefusalReason reason, std::string message) {
  const std::uint64_t line = line_count_ + 1;
  piece_->refusals.push_back({.line = line, .reason = reason, .message = std::move(message)});
  if (reason == RefusalReason::kMalformedLine && ++malformed_in_a_row_ == kMaxMalformedLinesInARow) {
    file_status_ =
        absl::InvalidArgumentError(fmt::format("{} lines in a row cannot be read, up to line {}; the last: {}",
                                               kMaxMalformedLinesInARow, line, piece_->refusals.back().message));
  }
}

}  // namespace telltale
