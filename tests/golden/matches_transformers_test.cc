// The authors' numbers, for every fixture.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "golden/fixture.h"
#include "model/score.h"

namespace freehold::golden {
namespace {

constexpr double tolerance = 1e-4;  // of a log-probability
constexpr double tie = 1e-3;        // between logits: either may come first

class Fixture : public ::testing::TestWithParam<std::string> {};

void expect_logprobs(const model::Score& score, const Sequence& expected) {
  ASSERT_EQ(score.tokens.size(), expected.tokens.size());
  for (std::size_t i = 1; i < expected.tokens.size(); ++i) {
    EXPECT_NEAR(*score.tokens[i].logprob, expected.logprobs[i - 1], tolerance) << "position " << i;
  }
}

void expect_distributions(const model::Score& score, const Sequence& expected) {
  for (const Distribution& whole : expected.whole) {
    const bool last = whole.position + 1 == expected.tokens.size();
    const auto& top = last ? score.next : score.tokens[whole.position + 1].top;
    ASSERT_EQ(top.size(), whole.logprobs.size());
    for (const model::Scored& each : top) {
      EXPECT_NEAR(each.logprob, whole.logprobs[static_cast<std::size_t>(each.id)], tolerance);
    }
  }
}

void expect_greedy(const model::Score& score, const Sequence& expected) {
  ASSERT_EQ(score.greedy.size(), expected.greedy.size());
  const auto [ours, theirs] = std::ranges::mismatch(score.greedy, expected.greedy);
  if (ours == score.greedy.end()) return;
  const auto first = static_cast<std::size_t>(ours - score.greedy.begin());
  EXPECT_LT(expected.gaps[first], tie)
      << "greedy token " << first << " is " << *ours << ", not " << *theirs;
}

TEST_P(Fixture, ScoresAsTransformersDoes) {
  const auto decoder = open(fixture_folder(GetParam()));
  ASSERT_NE(decoder, nullptr);
  for (const Sequence& expected : expected_of(GetParam())) {
    const auto score = model::score(*decoder, expected.tokens, {.top = 256, .greedy = 64});
    ASSERT_TRUE(score.has_value()) << score.error().message;
    expect_logprobs(*score, expected);
    expect_distributions(*score, expected);
    expect_greedy(*score, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Fixture, ::testing::ValuesIn(fixture_names()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

class Twin : public ::testing::TestWithParam<std::string> {};

TEST_P(Twin, GivesTheSameNumbersFromGgufAsFromHuggingFace) {
  const auto directory = open(fixture_folder(GetParam()));
  const auto gguf = open(fixture_folder(GetParam()) / "gguf/model.gguf");
  ASSERT_TRUE(directory != nullptr && gguf != nullptr);
  for (const Sequence& expected : expected_of(GetParam())) {
    const auto ours = model::score(*directory, expected.tokens, {.greedy = 64});
    const auto twin = model::score(*gguf, expected.tokens, {.greedy = 64});
    ASSERT_TRUE(ours.has_value() && twin.has_value());
    for (std::size_t i = 1; i < ours->tokens.size(); ++i) {
      EXPECT_NEAR(*ours->tokens[i].logprob, *twin->tokens[i].logprob, tolerance / 2)
          << "position " << i;
    }
    EXPECT_EQ(ours->greedy, twin->greedy);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Twin, ::testing::ValuesIn(fixture_names_with_gguf()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace freehold::golden
