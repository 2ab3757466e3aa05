#include "cli/text.h"

#include <gmock/gmock.h>

namespace telltale::cli {
namespace {

using testing::ElementsAre;

TEST(IsUtf8, TellsTextFromOtherBytes) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("Müller 货车 🚚"));
  EXPECT_FALSE(IsUtf8("\xFF"));
  EXPECT_FALSE(IsUtf8("M\xFCller"));         // Latin-1
  EXPECT_FALSE(IsUtf8("\xE8\xB4"));          // cut short
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));          // '/' in two bytes
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // a surrogate
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
}

TEST(Printable, ReplacesWhatWouldSteerTheTerminal) {
  EXPECT_EQ(Printable("truck 7"), "truck 7");
  EXPECT_EQ(Printable("Müller 货车"), "Müller 货车");
  EXPECT_EQ(Printable("\x1b[31mred\x07\n"), "?[31mred??");
  EXPECT_EQ(Printable("a\xFF"
                      "b"),
            "a?b");
  EXPECT_EQ(Printable("a\xC2\x9B"
                      "31mb"),
            "a?31mb");  // U+009B begins a control sequence, too
  EXPECT_EQ(Printable("a\xE2\x80\xAE"
                      "b"),
            "a?b");  // U+202E writes what follows from right to left
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("km/h"), 4u);
  EXPECT_EQ(DisplayWidth("°C"), 2u);
  EXPECT_EQ(DisplayWidth("货车"), 4u);       // two wide characters
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u);  // e and a combining acute accent
  EXPECT_EQ(DisplayWidth("█░"), 2u);
  EXPECT_EQ(DisplayWidth("🚚"), 2u);
}

TEST(WrapText, BreaksAtSpaces) {
  EXPECT_THAT(WrapText("Engine Coolant Temperature 1", 14), ElementsAre("Engine Coolant", "Temperature 1"));
  EXPECT_THAT(WrapText("short", 14), ElementsAre("short"));
  EXPECT_THAT(WrapText("", 14), ElementsAre(""));
}

TEST(WrapText, CutsAWordThatIsWiderThanALine) {
  EXPECT_THAT(WrapText("ab abcdefgh", 5), ElementsAre("ab", "abcde", "fgh"));
  EXPECT_THAT(WrapText("货车货车", 5), ElementsAre("货车", "货车"));  // 8 columns; a third character would need 6
}

TEST(WordsOf, TurnsEnumNamesIntoWords) {
  EXPECT_EQ(WordsOf("VEHICLE_CLASS_HEAVY_TRUCK", "VEHICLE_CLASS_"), "heavy truck");
  EXPECT_EQ(WordsOf("VEHICLE_CLASS_HEAVY_TRUCK", "VEHICLE_CLASS_", '-'), "heavy-truck");
  EXPECT_EQ(WordsOf("harsh_braking", ""), "harsh braking");
}

}  // namespace
}  // namespace telltale::cli
