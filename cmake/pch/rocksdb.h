#include <rocksdb/db.h>

#include "cmake/pch/base.h"
