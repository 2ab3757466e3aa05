#include "storage/rocksdb/checkpoint.h"

#include <memory>

#include <fmt/format.h>
#include <rocksdb/utilities/checkpoint.h>

#include "storage/rocksdb/rocksdb_status.h"

namespace telltale {

Status MakeCheckpoint(rocksdb::DB& db, const std::string& folder) {
  const std::string what = fmt::format("make the checkpoint {}", folder);
  rocksdb::Checkpoint* made = nullptr;
  RETURN_IF_ERROR(ToStatus(rocksdb::Checkpoint::Create(&db, &made), what));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  return ToStatus(checkpoint->CreateCheckpoint(folder), what);
}

}  // namespace telltale
