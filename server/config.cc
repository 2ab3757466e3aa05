#include "server/config.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <numeric>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/time.h"

namespace telltale {
namespace {

template <typename Number>
Status ParseNumber(const std::string& text, Number& out) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return absl::InvalidArgumentError(fmt::format("'{}' is not a whole number in range", text));
  }
  out = number;
  return OkStatus();
}

template <typename Number>
Setting NumberSetting(std::string key, std::string meaning, Number& value) {
  return {std::move(key), std::move(meaning), [&value](const std::string& text) { return ParseNumber(text, value); },
          [&value] { return fmt::format("{}", value); }};
}

// A duration, set and shown as a whole number of `Unit`; the key ends with the unit.
template <typename Unit, typename Duration>
Setting DurationSetting(std::string key, std::string meaning, Duration& value) {
  return {std::move(key), std::move(meaning),
          [&value](const std::string& text) {
            std::int64_t count = 0;
            RETURN_IF_ERROR(ParseNumber(text, count));
            if (count < 0 || count > 1'000'000'000) {
              return Status(absl::InvalidArgumentError(fmt::format("{} is outside 0..1000000000", count)));
            }
            value = std::chrono::duration_cast<Duration>(Unit(count));
            return OkStatus();
          },
          [&value] { return fmt::format("{}", std::chrono::duration_cast<Unit>(value).count()); }};
}

Setting TextSetting(std::string key, std::string meaning, std::string& value) {
  return {std::move(key), std::move(meaning),
          [&value](const std::string& text) {
            value = text;
            return OkStatus();
          },
          [&value] { return value; }};
}

Setting ListSetting(std::string key, std::string meaning, std::vector<std::string>& value) {
  return {std::move(key), std::move(meaning),
          [&value](const std::string& text) {
            value.clear();
            for (std::size_t from = 0; from < text.size();) {
              const std::size_t comma = std::min(text.find(',', from), text.size());
              if (comma > from) value.push_back(text.substr(from, comma - from));
              from = comma + 1;
            }
            return OkStatus();
          },
          [&value] { return fmt::format("[{}]", fmt::join(value, ", ")); }};
}

Setting BoolSetting(std::string key, std::string meaning, bool& value) {
  return {std::move(key), std::move(meaning),
          [&value](const std::string& text) {
            if (text != "true" && text != "false") {
              return Status(absl::InvalidArgumentError(fmt::format("'{}' is neither true nor false", text)));
            }
            value = text == "true";
            return OkStatus();
          },
          [&value] { return std::string(value ? "true" : "false"); }};
}

void AddTlsSettings(const std::string& section, TlsOptions& options, std::vector<Setting>& settings) {
  settings.push_back(TextSetting(section + ".tls_certificate_file",
                                 "PEM file of its certificate and the chain behind it; empty: no TLS",
                                 options.certificate_file));
  settings.push_back(
      TextSetting(section + ".tls_key_file", "PEM file of the certificate's private key", options.key_file));
  settings.push_back(TextSetting(section + ".tls_client_ca_file",
                                 "PEM file; who connects must show a certificate that one of these signed; empty: "
                                 "nobody must",
                                 options.client_ca_file));
}

// What every port for terminals has.
void AddGatewaySettings(const std::string& section, std::string_view protocol, GatewayOptions& options,
                        std::vector<Setting>& settings) {
  const auto key = [&section](const char* name) { return section + "." + name; };
  settings.push_back(
      TextSetting(key("listen"),
                  fmt::format("Where terminals of {} connect, HOST:PORT; port 0 takes a free one; empty: "
                              "nowhere",
                              protocol),
                  options.listen));
  AddTlsSettings(section, options.tls, settings);
  settings.push_back(NumberSetting(key("threads"), "Threads that serve them", options.threads));
  settings.push_back(NumberSetting(key("connections_max"), "Open connections", options.connections_max));
  settings.push_back(NumberSetting(key("connections_per_address_max"), "Of one address; 0: no limit",
                                   options.connections_per_address_max));
  settings.push_back(NumberSetting(key("attempts_per_address_per_minute_max"),
                                   "Connections that one address may begin in a minute; 0: no limit",
                                   options.attempts_per_address_per_minute_max));
  settings.push_back(NumberSetting(key("refused_logins_per_address_per_minute_max"),
                                   "Refused logins of one address; beyond, it may not connect until the minute is "
                                   "over; 0: no limit",
                                   options.refused_logins_per_address_per_minute_max));
  settings.push_back(DurationSetting<std::chrono::seconds>(
      key("login_timeout_s"), "Until a terminal has proved who it is, seconds", options.login_timeout));
  settings.push_back(DurationSetting<std::chrono::seconds>(
      key("message_timeout_s"), "Until a message that began is whole, seconds", options.message_timeout));
  settings.push_back(
      DurationSetting<std::chrono::seconds>(key("idle_timeout_s"), "Without a byte, seconds", options.idle_timeout));
  settings.push_back(DurationSetting<std::chrono::seconds>(
      key("write_timeout_s"), "Until a terminal has read its answers, seconds", options.write_timeout));
  settings.push_back(NumberSetting(
      key("bytes_per_s_max"), "Bytes a second of one connection, read later beyond ten seconds' worth; 0: no limit",
      options.bytes_per_second_max));
  settings.push_back(NumberSetting(key("unsent_bytes_max"),
                                   "Bytes that wait for a terminal that does not read, before its connection is closed",
                                   options.unsent_bytes_max));
  settings.push_back(NumberSetting(key("unanswered_max"), "Reads of one connection that are not answered yet",
                                   options.unanswered_max));
  settings.push_back(NumberSetting(key("commands_unanswered_max"), "Commands that wait for the answer of one terminal",
                                   options.commands_unanswered_max));
}

// How much one caller and one connection may.
void AddLimitSettings(Config& config, std::vector<Setting>& settings) {
  const auto add = [&settings](Setting setting) { settings.push_back(std::move(setting)); };
  CallLimitOptions& calls = config.call_limits;
  add(NumberSetting("server.caller_calls_per_s_max", "Calls a second of one key; 0: no limit",
                    calls.calls_per_second_max));
  add(NumberSetting("server.caller_burst", "Calls that one key or address may make at once, beyond that",
                    calls.call_burst));
  add(NumberSetting("server.caller_streams_max",
                    "Streams that one key has open at once, or one address where no keys are needed; 0: no limit",
                    calls.streams_max));
  add(NumberSetting("server.peer_calls_per_s_max",
                    "Where no keys are needed: calls a second of one address; 0: no limit",
                    calls.peer_calls_per_second_max));
  add(NumberSetting("server.callers_max", "Callers that are told apart; further ones share what one may",
                    calls.callers_max));
  ConnectionLimits& connections = config.connections;
  add(NumberSetting("server.streams_per_connection_max", "Open calls of one connection; clients hold back further ones",
                    connections.streams_max));
  add(NumberSetting("server.header_bytes_max", "Metadata of one call, bytes", connections.header_bytes_max));
  add(DurationSetting<std::chrono::seconds>(
      "server.keepalive_interval_s", "A quiet connection is pinged so often, seconds", connections.keepalive_interval));
  add(DurationSetting<std::chrono::seconds>("server.keepalive_timeout_s",
                                            "It is closed so long after a ping without an answer, seconds",
                                            connections.keepalive_timeout));
  add(DurationSetting<std::chrono::seconds>("server.ping_interval_min_s",
                                            "Who pings more often, without data, has his connection closed, seconds",
                                            connections.ping_interval_min));
  add(NumberSetting("server.ping_strikes_max", "So many of such pings are forgiven", connections.ping_strikes_max));
  add(DurationSetting<std::chrono::seconds>("server.connection_idle_max_s",
                                            "A connection without calls is closed after so long, seconds; 0: never",
                                            connections.idle_max));
}

// The number of single-character changes that turn one word into the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (const char letter : a) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (letter == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

Status UnknownKey(std::string_view key, const std::vector<Setting>& settings) {
  const auto nearest = std::min_element(settings.begin(), settings.end(), [key](const Setting& a, const Setting& b) {
    return EditDistance(key, a.key) < EditDistance(key, b.key);
  });
  return absl::InvalidArgumentError(
      fmt::format("'{}' is not a setting; did you mean '{}'? --print-config lists all", key, nearest->key));
}

Status Apply(std::string_view key, const std::string& text, const std::vector<Setting>& settings) {
  const auto setting = std::find_if(settings.begin(), settings.end(), [key](const Setting& s) { return s.key == key; });
  if (setting == settings.end()) return UnknownKey(key, settings);
  if (const Status status = setting->set(text); !status.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", key, MessageOf(status)));
  }
  return OkStatus();
}

// A scalar as it stands, a list joined by commas.
StatusOr<std::string> TextOf(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (node.IsNull()) return std::string();
  if (!node.IsSequence()) return absl::InvalidArgumentError("a value or a list of values is wanted here");
  std::string text;
  for (const YAML::Node& element : node) {
    if (!element.IsScalar()) return absl::InvalidArgumentError("a list of plain values is wanted here");
    if (!text.empty()) text += ',';
    text += element.Scalar();
  }
  return text;
}

Status ReadYaml(const YAML::Node& root, const std::vector<Setting>& settings) {
  const auto at = [](const YAML::Node& node, const Status& status) {
    return Status(absl::InvalidArgumentError(fmt::format("line {}: {}", node.Mark().line + 1, MessageOf(status))));
  };
  if (root.IsNull()) return OkStatus();  // an empty file is a sound one
  if (!root.IsMap()) return at(root, absl::InvalidArgumentError("sections are wanted here, such as 'server:'"));
  for (const auto& section : root) {
    const std::string name = section.first.Scalar();
    if (section.second.IsNull()) continue;
    if (!section.second.IsMap()) {
      return at(section.first, absl::InvalidArgumentError(fmt::format("'{}' wants keys below it", name)));
    }
    for (const auto& entry : section.second) {
      const auto text = TextOf(entry.second);
      if (!text.ok()) return at(entry.first, text.status());
      const std::string key = name + "." + entry.first.Scalar();
      if (const Status status = Apply(key, *text, settings); !status.ok()) return at(entry.first, status);
    }
  }
  return OkStatus();
}

}  // namespace

std::vector<Setting> SettingsOf(Config& config) {
  std::vector<Setting> settings;
  const auto add = [&settings](Setting setting) { settings.push_back(std::move(setting)); };
  add(TextSetting("server.listen", "Where gRPC listens, HOST:PORT; port 0 takes a free one", config.listen));
  add(TextSetting("server.metrics_listen", "Where /metrics listens over HTTP, HOST:PORT; port 0 takes a free one",
                  config.metrics_listen));
  AddTlsSettings("server", config.tls, settings);
  add(BoolSetting("access.required",
                  "Whether callers must show a key (docs/security.md); if not, whoever reaches the port is an operator",
                  config.access_required));
  add(DurationSetting<std::chrono::days>("access.audit_retention_days",
                                         "Entries of the audit are kept for so long, days; 0: for ever",
                                         config.audit.retention));
  add(NumberSetting("access.audit_waiting_max",
                    "Entries that may wait for the disk; while more do, vehicles cannot be asked for",
                    config.audit.waiting_max));
  add(TextSetting("access.token_issuer", "Whose tokens (JWT) are taken besides keys, claim iss; empty: none are",
                  config.tokens.issuer));
  add(TextSetting("access.token_audience", "What they must be for, claim aud", config.tokens.audience));
  add(TextSetting("access.token_keys", "The issuer's public keys: a JWKS file, or its URL (https)",
                  config.tokens.keys));
  add(DurationSetting<std::chrono::seconds>("access.token_keys_interval_s", "How often these are read again, seconds",
                                            config.tokens.keys_interval));
  add(DurationSetting<std::chrono::seconds>(
      "access.token_clock_skew_s", "How far the issuer's clock may be off, seconds", config.tokens.clock_skew));
  add(NumberSetting("access.tokens_cached_max", "Tokens whose signature need not be checked again at each call",
                    config.tokens.cached_max));
  add(BoolSetting("server.relays_allowed",
                  "Whether other processes may pass on connections of terminals (--role gateway)",
                  config.terminals.relays_allowed));
  add(TextSetting("gateway.upstream", "With --role gateway: the telltaled that serves the terminals, HOST:PORT",
                  config.gateway.upstream));
  add(TextSetting("gateway.tls_ca_file", "PEM file of who signed that one's certificate; empty: no TLS",
                  config.gateway.ca_file));
  add(TextSetting("gateway.tls_certificate_file", "PEM file of the certificate to show it; empty: none",
                  config.gateway.certificate_file));
  add(TextSetting("gateway.tls_key_file", "PEM file of that certificate's private key", config.gateway.key_file));
  add(TextSetting("gateway.access_key_file", "File with the key to show it (access.required); empty: none",
                  config.gateway.access_key_file));
  add(NumberSetting("server.message_bytes_max", "Greatest gRPC message taken, bytes", config.message_bytes_max));
  add(NumberSetting("server.query_threads_max", "Queries answered at the same time; more wait or are refused",
                    config.query_threads_max));
  add(DurationSetting<std::chrono::seconds>(
      "server.query_time_max_s", "A query is stopped after so long, whatever its deadline, seconds; 0: no limit",
      config.query_time_max));
  AddLimitSettings(config, settings);
  add(NumberSetting("server.watchers_max", "Open TelemetryService/Watch calls", config.live.watchers_max));
  add(NumberSetting("server.frames_per_watcher_max", "Frames kept for a slow watcher before the oldest are left out",
                    config.live.frames_per_watcher_max));
  add(DurationSetting<std::chrono::seconds>(
      "server.drain_timeout_s", "At a stop, how long open calls may take to end, seconds", config.drain_timeout));
  add(TextSetting("log.level", "debug, info, warn or error", config.log_level));
  add(ListSetting("catalog.extra_files", "Further signal files, in the columns of catalog/signals.csv; a list",
                  config.extra_signal_files));
  add(NumberSetting("ingest.batches_in_flight", "Batches of one stream that are read but not yet answered",
                    config.ingest.batches_in_flight));
  add(NumberSetting("ingest.streams_max", "Open ingest streams and imports", config.ingest.streams_max));
  add(NumberSetting("ingest.vehicles_per_stream_max", "Vehicles that one stream may name",
                    config.ingest.vehicles_per_stream_max));
  add(NumberSetting("ingest.sender_frames_per_s_max", "Frames a second that one sender may send; 0: no limit",
                    config.ingest.sender_limit.frames_per_second_max));
  add(DurationSetting<std::chrono::seconds>("ingest.sender_burst_s",
                                            "So many seconds' worth of that may come at once, seconds",
                                            config.ingest.sender_limit.burst));
  add(NumberSetting("ingest.packed_frames_per_batch_max", "Packed frames of a batch; further ones are refused",
                    config.ingest.packed_frames_per_batch_max));
  add(NumberSetting("ingest.last_rows_bytes_max",
                    "Memory for the last rows of vehicles that send packed frames, of all streams, bytes",
                    config.ingest.last_rows_bytes_max));
  add(DurationSetting<std::chrono::seconds>("ingest.clock_ahead_max_s",
                                            "How far ahead of ours a terminal's clock may be, seconds",
                                            config.pipeline.clock_ahead_max));
  add({"ingest.earliest_time", "Frames measured before this are refused, RFC 3339",
       [&config](const std::string& text) {
         ASSIGN_OR_RETURN(config.pipeline.earliest_time_ms, ParseTime(text));
         return OkStatus();
       },
       [&config] { return FormatTime(config.pipeline.earliest_time_ms); }});
  AddGatewaySettings("jt808", "JT/T 808", config.terminals.jt808, settings);
  add(BoolSetting("jt808.self_registration",
                  "Whether a terminal that nobody bound may bind itself to the unplated vehicle whose VIN it names",
                  config.terminals.jt808_sessions.self_registration));
  add(BoolSetting("jt808.authentication", "Whether a terminal must show its code; without, its number is enough",
                  config.terminals.jt808_sessions.authentication));
  add(BoolSetting(
      "jt808.allow_control",
      "Where no keys are needed: whether terminals may be restarted, reset or silenced (0x8105); else operators may",
      config.terminals.allow_control));
  add(NumberSetting("jt808.uploads_per_vehicle_max", "Passed-through messages (0x0900) kept of a vehicle; older go",
                    config.uploads.per_vehicle_max));
  add(NumberSetting("jt808.packets_max", "Packets of one message, a KiB each; longer ones are refused",
                    config.terminals.jt808_sessions.sub_packets.packets_max));
  AddGatewaySettings("gb32960", "GB/T 32960", config.terminals.gb32960, settings);
  add(BoolSetting("gb32960.self_registration",
                  "Whether the terminal of a registered vehicle may log in although nobody bound it",
                  config.terminals.gb32960_sessions.self_registration));
  add(NumberSetting("gb32960.vehicles_per_platform_max", "Vehicles that one platform's connection may send for",
                    config.terminals.gb32960_sessions.vehicles_per_platform_max));
  add(NumberSetting("gb32960.data_bytes_max", "Data of one message, bytes; the standard's greatest is 65531",
                    config.terminals.gb32960_sessions.data_bytes_max));
  AddGatewaySettings("gb17691", "GB 17691, annex Q,", config.terminals.gb17691, settings);
  add(BoolSetting("gb17691.self_registration",
                  "Whether the terminal of a registered vehicle may log in although nobody bound it",
                  config.terminals.gb17691_sessions.self_registration));
  add(NumberSetting("gb17691.data_bytes_max", "Data of one message, bytes; the standard's greatest is 65531",
                    config.terminals.gb17691_sessions.data_bytes_max));
  add(TextSetting("store.data_dir", "Folder of everything stored; created if it is missing", config.data_dir));
  add(TextSetting("store.backup_dir", "Folder of the backups; empty: \"backups\" in store.data_dir",
                  config.backup_dir));
  add(NumberSetting("store.frames_per_block", "Frames of a vehicle kept in memory before they become a block",
                    config.store.frames_per_block));
  add(DurationSetting<std::chrono::seconds>("store.head_age_max_s",
                                            "After so long a vehicle's frames in memory become a block, seconds",
                                            config.store.head_age_max));
  add(DurationSetting<std::chrono::hours>("store.archive_age_min_h",
                                          "A day is archived, put in order for reading, so long after its end, hours",
                                          config.store.archive_age_min));
  add(DurationSetting<std::chrono::seconds>("store.archive_period_s",
                                            "Between two looks for days to archive, seconds; 0: never",
                                            config.store.archive_period));
  add(DurationSetting<std::chrono::days>(
      "store.retention_days", "A day is dropped so long after its end, days; 0: never", config.store.retention));
  add(DurationSetting<std::chrono::days>("store.short_retention_days",
                                         "The same for the signals of store.short_lived_groups, days; 0: with the rest",
                                         config.store.short_retention));
  add(ListSetting("store.short_lived_groups",
                  "Groups of the catalogue that are dropped earlier if store.short_retention_days says so; a list",
                  config.short_lived_groups));
  add(NumberSetting("store.head_bytes_max", "Memory for frames that are not yet in blocks, bytes",
                    config.store.head_bytes_max));
  add(NumberSetting("store.journal_bytes_max", "Disk for frames that are not yet in durable blocks, bytes",
                    config.store.journal_bytes_max));
  add(NumberSetting("store.journal_segment_bytes", "A file of the journal, which goes as a whole, bytes",
                    config.store.journal_segment_bytes));
  add(NumberSetting("store.sealing_bytes_max", "Memory for frames on their way into blocks, bytes; then commits wait",
                    config.store.sealing_bytes_max));
  add(NumberSetting("store.queue_bytes_max", "Frames that wait to become durable, bytes; then senders wait",
                    config.store.queue_bytes_max));
  add(NumberSetting("store.group_bytes_max", "Frames made durable with one sync, bytes", config.store.group_bytes_max));
  add(NumberSetting("store.cache_bytes", "Memory for stored blocks that were read, bytes", config.store.cache_bytes));
  add(NumberSetting("store.latest_columns_max",
                    "Signals whose newest values of all vehicles are kept in memory, 12 bytes a vehicle each",
                    config.store.latest_columns_max));
  add(NumberSetting("store.write_buffer_bytes", "RocksDB's memory table, each of up to four, bytes",
                    config.store.write_buffer_bytes));
  add(NumberSetting("store.disk_free_bytes_min",
                    "With less free space on the disk nothing is written, until there is a tenth more, bytes; 0: off",
                    config.store.disk_free_bytes_min));
  add(NumberSetting("store.open_files_max", "Files that the telemetry store keeps open", config.store.open_files_max));
  add(NumberSetting("advice.folded_vehicles_max", "Vehicles whose trips are kept in memory between queries",
                    config.folded_vehicles_max));
  add(NumberSetting("advice.publish_cpu_percent",
                    "How much of one core the publisher of days takes while vehicles wait for it, 1 to 100",
                    config.publish_cpu_percent));
  add(DurationSetting<std::chrono::seconds>(
      "advice.settle_after_s",
      "Late frames are waited for so long before the days that they touch are folded again, seconds",
      config.settle_after));
  return settings;
}

Status ReadConfigFile(const std::string& path, Config& config) {
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(fmt::format("cannot open the configuration {}", path));
  YAML::Node root;
  try {
    root = YAML::Load(in);
  } catch (const YAML::Exception& e) {
    return absl::InvalidArgumentError(fmt::format("{}: not YAML: {}", path, e.what()));
  }
  if (const Status status = ReadYaml(root, SettingsOf(config)); !status.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", path, MessageOf(status)));
  }
  return OkStatus();
}

Status ApplySetting(std::string_view key_value, Config& config) {
  const std::size_t equals = key_value.find('=');
  if (equals == std::string_view::npos) {
    return absl::InvalidArgumentError(fmt::format("'{}' is not KEY=VALUE", key_value));
  }
  return Apply(key_value.substr(0, equals), std::string(key_value.substr(equals + 1)), SettingsOf(config));
}

bool IsLoopback(const std::string& address) {
  return address.rfind("127.", 0) == 0 || address.rfind("localhost:", 0) == 0 || address.rfind("[::1]:", 0) == 0;
}

Status Validate(const Config& config) {
  RETURN_IF_ERROR(Validate(config.tls, "server"));
  for (const std::string* address : {&config.listen, &config.metrics_listen}) {
    const std::size_t colon = address->rfind(':');
    int port = -1;
    if (colon == std::string::npos || !ParseNumber(address->substr(colon + 1), port).ok() || port < 0 || port > 65535) {
      return absl::InvalidArgumentError(fmt::format("'{}' is not HOST:PORT, for example 127.0.0.1:7443", *address));
    }
  }
  RETURN_IF_ERROR(Validate(config.tokens));
  if (config.tokens.enabled() && !config.access_required) {
    return absl::InvalidArgumentError(
        "access.token_issuer wants access.required=true: else nobody is asked for a token");
  }
  if (config.access_required && !config.tls.enabled() && !IsLoopback(config.listen)) {
    return absl::InvalidArgumentError(
        fmt::format("with access.required keys would travel in the clear to {}: set server.tls_certificate_file and "
                    "server.tls_key_file, or listen on 127.0.0.1",
                    config.listen));
  }
  if (config.message_bytes_max < (1U << 16) || config.message_bytes_max > (1U << 30)) {
    return absl::InvalidArgumentError("server.message_bytes_max must be between 65536 and 1073741824");
  }
  if (config.query_threads_max < 1) return absl::InvalidArgumentError("server.query_threads_max must be at least 1");
  if (config.live.frames_per_watcher_max == 0) {
    return absl::InvalidArgumentError("server.frames_per_watcher_max must be at least 1");
  }
  if (config.data_dir.empty()) return absl::InvalidArgumentError("store.data_dir must not be empty");
  if (config.folded_vehicles_max == 0) {
    return absl::InvalidArgumentError("advice.folded_vehicles_max must be at least 1");
  }
  if (config.publish_cpu_percent < 1 || config.publish_cpu_percent > 100) {
    return absl::InvalidArgumentError("advice.publish_cpu_percent must be between 1 and 100");
  }
  if (config.settle_after.count() < 0) {
    return absl::InvalidArgumentError("advice.settle_after_s must not be negative");
  }
  RETURN_IF_ERROR(Validate(config.call_limits));
  RETURN_IF_ERROR(Validate(config.connections));
  RETURN_IF_ERROR(Validate(config.pipeline));
  RETURN_IF_ERROR(Validate(config.ingest));
  RETURN_IF_ERROR(Validate(config.terminals));
  return Validate(config.store);
}

std::string PrintConfig(Config config) {
  std::string text;
  std::string section;
  for (const Setting& setting : SettingsOf(config)) {
    const std::size_t dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != section) {
      section = setting.key.substr(0, dot);
      text += fmt::format("{}{}:\n", text.empty() ? "" : "\n", section);
    }
    text += fmt::format("  # {}\n  {}: {}\n", setting.meaning, setting.key.substr(dot + 1), setting.get());
  }
  return text;
}

}  // namespace telltale
