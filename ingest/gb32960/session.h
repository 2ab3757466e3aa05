#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/gb32960/data_unit.h"
#include "ingest/gb32960/message.h"
#include "ingest/terminals/metrics.h"
#include "ingest/terminals/session.h"
#include "storage/terminal_registry.h"
#include "storage/vehicle_registry.h"

namespace telltale::gb32960 {

struct SessionOptions {
  // A vehicle whose terminal nobody bound may log in all the same, if it is registered.
  bool self_registration = false;
  std::size_t data_bytes_max = 8 << 10;            // of a message; the standard's greatest is 65,531
  std::size_t vehicles_per_platform_max = 50'000;  // that a platform's connection may send for
};

// What all sessions share. Everything referred to outlives them. Immutable but for the stores behind it.
struct Shared {
  Shared(const Pipeline& frames, const VehicleRegistry& vehicle_registry, TerminalRegistry& terminal_registry,
         TerminalMetrics& terminal_metrics, const SessionOptions& session_options)
      : pipeline(frames),
        vehicles(vehicle_registry),
        terminals(terminal_registry),
        metrics(terminal_metrics),
        counters(terminal_metrics.Of("gb32960")),
        options(session_options),
        data_units(frames.catalog()) {}

  const Pipeline& pipeline;
  const VehicleRegistry& vehicles;
  TerminalRegistry& terminals;
  TerminalMetrics& metrics;
  const TerminalMetrics::OfProtocol counters;
  const SessionOptions options;
  const DataUnitReader data_units;
};

// One connection by GB/T 32960.3 of 2016 or 2025, of a vehicle or of a platform that passes many vehicles' messages on:
// a login, then data, each message answered once it is durable. The standard gives vehicles no secret; the SIM of the
// first login is remembered, and a login with another is refused. A platform shows a user name and a password, and
// answers for its vehicles.
class Session final : public TerminalSession {
 public:
  explicit Session(const Shared& shared) : shared_(shared) {}

  void Receive(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out) override;
  void Tick(std::int64_t /*now_ms*/, SessionOutput& /*out*/) override {}
  void Forget(std::string_view vin) override;
  std::size_t partial_bytes() const override { return partial_.size(); }
  std::size_t sender_count() const override { return platform_ ? 1 + platform_->size() : 1; }
  StatusOr<EncodedCommand> Encode(const TerminalCommand& command) override;

 private:
  // A vehicle that has logged in: the connection's own, or one of a platform's.
  struct Member {
    VehicleRegistry::Entry vehicle;
    bool gcj02 = false;
  };
  using Platform =
      std::unordered_map<std::string, Member>;  // by VIN; who sends it in lower case is looked up each time

  // False: the check is wrong.
  bool HandleMessage(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out);
  void HandleCommand(const Message& message, std::int64_t now_ms, SessionOutput& out);
  void LogIn(const Message& message, SessionOutput& out);
  void LogInPlatform(const Message& message, SessionOutput& out);
  void LogOut(const Message& message, SessionOutput& out);
  // Of the message's VIN. False: it is answered, or the connection is to close.
  bool FindMember(const Message& message, Member& member, SessionOutput& out);
  static void CloseNotWritten(SessionOutput& out);
  Answer TakeData(const Message& message, const Member& member, SessionOutput& out);
  void Reply(const Message& message, Answer answer, SessionOutput& out);
  void Refuse(std::string_view reason) { shared_.metrics.CountRefused("gb32960", reason); }

  const Shared& shared_;
  std::vector<std::uint8_t> partial_;  // at most a message
  bool gcj02_ = false;
  std::unique_ptr<Platform> platform_;  // of a platform's connection
};

class Sessions final : public TerminalSessions {
 public:
  explicit Sessions(const Shared& shared) : shared_(shared) {}
  std::string_view name() const override { return "gb32960"; }
  std::unique_ptr<TerminalSession> NewSession() override { return std::make_unique<Session>(shared_); }

 private:
  const Shared& shared_;
};

}  // namespace telltale::gb32960
