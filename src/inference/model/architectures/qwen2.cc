// Qwen 2, 2.5 and QwQ: Llama with biases on queries, keys and values, and windows on upper layers
// where they are switched on.
// https://arxiv.org/abs/2412.15115
#include "model/architecture.h"
#include "model/read_decoder.h"

namespace freehold::model {

static Result<Recipe> read_qwen2(const Keys& keys) {
  Recipe recipe = TRY(read_decoder(keys));
  recipe.attention.query_key_value_bias = true;
  recipe.pattern = TRY(read_windows(keys, recipe.layers));
  return recipe;
}

extern const Architecture qwen2 = {
    .name = "qwen2",
    .hf_class = "Qwen2ForCausalLM",
    .gguf_name = "qwen2",
    .read = read_qwen2,
    .tensors = common_names,
    .golden = "qwen2-tiny",
};

}  // namespace freehold::model
