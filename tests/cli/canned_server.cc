#include "canned_server.h"

#include <algorithm>

#include <google/protobuf/util/time_util.h>

#include "base/check.h"
#include "cli/command_line.h"

namespace telltale::cli {
namespace {

// Cuts one page out of `all`; tokens are positions.
template <typename Request, typename Item, typename Add>
std::string Page(const Request& request, const std::vector<Item>& all, const CannedAnswers& answers, Add add) {
  const std::size_t first = request.page_token().empty() ? 0 : std::stoul(request.page_token());
  const int wanted = request.page_size() == 0 ? 100 : request.page_size();
  const std::size_t end =
      std::min(all.size(), first + static_cast<std::size_t>(std::min(wanted, answers.page_size_max)));
  for (std::size_t i = first; i < end; ++i) add(all[i]);
  if (answers.repeats_token) return "1";
  return end < all.size() ? std::to_string(end) : "";
}

}  // namespace

struct CannedServer::Services {
  explicit Services(CannedAnswers canned) : answers(std::move(canned)) {
    for (const v1::Vehicle& vehicle : answers.vehicles) vehicles[vehicle.vin()] = vehicle;
  }

  // Notes the request; the status is what the call should end with.
  template <typename Request>
  grpc::Status Note(const grpc::ServerContext& context, const Request& request,
                    std::vector<Request> CannedRequests::*list) {
    const MutexLock lock(mutex);
    (requests.*list).push_back(request);
    NoteDeadline(context);
    return answers.status;
  }

  void NoteDeadline(const grpc::ServerContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (context.deadline() > std::chrono::system_clock::now() + std::chrono::hours(24)) {
      requests.any_deadline_missing = true;
    }
  }

  struct Vehicles final : v1::VehicleService::Service {
    explicit Vehicles(Services& s) : services(s) {}
    grpc::Status RegisterVehicle(grpc::ServerContext* context, const v1::RegisterVehicleRequest* request,
                                 v1::Vehicle* response) override {
      const grpc::Status status = services.Note(*context, *request, &CannedRequests::register_vehicle);
      const MutexLock lock(services.mutex);
      *response = services.vehicles[request->vehicle().vin()] = request->vehicle();
      return status;
    }
    grpc::Status GetVehicle(grpc::ServerContext*, const v1::GetVehicleRequest* request,
                            v1::Vehicle* response) override {
      if (!services.answers.status.ok()) return services.answers.status;
      const MutexLock lock(services.mutex);
      const auto found = services.vehicles.find(request->vin());
      if (found == services.vehicles.end()) return {grpc::StatusCode::NOT_FOUND, "no vehicle " + request->vin()};
      *response = found->second;
      return grpc::Status::OK;
    }
    grpc::Status ListVehicles(grpc::ServerContext*, const v1::ListVehiclesRequest* request,
                              v1::ListVehiclesResponse* response) override {
      response->set_next_page_token(Page(*request, services.answers.vehicles, services.answers,
                                         [&](const v1::Vehicle& vehicle) { *response->add_vehicles() = vehicle; }));
      return services.answers.status;
    }
    Services& services;
  };

  struct Catalog final : v1::CatalogService::Service {
    explicit Catalog(Services& s) : services(s) {}
    grpc::Status ListSignals(grpc::ServerContext* context, const v1::ListSignalsRequest* request,
                             v1::ListSignalsResponse* response) override {
      response->set_next_page_token(Page(*request, services.answers.signals, services.answers,
                                         [&](const v1::Signal& signal) { *response->add_signals() = signal; }));
      return services.Note(*context, *request, &CannedRequests::list_signals);
    }
    Services& services;
  };

  struct Telemetry final : v1::TelemetryService::Service {
    explicit Telemetry(Services& s) : services(s) {}
    grpc::Status GetLatest(grpc::ServerContext* context, const v1::GetLatestRequest* request,
                           v1::GetLatestResponse* response) override {
      *response = services.answers.latest;
      return services.Note(*context, *request, &CannedRequests::get_latest);
    }
    grpc::Status GetHistory(grpc::ServerContext* context, const v1::GetHistoryRequest* request,
                            v1::GetHistoryResponse* response) override {
      for (const std::uint32_t id : services.answers.history_signal_ids) response->add_signal_id(id);
      response->set_next_page_token(Page(*request, services.answers.history, services.answers,
                                         [&](const v1::HistoryRow& row) { *response->add_rows() = row; }));
      return services.Note(*context, *request, &CannedRequests::get_history);
    }
    grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest* request,
                       grpc::ServerWriter<v1::WatchResponse>* writer) override {
      {
        const MutexLock lock(services.mutex);
        services.requests.watch.push_back(*request);
      }
      for (const v1::WatchResponse& response : services.answers.watch) writer->Write(response);
      return services.answers.status;
    }
    Services& services;
  };

  struct Trips final : v1::TripService::Service {
    explicit Trips(Services& s) : services(s) {}
    grpc::Status ListTrips(grpc::ServerContext* context, const v1::ListTripsRequest* request,
                           v1::ListTripsResponse* response) override {
      response->set_next_page_token(Page(*request, services.answers.trips, services.answers,
                                         [&](const v1::Trip& trip) { *response->add_trips() = trip; }));
      return services.Note(*context, *request, &CannedRequests::list_trips);
    }
    grpc::Status ListDays(grpc::ServerContext*, const v1::ListDaysRequest* request,
                          v1::ListDaysResponse* response) override {
      response->set_next_page_token(Page(*request, services.answers.days, services.answers,
                                         [&](const v1::VehicleDay& day) { *response->add_days() = day; }));
      return services.answers.status;
    }
    Services& services;
  };

  struct Driver final : v1::DriverService::Service {
    explicit Driver(Services& s) : services(s) {}
    grpc::Status GetDriverAdvice(grpc::ServerContext*, const v1::GetDriverAdviceRequest*,
                                 v1::GetDriverAdviceResponse* response) override {
      *response = services.answers.driver_advice;
      return services.answers.status;
    }
    Services& services;
  };

  struct Fuel final : v1::FuelService::Service {
    explicit Fuel(Services& s) : services(s) {}
    grpc::Status GetFuelAdvice(grpc::ServerContext*, const v1::GetFuelAdviceRequest*,
                               v1::GetFuelAdviceResponse* response) override {
      *response = services.answers.fuel_advice;
      return services.answers.status;
    }
    Services& services;
  };

  struct Faults final : v1::FaultService::Service {
    explicit Faults(Services& s) : services(s) {}
    grpc::Status ListFaults(grpc::ServerContext* context, const v1::ListFaultsRequest* request,
                            v1::ListFaultsResponse* response) override {
      response->set_next_page_token(Page(*request, services.answers.faults, services.answers,
                                         [&](const v1::Fault& fault) { *response->add_faults() = fault; }));
      return services.Note(*context, *request, &CannedRequests::list_faults);
    }
    Services& services;
  };

  struct Ingest final : v1::IngestService::Service {
    explicit Ingest(Services& s) : services(s) {}
    grpc::Status Import(grpc::ServerContext*,
                        grpc::ServerReaderWriter<v1::ImportResponse, v1::ImportRequest>* stream) override {
      const CannedAnswers& canned = services.answers;
      v1::ImportRequest request;
      std::uint64_t bytes = 0;
      int chunk_count = 0;
      while (stream->Read(&request)) {
        const MutexLock lock(services.mutex);
        if (request.has_header()) {
          services.requests.import_headers.push_back(request.header());
          continue;
        }
        if (chunk_count++ == canned.import_chunk_max) return canned.import_status;
        bytes += request.chunk().size();
        services.requests.import_chunk_bytes.push_back(request.chunk().size());
        services.requests.import_content += request.chunk();
      }
      v1::ImportResponse response;
      for (const v1::ImportProgress& progress : canned.import_progress) {
        *response.mutable_progress() = progress;
        stream->Write(response);
      }
      if (canned.import_is_never_done) return grpc::Status::OK;
      *response.mutable_progress() = canned.import_end;
      response.mutable_progress()->set_bytes(bytes);
      response.mutable_progress()->set_done(true);
      stream->Write(response);
      return grpc::Status::OK;
    }
    Services& services;
  };

  const CannedAnswers answers;
  mutable Mutex mutex;
  CannedRequests requests ABSL_GUARDED_BY(mutex);
  std::map<std::string, v1::Vehicle> vehicles ABSL_GUARDED_BY(mutex);

  Vehicles vehicle_service{*this};
  Catalog catalog_service{*this};
  Telemetry telemetry_service{*this};
  Trips trip_service{*this};
  Driver driver_service{*this};
  Fuel fuel_service{*this};
  Faults fault_service{*this};
  Ingest ingest_service{*this};
};

CannedServer::CannedServer(CannedAnswers answers) : services_(std::make_unique<Services>(std::move(answers))) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&services_->vehicle_service);
  builder.RegisterService(&services_->catalog_service);
  builder.RegisterService(&services_->telemetry_service);
  builder.RegisterService(&services_->trip_service);
  builder.RegisterService(&services_->driver_service);
  builder.RegisterService(&services_->fuel_service);
  builder.RegisterService(&services_->fault_service);
  builder.RegisterService(&services_->ingest_service);
  server_ = builder.BuildAndStart();
  CHECK(server_ != nullptr);
  address_ = "127.0.0.1:" + std::to_string(port);
}

CannedServer::~CannedServer() { server_->Shutdown(); }

CannedRequests CannedServer::requests() const {
  const MutexLock lock(services_->mutex);
  return services_->requests;
}

RunResult RunCli(const std::string& server, std::vector<std::string> arguments, const std::string& input,
                 bool on_terminal) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const FakeClock clock(kNowMs);
  Terminal terminal{.in = in,
                    .out = out,
                    .err = err,
                    .out_is_terminal = on_terminal,
                    .err_is_terminal = on_terminal,
                    .allows_colour = true,
                    .clock = clock};
  arguments.insert(arguments.end(), {"--server", server});
  const ExitCode code = RunCommandLine(std::move(arguments), terminal);
  return {code, out.str(), err.str()};
}

grpc::Status StatusWithDetail(grpc::StatusCode code, const std::string& message, const v1::ErrorDetail& detail) {
  v1::StatusEnvelope envelope;
  envelope.set_code(static_cast<int>(code));
  envelope.set_message(message);
  envelope.add_details()->PackFrom(detail);
  return {code, message, envelope.SerializeAsString()};
}

google::protobuf::Timestamp TimeAt(const std::string& text) {
  const StatusOr<std::int64_t> time_ms = ParseTime(text);
  CHECK(time_ms.ok());
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(*time_ms);
}

}  // namespace telltale::cli
