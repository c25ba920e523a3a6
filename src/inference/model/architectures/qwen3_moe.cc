// Qwen 3, mixture of experts: Qwen 3 whose feed-forward is a choice of experts in most layers.
// https://arxiv.org/abs/2505.09388
#include <algorithm>

#include "model/architecture.h"
#include "model/read_decoder.h"

namespace freehold::model {

static Result<Experts> read_experts(const Keys& keys) {
  Experts experts;
  experts.count = TRY(keys.count("num_experts", limits::experts));
  experts.active = TRY(keys.count("num_experts_per_tok", experts.count));
  experts.hidden = TRY(keys.count("moe_intermediate_size", limits::hidden));
  experts.renormalize = TRY(keys.flag_or("norm_topk_prob", keys.gguf()));
  return experts;
}

// GGUF has no key for it: a layer without experts is one that has a plain feed-forward.
static bool dense_in_gguf(const Keys& keys, std::uint32_t layer) {
  return keys.gguf() && keys.checkpoint().find(filled("blk.{}.ffn_gate.weight", layer)) != nullptr;
}

// Every decoder_sparse_step-th layer has experts, unless mlp_only_layers names it.
static Result<std::vector<LayerKind>> read_pattern(const Keys& keys, std::uint32_t layers) {
  const std::uint32_t step = TRY(keys.count_or("decoder_sparse_step", 1, limits::layers));
  if (step == 0) return keys.refuse("decoder_sparse_step", "must not be 0");
  const std::vector<std::uint32_t> dense = TRY(keys.counts("mlp_only_layers", layers - 1));
  const bool windowed =
      TRY(keys.flag_or("use_sliding_window", keys.gguf() && keys.has("sliding_window")));
  const std::uint32_t window = windowed ? TRY(read_window(keys)) : 0;
  std::vector<LayerKind> pattern(layers);
  for (std::uint32_t i = 0; i < layers; ++i) {
    pattern[i].sliding_window = window;
    pattern[i].experts =
        (i + 1) % step == 0 && std::ranges::count(dense, i) == 0 && !dense_in_gguf(keys, i);
  }
  return pattern;
}

static Result<Recipe> read_qwen3_moe(const Keys& keys) {
  Recipe recipe = TRY(read_decoder(keys));
  recipe.attention.qk_norm_per_head = true;
  recipe.attention.query_key_value_bias = TRY(keys.flag_or("attention_bias", false));
  recipe.attention.output_bias = recipe.attention.query_key_value_bias;
  recipe.feedforward.experts = TRY(read_experts(keys));
  recipe.pattern = TRY(read_pattern(keys, recipe.layers));
  return recipe;
}

extern const Architecture qwen3_moe = {
    .name = "qwen3_moe",
    .hf_class = "Qwen3MoeForCausalLM",
    .gguf_name = "qwen3moe",
    .read = read_qwen3_moe,
    .tensors = common_names,
    .golden = "qwen3-moe-tiny",
};

}  // namespace freehold::model
