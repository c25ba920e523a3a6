#include <array>
#include <cmath>

#include "model/read_decoder.h"

namespace freehold::model {
namespace {

struct KindName {
  std::string_view name;
  RopeScalingKind kind;
};

constexpr std::array kind_names = {
    KindName{"default", RopeScalingKind::none},  KindName{"none", RopeScalingKind::none},
    KindName{"linear", RopeScalingKind::linear}, KindName{"dynamic", RopeScalingKind::dynamic_ntk},
    KindName{"yarn", RopeScalingKind::yarn},     KindName{"llama3", RopeScalingKind::llama3},
};

Result<RopeScalingKind> read_kind(const Keys& keys) {
  const std::string name = TRY(keys.word_or("rope_scaling.rope_type", "none"));
  for (const KindName& known : kind_names) {
    if (known.name == name) return known.kind;
  }
  return keys.refuse("rope_scaling.rope_type",
                     "'" + name + "' is not supported, only linear, dynamic, yarn and llama3");
}

Result<float> positive_or(const Keys& keys, std::string_view key, float otherwise) {
  const float number = TRY(keys.number_or(key, otherwise));
  if (!(number > 0)) return keys.refuse(key, "must be above 0, is " + std::to_string(number));
  return number;
}

// The paper's temperature: how much longer contexts sharpen attention.
float mscale(float factor, float weight) {
  return factor <= 1 ? 1.0f : 0.1f * weight * std::log(factor) + 1.0f;
}

// Hugging Face: said outright, or a quotient of two mscales, or the paper's value. GGUF: a factor
// on top of the paper's value.
Result<float> read_attention_factor(const Keys& keys, float factor) {
  if (keys.gguf()) {
    const float log_multiplier = TRY(keys.number_or("rope_scaling.log_multiplier", 0));
    if (log_multiplier != 0) return keys.refuse("rope_scaling.log_multiplier", "is not supported");
    const float on_top = TRY(positive_or(keys, "rope_scaling.attn_factor", 1));
    return on_top * TRY(positive_or(keys, "rope_scaling.yarn_attn_factor", 1)) * mscale(factor, 1);
  }
  if (keys.has("rope_scaling.attention_factor")) {
    return positive_or(keys, "rope_scaling.attention_factor", 1);
  }
  const float weight = TRY(keys.number_or("rope_scaling.mscale", 0));
  const float weight_all = TRY(keys.number_or("rope_scaling.mscale_all_dim", 0));
  if (weight == 0 || weight_all == 0) return mscale(factor, 1);
  const float quotient = mscale(factor, weight) / mscale(factor, weight_all);
  if (!(quotient > 0)) return keys.refuse("rope_scaling.mscale", "gives no positive scale");
  return quotient;
}

Result<void> read_yarn(const Keys& keys, RopeScaling& scaling) {
  scaling.beta_fast = TRY(keys.number_or("rope_scaling.beta_fast", 0));
  if (scaling.beta_fast == 0) scaling.beta_fast = 32;
  scaling.beta_slow = TRY(keys.number_or("rope_scaling.beta_slow", 0));
  if (scaling.beta_slow == 0) scaling.beta_slow = 1;
  if (!(scaling.beta_fast > 0 && scaling.beta_slow > 0)) {
    return keys.refuse("rope_scaling.beta_fast", "and beta_slow must be above 0");
  }
  scaling.truncate = TRY(keys.flag_or("rope_scaling.truncate", true));
  if (TRY(keys.number_or("rope_scaling.ext_factor", 1)) != 1) {
    return keys.refuse("rope_scaling.ext_factor", "is not supported other than 1");
  }
  scaling.attention_factor = TRY(read_attention_factor(keys, scaling.factor));
  return {};
}

Result<void> read_llama3(const Keys& keys, RopeScaling& scaling) {
  scaling.low_frequency_factor = TRY(positive_or(keys, "rope_scaling.low_freq_factor", 1));
  scaling.high_frequency_factor = TRY(positive_or(keys, "rope_scaling.high_freq_factor", 4));
  if (!(scaling.high_frequency_factor > scaling.low_frequency_factor)) {
    return keys.refuse("rope_scaling.high_freq_factor", "must be above low_freq_factor");
  }
  return {};
}

// The length a scaling starts from. transformers measures dynamic NTK by the context length itself.
Result<std::uint32_t> read_original_context(const Keys& keys, RopeScalingKind kind,
                                            std::uint32_t context_length) {
  if (kind == RopeScalingKind::dynamic_ntk) return context_length;
  constexpr std::string_view outside = "original_max_position_embeddings";
  constexpr std::string_view inside = "rope_scaling.original_max_position_embeddings";
  const std::string_view key = keys.has(outside) ? outside : inside;
  return keys.has(key) ? keys.count(key, limits::context) : context_length;
}

Result<RopeScaling> read_scaling(const Keys& keys, std::uint32_t context_length) {
  RopeScaling scaling;
  scaling.kind = TRY(read_kind(keys));
  if (keys.has("rope_scaling.scale_linear") && !keys.has("rope_scaling.rope_type")) {
    scaling.factor = TRY(positive_or(keys, "rope_scaling.scale_linear", 1));
    if (scaling.factor != 1) scaling.kind = RopeScalingKind::linear;
    return scaling;
  }
  if (scaling.kind == RopeScalingKind::none) return scaling;
  if (scaling.kind != RopeScalingKind::linear) {
    scaling.original_context = TRY(read_original_context(keys, scaling.kind, context_length));
  }
  if (keys.has("rope_scaling.factor")) {
    scaling.factor = TRY(positive_or(keys, "rope_scaling.factor", 1));
  } else if (scaling.kind == RopeScalingKind::yarn) {
    scaling.factor =
        static_cast<float>(context_length) / static_cast<float>(scaling.original_context);
  } else {
    return keys.refuse("rope_scaling.factor", "is missing");
  }
  if (scaling.kind == RopeScalingKind::yarn) TRY(read_yarn(keys, scaling));
  if (scaling.kind == RopeScalingKind::llama3) TRY(read_llama3(keys, scaling));
  return scaling;
}

Result<void> refuse_what_is_not_built(const Keys& keys) {
  for (const std::string_view holder : {"rope_scaling", "rope_parameters"}) {
    const Value* value = keys.find(holder);
    if (value != nullptr && value->as_object() == nullptr) {
      return keys.refuse(holder, "must be an object");
    }
  }
  for (const std::string_view each :
       {"rope_scaling.full_attention", "rope_scaling.sliding_attention"}) {
    if (keys.has(each)) return keys.refuse(each, "rotary parameters by layer are not supported");
  }
  for (const std::string_view share :
       {"partial_rotary_factor", "rope_scaling.partial_rotary_factor"}) {
    if (TRY(keys.number_or(share, 1)) != 1)
      return keys.refuse(share, "is not supported other than 1");
  }
  return {};
}

}  // namespace

Result<Rope> read_rope(const Keys& keys, std::uint32_t head_dim, std::uint32_t context_length) {
  TRY(refuse_what_is_not_built(keys));
  Rope rope;
  rope.theta = TRY(keys.number_or("rope_theta", 10000));
  if (!(rope.theta > 1)) {
    return keys.refuse("rope_theta", "must be above 1, is " + std::to_string(rope.theta));
  }
  rope.dimensions = TRY(keys.count_or("rope_dimensions", head_dim, head_dim));
  if (rope.dimensions == 0 || rope.dimensions % 2 != 0) {
    return keys.refuse(
        keys.has("rope_dimensions") ? "rope_dimensions" : "head_dim",
        "must be even for the rotary embedding, is " + std::to_string(rope.dimensions));
  }
  rope.scaling = TRY(read_scaling(keys, context_length));
  if (rope.scaling.kind == RopeScalingKind::dynamic_ntk && rope.dimensions <= 2) {
    return keys.refuse("head_dim", "must be above 2 for dynamic scaling");
  }
  return rope;
}

}  // namespace freehold::model
