#include "model/pass.h"

#include <gtest/gtest.h>

namespace freehold::model {
namespace {

Span span_of(std::size_t tokens, std::uint32_t position, std::uint32_t wanted) {
  Span span;
  span.tokens.assign(tokens, 1);
  span.position = position;
  span.wanted_logits = wanted;
  return span;
}

Rope small_rope() {
  Rope rope;
  rope.dimensions = 4;
  return rope;
}

TEST(Dealer, DealsEveryTokenOnceInOrder) {
  const Plan plan{{span_of(5, 10, 1), span_of(1, 0, 1), span_of(30, 3, 2)}};
  RopeAngles angles(small_rope(), {});
  Dealer dealer(plan, 8);
  Batch batch;
  std::vector<std::uint32_t> positions;
  std::size_t wanted = 0;
  while (dealer.deal(angles, batch)) {
    EXPECT_LE(batch.size(), 8u);
    EXPECT_EQ(batch.cosine.size(), batch.size() * 2);
    for (const Row& row : batch.rows) positions.push_back(row.position);
    wanted += batch.wanted.size();
  }
  ASSERT_EQ(positions.size(), 36u);
  EXPECT_EQ(positions[4], 14u);
  EXPECT_EQ(positions[5], 0u);
  EXPECT_EQ(positions[6], 3u);
  EXPECT_EQ(positions[35], 32u);
  EXPECT_EQ(wanted, 4u);
}

TEST(Dealer, CutsTilesAtSpansAndAtSixteenRows) {
  const Plan plan{{span_of(20, 0, 0), span_of(3, 0, 0)}};
  RopeAngles angles(small_rope(), {});
  Dealer dealer(plan, 100);
  Batch batch;
  ASSERT_TRUE(dealer.deal(angles, batch));
  ASSERT_EQ(batch.tiles.size(), 3u);
  EXPECT_EQ(batch.tiles[0].end, 16u);
  EXPECT_EQ(batch.tiles[1].end, 20u);
  EXPECT_EQ(batch.tiles[2].end, 23u);
  EXPECT_FALSE(dealer.deal(angles, batch));
}

TEST(Activations, HoldFewerTokensOfAWiderModel) {
  Recipe recipe;
  recipe.width = 64;
  recipe.attention = {.heads = 2, .kv_heads = 1, .head_dim = 32, .rope = {}};
  recipe.feedforward.hidden = 128;
  recipe.pattern = {LayerKind{}};
  EXPECT_EQ(Activations::capacity_for(recipe), 512u);
  recipe.width = 16384;
  recipe.feedforward.hidden = 65536;
  const std::size_t capacity = Activations::capacity_for(recipe);
  EXPECT_LT(capacity, 512u);
  EXPECT_GE(capacity, 16u);
  EXPECT_EQ(Activations(recipe, 16).bytes(), 16 * Activations::bytes_per_token(recipe));
}

TEST(Activations, KeepNoMemoryForSlotsThatNoLayerFills) {
  Recipe recipe;
  recipe.width = 64;
  recipe.attention = {.heads = 2, .kv_heads = 1, .head_dim = 32, .rope = {}};
  recipe.feedforward.hidden = 1000;
  recipe.feedforward.experts = {.count = 8, .active = 2, .hidden = 16};
  recipe.pattern = {LayerKind{.experts = true}};
  const auto only_experts = Activations::bytes_per_token(recipe);
  recipe.pattern.push_back(LayerKind{});
  EXPECT_EQ(Activations::bytes_per_token(recipe),
            only_experts + 1000 * sizeof(float) + 4 * std::size_t{kernels::activation_step_bytes});
}

}  // namespace
}  // namespace freehold::model
