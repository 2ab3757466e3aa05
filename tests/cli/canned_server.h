#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "telltale/v1/catalog.grpc.pb.h"
#include "telltale/v1/driver.grpc.pb.h"
#include "telltale/v1/faults.grpc.pb.h"
#include "telltale/v1/fuel.grpc.pb.h"
#include "telltale/v1/ingest.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"
#include "telltale/v1/trips.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "base/time.h"
#include "cli/errors.h"

namespace telltale::cli {

inline constexpr const char* kVin = "WDB96340310123456";

// What the server of a test answers; fixed once it runs.
struct CannedAnswers {
  grpc::Status status;         // what every call but an import ends with; OK: with the answers below
  int page_size_max = 1000;    // pages are no longer than this
  bool repeats_token = false;  // a server with a bug: the same page token for ever

  std::vector<v1::Vehicle> vehicles;
  std::vector<v1::Signal> signals;
  v1::GetLatestResponse latest;
  std::vector<v1::HistoryRow> history;
  std::vector<std::uint32_t> history_signal_ids;
  std::vector<v1::WatchResponse> watch;
  std::vector<v1::Trip> trips;
  std::vector<v1::VehicleDay> days;
  v1::GetDriverAdviceResponse driver_advice;
  v1::GetFuelAdviceResponse fuel_advice;
  std::vector<v1::Fault> faults;

  std::vector<v1::ImportProgress> import_progress;  // sent before the last one
  v1::ImportProgress import_end;                    // the last; `bytes` and `done` are filled in
  int import_chunk_max = -1;                        // not negative: the import fails after this many chunks
  grpc::Status import_status;                       // what it then fails with
  bool import_is_never_done = false;
};

// What came in.
struct CannedRequests {
  std::vector<v1::ListSignalsRequest> list_signals;
  std::vector<v1::GetLatestRequest> get_latest;
  std::vector<v1::GetHistoryRequest> get_history;
  std::vector<v1::WatchRequest> watch;
  std::vector<v1::ListTripsRequest> list_trips;
  std::vector<v1::ListFaultsRequest> list_faults;
  std::vector<v1::RegisterVehicleRequest> register_vehicle;
  std::vector<v1::ImportHeader> import_headers;
  std::vector<std::size_t> import_chunk_bytes;
  std::string import_content;
  bool any_deadline_missing = false;  // of the calls that must have one
};

// A server on a port of its own that implements the contract with canned answers: the client's counterpart in its
// tests.
class CannedServer {
 public:
  explicit CannedServer(CannedAnswers answers);
  ~CannedServer();

  const std::string& address() const { return address_; }  // HOST:PORT
  CannedRequests requests() const;

 private:
  struct Services;
  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// What a run of the program showed and ended with.
struct RunResult {
  ExitCode code = ExitCode::kOk;
  std::string out;
  std::string err;
};

// 2026-03-01T12:00:00Z; what the runs below take for now.
inline constexpr std::int64_t kNowMs = 1'772'366'400'000;

// Runs the program in this process against the server at HOST:PORT. `input` is its standard input; `on_terminal` lets
// it take its output for a terminal.
RunResult RunCli(const std::string& server, std::vector<std::string> arguments, const std::string& input = "",
                 bool on_terminal = false);

// A status as a server sends it, with the detail in its trailer.
grpc::Status StatusWithDetail(grpc::StatusCode code, const std::string& message, const v1::ErrorDetail& detail);

google::protobuf::Timestamp TimeAt(const std::string& text);

}  // namespace telltale::cli
