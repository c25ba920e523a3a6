#include "text/regex_syntax.h"

#include <gtest/gtest.h>

namespace freehold::text {
namespace {

TEST(RegexSyntax, RefusesWhatMeansSomethingElseInPcre2AndNamesIt) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(\h+)", R"("\h" at byte 0)"},
      {R"([a-z&&b])", R"("&&" inside a character class at byte 4)"},
      {R"([a-z&&[b]])", R"("&&" inside a character class at byte 4)"},
      {R"([^a-z&&[^b]])", R"("&&" inside a character class at byte 5)"},
      {R"([&&[^b]])", R"("&&" inside a character class at byte 1)"},
      {R"([a-z&&[^b]c])", R"(goes on behind "&&[^…]" at byte 9)"},
      {R"([a-z&&[^]])", "an empty character class at byte 8"},
      {R"([a-z&&[^b&&[^c]]])", "what is nested here in a character class at byte 9"},
      {R"([a-z&&[^b)", R"(goes on behind "&&[^…]" at byte 9)"},
      {R"([a[b]])", R"("[" inside a character class at byte 2)"},
      {R"(\p{N}{1,3}+)", R"("}+" at byte 9)"},
      {R"((?m:.))", R"("(?m:")"},
      {R"((*UTF))", R"("(*")"},
      {R"([\S])", R"("\S" inside a character class)"},
      {R"(\p{Emoji})", R"(the property "Emoji")"},
      {R"([\P{L}])", "an inverted property"},
      {R"(a\)", "a lone backslash"},
      {R"([a)", "a character class without end"},
      {R"(\x{})", "an incomplete code point"},
      {R"((a)\1)", R"("\1")"},
  };
  for (const auto& [pattern, complaint] : cases) {
    const Result<std::string> translated = pcre2_from_oniguruma(pattern);
    ASSERT_FALSE(translated.has_value()) << pattern;
    EXPECT_EQ(translated.error().code, ErrorCode::invalid);
    EXPECT_NE(translated.error().message.find(complaint), std::string::npos)
        << translated.error().message;
  }
}

TEST(RegexSyntax, LooksAheadForWhatAClassLeavesOut) {
  EXPECT_EQ(pcre2_from_oniguruma(R"([a-z&&[^b\.]]+c)").value(), R"((?:(?![b\.])[a-z])+c)");
}

TEST(RegexSyntax, LeavesCommonSyntaxAsItIs) {
  const std::string pattern = R"((?i:'s|'t)| ?[^\r\n]+(?!a)|(?<=b)c{1,3}|\$\.)";
  EXPECT_EQ(pcre2_from_oniguruma(pattern).value(), pattern);
}

}  // namespace
}  // namespace freehold::text
