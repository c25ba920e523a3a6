// Mistral: Llama whose layers all see a sliding window (none from version 0.2 on).
// https://arxiv.org/abs/2310.06825
#include "model/architecture.h"
#include "model/read_decoder.h"

namespace freehold::model {

static Result<Recipe> read_mistral(const Keys& keys) {
  Recipe recipe = TRY(read_decoder(keys));
  recipe.pattern[0].sliding_window = TRY(read_window(keys));
  return recipe;
}

extern const Architecture mistral = {
    .name = "mistral",
    .hf_class = "MistralForCausalLM",
    .gguf_name = "",
    .read = read_mistral,
    .tensors = common_names,
    .golden = "mistral-tiny",
};

}  // namespace freehold::model
