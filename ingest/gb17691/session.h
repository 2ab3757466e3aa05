#pragma once

#include <memory>
#include <vector>

#include "ingest/gb17691/emission_data.h"
#include "ingest/gb32960/message.h"
#include "ingest/terminals/metrics.h"
#include "ingest/terminals/session.h"
#include "storage/terminal_registry.h"
#include "storage/vehicle_registry.h"

namespace telltale::gb17691 {

struct SessionOptions {
  // A vehicle whose terminal nobody bound may log in all the same, if it is registered.
  bool self_registration = false;
  std::size_t data_bytes_max = 8 << 10;  // of a message; the standard's greatest is 65,531
};

// What all sessions share. Everything referred to outlives them. Immutable but for the stores behind it.
struct Shared {
  Shared(const Pipeline& frames, const VehicleRegistry& vehicle_registry, TerminalRegistry& terminal_registry,
         TerminalMetrics& terminal_metrics, const SessionOptions& session_options)
      : pipeline(frames),
        vehicles(vehicle_registry),
        terminals(terminal_registry),
        metrics(terminal_metrics),
        counters(terminal_metrics.Of("gb17691")),
        options(session_options),
        emissions(frames.catalog()) {}

  const Pipeline& pipeline;
  const VehicleRegistry& vehicles;
  TerminalRegistry& terminals;
  TerminalMetrics& metrics;
  const TerminalMetrics::OfProtocol counters;
  const SessionOptions options;
  const EmissionReader emissions;
};

// One vehicle's connection by GB 17691-2018, annex Q, or HJ 1239.3-2021; a message says which. The standard knows no
// answers, so a vehicle that is refused loses its connection: it then keeps its data and tries again.
class Session final : public TerminalSession {
 public:
  explicit Session(const Shared& shared) : shared_(shared) {}

  void Receive(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out) override;
  void Tick(std::int64_t /*now_ms*/, SessionOutput& /*out*/) override {}
  std::size_t partial_bytes() const override { return partial_.size(); }
  StatusOr<EncodedCommand> Encode(const TerminalCommand& command) override;

 private:
  // False: the check is wrong.
  bool HandleMessage(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out);
  void LogIn(const gb32960::Message& message, SessionOutput& out);
  void TakeData(const gb32960::Message& message, SessionOutput& out);
  void Refuse(std::string_view reason) { shared_.metrics.CountRefused("gb17691", reason); }
  void Close(std::string_view reason, SessionOutput& out);

  const Shared& shared_;
  std::vector<std::uint8_t> partial_;  // at most a message
  bool gcj02_ = false;
};

class Sessions final : public TerminalSessions {
 public:
  explicit Sessions(const Shared& shared) : shared_(shared) {}
  std::string_view name() const override { return "gb17691"; }
  std::unique_ptr<TerminalSession> NewSession() override { return std::make_unique<Session>(shared_); }

 private:
  const Shared& shared_;
};

// Any message, field by field.
Explanation Explain(std::span<const std::uint8_t> message, const EmissionReader& reader);

}  // namespace telltale::gb17691
