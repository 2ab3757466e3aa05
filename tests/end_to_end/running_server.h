#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/channel.h>

#include "telltale/v1/errors.pb.h"
#include "telltale/v1/ingest.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "tests/temporary_folder.h"

namespace telltale {

// The real telltaled on free ports. Killed, if it still runs, when destroyed.
class RunningServer {
 public:
  // Starts it on `data_dir` and waits until it is ready; `arguments` are added to the command line.
  explicit RunningServer(const std::filesystem::path& data_dir, const std::vector<std::string>& arguments = {});
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  std::string address() const;
  pid_t pid() const { return pid_; }
  int jt808_port() const { return jt808_port_; }
  int gb32960_port() const { return gb32960_port_; }

  // SIGTERM; returns the exit status, -1 if it did not end within 30 s.
  int Stop();
  void Kill();  // SIGKILL

  // What /metrics says: "name" or "name{labels}" to value.
  std::map<std::string, double> Metrics() const;

  // Registers a vehicle; fails the test if that fails.
  void Register(const std::string& vin) const;

 private:
  int Wait(std::chrono::milliseconds limit);

  pid_t pid_ = 0;
  int grpc_port_ = 0;
  int metrics_port_ = 0;
  int jt808_port_ = 0;
  int gb32960_port_ = 0;
  std::shared_ptr<grpc::Channel> channel_;
};

// What a program printed and how it ended.
struct ProgramResult {
  int exit_status = -1;
  std::string output;  // standard output and error together
};
ProgramResult RunProgram(const std::vector<std::string>& command);

// A call of IngestService/Stream that is driven step by step.
class IngestStream {
 public:
  explicit IngestStream(const std::shared_ptr<grpc::Channel>& channel,
                        grpc_compression_algorithm compression = GRPC_COMPRESS_NONE);

  void Hello(const std::vector<std::uint32_t>& layout, const std::vector<std::string>& vins,
             const std::string& sender = "test");
  bool Send(const v1::FrameBatch& batch);
  bool Send(const v1::StreamRequest& request);

  // The next answer; fails the test if the stream ends instead.
  v1::HelloAck ReadHello();
  v1::BatchAck ReadAck();
  // False: the stream ended.
  bool ReadAny(v1::StreamResponse* response) { return stream_->Read(response); }

  // Closes our side, reads what still comes, and returns how the call ended.
  grpc::Status Finish();

 private:
  std::unique_ptr<v1::IngestService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;
};

// A batch of frames of vehicle 0 of the stream, one for each time, each with this row.
v1::FrameBatch MakeBatch(std::uint64_t sequence, const std::vector<std::int64_t>& times_ms,
                         const std::vector<std::int32_t>& row);

// Whether `condition` comes true within the limit; asks again and again.
bool Within(std::chrono::milliseconds limit, const std::function<bool()>& condition);

// The ErrorDetail of a failed call; fails the test if it has none.
v1::ErrorDetail DetailOf(const grpc::Status& status);

// The ids of the first signals of the catalogue.
std::vector<std::uint32_t> FirstSignals(const std::shared_ptr<grpc::Channel>& channel, int count);

// Every stored time of one signal, through all pages.
std::vector<std::int64_t> StoredTimes(const std::shared_ptr<grpc::Channel>& channel, const std::string& vin,
                                      std::uint32_t signal, int page_size);

}  // namespace telltale
