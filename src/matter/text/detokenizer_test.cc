#include "text/detokenizer.h"

#include <gtest/gtest.h>

#include <vector>

namespace freehold::text {
namespace {

const std::string mark = "\xEF\xBF\xBD";  // U+FFFD

// The pieces of a text that comes cut at these places, put together again.
std::string streamed(std::string_view text, const std::vector<std::size_t>& cuts) {
  std::string pending;
  std::string result;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    pending += text.substr(begin, cut - begin);
    begin = cut;
    result += take_whole_characters(pending, false);
    EXPECT_LT(pending.size(), 4u) << "more than an unfinished character is held back";
  }
  pending += text.substr(begin);
  result += take_whole_characters(pending, true);
  EXPECT_TRUE(pending.empty());
  return result;
}

std::string whole(std::string_view text) {
  return streamed(text, {});
}

TEST(Detokenizer, GivesTheSameTextWhereverItIsCut) {
  for (const std::string& text :
       {std::string("plain"),
        std::string("Zürich, 北京, मुंबई, 👩‍👩‍👧‍👦 \U0001F600é"),
        std::string("a\xF0\x9F\x98z\xE2\x82\xC3\x28\xFF\xFE\x80\x80\xED\xA0\x80\xF4\x90\x80\x80"),
        std::string("\xF0\x9F"), std::string("\0x\0", 3)}) {
    const std::string expected = whole(text);
    std::vector<std::size_t> every_byte;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      every_byte.push_back(i);
      for (std::size_t j = i; j <= text.size(); ++j) EXPECT_EQ(streamed(text, {i, j}), expected);
    }
    EXPECT_EQ(streamed(text, every_byte), expected);
  }
}

TEST(Detokenizer, LeavesValidTextAsItIs) {
  const std::string text =
      "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"
      "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  EXPECT_EQ(whole(text), text);
}

TEST(Detokenizer, MarksEachMaximalBrokenPartOnce) {
  EXPECT_EQ(whole("a\xF0\x9F\x98z"), "a" + mark + "z");  // cut short by another character
  EXPECT_EQ(whole("\xE2\x82\xE2\x82\xAC"), mark + "€");  // and by one of the same kind
  EXPECT_EQ(whole("\xC0\x80"), mark + mark);             // overlong
  EXPECT_EQ(whole("\xE0\x80\x80"), mark + mark + mark);  // overlong
  EXPECT_EQ(whole("\xED\xA0\x80"), mark + mark + mark);  // a surrogate
  EXPECT_EQ(whole("\xF4\x90\x80\x80"), mark + mark + mark + mark);  // beyond Unicode
  EXPECT_EQ(whole("\xF0\x9F\x98"), mark);                           // unfinished at the end
  EXPECT_EQ(whole("\x80\xBF"), mark + mark);
}

TEST(Detokenizer, HoldsBackNoMoreThanAnUnfinishedCharacter) {
  std::string pending = "ab\xF0\x9F\x98";
  EXPECT_EQ(take_whole_characters(pending, false), "ab");
  EXPECT_EQ(pending, "\xF0\x9F\x98");
  pending += '\x80';
  EXPECT_EQ(take_whole_characters(pending, false), "😀");
  pending = "\xF0\x28";
  EXPECT_EQ(take_whole_characters(pending, false), mark + "(");
}

}  // namespace
}  // namespace freehold::text
