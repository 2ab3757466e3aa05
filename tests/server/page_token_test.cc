#include "server/page_token.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(PageToken, GivesThePositionBackForTheSameRequest) {
  for (const std::int64_t position : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1'772'323'200'000}}) {
    EXPECT_EQ(*ReadNumberPageToken("trips A", MakePageToken("trips A", position)), position);
  }
  const std::string bytes("\x00\xff key", 6);
  EXPECT_EQ(*ReadPageToken("x", MakePageToken("x", bytes)), bytes);
}

TEST(PageToken, RefusesTokensOfOtherRequestsAndMadeUpOnes) {
  const std::string token = MakePageToken("trips A", std::int64_t{42});
  EXPECT_FALSE(ReadNumberPageToken("trips B", token).ok());
  for (const std::string& wrong : {std::string(), std::string("42"), token.substr(0, token.size() - 1), token + "zz",
                                   std::string(17, '-'), MakePageToken("trips A", "not a number")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadNumberPageToken("trips A", wrong).status())) << wrong;
  }
}

TEST(PageSize, HasADefaultAndAMost) {
  EXPECT_EQ(*PageSize(0, 100, 1000), 100U);
  EXPECT_EQ(*PageSize(1, 100, 1000), 1U);
  EXPECT_EQ(*PageSize(5000, 100, 1000), 1000U);
  EXPECT_FALSE(PageSize(-1, 100, 1000).ok());
}

}  // namespace
}  // namespace telltale
