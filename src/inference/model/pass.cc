#include "model/pass.h"

#include <algorithm>
#include <array>
#include <utility>

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

std::size_t record_floats(std::size_t columns) {
  return Operand::record_bytes(columns) / sizeof(float);
}

// Floats per token of each buffer, in the order in which they lie; records first, in whole lines.
std::array<std::size_t, 16> extents(const Recipe& recipe) {
  const Attention& attention = recipe.attention;
  CHECK(recipe.width > 0 && attention.heads > 0 && attention.kv_heads > 0);
  const std::size_t width = recipe.width;
  const std::size_t queries = std::size_t{attention.heads} * attention.head_dim;
  const std::size_t keys = std::size_t{attention.kv_heads} * attention.head_dim;
  const std::size_t hidden = has(recipe, false) ? recipe.feedforward.hidden : 0;
  const Experts experts = has(recipe, true) ? recipe.feedforward.experts : Experts{};
  const std::size_t active = experts.active;
  return {record_floats(width),
          record_floats(queries),
          record_floats(hidden),
          active * record_floats(width),
          active * record_floats(experts.hidden),
          width,
          queries,
          hidden,
          active * width,
          active * experts.hidden,
          width,
          width,
          queries,
          2 * keys,
          std::size_t{attention.heads} * 2,
          experts.count};
}

// So that no step grows it, whichever experts its tokens choose.
void reserve(Routing& routing, const Experts& experts, std::size_t tokens) {
  routing.chosen.reserve(tokens * experts.active);
  routing.share.reserve(tokens * experts.active);
  routing.pair.reserve(tokens * experts.active);
  routing.busiest.reserve(experts.count);
  routing.apart.reserve(experts.count);
  routing.together.reserve(experts.count);
}

}  // namespace

bool Dealer::deal(RopeAngles& angles, Batch& batch) {
  batch.rows.clear();
  batch.tiles.clear();
  batch.wanted.clear();
  CHECK(capacity_ > 0);
  while (batch.size() < capacity_ && span_ < plan_.spans.size()) {
    const Span& span = plan_.spans[span_];
    CHECK(token_ < span.tokens.size());
    if (batch.tiles.empty() || batch.rows.back().span != &span ||
        batch.size() - batch.tiles.back().begin == tile_rows) {
      batch.tiles.push_back({batch.size(), batch.size()});
    }
    batch.rows.push_back(
        {span.tokens[token_], span.position + static_cast<std::uint32_t>(token_), &span});
    if (token_ + span.wanted_logits >= span.tokens.size()) batch.wanted.push_back(batch.size() - 1);
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
  constexpr std::size_t alignment = 64 / sizeof(float);
  floats_ = capacity * bytes_per_token(recipe) / sizeof(float);
  memory_ = std::make_unique_for_overwrite<float[]>(floats_ + alignment);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(memory_.get()) / sizeof(float);
  float* next = memory_.get() + (alignment - past % alignment) % alignment;
  const float* const end = next + floats_;
  const auto sizes = extents(recipe);
  auto size = sizes.begin();
  const auto take = [&] {
    CHECK(size != sizes.end());
    return std::exchange(next, next + capacity * *size++);
  };
  Operand* const operands[] = {&normed, &attended, &gated, &pair_in, &pair_gated};
  for (Operand* each : operands) each->records = reinterpret_cast<std::byte*>(take());
  for (Operand* each : operands) {
    each->columns = *size;
    each->floats = take();
  }
  for (Operand* each : {&pair_in, &pair_gated}) {
    each->columns /= std::max<std::size_t>(recipe.feedforward.experts.active, 1);
  }
  pair_out = pair_in.floats;
  hidden = take();
  out = take();
  query = take();
  key = take();
  value = key + capacity * recipe.attention.kv_heads * recipe.attention.head_dim;
  softmax = take();
  router = take();
  CHECK(next == end && size == sizes.end());
  if (has(recipe, true)) reserve(routing, recipe.feedforward.experts, capacity);
}

}  // namespace freehold::model
