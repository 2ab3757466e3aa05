#include "ingest/checked_layouts.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(CheckedLayouts, AreSharedWhileSomebodyHasThem) {
  const Catalog catalog = *Catalog::Load();
  const std::vector<std::uint32_t> one = {catalog.signals()[0].id, catalog.signals()[1].id};
  const std::vector<std::uint32_t> other = {one[1], one[0]};
  CheckedLayouts layouts;
  auto first = *layouts.Get(catalog, one);
  EXPECT_EQ(*layouts.Get(catalog, one), first);
  EXPECT_NE(*layouts.Get(catalog, other), first);
  const std::weak_ptr<const CheckedLayout> gone = first;
  first.reset();
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ((*layouts.Get(catalog, one))->layout->size(), 2U);
}

TEST(CheckedLayouts, AreRefusedLikeASingleOne) {
  const Catalog catalog = *Catalog::Load();
  CheckedLayouts layouts;
  EXPECT_TRUE(absl::IsInvalidArgument(layouts.Get(catalog, std::vector<std::uint32_t>{65'535}).status()));
}

}  // namespace
}  // namespace telltale
