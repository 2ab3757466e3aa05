#pragma once

#include <string>

#include "base/status.h"

namespace telltale {

// "2 cores of AMD EPYC, 24 GiB of memory, Linux 6.1": this machine, as far as /proc tells.
std::string Hardware();

// Puts `text` between the lines "<!-- NAME: begin -->" and "<!-- NAME: end -->" of a file. Errors: NOT_FOUND the file
// or the lines; UNAVAILABLE it cannot be written.
Status ReplaceSection(const std::string& path, const std::string& name, const std::string& text);

}  // namespace telltale
