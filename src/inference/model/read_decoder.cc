#include "model/read_decoder.h"

#include <algorithm>

#include "model/quantization.h"

namespace freehold::model {
namespace {

Result<std::uint32_t> read_vocabulary(const Keys& keys) {
  if (!keys.gguf() || keys.has("vocab_size")) return keys.count("vocab_size", limits::vocabulary);
  const NamedTensor* embedding = keys.checkpoint().find("token_embd.weight");
  if (embedding == nullptr) return keys.refuse("vocab_size", "is missing, as is token_embd.weight");
  const auto& shape = embedding->view.shape;
  if (shape.size() != 2 || shape[0] == 0 || shape[0] > limits::vocabulary) {
    return keys.refuse("vocab_size",
                       "is missing, and token_embd.weight is no matrix that tells it");
  }
  return static_cast<std::uint32_t>(shape[0]);
}

Result<Attention> read_attention(const Keys& keys, std::uint32_t width,
                                 std::uint32_t context_length) {
  Attention attention;
  attention.heads = TRY(keys.count("num_attention_heads", limits::heads));
  attention.kv_heads = TRY(keys.count_or("num_key_value_heads", attention.heads, limits::heads));
  if (attention.kv_heads == 0 || attention.heads % attention.kv_heads != 0) {
    return keys.refuse("num_key_value_heads", std::to_string(attention.kv_heads) +
                                                  " does not divide num_attention_heads, " +
                                                  std::to_string(attention.heads));
  }
  if (keys.has("head_dim")) {
    attention.head_dim = TRY(keys.count("head_dim", limits::head_dim));
  } else if (width % attention.heads == 0 && width / attention.heads <= limits::head_dim) {
    attention.head_dim = width / attention.heads;
  } else {
    return keys.refuse(
        "num_attention_heads",
        std::to_string(attention.heads) + " does not divide hidden_size, " + std::to_string(width));
  }
  const std::uint32_t value_dim =
      TRY(keys.count_or("value_head_dim", attention.head_dim, limits::head_dim));
  if (keys.gguf() && value_dim != attention.head_dim) {
    return keys.refuse("value_head_dim", "differs from that of keys, which is not supported");
  }
  attention.rope = TRY(read_rope(keys, attention.head_dim, context_length));
  return attention;
}

// What would change the numbers and is not built: refused rather than ignored.
Result<void> refuse_what_is_not_built(const Keys& keys) {
  const std::string activation = TRY(keys.word_or("hidden_act", "silu"));
  if (activation != "silu") {
    return keys.refuse("hidden_act", "'" + activation + "' is not supported, only 'silu'");
  }
  TRY(read_quantization(keys));
  return {};
}

}  // namespace

Result<Recipe> read_decoder(const Keys& keys) {
  TRY(refuse_what_is_not_built(keys));
  Recipe recipe;
  recipe.layers = TRY(keys.count("num_hidden_layers", limits::layers));
  recipe.width = TRY(keys.count("hidden_size", limits::width));
  recipe.vocabulary = TRY(read_vocabulary(keys));
  recipe.context_length = TRY(keys.count("max_position_embeddings", limits::context));
  recipe.norm.epsilon = TRY(keys.number_or("rms_norm_eps", -1));
  if (!(recipe.norm.epsilon >= 0)) {
    return keys.refuse("rms_norm_eps", "is missing or negative");
  }
  recipe.attention = TRY(read_attention(keys, recipe.width, recipe.context_length));
  recipe.feedforward.hidden = TRY(keys.count("intermediate_size", limits::hidden));
  recipe.pattern = {LayerKind{}};
  recipe.head.tied = TRY(keys.flag_or("tie_word_embeddings", false));
  return recipe;
}

Result<std::uint32_t> read_window(const Keys& keys) {
  const bool written = keys.checkpoint().metadata("sliding_window") != nullptr;
  return keys.count_or("sliding_window", keys.gguf() || written ? 0 : 4096, limits::context);
}

Result<std::vector<LayerKind>> read_windows(const Keys& keys, std::uint32_t layers) {
  std::vector<LayerKind> pattern(layers);
  const Value* types = keys.find("layer_types");
  // GGUF has no word for "use"; a window there means nothing without the layers that have it.
  if (!TRY(keys.flag_or("use_sliding_window", keys.gguf() && types != nullptr))) {
    return std::vector<LayerKind>{LayerKind{}};
  }
  const std::uint32_t window = TRY(read_window(keys));
  if (types == nullptr) {
    const std::uint32_t first = TRY(keys.count_or("max_window_layers", 28, limits::layers));
    for (std::uint32_t i = first; i < layers; ++i) pattern[i].sliding_window = window;
    return pattern;
  }
  const List* list = types->as_list();
  if (list == nullptr || list->size() != layers) {
    return keys.refuse("layer_types", "must be a list with one entry for each of the " +
                                          std::to_string(layers) + " layers");
  }
  for (std::uint32_t i = 0; i < layers; ++i) {
    const std::string* word = (*list)[i].as_string();
    const bool* flag = (*list)[i].as_bool();
    const bool windowed = word != nullptr ? *word == "sliding_attention" : flag != nullptr && *flag;
    if (!windowed && flag == nullptr && (word == nullptr || *word != "full_attention")) {
      return keys.refuse("layer_types",
                         "entry " + std::to_string(i) + " is neither full nor sliding attention");
    }
    if (windowed) pattern[i].sliding_window = window;
  }
  return pattern;
}

}  // namespace freehold::model
