#include "catalog/catalog.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"
#include "base/csv.h"
#include "base/file.h"
#include "catalog/internal/builtin_signals.h"
#include "catalog/internal/signal_row.h"

namespace telltale {

StatusOr<Catalog> Catalog::Load(const std::vector<std::string>& extra_files) {
  std::string builtin;
  for (const char* const* piece = internal::kBuiltinSignals; *piece != nullptr; ++piece) builtin += *piece;
  Catalog catalog;
  RETURN_IF_ERROR(catalog.AddCsv(builtin, "catalog/signals.csv"));
  for (const std::string& path : extra_files) {
    ASSIGN_OR_RETURN(const std::string csv, ReadWholeFile(path));
    RETURN_IF_ERROR(catalog.AddCsv(csv, path));
  }
  catalog.BuildIndex();
  return catalog;
}

StatusOr<Catalog> Catalog::FromCsv(std::string_view csv, std::string_view source_name) {
  Catalog catalog;
  RETURN_IF_ERROR(catalog.AddCsv(csv, source_name));
  catalog.BuildIndex();
  return catalog;
}

Status Catalog::AddCsv(std::string_view csv, std::string_view source_name) {
  Status status;
  std::unordered_map<SignalId, std::string> names;
  for (const Signal& signal : signals_) names.emplace(signal.id, signal.name);
  const auto add_row = [&](std::uint64_t row, const std::vector<std::string>& fields) {
    if (!status.ok()) return;
    const auto fail = [&](const std::string& what) {
      status = absl::InvalidArgumentError(fmt::format("{}, row {}: {}", source_name, row, what));
    };
    if (row == 1) {
      if (const std::string header = fmt::format("{}", fmt::join(fields, ",")); header != internal::kSignalColumns) {
        fail(fmt::format("the columns must be {}", internal::kSignalColumns));
      }
      return;
    }
    auto signal = internal::ParseSignalRow(fields);
    if (!signal.ok()) {
      fail(MessageOf(signal.status()));
    } else if (const auto it = names.find(signal->id); it != names.end()) {
      fail(fmt::format("id {} is taken by {}", signal->id, it->second));
    } else if (index_by_name_.contains(signal->name)) {
      fail(fmt::format("name {} is taken", signal->name));
    } else {
      names.emplace(signal->id, signal->name);
      index_by_name_.emplace(signal->name, 0);
      signals_.push_back(*std::move(signal));
    }
  };
  CsvReader reader(add_row);
  Status read = reader.Add(csv);
  if (read.ok()) read = reader.Finish();
  if (status.ok() && !read.ok()) {
    status = absl::InvalidArgumentError(fmt::format("{}: {}", source_name, MessageOf(read)));
  }
  return status;
}

void Catalog::BuildIndex() {
  std::sort(signals_.begin(), signals_.end(), [](const Signal& a, const Signal& b) { return a.id < b.id; });
  signals_.shrink_to_fit();  // what points into it stays valid from here on, also when the catalogue is moved
  index_by_id_.assign(signals_.empty() ? 1 : std::size_t{signals_.back().id} + 1, 0);
  for (std::size_t i = 0; i < signals_.size(); ++i) {
    const Signal& signal = signals_[i];
    index_by_id_[signal.id] = static_cast<std::uint32_t>(i + 1);
    index_by_name_[signal.name] = i;
    if (!signal.j1939) continue;
    index_by_spn_.emplace(signal.j1939->spn, i);
    by_pgn_[signal.j1939->pgn].push_back(&signal);
  }
  for (auto& [pgn, signals] : by_pgn_) {
    std::sort(signals.begin(), signals.end(),
              [](const Signal* a, const Signal* b) { return a->j1939->start_bit < b->j1939->start_bit; });
  }
}

const Signal* Catalog::Find(SignalId id) const {
  if (id >= index_by_id_.size() || index_by_id_[id] == 0) return nullptr;
  return &signals_[index_by_id_[id] - 1];
}

const Signal* Catalog::FindByName(std::string_view name) const {
  const auto it = index_by_name_.find(name);
  return it == index_by_name_.end() ? nullptr : &signals_[it->second];
}

const Signal* Catalog::FindBySpn(std::uint32_t spn) const {
  const auto it = index_by_spn_.find(spn);
  return it == index_by_spn_.end() ? nullptr : &signals_[it->second];
}

std::span<const Signal* const> Catalog::FindByPgn(std::uint32_t pgn) const {
  const auto it = by_pgn_.find(pgn);
  if (it == by_pgn_.end()) return {};
  return it->second;
}

const Signal& Catalog::Get(std::string_view name) const {
  const Signal* signal = FindByName(name);
  CHECK(signal != nullptr);
  return *signal;
}

StatusOr<RawValue> ToRaw(const Signal& signal, double physical) {
  if (!std::isfinite(physical)) {
    return absl::InvalidArgumentError(fmt::format("{}: {} is not a number", signal.name, physical));
  }
  const double raw = std::round((physical - signal.offset) / signal.scale);
  if (raw < signal.raw_min || raw > signal.raw_max) {
    return absl::OutOfRangeError(
        fmt::format("{}: {} {} is outside {}..{}", signal.name, physical, signal.unit, signal.min, signal.max));
  }
  return static_cast<RawValue>(raw);
}

}  // namespace telltale
