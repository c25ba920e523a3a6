#include "model/cpu_decoder.h"

#include <algorithm>

#include "kernels/kernels.h"
#include "model/product.h"

namespace freehold::model {
namespace {

// The plan against the cache, which only a bug can break; the tokens, which may be anyone's.
Result<void> validate(const Plan& plan, const KvCache& cache, const Recipe& recipe) {
  CHECK(cache.holds(recipe));
  for (const Span& span : plan.spans) {
    CHECK(!span.tokens.empty());
    CHECK(span.wanted_logits <= span.tokens.size());
    const std::uint64_t end = std::uint64_t{span.position} + span.tokens.size();
    CHECK(end <= std::uint64_t{span.blocks.size()} * KvCache::block_positions);
    for (const std::uint32_t block : span.blocks) CHECK(block < cache.blocks());
    for (std::size_t i = 0; i < span.tokens.size(); ++i) {
      const Token token = span.tokens[i];
      if (token < 0 || static_cast<std::uint32_t>(token) >= recipe.vocabulary) {
        return fail(ErrorCode::invalid, "token " + std::to_string(token) + " at position " +
                                            std::to_string(span.position + i) +
                                            " is not in the vocabulary of " +
                                            std::to_string(recipe.vocabulary));
      }
    }
  }
  return {};
}

}  // namespace

CpuDecoder::CpuDecoder(std::shared_ptr<const formats::Checkpoint> checkpoint, Recipe recipe,
                       Weights weights, PackedWeights packed, ThreadPool& pool)
    : checkpoint_(std::move(checkpoint)),
      recipe_(std::move(recipe)),
      weights_(std::move(weights)),
      packed_(std::move(packed)),
      workers_(pool, AttentionParts::scratch_floats(recipe_), recipe_.width, product_tile_floats),
      memory_(recipe_, Activations::capacity_for(recipe_)),
      parts_(recipe_),
      angles_(recipe_.attention.rope, weights_.rope_factors) {
  CHECK(checkpoint_ != nullptr);
  CHECK(weights_.layers.size() == recipe_.layers);
}

Result<Logits> CpuDecoder::forward(const Plan& plan, KvCache& cache) {
  TRY(validate(plan, cache, recipe_));
  std::size_t wanted = 0;
  for (const Span& span : plan.spans) wanted += span.wanted_logits;
  const std::size_t floats = wanted * recipe_.vocabulary;
  if (logits_.size() < floats) logits_.resize(floats);
  Dealer dealer(plan, memory_.capacity());
  float* out = logits_.data();
  while (dealer.deal(angles_, batch_)) {
    Pass pass{recipe_, batch_, cache, workers_, memory_, parts_};
    Addend addend{.kind = Addend::Kind::embedding, .embedding = &weights_.embedding};
    for (std::uint32_t i = 0; i < recipe_.layers; ++i) addend = layer(pass, i, addend);
    if (pass.tokens > 0) logits(pass, addend, out);
    out += pass.tokens * recipe_.vocabulary;
  }
  CHECK(out == logits_.data() + floats);
  return Logits{.values = std::span(logits_).first(floats), .vocabulary = recipe_.vocabulary};
}

// Returns what the feed-forward leaves to be added.
Addend CpuDecoder::layer(Pass& pass, std::uint32_t index, const Addend& before) {
  const LayerWeights& weights = weights_.layers[index];
  CHECK(index < weights_.layers.size() && pass.tokens > 0);
  enter_slot(pass, before, weights.attention_norm,
             forms_of(weights.query) | forms_of(weights.key) | forms_of(weights.value));
  attention(pass, weights, index);
  if (index + 1 == recipe_.layers) keep_wanted(pass);
  const Addend attended{.kind = Addend::Kind::slot, .bias = &weights.output_bias};
  if (pass.tokens == 0) return attended;
  if (recipe_.kind(index).experts) {
    enter_slot(
        pass, attended, weights.feedforward_norm,
        forms_of(weights.router) | forms_of(weights.expert_gate) | forms_of(weights.expert_up));
    experts(pass, weights);
    return {.kind = Addend::Kind::experts};
  }
  enter_slot(pass, attended, weights.feedforward_norm,
             forms_of(weights.gate) | forms_of(weights.up));
  feedforward(pass, weights);
  return {.kind = Addend::Kind::slot, .bias = &weights.down_bias};
}

// Writes a row of logits for every token that is left: those that want one.
void CpuDecoder::logits(Pass& pass, const Addend& before, float* out) {
  CHECK(weights_.head.rows == recipe_.vocabulary);
  enter_slot(pass, before, weights_.final_norm, forms_of(weights_.head));
  const Product head{&weights_.head, pass.input, out, recipe_.vocabulary};
  multiply(workers_, {&head, 1});
}

}  // namespace freehold::model
