#include "model/tensor_names.h"

#include <algorithm>
#include <array>

#include "freehold/result.h"

namespace freehold::model {
namespace {

using enum Role;

constexpr std::array common = {
    TensorName{embedding, "model.embed_tokens.weight", "token_embd.weight"},
    TensorName{final_norm, "model.norm.weight", "output_norm.weight"},
    TensorName{head, "lm_head.weight", "output.weight"},
    TensorName{rope_factors, "", "rope_freqs.weight"},

    TensorName{attention_norm, "model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight"},
    TensorName{query, "model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight"},
    TensorName{key, "model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight"},
    TensorName{value, "model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight"},
    TensorName{output, "model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight"},
    TensorName{query_bias, "model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias"},
    TensorName{key_bias, "model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias"},
    TensorName{value_bias, "model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias"},
    TensorName{output_bias, "model.layers.{}.self_attn.o_proj.bias", "blk.{}.attn_output.bias"},
    TensorName{query_norm, "model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight"},
    TensorName{key_norm, "model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight"},

    TensorName{feedforward_norm, "model.layers.{}.post_attention_layernorm.weight",
               "blk.{}.ffn_norm.weight"},
    TensorName{gate, "model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight"},
    TensorName{up, "model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight"},
    TensorName{down, "model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight"},
    TensorName{gate_bias, "model.layers.{}.mlp.gate_proj.bias", "blk.{}.ffn_gate.bias"},
    TensorName{up_bias, "model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias"},
    TensorName{down_bias, "model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias"},

    TensorName{router, "model.layers.{}.mlp.gate.weight", "blk.{}.ffn_gate_inp.weight"},
    TensorName{expert_gate, "model.layers.{}.mlp.experts.{}.gate_proj.weight",
               "blk.{}.ffn_gate_exps.weight"},
    TensorName{expert_up, "model.layers.{}.mlp.experts.{}.up_proj.weight",
               "blk.{}.ffn_up_exps.weight"},
    TensorName{expert_down, "model.layers.{}.mlp.experts.{}.down_proj.weight",
               "blk.{}.ffn_down_exps.weight"},
};

constexpr std::string_view placeholder = "{}";

}  // namespace

std::span<const TensorName> common_names() {
  return common;
}

std::string_view pattern_of(std::span<const TensorName> names, formats::Container container,
                            Role role) {
  const auto found = std::ranges::find(names, role, &TensorName::role);
  if (found == names.end()) return {};
  return container == formats::Container::gguf ? found->gguf : found->hugging_face;
}

std::string filled(std::string_view pattern, std::uint32_t layer, std::uint32_t expert) {
  CHECK(!pattern.empty());
  std::string name(pattern);
  for (const std::uint32_t number : {layer, expert}) {
    const std::size_t place = name.find(placeholder);
    if (place != std::string::npos) name.replace(place, 2, std::to_string(number));
  }
  CHECK(name.find(placeholder) == std::string::npos);
  return name;
}

bool names_experts(std::string_view pattern) {
  return pattern.find(placeholder) != pattern.rfind(placeholder);
}

}  // namespace freehold::model
