#include "model/score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace freehold::model {
namespace {

constexpr std::uint32_t vocabulary = 5;

// After token t at any position, token (t + 1) % 5 is the likeliest; notes what it was asked for.
class FakeDecoder : public Decoder {
 public:
  FakeDecoder() {
    recipe_.layers = 1;
    recipe_.vocabulary = vocabulary;
    recipe_.attention.kv_heads = 1;
    recipe_.attention.head_dim = 4;
  }
  const Recipe& recipe() const override { return recipe_; }
  Result<Logits> forward(const Plan& plan, KvCache&) override {
    logits_.clear();
    for (const Span& span : plan.spans) {
      for (const Token token : span.tokens) {
        for (std::uint32_t i = 0; i < vocabulary; ++i) {
          const bool next = i == static_cast<std::uint32_t>(token + 1) % vocabulary;
          logits_.push_back(next ? likeliest : 0);
        }
      }
      seen.push_back(span);
    }
    return Logits{.values = logits_, .vocabulary = vocabulary};
  }

  float likeliest = 2;
  std::vector<Span> seen;

 private:
  Recipe recipe_;
  std::vector<float> logits_;
};

const double norm = std::log(std::exp(2.0) + 4);

TEST(Score, GivesEachTokenItsLogarithmicProbability) {
  FakeDecoder decoder;
  const auto score = model::score(decoder, std::vector<Token>{1, 2, 4}, {});
  ASSERT_TRUE(score.has_value());
  ASSERT_EQ(score->tokens.size(), 3u);
  EXPECT_FALSE(score->tokens[0].logprob.has_value());
  EXPECT_NEAR(*score->tokens[1].logprob, 2 - norm, 1e-12);
  EXPECT_NEAR(*score->tokens[2].logprob, 0 - norm, 1e-12);
  EXPECT_TRUE(score->tokens[1].top.empty());
  EXPECT_TRUE(score->next.empty());
  EXPECT_TRUE(score->greedy.empty());
}

TEST(Score, ListsTheLikeliestFirstAndTheLowerOfEquals) {
  FakeDecoder decoder;
  const auto score = model::score(decoder, std::vector<Token>{1, 3}, {.top = 3});
  ASSERT_TRUE(score.has_value());
  ASSERT_EQ(score->tokens[1].top.size(), 3u);
  EXPECT_EQ(score->tokens[1].top[0].id, 2);
  EXPECT_EQ(score->tokens[1].top[1].id, 0);
  EXPECT_EQ(score->tokens[1].top[2].id, 1);
  EXPECT_EQ(score->next[0].id, 4);
  EXPECT_NEAR(score->next[0].logprob, 2 - norm, 1e-12);
}

TEST(Score, ListsNoMoreThanTheVocabulary) {
  FakeDecoder decoder;
  const auto score = model::score(decoder, std::vector<Token>{1}, {.top = 1000});
  ASSERT_TRUE(score.has_value());
  EXPECT_EQ(score->next.size(), vocabulary);
}

TEST(Score, AppendsGreedilyOneTokenAfterTheOther) {
  FakeDecoder decoder;
  const auto score = model::score(decoder, std::vector<Token>{2, 2}, {.greedy = 4});
  ASSERT_TRUE(score.has_value());
  EXPECT_EQ(score->greedy, (std::vector<Token>{3, 4, 0, 1}));
  ASSERT_EQ(decoder.seen.size(), 4u);  // the last token need not be read
  EXPECT_EQ(decoder.seen[3].position, 4u);
  EXPECT_EQ(decoder.seen[3].prompt_tokens, 2u);
}

TEST(Score, ReadsALongTextInPieces) {
  FakeDecoder decoder;
  const auto score = model::score(decoder, std::vector<Token>(1300, 1), {});
  ASSERT_TRUE(score.has_value());
  EXPECT_EQ(score->tokens.size(), 1300u);
  ASSERT_EQ(decoder.seen.size(), 3u);
  EXPECT_EQ(decoder.seen[2].position, 1024u);
  EXPECT_EQ(decoder.seen[2].prompt_tokens, 1300u);
}

TEST(Score, RefusesToScoreNothing) {
  FakeDecoder decoder;
  const auto score = model::score(decoder, {}, {});
  ASSERT_FALSE(score.has_value());
  EXPECT_EQ(score.error().code, ErrorCode::usage);
}

TEST(Score, SaysWhereLogitsAreNotFinite) {
  FakeDecoder decoder;
  for (const float broken :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    decoder.likeliest = broken;
    const auto score = model::score(decoder, std::vector<Token>{1, 2}, {.top = 2});
    ASSERT_FALSE(score.has_value());
    EXPECT_EQ(score.error().code, ErrorCode::invalid);
    EXPECT_NE(score.error().message.find("position 0"), std::string::npos);
  }
}

TEST(LogSumExp, DoesNotOverflow) {
  const std::vector<float> logits{1000, 1000};
  EXPECT_NEAR(log_sum_exp(logits), 1000 + std::log(2.0), 1e-9);
  const std::vector<float> low{-1000, -1000, -1000};
  EXPECT_NEAR(log_sum_exp(low), -1000 + std::log(3.0), 1e-9);
}

}  // namespace
}  // namespace freehold::model
