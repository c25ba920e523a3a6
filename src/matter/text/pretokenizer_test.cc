#include "text/pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace freehold::text {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> cut(std::vector<PretokenizerStep> steps, std::string_view text) {
  const auto pretokenizer = Pretokenizer::compile(steps);
  EXPECT_TRUE(pretokenizer.has_value()) << pretokenizer.error().message;
  const Parts parts = pretokenizer->cut(AlignedText(text, 0));
  std::vector<std::string> result;
  for (const auto& [begin, end] : parts.ranges) {
    result.emplace_back(parts.text.text().substr(begin, end - begin));
  }
  return result;
}

PretokenizerStep split(std::string pattern, SplitBehavior behavior, bool invert = false) {
  return {.kind = PretokenizerStep::Kind::split,
          .pattern = {std::move(pattern), true},
          .behavior = behavior,
          .invert = invert};
}

TEST(Pretokenizer, BehavioursJoinMatchesAsTheReferenceDoes) {
  const std::string text = "the-final--countdown";
  const auto with = [&](SplitBehavior behavior) { return cut({split("-", behavior)}, text); };
  EXPECT_THAT(with(SplitBehavior::removed), ElementsAre("the", "final", "countdown"));
  EXPECT_THAT(with(SplitBehavior::isolated),
              ElementsAre("the", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(with(SplitBehavior::merged_with_previous),
              ElementsAre("the-", "final-", "-", "countdown"));
  EXPECT_THAT(with(SplitBehavior::merged_with_next),
              ElementsAre("the", "-final", "-", "-countdown"));
  EXPECT_THAT(with(SplitBehavior::contiguous), ElementsAre("the", "-", "final", "--", "countdown"));
}

TEST(Pretokenizer, InvertKeepsTheMatchesAndDropsTheRest) {
  EXPECT_THAT(cut({split("[a-z]+", SplitBehavior::removed, true)}, "ab, cd!"),
              ElementsAre("ab", "cd"));
}

// A look-ahead at the end of a part sees the end of the text, not what the step before cut off.
TEST(Pretokenizer, EachStepSeesOnlyItsPart) {
  EXPECT_THAT(cut({split(R"(\p{N})", SplitBehavior::isolated),
                   split(R"(\s+(?!\S)|\s+)", SplitBehavior::isolated)},
                  "a  1  b"),
              ElementsAre("a", "  ", "1", " ", " ", "b"));
}

TEST(Pretokenizer, MetaspaceMarksSpacesAndCutsBeforeThem) {
  PretokenizerStep step{.kind = PretokenizerStep::Kind::metaspace,
                        .content = "_",
                        .prepend = PretokenizerStep::Prepend::first,
                        .cut = true};
  EXPECT_THAT(cut({step}, "ab  cd"), ElementsAre("_ab", "_", "_cd"));
  step.cut = false;
  EXPECT_THAT(cut({step}, " ab"), ElementsAre("_ab"));
  const Parts later = Pretokenizer::compile({step})->cut(AlignedText("ab", 7));
  EXPECT_EQ(later.text.text(), "ab");
}

TEST(Pretokenizer, LettersThatUnicodeGainedAfterPcre2AreLetters) {
  EXPECT_THAT(cut({split(R"(\p{L}+)", SplitBehavior::isolated)}, "a\xf0\xb1\x8d\x90z."),
              ElementsAre("a\xf0\xb1\x8d\x90z", "."));  // U+31350, of Unicode 15
}

TEST(Pretokenizer, ScriptsDoNotTakeScriptExtensions) {
  // U+3001, the ideographic comma, is used with Han but is of no script.
  EXPECT_THAT(cut({split(R"(\p{Han}+)", SplitBehavior::isolated)}, "世、界"),
              ElementsAre("世", "、", "界"));
}

TEST(Pretokenizer, HopelessPatternsEndInTime) {
  const auto regex = Regex::compile({"(?:a|aa)+[bc]", true});
  ASSERT_TRUE(regex.has_value());
  std::vector<Range> matches;
  regex->find_all(std::string(2000, 'a'), matches);
  EXPECT_TRUE(matches.empty());
}

TEST(Pretokenizer, NamesAPatternThatCannotBeCompiled) {
  const auto regex = Regex::compile({"a(b", true});
  ASSERT_FALSE(regex.has_value());
  EXPECT_NE(regex.error().message.find("a(b"), std::string::npos);
}

}  // namespace
}  // namespace freehold::text
