// What a sample takes on the air, in each form that IngestService/Stream takes, of the model's trucks and of recordings
// of real vehicles. Bytes of gRPC messages with the 5 bytes before each and an HTTP/2 frame's 9; TLS, TCP and IP come
// on top. Prints the table of docs/performance.md.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "telltale/v1/ingest.pb.h"

#include "base/check.h"
#include "base/time.h"
#include "bench/load/truck_model.h"
#include "bench/model_signals.h"
#include "bench/recording.h"
#include "catalog/catalog.h"
#include "ingest/packed_frames.h"

namespace telltale {
namespace {

constexpr std::size_t kMessageBytes = 5 + 9;
constexpr std::int64_t kStartTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kRecordingCadenceMs = 1'000;
constexpr std::int64_t kModelCadenceMs = 10'000;

// What one terminal sends: rows of one layout.
struct Rows {
  std::string name;
  std::vector<SignalId> layout;
  std::vector<std::int64_t> times_ms;
  std::vector<std::vector<RawValue>> rows;
};

// What the vehicle's signals were every second: the last value of each, "not available" before the first.
Rows RowsOf(const std::string& name, const FrameBatch& frames) {
  std::map<SignalId, std::size_t> places;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    for (const SignalId signal : frames[i].layout->signals()) places.try_emplace(signal, 0);
  }
  Rows rows{.name = name};
  for (auto& [signal, place] : places) {
    place = rows.layout.size();
    rows.layout.push_back(signal);
  }
  std::vector<RawValue> now(rows.layout.size(), kNotAvailable);
  std::int64_t next_ms = frames[0].measure_time_ms + kRecordingCadenceMs;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Frame frame = frames[i];
    for (; frame.measure_time_ms >= next_ms; next_ms += kRecordingCadenceMs) {
      rows.times_ms.push_back(next_ms);
      rows.rows.push_back(now);
    }
    for (std::size_t s = 0; s < frame.values.size(); ++s) now[places[frame.layout->signals()[s]]] = frame.values[s];
  }
  return rows;
}

Rows RowsOfModel(const Catalog& catalog, double parked_share) {
  constexpr std::uint64_t kFrames = 720;  // two hours
  const auto model = TruckModel::Create(
      ModelSignalsOf(catalog), {.signal_count = 420, .parked_share = parked_share, .cadence_ms = kModelCadenceMs});
  CHECK(model.ok());
  Rows rows{.name = parked_share > 0 ? "model, parked" : "model, driving", .layout = model->layout()};
  for (std::uint64_t step = 0; step < kFrames; ++step) {
    rows.times_ms.push_back(kStartTimeMs + static_cast<std::int64_t>(step) * kModelCadenceMs);
    model->Fill(0, 1000 + step, rows.rows.emplace_back(rows.layout.size()));
  }
  return rows;
}

enum class Form { kSamples, kRow, kPacked };

std::size_t MessageBytes(const v1::StreamRequest& request, bool gzip) {
  if (!gzip) return kMessageBytes + request.ByteSizeLong();
  std::string bytes;  // as gRPC does it: each message by itself
  {
    google::protobuf::io::StringOutputStream out(&bytes);
    google::protobuf::io::GzipOutputStream gzipped(&out);
    CHECK(request.SerializeToZeroCopyStream(&gzipped));
  }
  return kMessageBytes + bytes.size();
}

// Bytes a sample, without the hello. Samples are those that changed.
double BytesPerSample(const Catalog& catalog, const Rows& rows, Form form, std::size_t frames_per_message, bool gzip) {
  std::size_t bytes = 0;
  std::vector<RawValue> last;
  for (std::size_t first = 0; first < rows.rows.size(); first += frames_per_message) {
    const std::size_t end = std::min(rows.rows.size(), first + frames_per_message);
    v1::StreamRequest request;
    v1::FrameBatch& batch = *request.mutable_batch();
    batch.set_sequence(first + 1);
    PackedFramesWriter writer;
    writer.Begin(last);
    for (std::size_t i = first; i < end; ++i) {
      const std::vector<RawValue>& row = rows.rows[i];
      if (form == Form::kPacked) {
        writer.Add(rows.times_ms[i], row);
      } else {
        v1::Frame& frame = *batch.add_frames();
        frame.set_measure_time_ms(rows.times_ms[i]);
        if (form == Form::kRow) frame.mutable_row()->Add(row.begin(), row.end());
        for (std::size_t s = 0; form == Form::kSamples && s < row.size(); ++s) {
          if (!last.empty() && row[s] == last[s]) continue;
          v1::Sample& sample = *frame.add_samples();
          sample.set_signal_id(rows.layout[s]);
          if (IsValue(row[s])) {
            sample.set_physical(catalog.Find(rows.layout[s])->ToPhysical(row[s]));
          } else if (row[s] == kNotAvailable) {
            sample.set_not_available(true);
          } else {
            sample.set_error(true);
          }
        }
      }
      last = row;
    }
    if (form == Form::kPacked) batch.add_packed_frames()->set_frames(writer.bytes());
    bytes += MessageBytes(request, gzip);
  }
  return static_cast<double>(bytes) / static_cast<double>(rows.rows.size() * rows.layout.size());
}

void Print(const Catalog& catalog, const Rows& rows) {
  if (rows.rows.size() < 60) return;
  std::string line = fmt::format("| {} | {} | {} |", rows.name, rows.layout.size(), rows.rows.size());
  for (const Form form : {Form::kSamples, Form::kRow, Form::kPacked}) {
    for (const std::size_t frames_per_message : {1, 6, 60}) {
      for (const bool gzip : {false, true}) {
        line += fmt::format(" {:.3f} |", BytesPerSample(catalog, rows, form, frames_per_message, gzip));
      }
    }
  }
  fmt::print("{}\n", line);
}

}  // namespace
}  // namespace telltale

int main() {
  using namespace telltale;
  const auto catalog = Catalog::Load();
  CHECK(catalog.ok());
  fmt::print("bytes a sample; frames a message: 1, with gzip, 6, with gzip, 60, with gzip\n");
  fmt::print("| vehicle | signals | frames | samples | | | | | | row | | | | | | packed | | | | | |\n");
  fmt::print("| --- |{}\n", [] {
    std::string columns;
    for (int i = 0; i < 20; ++i) columns += " ---: |";
    return columns;
  }());
  Print(*catalog, RowsOfModel(*catalog, 0.0));
  Print(*catalog, RowsOfModel(*catalog, 1.0));
  for (const auto& path : RecordingPaths(TELLTALE_SOURCE_DIR "/tests/data")) {
    Print(*catalog, RowsOf(path.filename(), DecodeRecording(*catalog, path, BytesOf(path), 1, kStartTimeMs)));
  }
  return 0;
}
