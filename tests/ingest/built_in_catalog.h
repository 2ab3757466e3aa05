#pragma once

#include <gtest/gtest.h>

#include "catalog/catalog.h"

namespace telltale {

// The built-in catalogue, loaded once for all tests of the program.
inline const Catalog& BuiltInCatalog() {
  static const Catalog catalog = [] {
    auto loaded = Catalog::Load();
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return *std::move(loaded);
  }();
  return catalog;
}

}  // namespace telltale
