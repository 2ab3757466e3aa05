// Stores for tests of what comes before them.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/document_store.h"
#include "storage/telemetry_store.h"

namespace telltale {

// Documents in memory.
class FakeDocumentStore : public DocumentStore {
 public:
  Status Write(const std::vector<DocumentWrite>& writes) override {
    if (fail) return absl::UnavailableError("full");
    for (const DocumentWrite& write : writes) {
      if (write.value) {
        documents[write.key] = *write.value;
      } else {
        documents.erase(write.key);
      }
    }
    return OkStatus();
  }
  StatusOr<std::string> Get(std::string_view key) override {
    const auto at = documents.find(std::string(key));
    if (at == documents.end()) return absl::NotFoundError("none");
    return at->second;
  }
  Status Scan(std::string_view prefix, std::string_view after, const DocumentFunction& visit) override {
    for (auto at = documents.upper_bound(std::max(std::string(after), std::string(prefix)));
         at != documents.end() && at->first.starts_with(prefix); ++at) {
      if (!visit(at->first, at->second)) break;
    }
    return OkStatus();
  }

  std::map<std::string, std::string> documents;
  bool fail = false;
};

// Remembers what it was given.
class FakeTelemetryStore : public TelemetryStore {
 public:
  void Append(FrameBatch batch, AppendCallback done) override {
    const AppendResult result{.frame_count = batch.size()};
    appended.push_back(std::move(batch));
    fail ? done(absl::UnavailableError("full")) : done(result);
  }
  bool HasRoom(std::function<void()>) override { return true; }
  StatusOr<std::vector<LatestValue>> Latest(VehicleId, std::span<const SignalId>) override {
    return std::vector<LatestValue>();
  }
  Status Scan(VehicleId, std::span<const SignalId>, TimeRange, const ScanOptions&, const FrameFunction&) override {
    return OkStatus();
  }
  Status ScanSignal(VehicleId, SignalId, TimeRange, const ScanOptions&, const RunFunction&) override {
    return OkStatus();
  }
  Status ScanLatest(SignalId, const ScanOptions&, const LatestRunFunction&) override { return OkStatus(); }
  Status ScanRollup(std::int64_t, SignalId, RollupPart, const ScanOptions&, const RollupFunction&) override {
    return OkStatus();
  }
  StatusOr<VehicleExtent> Extent(VehicleId) override { return VehicleExtent(); }
  void ForgetRewrites(VehicleId, std::uint64_t) override {}
  std::vector<VehicleId> TakeNews(std::size_t) override { return {}; }
  Status DropBefore(std::int64_t) override { return OkStatus(); }
  Status Flush() override { return OkStatus(); }
  StoreStats Stats() override { return {}; }

  std::vector<FrameBatch> appended;
  bool fail = false;
};

}  // namespace telltale
