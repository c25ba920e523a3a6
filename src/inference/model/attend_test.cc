// How attention is dealt to threads. The arithmetic is tested in kernels/attention_test.cc.
#include "model/attend.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "base/random.h"
#include "kernels/kernels.h"
#include "model/pass.h"

namespace freehold::model {
namespace {

Recipe recipe_of(std::uint32_t heads, std::uint32_t kv_heads, std::uint32_t head_dim,
                 std::uint32_t window) {
  Recipe recipe;
  recipe.layers = 1;
  recipe.width = 8;
  recipe.feedforward.hidden = 8;
  recipe.attention.heads = heads;
  recipe.attention.kv_heads = kv_heads;
  recipe.attention.head_dim = head_dim;
  recipe.attention.rope.dimensions = 2;
  recipe.pattern = {LayerKind{.sliding_window = window}};
  return recipe;
}

float between_ones(Random& random) {
  return static_cast<float>(random.below(2001)) / 1000 - 1;
}

// Sequences that already have `depth` positions, in a cache with random contents.
class Sequences {
 public:
  Sequences(Recipe recipe, KvType type, std::uint32_t count, std::uint32_t positions)
      : recipe_(std::move(recipe)),
        blocks_each_((positions + 31) / 32),
        cache_(*KvCache::make(recipe_, type, count * blocks_each_)) {
    Random random(3);
    std::vector<float> vector(recipe_.attention.head_dim);
    for (std::uint32_t position = 0; position < cache_.blocks() * 32; ++position) {
      for (std::uint32_t head = 0; head < recipe_.attention.kv_heads; ++head) {
        for (std::byte* block :
             {cache_.keys(0, position / 32, head), cache_.values(0, position / 32, head)}) {
          for (float& each : vector) each = between_ones(random);
          kernels::kernels().store_kv(type, vector.data(), block, position % 32, vector.size());
        }
      }
    }
  }

  // A span of `rows` rows of one sequence from `position` on.
  Span span(std::uint32_t sequence, std::uint32_t position, std::uint32_t rows) const {
    Span made;
    made.position = position;
    made.tokens.assign(rows, 0);
    for (std::uint32_t i = 0; i < blocks_each_; ++i) {
      made.blocks.push_back(sequence * blocks_each_ + i);
    }
    return made;
  }

  // Bits of what the rows of the plan attend to. A query depends on its position alone.
  std::vector<std::uint32_t> attended(const Plan& plan, std::uint32_t threads) {
    ThreadPool pool(threads);
    Workers workers(pool, AttentionParts::scratch_floats(recipe_), 0, 0);
    AttentionParts parts(recipe_);
    RopeAngles angles(recipe_.attention.rope, {});
    Activations memory(recipe_, 64);
    Dealer dealer(plan, 64);
    Batch batch;
    std::vector<std::uint32_t> bits;
    const std::size_t width = std::size_t{recipe_.attention.heads} * recipe_.attention.head_dim;
    while (dealer.deal(angles, batch)) {
      for (std::size_t row = 0; row < batch.size(); ++row) {
        Random random(batch.rows[row].position);
        for (std::size_t i = 0; i < width; ++i) {
          memory.query[row * width + i] = 3 * between_ones(random);
        }
      }
      Pass pass{recipe_, batch, cache_, workers, memory, parts};
      const Operand to = memory.attended.of(batch.size(), {.floats = true});
      attend(pass, 0, nullptr, to);
      for (std::size_t i = 0; i < batch.size() * width; ++i) {
        bits.push_back(std::bit_cast<std::uint32_t>(to.floats[i]));
      }
    }
    return bits;
  }

 private:
  Recipe recipe_;
  std::uint32_t blocks_each_;
  KvCache cache_;
};

TEST(Attend, GivesTheSameBitsForAnyNumberOfThreads) {
  for (const std::uint32_t window : {0u, 700u}) {
    for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
      Sequences sequences(recipe_of(6, 2, 40, window), type, 1, 1600);
      for (const std::uint32_t rows : {1u, 3u, 40u}) {
        const Plan plan{{sequences.span(0, 1500, rows)}};
        const auto expected = sequences.attended(plan, 1);
        EXPECT_EQ(sequences.attended(plan, 2), expected) << rows;
        EXPECT_EQ(sequences.attended(plan, 7), expected) << rows;
      }
    }
  }
}

TEST(Attend, GivesASequenceTheSameBitsAloneAndInCompany) {
  Sequences sequences(recipe_of(4, 2, 32, 0), KvType::f16, 3, 1200);
  const Span own = sequences.span(1, 1023, 5);
  const auto expected = sequences.attended({{own}}, 2);
  const auto together =
      sequences.attended({{sequences.span(0, 3, 20), own, sequences.span(2, 1100, 1)}}, 2);
  const auto from = together.begin() + 20 * 4 * 32;
  EXPECT_EQ(std::vector(from, from + 5 * 4 * 32), expected);
}

TEST(Attend, GivesTheSameBitsHoweverAPromptIsCut) {
  Sequences sequences(recipe_of(4, 1, 64, 300), KvType::int8, 1, 1100);
  const auto expected = sequences.attended({{sequences.span(0, 500, 90)}}, 2);
  std::vector<std::uint32_t> joined;
  for (std::uint32_t position = 500; position < 590; position += 9) {
    const auto part = sequences.attended({{sequences.span(0, position, 9)}}, 3);
    joined.insert(joined.end(), part.begin(), part.end());
  }
  EXPECT_EQ(joined, expected);
}

TEST(Attend, SplitsContextsWhosePartsDoNotFitTheirMemoryAtOnce) {
  const Recipe recipe = recipe_of(64, 1, 8, 0);
  Sequences sequences(recipe, KvType::f16, 1, 40'000);
  ASSERT_GT(40'000 / kernels::attention_chunk * 64, AttentionParts(recipe).capacity());
  const Plan plan{{sequences.span(0, 39'990, 2)}};
  EXPECT_EQ(sequences.attended(plan, 3), sequences.attended(plan, 1));
}

TEST(Attend, TakesMoreQueriesPerKeyThanAPieceUsuallyHas) {
  Sequences sequences(recipe_of(71, 1, 16, 0), KvType::bf16, 1, 600);
  const Plan plan{{sequences.span(0, 590, 3)}};
  EXPECT_EQ(sequences.attended(plan, 2), sequences.attended(plan, 1));
}

TEST(AttentionParts, TakeTheSameMemoryForAnyContext) {
  Recipe recipe = recipe_of(16, 8, 128, 0);
  const auto bytes = AttentionParts::bytes(recipe);
  recipe.context_length = 1 << 20;
  EXPECT_EQ(AttentionParts::bytes(recipe), bytes);
  EXPECT_LT(bytes, std::uint64_t{4} << 20);
}

}  // namespace
}  // namespace freehold::model
