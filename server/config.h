#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "access/audit_log.h"
#include "access/token_verifier.h"
#include "base/status.h"
#include "base/tls.h"
#include "ingest/grpc/ingest_service.h"
#include "ingest/live_frames.h"
#include "ingest/pipeline.h"
#include "server/call_limits.h"
#include "server/connection_limits.h"
#include "server/terminal_ports.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/upload_log.h"

namespace telltale {

// Of a process that only accepts connections of terminals, and passes them on.
struct GatewayRoleOptions {
  std::string upstream = "127.0.0.1:7443";  // the telltaled that serves them
  std::string ca_file;                      // empty: no TLS
  std::string certificate_file;             // empty: it shows none
  std::string key_file;
  std::string access_key_file;  // with the key that it shows; empty: none
};

// Everything that can be set about telltaled. Only this folder reads files and flags; the parts get their own options.
struct Config {
  std::string listen = "127.0.0.1:7443";  // gRPC; port 0 takes a free one
  TlsOptions tls;                         // of gRPC
  AuditLog::Options audit;
  TokenOptions tokens;
  bool access_required = false;                   // callers show keys; else whoever reaches the port is an operator
  std::string metrics_listen = "127.0.0.1:9464";  // /metrics over HTTP; port 0 takes a free one
  std::size_t message_bytes_max = 16 << 20;
  int query_threads_max = 64;
  std::chrono::seconds query_time_max{60};
  CallLimitOptions call_limits;
  ConnectionLimits connections;
  std::chrono::seconds drain_timeout{10};
  std::string data_dir = "telltale-data";
  std::vector<std::string> short_lived_groups = {"position"};
  std::string backup_dir;  // empty: "backups" in data_dir
  std::string log_level = "info";
  std::vector<std::string> extra_signal_files;
  std::size_t folded_vehicles_max = 10'000;
  int publish_cpu_percent = 50;  // of one core
  std::chrono::seconds settle_after{15};
  PipelineOptions pipeline;
  IngestServiceOptions ingest;
  LiveFrames::Options live;
  TerminalPortsOptions terminals;
  GatewayRoleOptions gateway;
  UploadLog::Options uploads;
  TelemetryStoreOptions store;
};

// One thing that can be set, by the configuration file or by a flag.
struct Setting {
  std::string key;      // "ingest.batches_in_flight"
  std::string meaning;  // with its unit
  std::function<Status(const std::string& text)> set;
  std::function<std::string()> get;
};

// The settings of `config`, which outlives them, in the order of the documentation.
std::vector<Setting> SettingsOf(Config& config);

// Reads a YAML file of sections and keys over what `config` has. Errors: NOT_FOUND the file cannot be opened;
// INVALID_ARGUMENT not YAML, an unknown key (the nearest known one is named), or a wrong value: file and line are
// named.
Status ReadConfigFile(const std::string& path, Config& config);

// "key=value", from a flag. Errors: INVALID_ARGUMENT.
Status ApplySetting(std::string_view key_value, Config& config);

// The whole configuration: every part's own checks. Errors: INVALID_ARGUMENT.
Status Validate(const Config& config);

// Whether only this machine reaches an address, as in "127.0.0.1:7443".
bool IsLoopback(const std::string& address);

// Every setting with its meaning and present value, as a YAML file that ReadConfigFile reads back.
std::string PrintConfig(Config config);

}  // namespace telltale
