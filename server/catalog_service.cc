#include "server/catalog_service.h"

#include <algorithm>
#include <cctype>

#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::size_t kDefaultPage = 100;
constexpr std::size_t kMaxPage = 1'000;

bool ContainsIgnoringCase(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); }) != text.end();
}

template <typename List, typename Value>
bool EmptyOrHas(const List& list, const Value& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

bool Meets(const Signal& signal, const v1::SignalFilter& filter) {
  const std::uint32_t spn = signal.j1939 ? signal.j1939->spn : 0;
  return (filter.text().empty() || ContainsIgnoringCase(signal.name, filter.text()) ||
          ContainsIgnoringCase(signal.description, filter.text())) &&
         (filter.group().empty() || signal.group == filter.group()) &&
         (filter.kind() == v1::SIGNAL_KIND_UNSPECIFIED || static_cast<int>(signal.kind) == filter.kind()) &&
         (filter.spn().empty() || (signal.j1939 && EmptyOrHas(filter.spn(), spn))) &&
         EmptyOrHas(filter.signal_id(), static_cast<std::uint32_t>(signal.id)) &&
         EmptyOrHas(filter.signal_name(), signal.name);
}

void Fill(const Signal& signal, v1::Signal& out) {
  out.set_id(signal.id);
  out.set_name(signal.name);
  out.set_description(signal.description);
  out.set_unit(signal.unit);
  out.set_scale(signal.scale);
  out.set_offset(signal.offset);
  out.set_min(signal.min);
  out.set_max(signal.max);
  out.set_kind(static_cast<v1::SignalKind>(signal.kind));
  out.set_group(signal.group);
  out.set_terminal_key(signal.terminal_key);
  if (signal.j1939) {
    out.mutable_j1939()->set_spn(signal.j1939->spn);
    out.mutable_j1939()->set_pgn(signal.j1939->pgn);
    out.mutable_j1939()->set_start_bit(signal.j1939->start_bit);
    out.mutable_j1939()->set_bit_length(signal.j1939->bit_length);
  }
}

static_assert(static_cast<int>(SignalKind::kContinuous) == v1::SIGNAL_KIND_CONTINUOUS);
static_assert(static_cast<int>(SignalKind::kPosition) == v1::SIGNAL_KIND_POSITION);

}  // namespace

grpc::Status CatalogServiceImpl::ListSignals(grpc::ServerContext* /*context*/, const v1::ListSignalsRequest* request,
                                             v1::ListSignalsResponse* response) {
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultPage, kMaxPage, &page_size));
  const std::string key = request->filter().SerializeAsString();
  std::int64_t after = 0;  // the last id of the page before
  if (!request->page_token().empty()) {
    const auto position = ReadNumberPageToken(key, request->page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    after = *position;
  }
  std::int32_t total = 0;
  for (const Signal& signal : catalog_.signals()) {
    if (!Meets(signal, request->filter())) continue;
    ++total;
    if (signal.id <= after) continue;
    if (static_cast<std::size_t>(response->signals_size()) < page_size) {
      Fill(signal, *response->add_signals());
    } else if (response->next_page_token().empty()) {
      response->set_next_page_token(
          MakePageToken(key, std::int64_t{response->signals(response->signals_size() - 1).id()}));
    }
  }
  response->set_total_size(total);
  return grpc::Status::OK;
}

}  // namespace telltale
