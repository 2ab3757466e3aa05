#include "base/vin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(Vin, TakesSeventeenCharactersOfIso3779) {
  const auto vin = Vin::Parse("1XKAD49X0DJ352885");
  ASSERT_TRUE(vin.ok()) << vin.status();
  EXPECT_EQ(vin->text(), "1XKAD49X0DJ352885");
}

TEST(Vin, TakesLowerCaseAsUpperCase) { EXPECT_EQ(*Vin::Parse("wdb96340310000001"), *Vin::Parse("WDB96340310000001")); }

TEST(Vin, RefusesEveryOtherLengthAndSaysWhichItWas) {
  for (const std::size_t length : {0, 1, 16, 18, 1000}) {
    const auto vin = Vin::Parse(std::string(length, 'A'));
    ASSERT_FALSE(vin.ok()) << length;
    EXPECT_EQ(vin.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(MessageOf(vin.status()), testing::HasSubstr(std::to_string(length)));
  }
}

TEST(Vin, TakesExactlyTheCharactersOfIso3779AtEveryPosition) {
  const std::string allowed = "0123456789ABCDEFGHJKLMNPRSTUVWXYZabcdefghjklmnprstuvwxyz";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    for (std::size_t i = 0; i < Vin::kLength; ++i) {
      std::string text(Vin::kLength, '1');
      text[i] = c;
      EXPECT_EQ(Vin::Parse(text).ok(), allowed.find(c) != std::string::npos) << "byte " << byte << " at " << i;
    }
  }
}

TEST(Vin, SaysWhichCharacterIsWrong) {
  const auto vin = Vin::Parse("1XKAD49XODJ352885");  // the ninth is the letter O
  EXPECT_THAT(MessageOf(vin.status()), testing::HasSubstr("character 9 "));
}

TEST(Vin, SortsByItsText) { EXPECT_LT(*Vin::Parse("11111111111111111"), *Vin::Parse("11111111111111112")); }

TEST(LogVin, ShowsTheMakerAndTheLastFourCharacters) {
  EXPECT_EQ(LogVin(*Vin::Parse("WDB96340310000001")), "WDB..........0001");
}

}  // namespace
}  // namespace telltale
