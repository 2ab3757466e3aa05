// Connections that use HTTP/2 against the server: what they cost it, and that others are served meanwhile. The disabled
// ones show what is not bounded yet (docs/security.md).

#include <atomic>
#include <fstream>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/catalog.grpc.pb.h"

#include "tests/end_to_end/raw_http2.h"
#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using Http2 = RawHttp2;

constexpr const char* kUnary = "/telltale.v1.CatalogService/ListSignals";
constexpr const char* kStream = "/telltale.v1.IngestService/Stream";
constexpr double kGrowthMaxMb = 300;

class FloodTest : public ::testing::Test {
 protected:
  // What the server holds in memory.
  double ResidentMb() const {
    std::ifstream in("/proc/" + std::to_string(server_.pid()) + "/status");
    for (std::string line; std::getline(in, line);) {
      if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6)) / 1024;
    }
    return -1;
  }

  // Floods by `round`, which returns bytes, for three seconds, while somebody else calls.
  void Flood(const std::function<std::string()>& round) {
    const double before_mb = ResidentMb();
    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> sent = 0;
    bool closed = false;
    std::thread flooder([&] {
      std::optional<Http2> connection(server_.address());
      while (!done && connection->Send(bytes_ = round(), std::chrono::seconds{1})) sent += bytes_.size();
      closed = connection->closed();
    });
    double slowest_s = 0;
    double most_mb = before_mb;
    int answered = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{3};
    while (std::chrono::steady_clock::now() < end) {
      const auto began = std::chrono::steady_clock::now();
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{5});
      v1::ListSignalsRequest request;
      request.set_page_size(1);
      v1::ListSignalsResponse response;
      const auto status = v1::CatalogService::NewStub(server_.channel())->ListSignals(&context, request, &response);
      // Too many calls at a time are told to come again.
      EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
      answered += status.ok() ? 1 : 0;
      slowest_s = std::max(slowest_s, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
      most_mb = std::max(most_mb, ResidentMb());
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    done = true;
    flooder.join();
    std::printf("sent %.1f MB, closed %d, grew %.0f MB, %d answered, slowest %.3f s\n", static_cast<double>(sent) / 1e6,
                closed, most_mb - before_mb, answered, slowest_s);
    EXPECT_LT(most_mb - before_mb, kGrowthMaxMb);
    EXPECT_GT(answered, 0);
    EXPECT_LT(slowest_s, 3);
    was_closed_ = closed;
  }

  std::string ManyCalls(const char* path, bool reset) {
    std::string bytes;
    const std::string block = Http2::Block(Http2::Call(path));
    for (int i = 0; i < 100; ++i, stream_ += 2) {
      bytes += Http2::Frame(Http2::kHeaders, Http2::kEndHeaders, stream_, block);
      if (reset) bytes += Http2::Frame(Http2::kReset, 0, stream_, std::string("\0\0\0\x08", 4));
    }
    return bytes;
  }

  TemporaryFolder folder_;
  RunningServer server_{folder_.path() / "server"};
  std::string bytes_;
  std::uint32_t stream_ = 1;
  bool was_closed_ = false;
};

// Not bounded yet (docs/security.md): these four fail, by memory.
TEST_F(FloodTest, DISABLED_RapidResetsOfUnaryCalls) {
  Flood([this] { return ManyCalls(kUnary, /*reset=*/true); });
}

TEST_F(FloodTest, DISABLED_RapidResetsOfStreams) {
  Flood([this] { return ManyCalls(kStream, /*reset=*/true); });
}

TEST_F(FloodTest, DISABLED_ManyOpenStreams) {
  Flood([this] { return ManyCalls(kStream, /*reset=*/false); });
}

TEST_F(FloodTest, DISABLED_ContinuationsWithoutEnd) {
  bool begun = false;
  Flood([&] {
    const std::string part = Http2::Block({{"x", std::string(16'000, 'a')}});
    if (std::exchange(begun, true)) return Http2::Frame(Http2::kContinuation, 0, 1, part);
    return Http2::Frame(Http2::kHeaders, 0, 1, Http2::Block(Http2::Call(kUnary)));
  });
}

TEST_F(FloodTest, Pings) {
  Flood([] {
    std::string bytes;
    for (int i = 0; i < 100; ++i) bytes += Http2::Frame(Http2::kPing, 0, 0, "12345678");
    return bytes;
  });
  EXPECT_TRUE(was_closed_);
}

TEST_F(FloodTest, DISABLED_Settings) {
  Flood([] {
    std::string bytes;
    for (int i = 0; i < 100; ++i) bytes += Http2::Frame(Http2::kSettings, 0, 0, std::string("\0\x03\0\0\0\x64", 6));
    return bytes;
  });
}

TEST_F(FloodTest, DISABLED_EmptyData) {
  bool begun = false;
  Flood([&] {
    std::string bytes;
    if (!std::exchange(begun, true)) {
      bytes = Http2::Frame(Http2::kHeaders, Http2::kEndHeaders, 1, Http2::Block(Http2::Call(kStream)));
    }
    for (int i = 0; i < 100; ++i) bytes += Http2::Frame(Http2::kData, 0, 1, "");
    return bytes;
  });
}

// CVE-2023-1428: gRPC before 1.53 aborted when it wrote down such headers.
TEST_F(FloodTest, WrongHeadersThatAreTooLongDoNotEndTheServer) {
  const RunningServer server(folder_.path() / "short", {"--set", "server.header_bytes_max=8192"});
  for (const auto& [name, value] : {std::pair{"te", "x"}, {":scheme", "x"}, {"grpclb_client_stats", "x"}}) {
    Http2 connection(server.address());
    Http2::Headers headers = Http2::Call(kUnary);
    std::erase_if(headers, [name = std::string(name)](const auto& header) { return header.first == name; });
    headers.emplace_back(name, value);
    for (int i = 0; i < 4; ++i) headers.emplace_back("x" + std::to_string(i), std::string(3'000, 'a'));
    const std::string block = Http2::Block(headers);
    connection.Send(Http2::Frame(Http2::kHeaders, Http2::kEndHeaders | Http2::kEndStream, 1, block));
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  EXPECT_EQ(FirstSignals(server.channel(), 1).size(), 1U);
}

}  // namespace
}  // namespace telltale
