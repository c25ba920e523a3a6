#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <set>

namespace freehold::model {
namespace {

Recipe small_recipe() {
  Recipe recipe;
  recipe.layers = 3;
  recipe.attention.kv_heads = 2;
  recipe.attention.head_dim = 8;
  return recipe;
}

TEST(KvCache, TakesTheBytesItSays) {
  const Recipe recipe = small_recipe();
  EXPECT_EQ(KvCache::bytes_per_block(recipe, KvType::f16), 2u * 3 * 2 * 32 * 8 * 2);
  EXPECT_EQ(KvCache::bytes_per_block(recipe, KvType::f32), 2u * 3 * 2 * 32 * 8 * 4);
  const auto cache = KvCache::make(recipe, KvType::bf16, 5);
  ASSERT_TRUE(cache.has_value());
  EXPECT_EQ(cache->bytes(), 5 * KvCache::bytes_per_block(recipe, KvType::bf16));
  EXPECT_EQ(cache->blocks(), 5u);
}

TEST(KvCache, GivesEveryHeadOfEveryLayerAndBlockMemoryOfItsOwn) {
  const Recipe recipe = small_recipe();
  auto cache = KvCache::make(recipe, KvType::f32, 4);
  ASSERT_TRUE(cache.has_value());
  constexpr std::ptrdiff_t head_bytes = 32 * 8 * 4;
  std::set<std::byte*> starts;
  for (std::uint32_t layer = 0; layer < 3; ++layer) {
    for (std::uint32_t block = 0; block < 4; ++block) {
      for (std::uint32_t head = 0; head < 2; ++head) {
        starts.insert(cache->keys(layer, block, head));
        starts.insert(cache->values(layer, block, head));
      }
    }
  }
  ASSERT_EQ(starts.size(), 3u * 4 * 2 * 2);
  for (auto each = std::next(starts.begin()); each != starts.end(); ++each) {
    EXPECT_EQ(*each - *std::prev(each), head_bytes);
  }
}

TEST(KvCache, SaysHowMuchWasAskedWhenMemoryCannotBeHad) {
  Recipe recipe = small_recipe();
  recipe.layers = 4096;
  recipe.attention.kv_heads = 4096;
  recipe.attention.head_dim = 4096;
  for (const std::uint32_t blocks : {100'000u, UINT32_MAX}) {
    const auto cache = KvCache::make(recipe, KvType::f32, blocks);
    ASSERT_FALSE(cache.has_value());
    EXPECT_EQ(cache.error().code, ErrorCode::absent);
    EXPECT_NE(cache.error().message.find(std::to_string(blocks)), std::string::npos);
  }
}

TEST(KvCache, HoldsOnlyItsOwnRecipe) {
  const Recipe recipe = small_recipe();
  const auto cache = KvCache::make(recipe, KvType::f16, 1);
  EXPECT_TRUE(cache->holds(recipe));
  Recipe other = recipe;
  other.attention.head_dim = 16;
  EXPECT_FALSE(cache->holds(other));
  other = recipe;
  other.layers = 4;
  EXPECT_FALSE(cache->holds(other));
}

}  // namespace
}  // namespace freehold::model
