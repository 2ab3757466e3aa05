#pragma once

#include <string_view>

#include "base/status.h"

namespace rocksdb {
class Status;
}

namespace telltale {

// What a RocksDB status means to our callers; the one place that decides. `what` says what was tried, and to which
// store, and begins the message: "write to documents in /var/lib/telltale/documents".
//   NOT_FOUND            no such key
//   DATA_LOSS            a file is damaged: retrying does not help
//   UNAVAILABLE          the disk is full, fails or is slow, or the store is closing: the caller may try again
//   INVALID_ARGUMENT     RocksDB does not accept the call or an option
//   FAILED_PRECONDITION  another process has the store open
//   INTERNAL             anything that we never ask for
Status ToStatus(const rocksdb::Status& status, std::string_view what);

}  // namespace telltale
