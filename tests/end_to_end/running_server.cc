#include "tests/end_to_end/running_server.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "telltale/v1/catalog.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"

extern char** environ;

namespace telltale {
namespace {

constexpr auto kStartLimit = std::chrono::seconds{30};
constexpr auto kStopLimit = std::chrono::seconds{30};

pid_t Spawn(const std::vector<std::string>& command, const posix_spawn_file_actions_t* actions) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, argv[0], actions, nullptr, argv.data(), environ);
  if (error != 0) throw std::runtime_error(fmt::format("cannot run {}: error {}", command[0], error));
  return pid;
}

std::size_t AppendTo(char* bytes, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

}  // namespace

RunningServer::RunningServer(const std::filesystem::path& data_dir, const std::vector<std::string>& arguments) {
  const std::filesystem::path port_file = data_dir / "ports";
  std::filesystem::create_directories(data_dir);
  std::filesystem::remove(port_file);
  std::vector<std::string> command = {std::string(TELLTALE_BINARY_DIR) + "/server/telltaled",
                                      "--metrics-listen",
                                      "127.0.0.1:0",
                                      "--data-dir",
                                      (data_dir / "data").string(),
                                      "--port-file",
                                      port_file.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (std::ranges::find(arguments, "--listen") == arguments.end()) {
    command.insert(command.end(), {"--listen", "127.0.0.1:0"});
  }
  // Its log goes to a file that a failing test can be understood from.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string log = (data_dir / "telltaled.log").string();
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  pid_ = Spawn(command, &actions);
  posix_spawn_file_actions_destroy(&actions);

  const auto give_up = std::chrono::steady_clock::now() + kStartLimit;
  while (!std::filesystem::exists(port_file)) {
    if (Wait(std::chrono::milliseconds{10}) != -1 || std::chrono::steady_clock::now() > give_up) {
      std::ifstream in(log);
      std::stringstream text;
      text << in.rdbuf();
      throw std::runtime_error("telltaled did not start:\n" + text.str());
    }
  }
  std::ifstream in(port_file);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("grpc=", 0) == 0) grpc_port_ = std::stoi(line.substr(5));
    if (line.rfind("jt808=", 0) == 0) jt808_port_ = std::stoi(line.substr(6));
    if (line.rfind("gb32960=", 0) == 0) gb32960_port_ = std::stoi(line.substr(8));
    if (line.rfind("metrics=", 0) == 0) metrics_port_ = std::stoi(line.substr(8));
  }
  channel_ = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
}

RunningServer::~RunningServer() { Kill(); }

std::string RunningServer::address() const { return fmt::format("127.0.0.1:{}", grpc_port_); }

int RunningServer::Wait(std::chrono::milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  do {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  } while (std::chrono::steady_clock::now() < give_up);
  return -1;
}

int RunningServer::Stop() {
  kill(pid_, SIGTERM);
  return Wait(kStopLimit);
}

void RunningServer::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
}

std::map<std::string, double> RunningServer::Metrics() const {
  std::string text;
  CURL* curl = curl_easy_init();
  const std::string url = fmt::format("http://127.0.0.1:{}/metrics", metrics_port_);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, AppendTo);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_cleanup(curl);
  EXPECT_EQ(code, CURLE_OK) << curl_easy_strerror(code);
  std::map<std::string, double> metrics;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    metrics[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return metrics;
}

void RunningServer::Register(const std::string& vin) const {
  grpc::ClientContext context;
  v1::RegisterVehicleRequest request;
  request.mutable_vehicle()->set_vin(vin);
  v1::Vehicle vehicle;
  const grpc::Status status = v1::VehicleService::NewStub(channel_)->RegisterVehicle(&context, request, &vehicle);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

ProgramResult RunProgram(const std::vector<std::string>& command) {
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 2);
  posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
  posix_spawn_file_actions_addclose(&actions, pipe_ends[1]);
  const pid_t pid = Spawn(command, &actions);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  ProgramResult result;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    result.output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(pipe_ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

IngestStream::IngestStream(const std::shared_ptr<grpc::Channel>& channel, grpc_compression_algorithm compression)
    : stub_(v1::IngestService::NewStub(channel)) {
  context_.set_compression_algorithm(compression);
  stream_ = stub_->Stream(&context_);
}

void IngestStream::Hello(const std::vector<std::uint32_t>& layout, const std::vector<std::string>& vins,
                         const std::string& sender) {
  v1::StreamRequest request;
  request.mutable_hello()->set_sender(sender);
  for (const std::uint32_t id : layout) request.mutable_hello()->add_layout(id);
  for (const std::string& vin : vins) request.mutable_hello()->add_vins(vin);
  Send(request);
}

bool IngestStream::Send(const v1::FrameBatch& batch) {
  v1::StreamRequest request;
  *request.mutable_batch() = batch;
  return Send(request);
}

bool IngestStream::Send(const v1::StreamRequest& request) { return stream_->Write(request); }

v1::HelloAck IngestStream::ReadHello() {
  v1::StreamResponse response;
  EXPECT_TRUE(stream_->Read(&response)) << "the stream ended instead of an answer";
  EXPECT_TRUE(response.has_hello_ack());
  return response.hello_ack();
}

v1::BatchAck IngestStream::ReadAck() {
  v1::StreamResponse response;
  EXPECT_TRUE(stream_->Read(&response)) << "the stream ended instead of an answer";
  EXPECT_TRUE(response.has_batch_ack());
  return response.batch_ack();
}

grpc::Status IngestStream::Finish() {
  stream_->WritesDone();
  v1::StreamResponse response;
  while (stream_->Read(&response)) {
  }
  return stream_->Finish();
}

v1::FrameBatch MakeBatch(std::uint64_t sequence, const std::vector<std::int64_t>& times_ms,
                         const std::vector<std::int32_t>& row) {
  v1::FrameBatch batch;
  batch.set_sequence(sequence);
  for (const std::int64_t time_ms : times_ms) {
    v1::Frame& frame = *batch.add_frames();
    frame.set_measure_time_ms(time_ms);
    for (const std::int32_t value : row) frame.add_row(value);
  }
  return batch;
}

bool Within(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

v1::ErrorDetail DetailOf(const grpc::Status& status) {
  v1::StatusEnvelope envelope;
  v1::ErrorDetail detail;
  EXPECT_TRUE(envelope.ParseFromString(status.error_details())) << status.error_message();
  EXPECT_EQ(envelope.details_size(), 1) << status.error_message();
  if (envelope.details_size() == 1) {
    EXPECT_TRUE(envelope.details(0).UnpackTo(&detail));
  }
  EXPECT_EQ(envelope.code(), status.error_code());
  return detail;
}

std::vector<std::uint32_t> FirstSignals(const std::shared_ptr<grpc::Channel>& channel, int count) {
  std::vector<std::uint32_t> ids;
  grpc::ClientContext context;
  v1::ListSignalsRequest request;
  request.set_page_size(count);
  v1::ListSignalsResponse response;
  EXPECT_TRUE(v1::CatalogService::NewStub(channel)->ListSignals(&context, request, &response).ok());
  for (const v1::Signal& signal : response.signals()) ids.push_back(signal.id());
  return ids;
}

std::vector<std::int64_t> StoredTimes(const std::shared_ptr<grpc::Channel>& channel, const std::string& vin,
                                      std::uint32_t signal, int page_size) {
  const auto stub = v1::TelemetryService::NewStub(channel);
  std::vector<std::int64_t> times;
  v1::GetHistoryRequest request;
  request.set_vin(vin);
  request.add_signal_id(signal);
  request.set_page_size(page_size);
  do {
    grpc::ClientContext context;
    v1::GetHistoryResponse response;
    const grpc::Status status = stub->GetHistory(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const v1::HistoryRow& row : response.rows()) {
      times.push_back(row.measure_time().seconds() * 1000 + row.measure_time().nanos() / 1'000'000);
    }
    EXPECT_LE(response.rows_size(), page_size);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return times;
}

}  // namespace telltale
