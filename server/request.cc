#include "server/request.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/grpc/grpc_status.h"
#include "ingest/grpc/wire.h"
#include "server/page_token.h"

namespace telltale {
grpc::Status RequestError::ToGrpc() const { return ToGrpcStatus(status_, {.reason = reason_, .field = field_}); }

RequestError ReadRange(const v1::TimeRange& range, TimeRange* out) {
  const auto read = [](const google::protobuf::Timestamp& time, const char* field, std::int64_t* ms) -> RequestError {
    const auto read_ms = ToMs(time);
    if (!read_ms.ok()) return {read_ms.status(), "INVALID_RANGE", field};
    *ms = *read_ms;
    return {};
  };
  if (range.has_from()) {
    if (RequestError error = read(range.from(), "range.from", &out->from_ms); !error.ok()) return error;
  }
  if (range.has_to()) {
    if (RequestError error = read(range.to(), "range.to", &out->to_ms); !error.ok()) return error;
  }
  if (out->empty()) {
    return {absl::InvalidArgumentError("the range is empty: 'to' must be later than 'from'; 'to' itself is not in it"),
            "INVALID_RANGE", "range"};
  }
  return {};
}

RequestError ReadPageSize(std::int32_t page_size, std::size_t default_size, std::size_t max_size, std::size_t* out) {
  const auto size = PageSize(page_size, default_size, max_size);
  if (!size.ok()) return {size.status(), "INVALID_PAGE_SIZE", "page_size"};
  *out = *size;
  return {};
}

RequestError ReadSignals(const Catalog& catalog, const google::protobuf::RepeatedField<std::uint32_t>& ids,
                         const google::protobuf::RepeatedPtrField<std::string>& names, std::vector<SignalId>* out) {
  for (const std::uint32_t id : ids) {
    if (id > std::numeric_limits<SignalId>::max() || catalog.Find(static_cast<SignalId>(id)) == nullptr) {
      return {absl::InvalidArgumentError(fmt::format("signal {} is not in the catalogue", id)), "UNKNOWN_SIGNAL",
              "signal_id"};
    }
    out->push_back(static_cast<SignalId>(id));
  }
  for (const std::string& name : names) {
    const Signal* signal = catalog.FindByName(name);
    if (signal == nullptr) {
      return {absl::InvalidArgumentError(fmt::format(
                  "signal '{}' is not in the catalogue; CatalogService/ListSignals or `telltale signals` lists them",
                  name)),
              "UNKNOWN_SIGNAL", "signal_name"};
    }
    out->push_back(signal->id);
  }
  std::sort(out->begin(), out->end());
  out->erase(std::unique(out->begin(), out->end()), out->end());
  return {};
}

void SetTime(std::int64_t time_ms, google::protobuf::Timestamp* out) {
  std::int64_t seconds = time_ms / 1000;
  std::int64_t rest_ms = time_ms % 1000;
  if (rest_ms < 0) {
    --seconds;
    rest_ms += 1000;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<std::int32_t>(rest_ms * 1'000'000));
}

void SetValue(const Signal& signal, RawValue raw, std::int64_t measure_time_ms, v1::Value* out) {
  out->set_signal_id(signal.id);
  if (IsValue(raw)) {
    out->set_state(v1::VALUE_STATE_VALID);
    out->set_raw(raw);
    out->set_physical(signal.ToPhysical(raw));
  } else {
    out->set_state(raw == kError ? v1::VALUE_STATE_ERROR : v1::VALUE_STATE_NOT_AVAILABLE);
  }
  SetTime(measure_time_ms, out->mutable_measure_time());
}

}  // namespace telltale
