#include "cli/signal_book.h"

#include <limits>
#include <vector>

#include "telltale/v1/catalog.grpc.pb.h"

#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {

grpc::Status SignalBook::Load(const Client& client) {
  v1::ListSignalsRequest request;
  request.set_page_size(1000);
  std::vector<v1::Signal> signals;
  grpc::Status status =
      client.CollectPages(&v1::CatalogService::Stub::ListSignals, request, &v1::ListSignalsResponse::signals, &signals);
  for (v1::Signal& signal : signals) {
    const auto [group, is_new] = first_id_of_group_.emplace(signal.group(), signal.id());
    if (!is_new) group->second = std::min(group->second, signal.id());
    const std::uint32_t id = signal.id();
    signals_[id] = std::move(signal);
  }
  return status;
}

std::string SignalBook::NameOf(std::uint32_t signal_id) const {
  const auto found = signals_.find(signal_id);
  return found == signals_.end() ? "signal " + std::to_string(signal_id) : found->second.name();
}

std::string SignalBook::UnitOf(std::uint32_t signal_id) const {
  const auto found = signals_.find(signal_id);
  return found == signals_.end() ? "" : found->second.unit();
}

std::string SignalBook::GroupOf(std::uint32_t signal_id) const {
  const auto found = signals_.find(signal_id);
  return found == signals_.end() ? "" : found->second.group();
}

std::uint32_t SignalBook::GroupOrderOf(std::uint32_t signal_id) const {
  const auto found = signals_.find(signal_id);
  if (found == signals_.end()) return std::numeric_limits<std::uint32_t>::max();
  return first_id_of_group_.at(found->second.group());
}

std::string SignalBook::ValueText(std::uint32_t signal_id, v1::ValueState state, double physical) const {
  switch (state) {
    case v1::VALUE_STATE_UNSPECIFIED:
      return kUnknown;
    case v1::VALUE_STATE_VALID: {
      const auto found = signals_.find(signal_id);
      return FormatNumber(physical, found == signals_.end() ? 3 : DecimalsOf(found->second.scale()));
    }
    default:
      return WordsOf(v1::ValueState_Name(state), "VALUE_STATE_");
  }
}

}  // namespace telltale::cli
