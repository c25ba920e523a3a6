// Grouped-query self-attention over the paged cache: project, bias, norm per head, rotate, store,
// attend, project back.
#include "kernels/kernels.h"
#include "model/attend.h"
#include "model/pass.h"
#include "model/product.h"

namespace freehold::model {
namespace {

constexpr std::uint32_t block_positions = KvCache::block_positions;

void project(Pass& pass, const LayerWeights& weights) {
  const std::size_t tokens = pass.batch.size();
  const std::size_t width = pass.recipe.width;
  const Activations& memory = pass.memory;
  CHECK(tokens <= memory.capacity());
  CHECK(weights.query.columns == width && weights.key.rows == weights.value.rows);
  const Product products[] = {
      {&weights.query, memory.normed, width, tokens, memory.query, weights.query.rows},
      {&weights.key, memory.normed, width, tokens, memory.key, weights.key.rows},
      {&weights.value, memory.normed, width, tokens, memory.value, weights.value.rows},
  };
  multiply(pass.workers, products);
}

// Norms and rotates the heads of one token in place.
void turn(const Pass& pass, std::size_t row, const Vector& norm, float* heads, std::size_t count) {
  const Attention& attention = pass.recipe.attention;
  const auto& kernels = kernels::kernels();
  const std::size_t pairs = attention.rope.dimensions / 2;
  CHECK(2 * pairs <= attention.head_dim);
  CHECK((row + 1) * pairs <= pass.batch.cosine.size());
  CHECK(norm.empty() || norm.size() == attention.head_dim);
  const float* cosine = pass.batch.cosine.data() + row * pairs;
  const float* sine = pass.batch.sine.data() + row * pairs;
  const auto rotate =
      attention.rope.layout == RopeLayout::half ? kernels.rotate_half : kernels.rotate_adjacent;
  for (std::size_t i = 0; i < count; ++i) {
    float* head = heads + i * attention.head_dim;
    if (!norm.empty()) {
      kernels.rms_norm(head, norm.data(), pass.recipe.norm.epsilon, head, attention.head_dim);
    }
    rotate(head, cosine, sine, pairs);
  }
}

// The keys and values of one token, to their place in the cache.
void store(Pass& pass, std::size_t row, std::uint32_t layer) {
  const Attention& attention = pass.recipe.attention;
  const Row& token = pass.batch.rows[row];
  const std::size_t head_dim = attention.head_dim;
  const std::size_t width = attention.kv_heads * head_dim;
  CHECK(token.position / block_positions < token.span->blocks.size());
  const std::uint32_t block = token.span->blocks[token.position / block_positions];
  const std::size_t position = token.position % block_positions;
  const KvType type = pass.cache.type();
  const auto& kernels = kernels::kernels();
  for (std::uint32_t head = 0; head < attention.kv_heads; ++head) {
    const std::size_t from = row * width + head * head_dim;
    kernels.store_kv(type, pass.memory.key + from, pass.cache.keys(layer, block, head), position,
                     head_dim);
    kernels.store_kv(type, pass.memory.value + from, pass.cache.values(layer, block, head),
                     position, head_dim);
  }
}

void place(Pass& pass, const LayerWeights& weights, std::uint32_t layer) {
  const Attention& attention = pass.recipe.attention;
  const std::size_t query_width = std::size_t{attention.heads} * attention.head_dim;
  const std::size_t key_width = std::size_t{attention.kv_heads} * attention.head_dim;
  CHECK(weights.query.rows == query_width && weights.key.rows == key_width);
  pass.workers.split(pass.batch.size(), 8, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t row = begin; row < end; ++row) {
      float* query = pass.memory.query + row * query_width;
      float* key = pass.memory.key + row * key_width;
      add_bias(weights.query_bias, query);
      add_bias(weights.key_bias, key);
      add_bias(weights.value_bias, pass.memory.value + row * key_width);
      turn(pass, row, weights.query_norm, query, attention.heads);
      turn(pass, row, weights.key_norm, key, attention.kv_heads);
      store(pass, row, layer);
    }
  });
}

}  // namespace

void attention(Pass& pass, const LayerWeights& weights, std::uint32_t layer) {
  CHECK(pass.batch.size() > 0 && pass.batch.size() <= pass.memory.capacity());
  CHECK(layer < pass.recipe.layers && pass.cache.holds(pass.recipe));
  project(pass, weights);
  place(pass, weights, layer);
  attend(pass, layer);
  const std::size_t width = pass.recipe.width;
  const Product back{&weights.output,   pass.memory.attended, weights.output.columns,
                     pass.batch.size(), pass.memory.out,      width};
  multiply(pass.workers, {&back, 1});
  for (std::size_t row = 0; row < pass.batch.size(); ++row) {
    add_bias(weights.output_bias, pass.memory.out + row * width);
  }
}

}  // namespace freehold::model
