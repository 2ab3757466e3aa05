#include "server/server.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "access/access_registry.h"
#include "access/token_verifier.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "catalog/catalog.h"
#include "ingest/grpc/ingest_service.h"
#include "ingest/grpc/relay_service.h"
#include "ingest/live_frames.h"
#include "ingest/metrics.h"
#include "ingest/pipeline.h"
#include "server/access_service.h"
#include "server/admin_service.h"
#include "server/advice_metrics.h"
#include "server/advice_services.h"
#include "server/audit_interceptor.h"
#include "server/call_limit_interceptor.h"
#include "server/call_limits.h"
#include "server/catalog_service.h"
#include "server/connection_limits.h"
#include "server/fault_service.h"
#include "server/guard.h"
#include "server/maintenance.h"
#include "server/metrics_listener.h"
#include "server/rollup_service.h"
#include "server/rpc_metrics.h"
#include "server/store_metrics.h"
#include "server/telemetry_service.h"
#include "server/terminal_ports.h"
#include "server/terminal_service.h"
#include "server/trip_service.h"
#include "server/vehicle_folds.h"
#include "server/vehicle_service.h"
#include "storage/fault_store.h"
#include "storage/place_log.h"
#include "storage/rocksdb/rocksdb_document_store.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/terminal_registry.h"
#include "storage/upload_log.h"
#include "storage/vehicle_registry.h"

namespace telltale {
namespace {

constexpr auto kHealthInterval = std::chrono::seconds{1};

// `processor` asks callers for keys; null: nobody is asked.
StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(
    const TlsOptions& tls, const std::shared_ptr<grpc::AuthMetadataProcessor>& processor) {
  if (!tls.enabled() && processor == nullptr) return grpc::InsecureServerCredentials();
  if (!tls.enabled()) {
    // Keys travel in the clear: connections of this machine only, which gRPC sees to.
    const auto local = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
    local->SetAuthMetadataProcessor(processor);
    return local;
  }
  grpc::SslServerCredentialsOptions options(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  grpc::SslServerCredentialsOptions::PemKeyCertPair& pair = options.pem_key_cert_pairs.emplace_back();
  ASSIGN_OR_RETURN(pair.cert_chain, ReadWholeFile(tls.certificate_file));
  ASSIGN_OR_RETURN(pair.private_key, ReadWholeFile(tls.key_file));
  if (!tls.client_ca_file.empty()) {
    ASSIGN_OR_RETURN(options.pem_root_certs, ReadWholeFile(tls.client_ca_file));
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  const auto credentials = grpc::SslServerCredentials(options);
  if (processor != nullptr) credentials->SetAuthMetadataProcessor(processor);
  return credentials;
}

StatusOr<std::vector<SignalId>> SignalsOfGroups(const Catalog& catalog, const std::vector<std::string>& groups) {
  std::vector<SignalId> signals;
  for (const std::string& group : groups) {
    const std::size_t before = signals.size();
    for (const Signal& signal : catalog.signals()) {
      if (signal.group == group) signals.push_back(signal.id);
    }
    if (signals.size() == before) {
      return absl::InvalidArgumentError(
          fmt::format("store.short_lived_groups: no signal of the catalogue is in the group '{}'", group));
    }
  }
  return signals;
}

}  // namespace

// In the order of who uses whom; destroyed from the last to the first.
struct Server::Parts {
  explicit Parts(Config settings) : config(std::move(settings)), live(config.live) {}

  const Config config;
  std::unique_ptr<Catalog> catalog;
  std::shared_ptr<prometheus::Registry> metrics_registry = std::make_shared<prometheus::Registry>();
  IngestMetrics ingest_metrics{*metrics_registry};
  RpcMetrics rpc_metrics{*metrics_registry};
  prometheus::Histogram& commit_seconds =
      prometheus::BuildHistogram()
          .Name("telltale_storage_commit_seconds")
          .Help("One group commit to the journal, sync included")
          .Register(*metrics_registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                           0.05, 0.1, 0.25, 0.5, 1, 2.5});
  std::unique_ptr<RocksDbDocumentStore> documents;
  std::unique_ptr<VehicleRegistry> registry;
  std::unique_ptr<AccessRegistry> access;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<TokenVerifier> tokens;  // null: none are taken
  CallLimits call_limits{config.call_limits, *metrics_registry};
  std::unique_ptr<Guard> guard;
  std::unique_ptr<TerminalRegistry> terminals;
  std::unique_ptr<FaultStore> faults;
  std::unique_ptr<UploadLog> uploads;
  std::unique_ptr<RocksDbTelemetryStore> telemetry;
  std::unique_ptr<Maintenance> maintenance;
  std::shared_ptr<StoreMetrics> store_metrics;
  LiveFrames live;
  std::unique_ptr<DayStore> days;
  std::unique_ptr<DriverLog> drivers;
  std::unique_ptr<PlaceLog> places;
  std::unique_ptr<VehicleFolds> folds;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<DayPublisher> publisher;
  std::shared_ptr<AdviceMetrics> advice_metrics;
  std::unique_ptr<TerminalPorts> terminal_ports;

  std::unique_ptr<AccessServiceImpl> access_service;
  std::unique_ptr<IngestServiceImpl> ingest_service;
  std::unique_ptr<CatalogServiceImpl> catalog_service;
  std::unique_ptr<VehicleServiceImpl> vehicle_service;
  std::unique_ptr<TelemetryServiceImpl> telemetry_service;
  std::unique_ptr<FaultServiceImpl> fault_service;
  std::unique_ptr<TripServiceImpl> trip_service;
  std::unique_ptr<RollupServiceImpl> rollup_service;
  std::unique_ptr<DriverServiceImpl> driver_service;
  std::unique_ptr<FuelServiceImpl> fuel_service;
  std::unique_ptr<TerminalServiceImpl> terminal_service;
  std::unique_ptr<AdminServiceImpl> admin_service;
  std::unique_ptr<RelayServiceImpl> relay_service;
  std::unique_ptr<grpc::Server> grpc_server;
  int grpc_port = 0;
  MetricsListener metrics_listener;

  Mutex mutex;
  CondVar stop_requested;
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::thread health_thread;

  Status OpenStores(const Clock& clock);
  RecordSinks Sinks();
  Status ListenForTerminals(const Clock& clock);
  VehicleFinderOf FinderOf();
  Status DeclareServices();
  Status Serve(const Clock& clock);
  Status ServeMetrics();
  // Health follows the store: a disk that takes no writes is NOT_SERVING, at once and until it does again.
  void WatchHealth();
};

Status Server::Parts::OpenStores(const Clock& clock) {
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  if (error) {
    return absl::UnavailableError(fmt::format("cannot create store.data_dir {}: {}", config.data_dir, error.message()));
  }
  ASSIGN_OR_RETURN(Catalog loaded, Catalog::Load(config.extra_signal_files));
  catalog = std::make_unique<Catalog>(std::move(loaded));
  ASSIGN_OR_RETURN(documents, RocksDbDocumentStore::Open({.path = config.data_dir + "/documents"}));
  ASSIGN_OR_RETURN(registry, VehicleRegistry::Open(*documents));
  ASSIGN_OR_RETURN(access, AccessRegistry::Open(*documents));
  ASSIGN_OR_RETURN(audit, AuditLog::Open(*documents, clock, config.audit));
  if (config.tokens.enabled()) {
    ASSIGN_OR_RETURN(tokens, TokenVerifier::Start(config.tokens, clock));
  }
  guard = std::make_unique<Guard>(*registry, *access, tokens.get(), audit.get(), clock, config.access_required,
                                  *metrics_registry);
  guard->LimitCalls(call_limits);
  terminals = std::make_unique<TerminalRegistry>(*documents);
  faults = std::make_unique<FaultStore>(*documents);
  uploads = std::make_unique<UploadLog>(*documents, config.uploads);
  TelemetryStoreOptions store_options = config.store;
  store_options.path = config.data_dir + "/telemetry";
  if (store_options.short_retention.count() > 0) {
    ASSIGN_OR_RETURN(store_options.short_lived_signals, SignalsOfGroups(*catalog, config.short_lived_groups));
  }
  store_options.on_commit = [this](double seconds) { commit_seconds.Observe(seconds); };
  ASSIGN_OR_RETURN(telemetry, RocksDbTelemetryStore::Open(store_options));
  maintenance = std::make_unique<Maintenance>(*telemetry, *documents, config.data_dir, config.backup_dir, clock);
  days = std::make_unique<DayStore>(*documents);
  drivers = std::make_unique<DriverLog>(*documents);
  places = std::make_unique<PlaceLog>(*documents);
  VehicleFolds::Options fold_options{.vehicles_max = config.folded_vehicles_max};
  for (const std::chrono::days kept : {store_options.retention, store_options.short_retention}) {
    if (kept.count() > 0 && kept < fold_options.retention.value_or(std::chrono::days{1'000'000})) {
      fold_options.retention = kept;
    }
  }
  ASSIGN_OR_RETURN(folds, VehicleFolds::Open(*catalog, *telemetry, *days, *drivers, clock, fold_options));
  pipeline = std::make_unique<Pipeline>(*catalog, *telemetry, Sinks(), live, clock, ingest_metrics, config.pipeline);
  publisher = std::make_unique<DayPublisher>(
      *telemetry, *registry, *folds,
      DayPublisher::Options{.cpu_share_max = config.publish_cpu_percent / 100.0, .settle_after = config.settle_after});
  store_metrics = std::make_shared<StoreMetrics>(*telemetry, *registry);
  advice_metrics = std::make_shared<AdviceMetrics>(*folds, *publisher);
  return OkStatus();
}

RecordSinks Server::Parts::Sinks() {
  RecordSinks sinks = SinksOf(*faults);
  sinks.drivers = [this](VehicleId vehicle, const DriverChange& change) -> Status {
    ASSIGN_OR_RETURN(const bool changed, drivers->Record(vehicle, change));
    return changed ? folds->Mark(vehicle, RestatementReason::kDrivers, change.time_ms) : OkStatus();
  };
  sinks.uploads = [this](VehicleId vehicle, const Upload& upload) { return uploads->Record(vehicle, upload); };
  return sinks;
}

Status Server::Parts::ListenForTerminals(const Clock& clock) {
  TerminalPortsOptions options = config.terminals;
  options.allow_control = options.allow_control || config.access_required;  // to operators: TerminalServiceImpl
  ASSIGN_OR_RETURN(terminal_ports,
                   TerminalPorts::Start(options, *pipeline, *registry, *terminals, *metrics_registry, clock));
  return OkStatus();
}

VehicleFinderOf Server::Parts::FinderOf() {
  return [this](const grpc::CallbackServerContext& context, const google::protobuf::Message& request) -> VehicleFinder {
    return [this, permit_of = guard->DecisionsOf(context, request)](std::string_view vin) {
      const VehicleRegistry::Entry vehicle = registry->Find(vin);
      return vehicle.id != 0 && permit_of(vehicle.id) ? vehicle : VehicleRegistry::Entry{};
    };
  };
}

Status Server::Parts::DeclareServices() {
  for (const char* const service : {v1::AccessService::service_full_name(), v1::AdminService::service_full_name(),
                                    v1::CatalogService::service_full_name(), v1::DriverService::service_full_name(),
                                    v1::FaultService::service_full_name(), v1::FuelService::service_full_name(),
                                    v1::IngestService::service_full_name(), v1::RelayService::service_full_name(),
                                    v1::RollupService::service_full_name(), v1::TelemetryService::service_full_name(),
                                    v1::TerminalService::service_full_name(), v1::TripService::service_full_name(),
                                    v1::VehicleService::service_full_name()}) {
    RETURN_IF_ERROR(guard->Declare(service));
    RETURN_IF_ERROR(call_limits.Declare(service));
  }
  return OkStatus();
}

Status Server::Parts::Serve(const Clock& clock) {
  RETURN_IF_ERROR(DeclareServices());
  access_service = std::make_unique<AccessServiceImpl>(*access, *audit, *registry, *guard, clock);
  ingest_service = std::make_unique<IngestServiceImpl>(*pipeline, FinderOf(), config.ingest);
  catalog_service = std::make_unique<CatalogServiceImpl>(*catalog);
  vehicle_service = std::make_unique<VehicleServiceImpl>(*registry, *telemetry, *guard);
  telemetry_service = std::make_unique<TelemetryServiceImpl>(*catalog, *guard, *telemetry, live, config.query_time_max);
  fault_service = std::make_unique<FaultServiceImpl>(*catalog, *guard, *faults);
  trip_service = std::make_unique<TripServiceImpl>(*guard, *folds, *places);
  rollup_service = std::make_unique<RollupServiceImpl>(*guard, *folds);
  driver_service = std::make_unique<DriverServiceImpl>(*guard, *folds, *drivers);
  fuel_service = std::make_unique<FuelServiceImpl>(*guard, *folds);
  terminal_service = std::make_unique<TerminalServiceImpl>(*terminals, *registry, *uploads, *terminal_ports, *guard);
  admin_service = std::make_unique<AdminServiceImpl>(*maintenance);
  relay_service =
      std::make_unique<RelayServiceImpl>(config.terminals.relays_allowed, *pipeline,
                                         [this](TerminalProtocol protocol) { return terminal_ports->Of(protocol); });

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(static_cast<int>(config.message_bytes_max));
  grpc::ResourceQuota quota("telltaled");
  quota.SetMaxThreads(config.query_threads_max + 16);  // and a few of gRPC's own
  builder.SetResourceQuota(quota);
  Apply(config.connections, builder);
  // A second server on the same port is a mistake, not load balancing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(config.tls, guard->NewProcessor()));
  builder.AddListeningPort(config.listen, credentials, &grpc_port);
  for (grpc::Service* service :
       {static_cast<grpc::Service*>(access_service.get()), static_cast<grpc::Service*>(ingest_service.get()),
        static_cast<grpc::Service*>(catalog_service.get()), static_cast<grpc::Service*>(vehicle_service.get()),
        static_cast<grpc::Service*>(telemetry_service.get()), static_cast<grpc::Service*>(fault_service.get()),
        static_cast<grpc::Service*>(trip_service.get()), static_cast<grpc::Service*>(rollup_service.get()),
        static_cast<grpc::Service*>(driver_service.get()), static_cast<grpc::Service*>(fuel_service.get()),
        static_cast<grpc::Service*>(terminal_service.get()), static_cast<grpc::Service*>(admin_service.get()),
        static_cast<grpc::Service*>(relay_service.get())}) {
    builder.RegisterService(service);
  }
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<RpcMetricsInterceptorFactory>(rpc_metrics));
  interceptors.push_back(std::make_unique<CallLimitInterceptorFactory>(call_limits, *guard, config.access_required));
  if (config.access_required) interceptors.push_back(std::make_unique<AuditInterceptorFactory>(*audit, *guard));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  grpc_server = builder.BuildAndStart();
  if (grpc_server == nullptr || grpc_port == 0) {
    return absl::UnavailableError(
        fmt::format("cannot listen on server.listen {}; is another server there already?", config.listen));
  }
  return OkStatus();
}

Status Server::Parts::ServeMetrics() {
  RETURN_IF_ERROR(metrics_listener.Listen(config.metrics_listen, *metrics_registry));
  metrics_listener.Show(metrics_registry);
  metrics_listener.Show(store_metrics);
  metrics_listener.Show(advice_metrics);
  return OkStatus();
}

void Server::Parts::WatchHealth() {
  bool serving = true;
  MutexLock lock(mutex);
  while (!stopping) {
    if (const bool writable = telemetry->Stats().writable; writable != serving) {
      serving = writable;
      grpc_server->GetHealthCheckService()->SetServingStatus(serving);
      if (serving) {
        spdlog::info("serving again: the disk takes writes");
      } else {
        spdlog::error("not serving: the disk takes no writes, nothing is acknowledged");
      }
    }
    stop_requested.WaitUntil(mutex, std::chrono::steady_clock::now() + kHealthInterval);
  }
}

StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config, const Clock& clock) {
  RETURN_IF_ERROR(Validate(config));
  auto parts = std::make_unique<Parts>(config);
  RETURN_IF_ERROR(parts->OpenStores(clock));
  RETURN_IF_ERROR(parts->ServeMetrics());
  RETURN_IF_ERROR(parts->ListenForTerminals(clock));
  if (Status status = parts->Serve(clock); !status.ok()) return status;
  parts->health_thread = std::thread([p = parts.get()] { p->WatchHealth(); });
  if (!config.access_required && !IsLoopback(config.listen) && config.tls.client_ca_file.empty()) {
    spdlog::warn("listening on {} without authentication{}: anyone who reaches it may read and write", config.listen,
                 config.tls.enabled() ? "" : " or encryption");
  }
  spdlog::info("ready grpc_port={} metrics_port={} data_dir={} signals={} vehicles={}", parts->grpc_port,
               parts->metrics_listener.port(), config.data_dir, parts->catalog->signals().size(),
               parts->registry->size());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(); }

int Server::grpc_port() const { return parts_->grpc_port; }
int Server::metrics_port() const { return parts_->metrics_listener.port(); }
int Server::terminal_port(TerminalProtocol protocol) const { return parts_->terminal_ports->port(protocol); }

void Server::Stop() {
  Parts& parts = *parts_;
  {
    MutexLock lock(parts.mutex);
    if (parts.stopping) return;
    parts.stopping = true;
    parts.stop_requested.NotifyAll();
  }
  parts.health_thread.join();
  parts.grpc_server->GetHealthCheckService()->SetServingStatus(false);
  parts.ingest_service->Drain();
  parts.terminal_ports->Stop();
  parts.relay_service->Drain();
  parts.live.EndAll();
  parts.grpc_server->Shutdown(std::chrono::system_clock::now() + parts.config.drain_timeout);
  parts.grpc_server->Wait();
  parts.metrics_listener.Stop();
  parts.grpc_server.reset();
  parts.terminal_ports.reset();
  parts.advice_metrics.reset();
  parts.publisher.reset();
  if (const Status status = parts.telemetry->Flush(); !status.ok()) {
    spdlog::error("flush at stop failed, the journal keeps everything: {}", status.ToString());
  }
  parts.pipeline.reset();  // writes its last records
  parts.folds.reset();
  parts.store_metrics.reset();
  parts.maintenance.reset();
  parts.telemetry.reset();
}

}  // namespace telltale
