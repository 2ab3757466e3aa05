#pragma once

#include <cstdint>

#include <google/protobuf/timestamp.pb.h>

#include "telltale/v1/ingest.pb.h"

#include "base/status.h"
#include "catalog/dtc.h"
#include "ingest/files/file_decoder.h"
#include "ingest/pipeline.h"
#include "ingest/refusal.h"

// The messages of telltale.v1 as our own types, and back.
namespace telltale {

v1::RefusalReason ToWire(RefusalReason reason);
Pipeline::Sample FromWire(const v1::Sample& sample);

// Errors: INVALID_ARGUMENT a number is outside SAE J1939-73.
StatusOr<FaultReport> FromWire(const v1::FaultReport& report);

v1::Lamps ToWire(const Lamps& lamps);

// Milliseconds since 1970; what is finer is cut off. Errors: INVALID_ARGUMENT outside the years 1 to 9999.
StatusOr<std::int64_t> ToMs(const google::protobuf::Timestamp& time);

}  // namespace telltale
