#include "engine/cache_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fake_decoder.h"

namespace freehold::engine {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

model::Recipe recipe() {
  model::Recipe result = fake_recipe(10);
  result.context_length = 4096;
  return result;
}

std::uint64_t block_bytes() {
  return model::KvCache::bytes_per_block(recipe(), KvType::f16);
}

TEST(CacheSize, HoldsEverySequenceWholeWhenMemoryAllows) {
  const CacheSize size = *size_cache(recipe(), {.sequences = 8}, gibibyte, 64 * gibibyte);
  EXPECT_EQ(size.context_length, 4096u);
  EXPECT_EQ(size.blocks, 8u * 4096 / 32);
}

TEST(CacheSize, TakesHalfOfWhatTheWeightsLeave) {
  const CacheSize size =
      *size_cache(recipe(), {.sequences = 8}, gibibyte, gibibyte + 2 * 200 * block_bytes());
  EXPECT_EQ(size.blocks, 200u);
  EXPECT_EQ(size.context_length, 4096u);
}

TEST(CacheSize, ShortensTheContextToWhatFitsUnlessItWasAskedFor) {
  const CacheSize size = *size_cache(recipe(), {.kv_bytes = 10 * block_bytes()}, 0, 0);
  EXPECT_EQ(size.blocks, 10u);
  EXPECT_EQ(size.context_length, 320u);
  const auto asked =
      size_cache(recipe(), {.context_length = 4000, .kv_bytes = 10 * block_bytes()}, 0, 0);
  ASSERT_FALSE(asked.has_value());
  EXPECT_EQ(asked.error().code, ErrorCode::absent);
  EXPECT_THAT(asked.error().message, HasSubstr("4000 tokens"));
}

TEST(CacheSize, RefusesWhatCannotBe) {
  EXPECT_EQ(size_cache(recipe(), {}, 2 * gibibyte, gibibyte).error().code, ErrorCode::absent);
  const auto longer = size_cache(recipe(), {.context_length = 5000}, 0, gibibyte);
  EXPECT_EQ(longer.error().code, ErrorCode::usage);
  EXPECT_THAT(longer.error().message, HasSubstr("5000"));
  EXPECT_THAT(longer.error().message, HasSubstr("4096"));
}

TEST(CacheSize, SurvivesRecipesWithAbsurdNumbers) {
  model::Recipe absurd = recipe();
  absurd.context_length = UINT32_MAX;
  const auto size = size_cache(absurd, {.sequences = UINT32_MAX}, 0, gibibyte);
  ASSERT_TRUE(size.has_value());
  EXPECT_LE(size->blocks * block_bytes(), gibibyte / 2);
  absurd.context_length = 0;
  EXPECT_EQ(size_cache(absurd, {}, 0, gibibyte)->context_length, 4096u);
}

TEST(CacheSize, ModelsOpenedTogetherDoNotPromiseTheSameMemoryTwice) {
  const std::vector<std::uint64_t> weights = {gibibyte, 2 * gibibyte};
  const std::uint64_t share = cache_share(weights, 11 * gibibyte);
  EXPECT_EQ(share, 2 * gibibyte);
  const CacheSize size = *size_cache(recipe(), {.sequences = UINT32_MAX, .kv_bytes = share}, 0, 0);
  EXPECT_LE(size.blocks * block_bytes(), share);
  EXPECT_GT((size.blocks + 1) * block_bytes(), share);
}

TEST(CacheSize, ModelsThatLeaveNothingAreRefusedRatherThanLeftToChoose) {
  const std::vector<std::uint64_t> weights = {gibibyte, UINT64_MAX};
  const std::uint64_t share = cache_share(weights, 2 * gibibyte);
  const auto size = size_cache(recipe(), {.kv_bytes = share}, gibibyte, 2 * gibibyte);
  ASSERT_FALSE(size.has_value());
  EXPECT_EQ(size.error().code, ErrorCode::absent);
}

TEST(CacheSize, KnowsTheMemoryThatIsFree) {
  EXPECT_GT(free_memory_bytes(), 0u);
}

}  // namespace
}  // namespace freehold::engine
