#include "bench/recording.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/check.h"
#include "ingest/files/file_decoder.h"

namespace telltale {

std::vector<std::filesystem::path> RecordingPaths(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const char* kind : {"canlogs", "trips"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/" + kind)) {
      const std::string extension = entry.path().extension();
      if (extension == ".log" || extension == ".csv") paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

std::string BytesOf(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  CHECK(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

FrameBatch DecodeRecording(const Catalog& catalog, const std::filesystem::path& path, std::string_view bytes,
                           VehicleId vehicle, std::int64_t start_time_ms) {
  FileDecoderOptions options{.vehicle_id = vehicle};
  if (path.extension() == ".csv") options.start_time_ms = start_time_ms;
  const auto decoder = FileDecoder::Create(catalog, options);
  DecodedPiece piece;
  CHECK(decoder->Add(bytes, piece).ok() && decoder->Finish(piece).ok());
  CHECK(!piece.frames.empty());
  return std::move(piece.frames);
}

}  // namespace telltale
