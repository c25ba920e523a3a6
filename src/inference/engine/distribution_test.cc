#include "engine/distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace freehold::engine {
namespace {

std::vector<float> random_logits(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = static_cast<float>(std::floor(random.uniform() * 40) - 20);
  return logits;
}

TEST(Distribution, TakesTheLowestIdOfEqualPeaks) {
  EXPECT_EQ(peak(std::vector<float>{1, 3, 3, 2})->token, 1);
  EXPECT_EQ(peak(std::vector<float>{-INFINITY, -5})->token, 1);
}

TEST(Distribution, RefusesRowsThatNothingCanBeChosenFrom) {
  for (const std::vector<float>& row :
       {std::vector<float>{1, NAN, 2}, {NAN}, {1, INFINITY}, {-INFINITY, -INFINITY}, {}}) {
    const auto highest = peak(row);
    ASSERT_FALSE(highest.has_value());
    EXPECT_EQ(highest.error().code, ErrorCode::internal);
  }
  EXPECT_NE(peak(std::vector<float>{1, NAN}).error().message.find("token 1"), std::string::npos);
}

TEST(Distribution, RanksAsASortOfEverythingWould) {
  const std::vector<float> logits = random_logits(1000, 3);  // many are equal
  std::vector<Ranked> sorted;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    sorted.push_back({static_cast<Token>(i), logits[i]});
  }
  std::sort(sorted.begin(), sorted.end(), better);
  for (const std::size_t count : {0, 1, 2, 17, 999, 1000, 5000}) {
    const std::vector<Ranked> ranked = best(logits, count);
    ASSERT_EQ(ranked.size(), std::min(count, logits.size()));
    for (std::size_t i = 0; i < ranked.size(); ++i) EXPECT_EQ(ranked[i].token, sorted[i].token);
  }
}

TEST(Distribution, ScoresAreLogarithmsOfProbabilitiesThatSumToOne) {
  const std::vector<float> logits = random_logits(5000, 4);
  const TokenScore scored = *score(logits, 7, logits.size());
  double sum = 0;
  for (const Ranked& ranked : scored.top) sum += std::exp(static_cast<double>(ranked.value));
  EXPECT_NEAR(sum, 1, 1e-4);
  const auto seventh = std::find_if(scored.top.begin(), scored.top.end(),
                                    [](const Ranked& ranked) { return ranked.token == 7; });
  EXPECT_EQ(seventh->value, scored.logprob);
}

}  // namespace
}  // namespace freehold::engine
