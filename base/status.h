#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The one error type. Codes equal gRPC's by number. Debian's Abseil has a string_view of its own, so a message is made
// with fmt::format (a std::string) and read with status.ToString() or MessageOf().
namespace telltale {

using Status = absl::Status;
template <typename T>
using StatusOr = absl::StatusOr<T>;

inline Status OkStatus() { return absl::OkStatus(); }

// The message alone, without the code's name.
inline std::string MessageOf(const Status& status) { return {status.message().data(), status.message().size()}; }

}  // namespace telltale

#define TELLTALE_CONCAT_INNER(a, b) a##b
#define TELLTALE_CONCAT(a, b) TELLTALE_CONCAT_INNER(a, b)

// Returns from the calling function if the expression is a Status that is not OK.
#define RETURN_IF_ERROR(expression)                                                                       \
  do {                                                                                                    \
    if (::telltale::Status telltale_status = (expression); !telltale_status.ok()) return telltale_status; \
  } while (false)

// `ASSIGN_OR_RETURN(auto x, F());` takes the value of a StatusOr, or returns its Status.
#define ASSIGN_OR_RETURN(lhs, expression) \
  TELLTALE_ASSIGN_OR_RETURN(TELLTALE_CONCAT(status_or_, __LINE__), lhs, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): a name and a declaration, which parentheses would break
#define TELLTALE_ASSIGN_OR_RETURN(temporary, lhs, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) return std::move(temporary).status();  \
  lhs = *std::move(temporary)
// NOLINTEND(bugprone-macro-parentheses)
