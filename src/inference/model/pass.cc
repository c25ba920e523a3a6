#include "model/pass.h"

#include <algorithm>
#include <array>

namespace freehold::model {
namespace {

constexpr std::size_t tile_rows = 16;
constexpr std::uint64_t memory_limit = std::uint64_t{64} << 20;
constexpr std::uint64_t fewest_tokens = 16;
constexpr std::uint64_t most_tokens = 512;

bool has(const Recipe& recipe, bool experts) {
  return std::ranges::any_of(recipe.pattern,
                             [&](const LayerKind& kind) { return kind.experts == experts; });
}

// Floats per token of each buffer, in the order of the members of Activations.
std::array<std::size_t, 15> extents(const Recipe& recipe) {
  const Attention& attention = recipe.attention;
  CHECK(recipe.width > 0 && attention.heads > 0 && attention.kv_heads > 0);
  const std::size_t width = recipe.width;
  const std::size_t queries = std::size_t{attention.heads} * attention.head_dim;
  const std::size_t keys = std::size_t{attention.kv_heads} * attention.head_dim;
  const std::size_t hidden = has(recipe, false) ? recipe.feedforward.hidden : 0;
  const Experts experts = has(recipe, true) ? recipe.feedforward.experts : Experts{};
  const std::size_t active = experts.active;
  const std::size_t expert_hidden = active * experts.hidden;
  const std::size_t softmax = std::size_t{attention.heads} * 2;
  return {width,         width,          width,         queries,       keys,
          keys,          queries,        softmax,       hidden,        hidden,
          experts.count, active * width, expert_hidden, expert_hidden, active * width};
}

}  // namespace

bool Dealer::deal(RopeAngles& angles, Batch& batch) {
  batch.rows.clear();
  batch.tiles.clear();
  CHECK(capacity_ > 0);
  while (batch.size() < capacity_ && span_ < plan_.spans.size()) {
    const Span& span = plan_.spans[span_];
    CHECK(token_ < span.tokens.size());
    if (batch.tiles.empty() || batch.rows.back().span != &span ||
        batch.size() - batch.tiles.back().begin == tile_rows) {
      batch.tiles.push_back({batch.size(), batch.size()});
    }
    batch.rows.push_back({span.tokens[token_], span.position + static_cast<std::uint32_t>(token_),
                          &span, token_ + span.wanted_logits >= span.tokens.size()});
    batch.tiles.back().end = batch.size();
    if (++token_ == span.tokens.size()) {
      token_ = 0;
      ++span_;
    }
  }
  const std::size_t pairs = angles.pairs();
  batch.cosine.resize(batch.size() * pairs);
  batch.sine.resize(batch.size() * pairs);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Row& row = batch.rows[i];
    angles.at(row.position, std::max(row.position + 1, row.span->prompt_tokens),
              std::span(batch.cosine).subspan(i * pairs, pairs),
              std::span(batch.sine).subspan(i * pairs, pairs));
  }
  CHECK(batch.size() <= capacity_ && batch.tiles.size() <= batch.size());
  return batch.size() > 0;
}

std::uint64_t Activations::bytes_per_token(const Recipe& recipe) {
  std::uint64_t floats = 0;
  for (const std::size_t extent : extents(recipe)) floats += extent;
  CHECK(floats > 0);
  return floats * sizeof(float);
}

std::size_t Activations::capacity_for(const Recipe& recipe) {
  return std::clamp(memory_limit / bytes_per_token(recipe), fewest_tokens, most_tokens);
}

Activations::Activations(const Recipe& recipe, std::size_t capacity) : capacity_(capacity) {
  CHECK(capacity > 0);
  floats_ = capacity * bytes_per_token(recipe) / sizeof(float);
  memory_ = std::make_unique_for_overwrite<float[]>(floats_);
  float** const members[] = {&hidden, &normed,   &out,       &query,   &key,
                             &value,  &attended, &softmax,   &gate,    &up,
                             &router, &pair_in,  &pair_gate, &pair_up, &pair_out};
  const auto sizes = extents(recipe);
  static_assert(std::size(members) == std::tuple_size_v<decltype(sizes)>);
  float* next = memory_.get();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    *members[i] = next;
    next += capacity * sizes[i];
  }
  CHECK(next == memory_.get() + floats_);
}

}  // namespace freehold::model
