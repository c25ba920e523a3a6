#include "model/place.h"

#include "kernels/kernels.h"

namespace freehold::model {
namespace {

// sum += the bias's elements from `begin` on.
void add_part(const Vector& bias, std::size_t begin, float* sum, std::size_t count) {
  if (!bias.empty()) kernels::kernels().add(bias.data() + begin, sum, count);
}

}  // namespace

Placement::Placement(const Pass& pass, const LayerWeights& weights, std::uint32_t layer)
    : pass_(pass),
      weights_(weights),
      layer_(layer),
      group_(pass.recipe.attention.heads / pass.recipe.attention.kv_heads) {
  const Attention& attention = pass.recipe.attention;
  const std::size_t pairs = attention.rope.dimensions / 2;
  CHECK(weights.query.rows == std::size_t{attention.heads} * attention.head_dim);
  CHECK(weights.key.rows == std::size_t{attention.kv_heads} * attention.head_dim);
  CHECK(2 * pairs <= attention.head_dim && pass.batch.size() * pairs <= pass.batch.cosine.size());
  for (const Vector* norm : {&weights.query_norm, &weights.key_norm}) {
    CHECK(norm->empty() || norm->size() == attention.head_dim);
  }
}

void Placement::place(std::size_t begin, std::size_t end, std::uint32_t kv_head) const {
  const Attention& attention = pass_.recipe.attention;
  const std::size_t head_dim = attention.head_dim;
  const std::size_t queries_at = kv_head * group_ * head_dim, keys_at = kv_head * head_dim;
  for (std::size_t row = begin; row < end; ++row) {
    float* queries = pass_.memory.query + row * attention.heads * head_dim + queries_at;
    float* key = pass_.memory.key + row * attention.kv_heads * head_dim + keys_at;
    float* value = pass_.memory.value + row * attention.kv_heads * head_dim + keys_at;
    add_part(weights_.query_bias, queries_at, queries, group_ * head_dim);
    add_part(weights_.key_bias, keys_at, key, head_dim);
    add_part(weights_.value_bias, keys_at, value, head_dim);
    for (std::size_t i = 0; i < group_; ++i) {
      turn(row, weights_.query_norm, queries + i * head_dim);
    }
    turn(row, weights_.key_norm, key);
    store(row, kv_head);
  }
}

// Norms and rotates one head in place.
void Placement::turn(std::size_t row, const Vector& norm, float* head) const {
  const Attention& attention = pass_.recipe.attention;
  const auto& kernels = kernels::kernels();
  const std::size_t pairs = attention.rope.dimensions / 2;
  const auto rotate =
      attention.rope.layout == RopeLayout::half ? kernels.rotate_half : kernels.rotate_adjacent;
  if (!norm.empty()) {
    kernels.rms_norm(head, norm.data(), pass_.recipe.norm.epsilon, head, attention.head_dim);
  }
  rotate(head, pass_.batch.cosine.data() + row * pairs, pass_.batch.sine.data() + row * pairs,
         pairs);
}

void Placement::store(std::size_t row, std::uint32_t kv_head) const {
  const Row& token = pass_.batch.rows[row];
  const std::size_t head_dim = pass_.recipe.attention.head_dim;
  const std::size_t at = (row * pass_.recipe.attention.kv_heads + kv_head) * head_dim;
  CHECK(token.position / KvCache::block_positions < token.span->blocks.size());
  const std::uint32_t block = token.span->blocks[token.position / KvCache::block_positions];
  const std::size_t position = token.position % KvCache::block_positions;
  const auto& kernels = kernels::kernels();
  KvCache& cache = pass_.cache;
  kernels.store_kv(cache.type(), pass_.memory.key + at, cache.keys(layer_, block, kv_head),
                   position, head_dim);
  kernels.store_kv(cache.type(), pass_.memory.value + at, cache.values(layer_, block, kv_head),
                   position, head_dim);
}

}  // namespace freehold::model
