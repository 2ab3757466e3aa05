#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ingest/j1939/bus_decoder.h"
#include "ingest/jt808/bodies.h"
#include "ingest/jt808/message.h"
#include "ingest/jt808/position.h"
#include "ingest/jt808/sub_packets.h"
#include "ingest/terminals/metrics.h"
#include "ingest/terminals/session.h"
#include "storage/driver_log.h"
#include "storage/terminal_registry.h"
#include "storage/vehicle_registry.h"

namespace telltale::jt808 {

struct SessionOptions {
  // A terminal that nobody bound to a vehicle may bind itself to the one whose VIN it registers with (plate colour 0).
  bool self_registration = false;
  // Whether a terminal has to show its code before its frames are taken; without, its number is enough.
  bool authentication = true;
  SubPackets::Options sub_packets;
};

// What all sessions share. Everything referred to outlives them. Immutable but for the stores behind it.
struct Shared {
  Shared(const Pipeline& frames, const VehicleRegistry& vehicle_registry, TerminalRegistry& terminal_registry,
         TerminalMetrics& terminal_metrics, const SessionOptions& session_options)
      : pipeline(frames),
        vehicles(vehicle_registry),
        terminals(terminal_registry),
        metrics(terminal_metrics),
        counters(terminal_metrics.Of("jt808")),
        options(session_options),
        positions(frames.catalog()),
        j1939(frames.catalog()) {}

  const Pipeline& pipeline;
  const VehicleRegistry& vehicles;
  TerminalRegistry& terminals;
  TerminalMetrics& metrics;
  const TerminalMetrics::OfProtocol counters;
  const SessionOptions options;
  const PositionReader positions;
  const J1939Decoder j1939;
};

// Scratch of one thread's sessions, so that a session at rest keeps little. Not thread-safe.
struct Scratch {
  std::vector<std::uint8_t> message;
  TerminalFrame frame;
  LayoutCache layouts;
  FrameBatch frames;
  std::vector<FaultReport> faults;
  std::vector<DriverChange> drivers;
};

// One terminal's connection by JT/T 808 of 2011, 2013 or 2019: registration and authentication, then reports, each
// answered (0x8001) once it is durable. Before it is authenticated nothing else is taken.
class Session final : public TerminalSession {
 public:
  explicit Session(const Shared& shared) : shared_(shared) {}

  void Receive(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out) override;
  void Tick(std::int64_t now_ms, SessionOutput& out) override;
  std::size_t partial_bytes() const override { return partial_.size(); }
  StatusOr<EncodedCommand> Encode(const TerminalCommand& command) override;

 private:
  void HandlePiece(std::span<const std::uint8_t> escaped, std::int64_t now_ms, SessionOutput& out);
  void HandleMessage(const Message& message, std::int64_t now_ms, SessionOutput& out);
  void Register(const Message& message, SessionOutput& out);
  StatusOr<Terminal> TerminalToRegister(const Registration& registration);
  void Authenticate(const Message& message, SessionOutput& out);
  bool Identify(const Terminal& terminal, SessionOutput& out);
  void TakeCommandAnswer(const Message& message, SessionOutput& out);
  Result TakePosition(const Message& message, std::size_t body_begin, SessionOutput& out);
  Result TakePositions(const Message& message, SessionOutput& out);
  Result TakeCan(const Message& message, std::int64_t now_ms, SessionOutput& out);
  Result TakeDriver(const Message& message, std::int64_t now_ms, SessionOutput& out);
  Result TakeUpload(const Message& message, std::int64_t now_ms, SessionOutput& out);
  void EndAlarms(const PositionReader::Report& report);
  Result AddFrame(const PositionReader::Report& report, SessionOutput& out);
  void Answer(const Header& header, Result result, SessionOutput& out);
  void Reply(MessageId id, std::string_view body, SessionOutput& out);
  void Refuse(std::string_view reason);
  void Close(std::string_view reason, SessionOutput& out);

  const Shared& shared_;
  std::vector<std::uint8_t> partial_;  // at most kEscapedBytesMax
  Edition edition_ = Edition::k2013;
  std::uint8_t version_ = 1;
  std::uint16_t serial_ = 0;  // of our next message
  bool gcj02_ = false;
  std::optional<std::uint16_t> properties_serial_;  // of the last question for them: their message does not name it
  std::uint8_t instants_ = 0;                       // items whose alarms the last report raised, and none ends
  std::unique_ptr<SubPackets> sub_packets_;
  std::unique_ptr<J1939BusDecoder> bus_;  // of a terminal that uploads CAN frames
};

class Sessions final : public TerminalSessions {
 public:
  explicit Sessions(const Shared& shared) : shared_(shared) {}
  std::string_view name() const override { return "jt808"; }
  std::unique_ptr<TerminalSession> NewSession() override { return std::make_unique<Session>(shared_); }

 private:
  const Shared& shared_;
};

}  // namespace telltale::jt808
