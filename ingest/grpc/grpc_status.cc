#include "ingest/grpc/grpc_status.h"

#include <string>

#include "telltale/v1/errors.pb.h"

namespace telltale {
namespace {

static_assert(static_cast<int>(absl::StatusCode::kInvalidArgument) == grpc::StatusCode::INVALID_ARGUMENT);
static_assert(static_cast<int>(absl::StatusCode::kUnavailable) == grpc::StatusCode::UNAVAILABLE);
static_assert(static_cast<int>(absl::StatusCode::kDataLoss) == grpc::StatusCode::DATA_LOSS);

}  // namespace

grpc::Status ToGrpcStatus(const Status& status, const ErrorPlace& place) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message = MessageOf(status);
  v1::ErrorDetail detail;
  detail.set_reason(place.reason.empty() ? absl::StatusCodeToString(status.code()) : std::string(place.reason));
  if (!place.field.empty()) {
    v1::FieldViolation& violation = *detail.add_field_violations();
    violation.set_field(std::string(place.field));
    violation.set_description(message);
  }
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    detail.mutable_retry_delay()->set_seconds(place.retry_delay.count() / 1000);
    detail.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(place.retry_delay.count() % 1000 * 1'000'000));
  }
  v1::StatusEnvelope envelope;
  envelope.set_code(static_cast<int>(status.code()));
  envelope.set_message(message);
  envelope.add_details()->PackFrom(detail);
  return {static_cast<grpc::StatusCode>(status.code()), message, envelope.SerializeAsString()};
}

}  // namespace telltale
