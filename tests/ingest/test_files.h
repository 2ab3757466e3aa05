#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace telltale {

// The bytes of a file of tests/data.
inline std::string ReadTestFile(const std::string& name) {
  std::ifstream in(TELLTALE_SOURCE_DIR "/tests/data/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace telltale
