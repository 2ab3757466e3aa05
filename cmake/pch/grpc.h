#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "telltale/v1/ingest.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"

#include "base/log.h"
#include "base/status.h"
