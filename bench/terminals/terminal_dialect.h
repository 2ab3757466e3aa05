#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/terminal_registry.h"

namespace telltale {

// What terminals of a load say, and how they understand what is said to them, in one protocol. Stateless; thread-safe.
class TerminalDialect {
 public:
  virtual ~TerminalDialect() = default;

  virtual TerminalProtocol protocol() const = 0;
  virtual std::string_view name() const = 0;           // for people, "JT/T 808"
  virtual std::string_view stored_signal() const = 0;  // every report is a frame that has it
  virtual std::string NumberOf(std::uint32_t index) const = 0;

  // Of one terminal.
  struct Terminal {
    std::string number;
    std::string code;  // JT/T 808: got with the registration
    std::uint16_t serial = 0;
    std::uint16_t answered = 0;  // GB/T 32960: answers have no number, but the order of the reports
  };

  // Adds what a terminal says to prove who it is; to be repeated when Said::kLogInAgain comes back.
  virtual void AppendLogin(Terminal& terminal, std::string& out) const = 0;
  // Adds a report of a measurement at `time_ms`, and gives the number by which its answer is known.
  virtual std::uint16_t AppendReport(Terminal& terminal, std::int64_t time_ms, std::string& out) const = 0;

  struct Heard {
    enum class Said : std::uint8_t { kNothing, kLogInAgain, kLoggedIn, kDone, kRefused };
    std::size_t consumed = 0;  // bytes of the stream; 0: no whole message yet
    Said said = Said::kNothing;
    std::uint16_t number = 0;  // of the report
  };
  virtual Heard Hear(std::span<const std::uint8_t> stream, Terminal& terminal) const = 0;

  // The answer that the echo server gives to every read.
  virtual std::string EchoAnswer() const = 0;
};

// "jt808" or "gb32960"; null: there is none of that name.
std::unique_ptr<TerminalDialect> MakeTerminalDialect(std::string_view protocol);

// Of the vehicle whose terminal has this index.
std::string VinOfTerminal(std::uint32_t index);

}  // namespace telltale
