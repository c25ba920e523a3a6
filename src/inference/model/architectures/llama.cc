// Llama 1 to 3, and the many models that are built exactly like it. A GGUF file of this name may
// also hold Mistral, hence the window.
// https://arxiv.org/abs/2302.13971
#include "model/architecture.h"
#include "model/read_decoder.h"

namespace freehold::model {

static Result<Recipe> read_llama(const Keys& keys) {
  Recipe recipe = TRY(read_decoder(keys));
  recipe.attention.query_key_value_bias = TRY(keys.flag_or("attention_bias", false));
  recipe.attention.output_bias = recipe.attention.query_key_value_bias;
  recipe.feedforward.bias = TRY(keys.flag_or("mlp_bias", false));
  if (keys.gguf()) {
    // Converters reorder the rows of queries and keys so that rotated pairs are neighbours.
    recipe.attention.rope.layout = RopeLayout::adjacent;
    recipe.pattern[0].sliding_window = TRY(read_window(keys));
  }
  return recipe;
}

extern const Architecture llama = {
    .name = "llama",
    .hf_class = "LlamaForCausalLM",
    .gguf_name = "llama",
    .read = read_llama,
    .tensors = common_names,
    .golden = "llama-tiny",
};

}  // namespace freehold::model
