#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace freehold::engine {
namespace {

// The exact distribution of the stages that sampler.h lists, by sorting everything.
std::vector<double> exact(const SamplerSettings& settings, const std::vector<float>& logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  const auto temperature = static_cast<double>(settings.temperature);
  const auto weight = [&](std::size_t i) {
    return std::exp((static_cast<double>(logits[i]) - static_cast<double>(logits[order[0]])) /
                    temperature);
  };
  if (settings.top_k > 0) order.resize(std::min<std::size_t>(order.size(), settings.top_k));
  double total = 0;
  for (const std::size_t i : order) total += weight(i);
  std::vector<double> result(logits.size(), 0);
  double sum = 0;
  double kept = 0;
  for (const std::size_t i : order) {
    const bool reached = sum >= static_cast<double>(settings.top_p) * total && sum > 0;
    sum += weight(i);
    if (reached || weight(i) < static_cast<double>(settings.min_p)) continue;
    kept += result[i] = weight(i);
  }
  for (double& share : result) share /= kept;
  return result;
}

// Pearson's statistic over the tokens that are expected at least five times; the rest is one cell.
void expect_drawn_from(const std::vector<double>& expected, const std::vector<int>& drawn) {
  const int draws = std::accumulate(drawn.begin(), drawn.end(), 0);
  double statistic = 0;
  double rare_expected = 0;
  double rare_drawn = 0;
  int cells = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == 0) EXPECT_EQ(drawn[i], 0) << "token " << i << " was cut but drawn";
    const double count = expected[i] * draws;
    if (count < 5) {
      rare_expected += count;
      rare_drawn += drawn[i];
      continue;
    }
    statistic += (drawn[i] - count) * (drawn[i] - count) / count;
    ++cells;
  }
  if (rare_expected >= 5) {
    statistic += (rare_drawn - rare_expected) * (rare_drawn - rare_expected) / rare_expected;
    ++cells;
  }
  // Mean k and variance 2k for k degrees of freedom: five deviations above the mean.
  const double freedom = cells - 1;
  EXPECT_LE(statistic, freedom + 5 * std::sqrt(2 * freedom + 1)) << cells << " cells";
}

std::vector<float> bell(std::size_t vocabulary) {
  Random random(99);
  std::vector<float> logits(vocabulary);
  for (float& logit : logits) {
    logit = static_cast<float>((random.uniform() + random.uniform() + random.uniform()) * 4 - 6);
  }
  return logits;
}

Token choose(Sampler& sampler, const std::vector<float>& logits) {
  const auto token = sampler.choose(logits);
  EXPECT_TRUE(token.has_value());
  return token.value_or(-1);
}

TEST(Sampler, DrawsFromTheExactDistributionOfEveryCombinationOfStages) {
  const std::vector<float> logits = bell(200);
  std::uint64_t seed = 1;
  for (const float temperature : {0.5f, 1.0f, 1.7f}) {
    for (const std::uint32_t top_k : {0u, 5u, 40u, 1000u}) {
      for (const float top_p : {1.0f, 0.9f, 0.3f}) {
        for (const float min_p : {0.0f, 0.1f}) {
          SCOPED_TRACE(testing::Message() << "temperature " << temperature << " top_k " << top_k
                                          << " top_p " << top_p << " min_p " << min_p);
          const SamplerSettings settings{.temperature = temperature,
                                         .top_k = top_k,
                                         .top_p = top_p,
                                         .min_p = min_p,
                                         .seed = seed++,
                                         .logit_bias = {},
                                         .logprobs = {}};
          Sampler sampler(settings, {});
          std::vector<int> drawn(logits.size(), 0);
          for (int i = 0; i < 2000; ++i) {
            ++drawn[static_cast<std::size_t>(choose(sampler, logits))];
          }
          expect_drawn_from(exact(settings, logits), drawn);
        }
      }
    }
  }
}

TEST(Sampler, PicksTheLikeliestTokenAtTemperatureZeroAndTheLowestIdOfEqualOnes) {
  Sampler sampler({.temperature = 0, .logit_bias = {}, .logprobs = {}}, {});
  EXPECT_EQ(choose(sampler, {1, 5, 2, 5}), 1);
  EXPECT_EQ(choose(sampler, {-3, -2, -1, -1}), 2);
}

TEST(Sampler, KeepsOnlyTheBestTokenAtTopPZero) {
  Sampler sampler({.top_p = 0, .logit_bias = {}, .logprobs = {}}, {});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(choose(sampler, {1, 1.5f, 1.4f}), 1);
}

TEST(Sampler, BreaksTiesAtTheEdgeOfTopKByTheLowestId) {
  Sampler sampler({.top_k = 2, .logit_bias = {}, .logprobs = {}}, {});
  std::map<Token, int> drawn;
  for (int i = 0; i < 200; ++i) ++drawn[choose(sampler, {0, 2, 2, 2, 2})];
  EXPECT_EQ(drawn.size(), 2u);
  EXPECT_EQ(drawn.count(1) + drawn.count(2), 2u);
}

TEST(Sampler, GivesTheSameTokensForTheSameSeedAndOthersForAnother) {
  const std::vector<float> logits = bell(300);
  const auto run = [&](std::uint64_t seed) {
    Sampler sampler({.seed = seed, .logit_bias = {}, .logprobs = {}}, {});
    std::vector<Token> tokens;
    for (int i = 0; i < 40; ++i) tokens.push_back(choose(sampler, logits));
    return tokens;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

TEST(Sampler, SurvivesTemperaturesNearZeroAndVeryHighOnes) {
  for (const float temperature : {1e-38f, 1e-6f}) {
    Sampler cold({.temperature = temperature, .logit_bias = {}, .logprobs = {}}, {});
    EXPECT_EQ(choose(cold, {-10, 30, 29.5f}), 1);
  }
  Sampler hot({.temperature = 100, .logit_bias = {}, .logprobs = {}}, {});
  std::map<Token, int> drawn;
  for (int i = 0; i < 300; ++i) ++drawn[choose(hot, {0, 1, 2})];
  EXPECT_EQ(drawn.size(), 3u);
}

TEST(Sampler, PenalisesRepetitionOverThePromptAndTheAnswerOnceAToken) {
  const std::vector<Token> prompt = {0, 0, 3};
  Sampler sampler({.temperature = 0, .repetition_penalty = 2, .logit_bias = {}, .logprobs = {}},
                  prompt);
  const std::vector<float> logits = {8, 4.5f, 4.25f, 6};  // become 4, 4.5, 4.25, 3
  EXPECT_EQ(choose(sampler, logits), 1);                  // then 4, 2.25, 4.25, 3
  EXPECT_EQ(choose(sampler, logits), 2);                  // then 4, 2.25, 2.125, 3
  EXPECT_EQ(choose(sampler, logits), 0);
  EXPECT_EQ(choose(sampler, logits), 0);  // not divided again
  Sampler negative({.temperature = 0, .repetition_penalty = 2, .logit_bias = {}, .logprobs = {}},
                   prompt);
  EXPECT_EQ(choose(negative, {-1, -1.5f, -5, -9}), 1);  // -1 becomes -2
}

TEST(Sampler, CountsPresenceAndFrequencyOverTheAnswerOnly) {
  const std::vector<Token> prompt = {0, 0, 0};
  Sampler presence({.temperature = 0, .presence_penalty = 1, .logit_bias = {}, .logprobs = {}},
                   prompt);
  const std::vector<float> logits = {3, 2.5f, 1.75f};
  std::vector<Token> tokens;
  for (int i = 0; i < 4; ++i) tokens.push_back(choose(presence, logits));
  EXPECT_EQ(tokens, (std::vector<Token>{0, 1, 0, 0}));  // once only, however often it came
  Sampler frequency({.temperature = 0, .frequency_penalty = 1, .logit_bias = {}, .logprobs = {}},
                    prompt);
  tokens.clear();
  for (int i = 0; i < 6; ++i) tokens.push_back(choose(frequency, logits));
  EXPECT_EQ(tokens, (std::vector<Token>{0, 1, 0, 2, 1, 0}));
}

TEST(Sampler, AddsBiasBeforeEverythingElseIsCut) {
  Sampler sampler({.top_k = 1, .logit_bias = {{2, 50.0f}}, .logprobs = {}}, {});
  EXPECT_EQ(choose(sampler, {9, 8, 1}), 2);
  Sampler ban({.logit_bias = {{0, -100.0f}}, .logprobs = {}}, {});
  for (int i = 0; i < 100; ++i) EXPECT_NE(choose(ban, {5, 1, 1}), 0);
}

TEST(Sampler, FailsOnLogitsThatAreNotNumbers) {
  for (const float temperature : {0.0f, 1.0f}) {
    Sampler sampler({.temperature = temperature, .logit_bias = {}, .logprobs = {}}, {});
    const auto token = sampler.choose(std::vector<float>{1, NAN, 2});
    ASSERT_FALSE(token.has_value());
    EXPECT_EQ(token.error().code, ErrorCode::internal);
  }
}

TEST(SamplerSettings, TakeTheModelsDefaultsWhereNothingIsAsked) {
  Sampling defaults;
  defaults.temperature = 0.6f;
  defaults.top_k = 20;
  defaults.repetition_penalty = 1.1f;
  Sampling asked;
  asked.top_k = 5;
  asked.seed = 77;
  const SamplerSettings settings = *resolve(asked, defaults, 100);
  EXPECT_EQ(settings.temperature, 0.6f);
  EXPECT_EQ(settings.top_k, 5u);
  EXPECT_EQ(settings.top_p, 1.0f);
  EXPECT_EQ(settings.repetition_penalty, 1.1f);
  EXPECT_EQ(settings.seed, 77u);
  EXPECT_NE(resolve({}, {}, 100)->seed, resolve({}, {}, 100)->seed);
}

TEST(SamplerSettings, RefuseValuesOutOfRangeByName) {
  const auto refused = [](const char* name, Sampling asked) {
    const auto settings = resolve(asked, {}, 100);
    ASSERT_FALSE(settings.has_value()) << name;
    EXPECT_EQ(settings.error().code, ErrorCode::usage);
    EXPECT_NE(settings.error().message.find(name), std::string::npos) << settings.error().message;
  };
  Sampling asked;
  asked.temperature = -0.1f;
  refused("temperature", asked);
  asked.temperature = NAN;
  refused("temperature", asked);
  asked = {};
  asked.top_k = -1;
  refused("top_k", asked);
  asked = {};
  asked.top_p = 1.5f;
  refused("top_p", asked);
  asked = {};
  asked.min_p = -1;
  refused("min_p", asked);
  asked = {};
  asked.repetition_penalty = 0;
  refused("repetition_penalty", asked);
  asked = {};
  asked.presence_penalty = INFINITY;
  refused("presence_penalty", asked);
  asked = {};
  asked.logit_bias = {{100, 1.0f}};
  refused("logit_bias", asked);
  asked.logit_bias = {{-1, 1.0f}};
  refused("logit_bias", asked);
  asked.logit_bias = {{1, NAN}};
  refused("logit_bias", asked);
}

}  // namespace
}  // namespace freehold::engine
