#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"

namespace telltale {

// Every signal that this installation knows. Immutable once loaded; safe from any thread.
class Catalog {
 public:
  // The built-in signals (catalog/signals.csv, compiled in), and the rows of further files of the same columns.
  // Errors: NOT_FOUND a file cannot be opened; INVALID_ARGUMENT a row is wrong, or repeats an id or a name: file, line
  // and column are named.
  static StatusOr<Catalog> Load(const std::vector<std::string>& extra_files = {});

  // From CSV text alone, without the built-in signals. `source_name` is for messages.
  static StatusOr<Catalog> FromCsv(std::string_view csv, std::string_view source_name);

  std::span<const Signal> signals() const { return signals_; }  // in the order of their ids

  const Signal* Find(SignalId id) const;  // nullptr: no such signal
  const Signal* FindByName(std::string_view name) const;
  const Signal* FindBySpn(std::uint32_t spn) const;                   // the first in the order of ids
  std::span<const Signal* const> FindByPgn(std::uint32_t pgn) const;  // in the order of start bits

  // The signal of a name that our own code relies on, for example "engine_speed". A missing one is a bug, not input.
  const Signal& Get(std::string_view name) const;

 private:
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  Status AddCsv(std::string_view csv, std::string_view source_name);
  void BuildIndex();

  std::vector<Signal> signals_;
  std::vector<std::uint32_t> index_by_id_;  // position in signals_ + 1; 0: none
  std::unordered_map<std::string, std::size_t, StringHash, std::equal_to<>> index_by_name_;
  std::unordered_map<std::uint32_t, std::size_t> index_by_spn_;
  std::unordered_map<std::uint32_t, std::vector<const Signal*>> by_pgn_;
};

// The value on the signal's grid that is nearest to `physical`. Errors: INVALID_ARGUMENT if it is not finite,
// OUT_OF_RANGE outside min..max; both messages name the signal and what is allowed.
StatusOr<RawValue> ToRaw(const Signal& signal, double physical);

}  // namespace telltale
