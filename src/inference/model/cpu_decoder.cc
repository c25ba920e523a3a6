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
      workers_(pool, AttentionParts::scratch_floats(recipe_)),
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
  Logits result{.values = std::vector<float>(wanted * recipe_.vocabulary),
                .vocabulary = recipe_.vocabulary};
  Dealer dealer(plan, memory_.capacity());
  float* out = result.values.data();
  while (dealer.deal(angles_, batch_)) {
    Pass pass{recipe_, batch_, cache, workers_, memory_, parts_};
    embed(batch_);
    for (std::uint32_t i = 0; i < recipe_.layers; ++i) layer(pass, i);
    out += logits(batch_, out) * recipe_.vocabulary;
  }
  CHECK(out == result.values.data() + result.values.size());
  return result;
}

void CpuDecoder::embed(const Batch& batch) {
  const Matrix& embedding = weights_.embedding;
  CHECK(embedding.columns == recipe_.width && batch.size() <= memory_.capacity());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::size_t row = static_cast<std::size_t>(batch.rows[i].token);
    CHECK(row < embedding.rows);
    kernels::kernels().dequantize(embedding.type, embedding.data + row * embedding.row_bytes,
                                  memory_.hidden + i * recipe_.width, recipe_.width);
  }
}

void CpuDecoder::layer(Pass& pass, std::uint32_t index) {
  const LayerWeights& weights = weights_.layers[index];
  const std::size_t tokens = pass.batch.size();
  CHECK(index < weights_.layers.size() && tokens > 0);
  norm(weights.attention_norm, tokens);
  attention(pass, weights, index);
  add_out(tokens);
  norm(weights.feedforward_norm, tokens);
  if (recipe_.kind(index).experts) {
    experts(pass, weights);
  } else {
    feedforward(pass, weights);
  }
  add_out(tokens);
}

void CpuDecoder::norm(const Vector& weight, std::size_t tokens) {
  const std::size_t width = recipe_.width;
  CHECK(weight.size() == width);
  workers_.split(tokens, 16, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t at = begin * width; at < end * width; at += width) {
      kernels::kernels().rms_norm(memory_.hidden + at, weight.data(), recipe_.norm.epsilon,
                                  memory_.normed + at, width);
    }
  });
}

void CpuDecoder::add_out(std::size_t tokens) {
  const std::size_t width = recipe_.width;
  CHECK(tokens <= memory_.capacity());
  workers_.split(tokens, 16, [&](std::size_t begin, std::size_t end, Scratch&) {
    kernels::kernels().add(memory_.out + begin * width, memory_.hidden + begin * width,
                           (end - begin) * width);
  });
}

// Writes a row of logits for every token that wants one; returns how many.
std::size_t CpuDecoder::logits(const Batch& batch, float* out) {
  const std::size_t width = recipe_.width;
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!batch.rows[i].wanted) continue;
    kernels::kernels().rms_norm(memory_.hidden + i * width, weights_.final_norm.data(),
                                recipe_.norm.epsilon, memory_.normed + wanted * width, width);
    ++wanted;
  }
  if (wanted == 0) return 0;
  CHECK(weights_.head.rows == recipe_.vocabulary);
  const Product head{&weights_.head, memory_.normed, width, wanted, out, recipe_.vocabulary};
  multiply(workers_, {&head, 1});
  return wanted;
}

}  // namespace freehold::model
