#include "text/codepoints.h"

#include <gtest/gtest.h>

namespace freehold::text {
namespace {

TEST(CodePoints, AreReadBackAsTheyWereWritten) {
  for (const char32_t value :
       {U'a', U'\x7f', U'\x80', U'\x7ff', U'\x800', U'\xffff', U'\x10000', U'\x10ffff'}) {
    std::string text;
    append_utf8(text, value);
    const CodePoint point = code_point_at(text, 0);
    EXPECT_TRUE(point.valid);
    EXPECT_EQ(point.value, value);
    EXPECT_EQ(point.length, text.size());
    EXPECT_TRUE(is_valid_utf8(text));
  }
}

// The table of Unicode's section 3.9, "U+FFFD Substitution of Maximal Subparts".
TEST(CodePoints, BrokenBytesAreCutIntoMaximalParts) {
  const std::string_view text =
      "a\xf1\x80\x80\xe1\x80\xc2"
      "b\x80"
      "c\x80\xbf"
      "d";
  const std::size_t lengths[] = {1, 3, 2, 1, 1, 1, 1, 1, 1, 1};
  std::size_t at = 0;
  for (const std::size_t length : lengths) {
    EXPECT_EQ(code_point_at(text, at).length, length) << at;
    at += length;
  }
  EXPECT_EQ(at, text.size());
}

TEST(CodePoints, SurrogatesOverlongFormsAndValuesBeyondTheLastAreBroken) {
  for (const char* text :
       {"\xed\xa0\x80", "\xc0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_valid_utf8(text));
    EXPECT_EQ(code_point_at(text, 0).length, 1u);
  }
}

TEST(CodePoints, TheMongolianVowelSeparatorIsNoWhiteSpace) {
  EXPECT_FALSE(is_white_space(0x180e));
  EXPECT_TRUE(is_white_space(0x3000));
  EXPECT_TRUE(is_word_character(U'é'));
  EXPECT_FALSE(is_word_character(U'-'));
}

}  // namespace
}  // namespace freehold::text
