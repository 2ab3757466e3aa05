#include "base/csv.h"

#include <fstream>

#include <csv.h>
#include <fmt/format.h>

namespace telltale {
namespace {

// Small pieces, so that a row without end is noticed soon.
constexpr std::size_t kPieceBytes = 64 << 10;

}  // namespace

struct CsvReader::State {
  csv_parser parser{};
  RowFunction on_row;
  std::vector<std::string> fields;
  std::uint64_t row = 0;
  std::size_t row_bytes = 0;  // of the fields so far, each with the comma after it
  Status status;

  Status TooLarge() const {
    return absl::InvalidArgumentError(
        fmt::format("row {} is larger than {} bytes; is a quote left open?", row + 1, kMaxRowBytes));
  }

  Status Malformed() {
    return absl::InvalidArgumentError(fmt::format("row {}: {}", row + 1, csv_strerror(csv_error(&parser))));
  }

  static void OnField(void* field, std::size_t length, void* self) {
    auto& state = *static_cast<State*>(self);
    state.row_bytes += length + 1;
    if (state.row_bytes > kMaxRowBytes + 1) return;  // OnRow or Add will refuse it
    state.fields.emplace_back(static_cast<const char*>(field), length);
  }

  static void OnRow(int /*end*/, void* self) {
    auto& state = *static_cast<State*>(self);
    if (!state.status.ok()) return;
    if (state.row_bytes > kMaxRowBytes + 1) {  // no comma after the last field
      state.status = state.TooLarge();
      return;
    }
    state.row_bytes = 0;
    ++state.row;
    state.on_row(state.row, state.fields);
    state.fields.clear();
  }
};

// The field at hand grows by as much. By libcsv's 128 bytes, one as long as a row would be copied 8,000 times.
constexpr std::size_t kFieldGrowthBytes = std::size_t{16} << 10;

CsvReader::CsvReader(RowFunction on_row) : state_(std::make_unique<State>()) {
  state_->on_row = std::move(on_row);
  // CSV_STRICT refuses a quote inside an unquoted field, CSV_STRICT_FINI a quoted field that never ends.
  csv_init(&state_->parser, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_blk_size(&state_->parser, kFieldGrowthBytes);
}

CsvReader::~CsvReader() { csv_free(&state_->parser); }

Status CsvReader::Add(std::string_view bytes) {
  RETURN_IF_ERROR(state_->status);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPieceBytes);
    const std::size_t taken =
        csv_parse(&state_->parser, piece.data(), piece.size(), State::OnField, State::OnRow, state_.get());
    RETURN_IF_ERROR(state_->status);
    if (taken != piece.size()) return state_->status = state_->Malformed();
    if (state_->row_bytes + state_->parser.entry_pos > kMaxRowBytes) return state_->status = state_->TooLarge();
    bytes.remove_prefix(piece.size());
  }
  return OkStatus();
}

Status CsvReader::Finish() {
  RETURN_IF_ERROR(state_->status);
  if (csv_fini(&state_->parser, State::OnField, State::OnRow, state_.get()) != 0) {
    return state_->status = state_->Malformed();
  }
  return state_->status;
}

Status ReadCsvFile(const std::string& path, const CsvReader::RowFunction& on_row) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(fmt::format("cannot open {}", path));
  CsvReader reader(on_row);
  std::string buffer(kPieceBytes, '\0');
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    RETURN_IF_ERROR(reader.Add(std::string_view(buffer).substr(0, static_cast<std::size_t>(in.gcount()))));
  }
  if (in.bad()) return absl::UnavailableError(fmt::format("cannot read {}", path));
  return reader.Finish();
}

}  // namespace telltale
