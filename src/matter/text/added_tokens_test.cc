#include "text/added_tokens.h"

#include <gtest/gtest.h>

namespace freehold::text {
namespace {

// "<b>" for the token with the content "<b>", the text itself for what lies between.
std::string cut(const AddedTokens& tokens, std::string_view text, bool parse_special = true) {
  std::string result;
  for (const auto& [id, range] : tokens.cut(text, parse_special)) {
    if (!result.empty()) result += '|';
    if (id != no_token) result += std::to_string(id) + ":";
    result += text.substr(range.begin, range.end - range.begin);
  }
  return result;
}

TEST(AddedTokens, TheLeftmostAndOfTheseTheLongestIsTaken) {
  const AddedTokens tokens(
      {{.id = 1, .content = "<a"}, {.id = 2, .content = "<ab>"}, {.id = 3, .content = "b>x"}});
  EXPECT_EQ(cut(tokens, "x<ab>x<ac<"), "x|2:<ab>|x|1:<a|c<");
}

TEST(AddedTokens, SpecialOnesAreTextUnlessParsed) {
  const AddedTokens tokens(
      {{.id = 1, .content = "<s>", .special = true}, {.id = 2, .content = "<t>"}});
  EXPECT_EQ(cut(tokens, "<s><t>", false), "<s>|2:<t>");
  EXPECT_EQ(cut(tokens, "<s><t>", true), "1:<s>|2:<t>");
}

TEST(AddedTokens, StripTakesWhiteSpaceAlong) {
  const AddedTokens left({{.id = 1, .content = "<m>", .lstrip = true}});
  EXPECT_EQ(cut(left, "a \xe3\x80\x80<m> b"), "a|1: \xe3\x80\x80<m>| b");
  const AddedTokens right({{.id = 1, .content = "<m>", .rstrip = true}});
  EXPECT_EQ(cut(right, "a <m> \n<m>b"), "a |1:<m> \n|1:<m>|b");
}

TEST(AddedTokens, SingleWordsAreNotFoundInsideWords) {
  const AddedTokens tokens({{.id = 1, .content = "ing", .single_word = true}});
  EXPECT_EQ(cut(tokens, "going ing ing\xc3\xa9"), "going |1:ing| ing\xc3\xa9");
}

}  // namespace
}  // namespace freehold::text
