// A decoder for tests: its logits depend on every token of the sequence's history, and it finds
// that history only through the block table, in slots that it wrote itself. Blocks that are shared,
// lost or handed out twice thus change the text. It checks every plan it is given.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/decoder.h"

namespace freehold::engine {

inline model::Recipe fake_recipe(std::uint32_t vocabulary) {
  model::Recipe recipe;
  recipe.architecture = "fake";
  recipe.layers = 1;
  recipe.width = 4;
  recipe.vocabulary = vocabulary;
  recipe.context_length = 4096;
  recipe.attention = {.heads = 1, .kv_heads = 1, .head_dim = 4, .rope = {}};
  recipe.pattern = {{}};
  return recipe;
}

inline model::KvCache fake_cache(const model::Recipe& recipe, std::uint32_t blocks) {
  auto cache = model::KvCache::make(recipe, KvType::f32, blocks);
  CHECK(cache.has_value());
  return std::move(*cache);
}

class FakeDecoder : public model::Decoder {
 public:
  explicit FakeDecoder(std::uint32_t vocabulary) : recipe_(fake_recipe(vocabulary)) {}

  const model::Recipe& recipe() const override { return recipe_; }

  Result<model::Logits> forward(const model::Plan& plan, model::KvCache& cache) override {
    if (before_forward) before_forward(plan);
    if (!failure.empty()) return fail(ErrorCode::internal, failure);
    slots_.resize(std::size_t{cache.blocks()} * model::KvCache::block_positions, -1);
    for (const model::Span& span : plan.spans) store(span);
    logits_.clear();
    for (const model::Span& span : plan.spans) append_logits(span, logits_);
    return model::Logits{.values = logits_, .vocabulary = recipe_.vocabulary};
  }

  // The logits that follow a history: what forward() must give, whatever runs beside it.
  std::vector<float> logits_after(std::span<const Token> history) const {
    std::uint64_t hash = start_hash;
    for (const Token token : history) hash = mix(hash, token);
    std::vector<float> row;
    append_row(hash, history[0], row);
    return row;
  }

  std::function<void(const model::Plan&)> before_forward;
  // Changes a row of logits before it is returned, knowing the sequence's first token.
  std::function<void(Token, std::span<float>)> spoil;
  std::string failure;  // not empty: forward fails with it

 private:
  static constexpr std::uint64_t start_hash = 0xcbf29ce484222325u;
  static std::uint64_t mix(std::uint64_t hash, Token token) {
    return (hash ^ static_cast<std::uint64_t>(token + 1)) * 0x9e3779b97f4a7c15u + (hash >> 29);
  }

  Token& slot(const model::Span& span, std::uint32_t position) {
    const std::uint32_t block = span.blocks.at(position / model::KvCache::block_positions);
    return slots_.at(std::size_t{block} * model::KvCache::block_positions +
                     position % model::KvCache::block_positions);
  }

  void store(const model::Span& span) {
    CHECK(!span.tokens.empty() && span.wanted_logits <= span.tokens.size());
    for (std::size_t i = 0; i < span.tokens.size(); ++i) {
      slot(span, span.position + static_cast<std::uint32_t>(i)) = span.tokens[i];
    }
  }

  void append_logits(const model::Span& span, std::vector<float>& values) {
    const auto end = span.position + static_cast<std::uint32_t>(span.tokens.size());
    std::uint64_t hash = start_hash;
    for (std::uint32_t position = 0; position < end; ++position) {
      hash = mix(hash, slot(span, position));
      if (position + span.wanted_logits >= end) append_row(hash, slot(span, 0), values);
    }
  }

  void append_row(std::uint64_t hash, Token first, std::vector<float>& values) const {
    Random random(hash);
    const std::size_t begin = values.size();
    for (std::uint32_t i = 0; i < recipe_.vocabulary; ++i) {
      values.push_back(static_cast<float>(random.uniform() * 8));
    }
    if (spoil) spoil(first, std::span(values).subspan(begin));
  }

  model::Recipe recipe_;
  std::vector<float> logits_;
  std::vector<Token> slots_;  // (blocks, block_positions): the token that was computed there
};

}  // namespace freehold::engine
