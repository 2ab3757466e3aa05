#pragma once

#include <string>

#include "base/status.h"

namespace rocksdb {
class DB;
}

namespace telltale {

// Makes `folder`, which must not exist, a database of what is in `db` now: links where both are on one file system,
// else copies. Errors: UNAVAILABLE the disk.
Status MakeCheckpoint(rocksdb::DB& db, const std::string& folder);

}  // namespace telltale
