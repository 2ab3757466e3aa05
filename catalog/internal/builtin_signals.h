#pragma once

namespace telltale::internal {

// catalog/signals.csv in pieces, ended by nullptr.
extern const char* const kBuiltinSignals[];

}  // namespace telltale::internal
