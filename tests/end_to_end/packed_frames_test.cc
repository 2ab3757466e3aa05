// Packed frames through the running server: what is taken, what is refused, and how a sender gets over it.

#include "ingest/packed_frames.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kVin = "WDB9630031L000001";
constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr std::size_t kRowBytes = 3 * sizeof(RawValue);

using Row = std::vector<RawValue>;

class PackedFramesOnAStream : public ::testing::Test {
 protected:
  void Start(const std::vector<std::string>& flags = {}) {
    server_.emplace(folder_.path(), flags);
    server_->Register(kVin);
    layout_ = FirstSignals(server_->channel(), 3);
  }

  void OpenStream() {
    stream_.emplace(server_->channel());
    stream_->Hello(layout_, {kVin});
    stream_->ReadHello();
  }

  // Frames at so many seconds, each of whose values are the second modulo 2, as one batch. Without a base: on zeros.
  v1::BatchAck Send(std::uint64_t sequence, const std::vector<int>& seconds, std::optional<int> base_second) {
    PackedFramesWriter writer;
    writer.Begin(base_second ? RowAt(*base_second) : Row());
    for (const int second : seconds) writer.Add(kTimeMs + second * 1000, RowAt(second));
    return SendBytes(sequence, writer.bytes());
  }

  v1::BatchAck SendBytes(std::uint64_t sequence, const std::string& bytes) {
    v1::FrameBatch batch;
    batch.set_sequence(sequence);
    v1::PackedFrames& packed = *batch.add_packed_frames();
    packed.set_vehicle_index(0);
    packed.set_frames(bytes);
    stream_->Send(batch);
    return stream_->ReadAck();
  }

  static Row RowAt(int second) { return Row(3, second % 2); }

  std::vector<int> StoredSeconds() {
    std::vector<int> seconds;
    for (const std::int64_t time_ms : StoredTimes(server_->channel(), kVin, layout_[0], 100)) {
      seconds.push_back(static_cast<int>((time_ms - kTimeMs) / 1000));
    }
    return seconds;
  }

  TemporaryFolder folder_;
  std::optional<RunningServer> server_;
  std::vector<std::uint32_t> layout_;
  std::optional<IngestStream> stream_;
};

TEST_F(PackedFramesOnAStream, GoOnFromTheLastRowOfTheStream) {
  Start();
  OpenStream();
  EXPECT_EQ(Send(1, {0, 1, 3}, std::nullopt).accepted_frame_count(), 3U);
  const v1::BatchAck ack = Send(2, {4, 2}, 3);
  EXPECT_EQ(ack.accepted_frame_count(), 2U);
  EXPECT_THAT(ack.refusals(), IsEmpty());
  EXPECT_THAT(StoredSeconds(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(server_->Metrics().at("telltale_ingest_changed_frames_total"), 0);
}

TEST_F(PackedFramesOnAStream, AreRefusedWithoutALastRowAndTakenOnZeros) {
  Start();
  OpenStream();
  ASSERT_EQ(Send(1, {0}, std::nullopt).accepted_frame_count(), 1U);
  stream_->Finish();
  OpenStream();
  const v1::BatchAck refused = Send(1, {1, 2}, 0);
  EXPECT_EQ(refused.accepted_frame_count(), 0U);
  ASSERT_EQ(refused.refusals_size(), 1);
  EXPECT_EQ(refused.refusals(0).reason(), v1::REFUSAL_REASON_NO_LAST_ROW);
  EXPECT_THAT(refused.refusals(0).message(), HasSubstr("send them again, packed against zeros"));
  EXPECT_EQ(Send(2, {1, 2}, std::nullopt).accepted_frame_count(), 2U);
  EXPECT_THAT(StoredSeconds(), ElementsAre(0, 1, 2));
}

TEST_F(PackedFramesOnAStream, HaveNoLastRowWhereTheMemoryForTheseIsUsedUp) {
  Start({"--set", "ingest.last_rows_bytes_max=" + std::to_string(kRowBytes - 1)});
  OpenStream();
  ASSERT_EQ(Send(1, {0}, std::nullopt).accepted_frame_count(), 1U);
  EXPECT_EQ(Send(2, {1}, 0).refusals(0).reason(), v1::REFUSAL_REASON_NO_LAST_ROW);
}

TEST_F(PackedFramesOnAStream, GiveTheMemoryOfTheirLastRowBackWhenTheStreamEnds) {
  Start({"--set", "ingest.last_rows_bytes_max=" + std::to_string(kRowBytes)});
  for (int stream = 0; stream < 3; ++stream) {
    OpenStream();
    ASSERT_EQ(Send(1, {2 * stream}, std::nullopt).accepted_frame_count(), 1U);
    EXPECT_EQ(Send(2, {2 * stream + 1}, 2 * stream).accepted_frame_count(), 1U) << stream;
    EXPECT_TRUE(stream_->Finish().ok());
    // The server may give back what the stream had after it has answered.
    EXPECT_TRUE(
        Within(std::chrono::seconds{5}, [this] { return server_->Metrics().at("telltale_ingest_streams") == 0; }));
  }
}

TEST_F(PackedFramesOnAStream, ThatCannotBeReadAreRefusedAfterThoseBefore) {
  Start();
  OpenStream();
  PackedFramesWriter writer;
  writer.Begin({});
  writer.Add(kTimeMs, RowAt(1));
  const v1::BatchAck ack = SendBytes(1, writer.bytes() + "\x02\x01");
  EXPECT_EQ(ack.accepted_frame_count(), 1U);
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_MALFORMED_FRAMES);
  EXPECT_EQ(ack.refusals(0).frame_index(), 1U);
  EXPECT_EQ(Send(2, {1}, 0).refusals(0).reason(), v1::REFUSAL_REASON_NO_LAST_ROW);
  EXPECT_EQ(SendBytes(3, "no frames").refusals(0).reason(), v1::REFUSAL_REASON_MALFORMED_FRAMES);
  EXPECT_EQ(Send(4, {2}, std::nullopt).accepted_frame_count(), 1U);
  EXPECT_THAT(StoredSeconds(), ElementsAre(0, 2));
}

TEST_F(PackedFramesOnAStream, MayComeCompressed) {
  Start();
  stream_.emplace(server_->channel(), GRPC_COMPRESS_GZIP);
  stream_->Hello(layout_, {kVin});
  stream_->ReadHello();
  EXPECT_EQ(Send(1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, std::nullopt).accepted_frame_count(), 10U);
  EXPECT_EQ(StoredSeconds().size(), 10U);
}

TEST_F(PackedFramesOnAStream, AreAtMostSoManyInABatch) {
  Start({"--set", "ingest.packed_frames_per_batch_max=2"});
  OpenStream();
  const v1::BatchAck ack = Send(1, {0, 1, 2}, std::nullopt);
  EXPECT_EQ(ack.accepted_frame_count(), 2U);
  ASSERT_EQ(ack.refusals_size(), 1);
  EXPECT_EQ(ack.refusals(0).reason(), v1::REFUSAL_REASON_TOO_MANY_FRAMES);
  EXPECT_EQ(ack.refusals(0).frame_index(), 2U);
  EXPECT_THAT(ack.refusals(0).message(), HasSubstr("ingest.packed_frames_per_batch_max"));
  EXPECT_EQ(Send(2, {2}, std::nullopt).accepted_frame_count(), 1U);
  EXPECT_THAT(StoredSeconds(), ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace telltale
