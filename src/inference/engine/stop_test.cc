#include "engine/stop.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace freehold::engine {
namespace {

struct Told {
  std::string text;
  std::string stop;
  bool operator==(const Told&) const = default;
};

// Feeds the pieces one by one and checks that what is shown never has to be taken back.
Told feed(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
  StopMatcher matcher(stops);
  Told told;
  for (const std::string& piece : pieces) told.text += matcher.add(piece);
  told.text += matcher.finish();
  if (matcher.matched() != nullptr) told.stop = *matcher.matched();
  return told;
}

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> pieces;
  for (const char byte : text) pieces.emplace_back(1, byte);
  return pieces;
}

// The rule, spelled out: the stop string that is complete first, the longest of those.
Told by_definition(const std::vector<std::string>& stops, const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    const std::string* found = nullptr;
    for (const std::string& stop : stops) {
      if (std::string_view(text).substr(0, end).ends_with(stop) &&
          (found == nullptr || found->size() < stop.size())) {
        found = &stop;
      }
    }
    if (found != nullptr) return {text.substr(0, end - found->size()), *found};
  }
  return {text, ""};
}

TEST(StopMatcher, ShowsNothingOfAStopStringHoweverTheTextIsCut) {
  const std::vector<std::string> stops = {"\n\nUser:", "<|end|>", "ende", "</s>"};
  const std::string text = "Das Ende <|en \n\nUse the <|end<|end|> and more";
  const Told whole = feed(stops, {text});
  EXPECT_EQ(whole.text, "Das Ende <|en \n\nUse the <|end");
  EXPECT_EQ(whole.stop, "<|end|>");
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      EXPECT_EQ(feed(stops, {text.substr(0, first), text.substr(first, second - first),
                             text.substr(second)}),
                whole);
    }
  }
  EXPECT_EQ(feed(stops, bytes_of(text)), whole);
}

TEST(StopMatcher, FollowsItsRuleOnRandomTextsOverTwoLetters) {
  Random random(11);
  const auto word = [&](std::uint64_t longest) {
    std::string result;
    for (std::uint64_t i = random.below(longest) + 1; i > 0; --i) result += "ab"[random.below(2)];
    return result;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> stops;
    for (std::uint64_t i = random.below(3) + 1; i > 0; --i) stops.push_back(word(7));
    const std::string text = word(30);
    const Told expected = by_definition(stops, text);
    EXPECT_EQ(feed(stops, {text}), expected) << text;
    EXPECT_EQ(feed(stops, bytes_of(text)), expected) << text;
  }
}

TEST(StopMatcher, HoldsBackOnlyWhatCouldStillBecomeAStopString) {
  const std::vector<std::string> stops = {"abc"};
  StopMatcher matcher(stops);
  EXPECT_EQ(matcher.add("xab"), "x");
  EXPECT_EQ(matcher.add(""), "");
  EXPECT_EQ(matcher.add("ab"), "ab");
  EXPECT_EQ(matcher.add("d"), "abd");
  EXPECT_EQ(matcher.add("a"), "");
  EXPECT_EQ(matcher.finish(), "a");
}

TEST(StopMatcher, ShowsNothingAfterAMatch) {
  const std::vector<std::string> stops = {"."};
  StopMatcher matcher(stops);
  EXPECT_EQ(matcher.add("one.two"), "one");
  EXPECT_EQ(matcher.add("three"), "");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopRules, AddTheModelsEndTokensUnlessTheyAreToBeIgnored) {
  const std::vector<Token> end_tokens = {2, 7};
  Stop asked;
  asked.tokens = {5};
  EXPECT_TRUE(resolve(asked, end_tokens)->ends_at(2));
  EXPECT_TRUE(resolve(asked, end_tokens)->ends_at(5));
  asked.ignore_end_of_text = true;
  EXPECT_FALSE(resolve(asked, end_tokens)->ends_at(2));
  EXPECT_TRUE(resolve(asked, end_tokens)->ends_at(5));
}

TEST(StopRules, RefuseStopStringsThatCannotBe) {
  for (const std::string& bad : {std::string(), std::string("\x80x"), std::string(5000, 'x')}) {
    Stop asked;
    asked.strings = {"fine", bad};
    const auto rules = resolve(asked, {});
    ASSERT_FALSE(rules.has_value());
    EXPECT_EQ(rules.error().code, ErrorCode::usage);
    EXPECT_NE(rules.error().message.find("stop string 1"), std::string::npos);
  }
  Stop many;
  many.strings.assign(65, "x");
  EXPECT_FALSE(resolve(many, {}).has_value());
}

}  // namespace
}  // namespace freehold::engine
