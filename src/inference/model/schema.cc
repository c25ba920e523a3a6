#include "model/schema.h"

#include "freehold/result.h"

namespace freehold::model {

using enum Role;

bool in_layers(Role role) {
  return role != embedding && role != final_norm && role != head && role != rope_factors;
}

bool in_experts(Role role) {
  return role == expert_gate || role == expert_up || role == expert_down;
}

bool needs(const Recipe& recipe, Role role, std::uint32_t layer) {
  CHECK(layer < recipe.layers);
  const bool experts = recipe.kind(layer).experts;
  switch (role) {
    case embedding:
    case final_norm:
    case attention_norm:
    case query:
    case key:
    case value:
    case output:
    case feedforward_norm:
      return true;
    case head:
      return !recipe.head.tied;
    case rope_factors:
      return false;
    case query_bias:
    case key_bias:
    case value_bias:
      return recipe.attention.query_key_value_bias;
    case output_bias:
      return recipe.attention.output_bias;
    case query_norm:
    case key_norm:
      return recipe.attention.qk_norm_per_head;
    case gate:
    case up:
    case down:
      return !experts;
    case gate_bias:
    case up_bias:
    case down_bias:
      return !experts && recipe.feedforward.bias;
    case router:
    case expert_gate:
    case expert_up:
    case expert_down:
      return experts;
  }
  return false;
}

std::vector<Extent> shape_of(const Recipe& recipe, Role role) {
  const Attention& attention = recipe.attention;
  CHECK(recipe.width > 0 && attention.head_dim > 0);
  const Extent width{recipe.width, "hidden_size"};
  const Extent vocabulary{recipe.vocabulary, "vocab_size"};
  const Extent queries{std::uint64_t{attention.heads} * attention.head_dim,
                       "num_attention_heads * head_dim"};
  const Extent keys{std::uint64_t{attention.kv_heads} * attention.head_dim,
                    "num_key_value_heads * head_dim"};
  const Extent hidden{recipe.feedforward.hidden, "intermediate_size"};
  const Extent experts{recipe.feedforward.experts.count, "num_experts"};
  const Extent expert_hidden{recipe.feedforward.experts.hidden, "moe_intermediate_size"};
  switch (role) {
    case embedding:
    case head:
      return {vocabulary, width};
    case final_norm:
    case attention_norm:
    case feedforward_norm:
    case output_bias:
    case down_bias:
      return {width};
    case rope_factors:
      return {{attention.rope.dimensions / 2, "head_dim / 2"}};
    case query:
      return {queries, width};
    case key:
    case value:
      return {keys, width};
    case output:
      return {width, queries};
    case query_bias:
      return {queries};
    case key_bias:
    case value_bias:
      return {keys};
    case query_norm:
    case key_norm:
      return {{attention.head_dim, "head_dim"}};
    case gate:
    case up:
      return {hidden, width};
    case down:
      return {width, hidden};
    case gate_bias:
    case up_bias:
      return {hidden};
    case router:
      return {experts, width};
    case expert_gate:
    case expert_up:
      return {expert_hidden, width};
    case expert_down:
      return {width, expert_hidden};
  }
  return {};
}

}  // namespace freehold::model
