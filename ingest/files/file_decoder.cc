#include "ingest/files/file_decoder.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "ingest/files/candump_decoder.h"
#include "ingest/files/csv_decoder.h"

namespace telltale {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";  // Windows programs put it first
constexpr std::size_t kMaxLeadingBlanks = 4096;

// Waits for the first bytes that tell the format, and hands everything on to its decoder.
class RecognisingDecoder final : public FileDecoder {
 public:
  RecognisingDecoder(const Catalog& catalog, const FileDecoderOptions& options)
      : catalog_(catalog), options_(options) {}

  Status Add(std::string_view bytes, DecodedPiece& piece) override {
    RETURN_IF_ERROR(file_status_);
    if (decoder_ != nullptr) return decoder_->Add(bytes, piece);
    first_bytes_ += bytes;
    if (first_bytes_.size() < kUtf8Mark.size() && kUtf8Mark.starts_with(first_bytes_)) return OkStatus();
    const std::string_view text = WithoutMark();
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
      if (text.size() > kMaxLeadingBlanks)
        file_status_ = absl::InvalidArgumentError("the file begins with nothing but blanks");
      return file_status_;
    }
    file_status_ = Recognise(text[first]);
    RETURN_IF_ERROR(file_status_);
    Status added = decoder_->Add(text, piece);
    first_bytes_ = {};
    return added;
  }

  Status Finish(DecodedPiece& piece) override {
    RETURN_IF_ERROR(file_status_);
    if (decoder_ != nullptr) return decoder_->Finish(piece);
    return absl::InvalidArgumentError("the file is empty");
  }

  std::uint64_t line_count() const override { return decoder_ == nullptr ? 0 : decoder_->line_count(); }
  std::vector<std::string> ignored_columns() const override {
    return decoder_ == nullptr ? std::vector<std::string>() : decoder_->ignored_columns();
  }

 private:
  std::string_view WithoutMark() const {
    std::string_view text = first_bytes_;
    if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
    return text;
  }

  Status Recognise(char first) {
    // Text in UTF-8 or Latin-1; packed and binary files and UTF-16 begin below or with bytes that no text has.
    const auto code = static_cast<unsigned char>(first);
    if (code < 0x20 || code == 0x7F || code >= 0xFE) {
      return absl::InvalidArgumentError(
          fmt::format("the file begins with byte 0x{:02X}: it is neither a candump -L log nor CSV in UTF-8; unpack or "
                      "convert it first",
                      code));
    }
    FileFormat format = options_.format;
    if (format == FileFormat::kRecognise) format = first == '(' ? FileFormat::kCandump : FileFormat::kCsv;
    if (format == FileFormat::kCandump) {
      decoder_ = std::make_unique<CandumpDecoder>(catalog_, options_);
    } else {
      decoder_ = std::make_unique<CsvDecoder>(catalog_, options_);
    }
    return OkStatus();
  }

  const Catalog& catalog_;
  const FileDecoderOptions options_;
  std::string first_bytes_;  // until the format is known
  std::unique_ptr<FileDecoder> decoder_;
  Status file_status_;
};

}  // namespace

void DecodedPiece::Clear() {
  frames.Clear();
  faults.clear();
  drivers.clear();
  refusals.clear();
}

std::unique_ptr<FileDecoder> FileDecoder::Create(const Catalog& catalog, const FileDecoderOptions& options) {
  return std::make_unique<RecognisingDecoder>(catalog, options);
}

}  // namespace telltale
