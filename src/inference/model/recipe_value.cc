#include "model/recipe_value.h"

#include "freehold/result.h"

namespace freehold::model {
namespace {

std::string_view name_of(RopeScalingKind kind) {
  switch (kind) {
    case RopeScalingKind::none:
      return "none";
    case RopeScalingKind::linear:
      return "linear";
    case RopeScalingKind::dynamic_ntk:
      return "dynamic_ntk";
    case RopeScalingKind::yarn:
      return "yarn";
    case RopeScalingKind::llama3:
      return "llama3";
  }
  return "none";
}

Value number(float value) {
  return static_cast<double>(value);
}

Value scaling_value(const RopeScaling& scaling) {
  return Object{{"kind", name_of(scaling.kind)},
                {"factor", number(scaling.factor)},
                {"original_context", scaling.original_context},
                {"low_frequency_factor", number(scaling.low_frequency_factor)},
                {"high_frequency_factor", number(scaling.high_frequency_factor)},
                {"beta_fast", number(scaling.beta_fast)},
                {"beta_slow", number(scaling.beta_slow)},
                {"truncate", scaling.truncate},
                {"attention_factor", number(scaling.attention_factor)}};
}

Value rope_value(const Rope& rope) {
  return Object{{"theta", number(rope.theta)},
                {"dimensions", rope.dimensions},
                {"layout", rope.layout == RopeLayout::half ? "half" : "adjacent"},
                {"scaling", scaling_value(rope.scaling)}};
}

Value attention_value(const Attention& attention) {
  return Object{{"heads", attention.heads},
                {"kv_heads", attention.kv_heads},
                {"head_dim", attention.head_dim},
                {"query_key_value_bias", attention.query_key_value_bias},
                {"output_bias", attention.output_bias},
                {"qk_norm_per_head", attention.qk_norm_per_head},
                {"rope", rope_value(attention.rope)}};
}

Value feedforward_value(const Feedforward& feedforward) {
  const Experts& experts = feedforward.experts;
  return Object{{"hidden", feedforward.hidden},
                {"bias", feedforward.bias},
                {"experts", Object{{"count", experts.count},
                                   {"active", experts.active},
                                   {"hidden", experts.hidden},
                                   {"renormalize", experts.renormalize}}}};
}

}  // namespace

Value to_value(const Recipe& recipe) {
  CHECK(!recipe.pattern.empty());
  List pattern;
  for (const LayerKind& kind : recipe.pattern) {
    pattern.emplace_back(
        Object{{"sliding_window", kind.sliding_window}, {"experts", kind.experts}});
  }
  return Object{{"architecture", recipe.architecture},
                {"layers", recipe.layers},
                {"width", recipe.width},
                {"vocabulary", recipe.vocabulary},
                {"context_length", recipe.context_length},
                {"norm", Object{{"epsilon", number(recipe.norm.epsilon)}}},
                {"attention", attention_value(recipe.attention)},
                {"feedforward", feedforward_value(recipe.feedforward)},
                {"pattern", std::move(pattern)},
                {"head", Object{{"tied", recipe.head.tied}}}};
}

}  // namespace freehold::model
