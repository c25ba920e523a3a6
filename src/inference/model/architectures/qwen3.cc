// Qwen 3, dense: Llama with an RMS norm on every query and key head.
// https://arxiv.org/abs/2505.09388
#include "model/architecture.h"
#include "model/read_decoder.h"

namespace freehold::model {

static Result<Recipe> read_qwen3(const Keys& keys) {
  Recipe recipe = TRY(read_decoder(keys));
  recipe.attention.qk_norm_per_head = true;
  recipe.attention.query_key_value_bias = TRY(keys.flag_or("attention_bias", false));
  recipe.attention.output_bias = recipe.attention.query_key_value_bias;
  recipe.pattern = TRY(read_windows(keys, recipe.layers));
  return recipe;
}

extern const Architecture qwen3 = {
    .name = "qwen3",
    .hf_class = "Qwen3ForCausalLM",
    .gguf_name = "qwen3",
    .read = read_qwen3,
    .tensors = common_names,
    .golden = "qwen3-tiny",
};

}  // namespace freehold::model
