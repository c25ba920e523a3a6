#include "model/keys.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/json.h"

namespace freehold::model {
namespace {

struct Spelling {
  std::string_view key;   // in config.json
  std::string_view gguf;  // after the architecture's name and a dot
};

constexpr std::array spellings = {
    Spelling{"head_dim", "attention.key_length"},
    Spelling{"hidden_size", "embedding_length"},
    Spelling{"intermediate_size", "feed_forward_length"},
    Spelling{"layer_types", "attention.sliding_window_pattern"},
    Spelling{"max_position_embeddings", "context_length"},
    Spelling{"moe_intermediate_size", "expert_feed_forward_length"},
    Spelling{"norm_topk_prob", "expert_weights_norm"},
    Spelling{"num_attention_heads", "attention.head_count"},
    Spelling{"num_experts", "expert_count"},
    Spelling{"num_experts_per_tok", "expert_used_count"},
    Spelling{"num_hidden_layers", "block_count"},
    Spelling{"num_key_value_heads", "attention.head_count_kv"},
    Spelling{"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
    Spelling{"rope_dimensions", "rope.dimension_count"},
    Spelling{"rope_scaling.attn_factor", "rope.scaling.attn_factor"},
    Spelling{"rope_scaling.beta_fast", "rope.scaling.yarn_beta_fast"},
    Spelling{"rope_scaling.beta_slow", "rope.scaling.yarn_beta_slow"},
    Spelling{"rope_scaling.factor", "rope.scaling.factor"},
    Spelling{"rope_scaling.ext_factor", "rope.scaling.yarn_ext_factor"},
    Spelling{"rope_scaling.log_multiplier", "rope.scaling.yarn_log_multiplier"},
    Spelling{"rope_scaling.yarn_attn_factor", "rope.scaling.yarn_attn_factor"},
    Spelling{"rope_scaling.original_max_position_embeddings",
             "rope.scaling.original_context_length"},
    Spelling{"rope_scaling.rope_type", "rope.scaling.type"},
    Spelling{"rope_scaling.scale_linear", "rope.scale_linear"},  // before there were types
    Spelling{"rope_theta", "rope.freq_base"},
    Spelling{"sliding_window", "attention.sliding_window"},
    Spelling{"value_head_dim", "attention.value_length"},
    Spelling{"vocab_size", "vocab_size"},
};

std::string_view in_gguf(std::string_view key) {
  const auto found = std::ranges::find(spellings, key, &Spelling::key);
  return found == spellings.end() ? std::string_view{} : found->gguf;
}

const Value* unless_null(const Value* value) {
  return value == nullptr || value->is_null() ? nullptr : value;
}

// A member of the rotary parameters: `rope_scaling`, where its type was called `type` at first;
// transformers 5 writes `rope_parameters` instead, with the base frequency among them.
const Value* find_rope(const formats::Checkpoint& checkpoint, std::string_view member) {
  const Value* parameters = checkpoint.metadata("rope_scaling");
  if (parameters == nullptr || parameters->as_object() == nullptr ||
      parameters->as_object()->empty()) {
    parameters = checkpoint.metadata("rope_parameters");
  }
  if (parameters == nullptr) return nullptr;
  const Value* value = unless_null(parameters->find(member));
  if (value == nullptr && member == "rope_type") return unless_null(parameters->find("type"));
  return value;
}

// The whole number a value holds; JSON writers sometimes write 4096.0.
std::optional<std::int64_t> whole(const Value& value) {
  if (const std::int64_t* integer = value.as_integer()) return *integer;
  const double* real = value.as_double();
  if (real == nullptr || !(std::abs(*real) < 1e15) || *real != std::trunc(*real)) return {};
  return static_cast<std::int64_t>(*real);
}

// GGUF may give one number a layer; models whose layers differ are not among those listed.
const Value* same_for_all_layers(const Value& value) {
  const List* list = value.as_list();
  if (list == nullptr) return &value;
  const bool same = !list->empty() && std::ranges::all_of(*list, [&](const Value& each) {
    return each == list->front();
  });
  return same ? &list->front() : nullptr;
}

std::string shown(const Value& value) {
  std::string text = to_json(value);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

}  // namespace

const Value* Keys::find(std::string_view key) const {
  if (gguf()) {
    const std::string_view name = in_gguf(key);
    if (name.empty()) return nullptr;
    return unless_null(checkpoint_.metadata(std::string(gguf_name_) + "." + std::string(name)));
  }
  constexpr std::string_view rope = "rope_scaling.";
  if (key.starts_with(rope)) return find_rope(checkpoint_, key.substr(rope.size()));
  if (key == "rope_theta") {
    if (const Value* value = find_rope(checkpoint_, key)) return value;
  }
  if (const Value* value = unless_null(checkpoint_.metadata(key))) return value;
  if (key == "num_experts") return unless_null(checkpoint_.metadata("num_local_experts"));
  return nullptr;
}

std::string Keys::spelled(std::string_view key) const {
  if (!gguf()) return "config.json: " + std::string(key);
  const std::string_view name = in_gguf(key);
  return std::string(gguf_name_) + "." + std::string(name.empty() ? key : name);
}

std::unexpected<Error> Keys::refuse(std::string_view key, std::string_view why) const {
  return fail(ErrorCode::invalid, spelled(key) + ": " + std::string(why));
}

Result<std::uint32_t> Keys::count_or(std::string_view key, std::uint32_t otherwise,
                                     std::uint32_t limit) const {
  const Value* found = find(key);
  if (found == nullptr) return otherwise;
  const Value* value = same_for_all_layers(*found);
  if (value == nullptr) return refuse(key, "differs between layers, which is not supported");
  const std::optional<std::int64_t> number = whole(*value);
  if (!number || *number < 0 || *number > limit) {
    return refuse(
        key, "must be a whole number up to " + std::to_string(limit) + ", is " + shown(*value));
  }
  return static_cast<std::uint32_t>(*number);
}

Result<std::uint32_t> Keys::count(std::string_view key, std::uint32_t limit) const {
  if (!has(key)) return refuse(key, "is missing");
  const std::uint32_t number = TRY(count_or(key, 0, limit));
  if (number == 0) return refuse(key, "must not be 0");
  return number;
}

Result<std::vector<std::uint32_t>> Keys::counts(std::string_view key, std::uint32_t limit) const {
  std::vector<std::uint32_t> numbers;
  const Value* value = find(key);
  if (value == nullptr) return numbers;
  const List* list = value->as_list();
  if (list == nullptr) return refuse(key, "must be a list of numbers, is " + shown(*value));
  for (const Value& each : *list) {
    const std::optional<std::int64_t> number = whole(each);
    if (!number || *number < 0 || *number > limit) {
      return refuse(key, "holds " + shown(each) + ", which is no whole number up to " +
                             std::to_string(limit));
    }
    numbers.push_back(static_cast<std::uint32_t>(*number));
  }
  return numbers;
}

Result<float> Keys::number_or(std::string_view key, float otherwise) const {
  const Value* value = find(key);
  if (value == nullptr) return otherwise;
  const double number = value->number_or(std::nan(""));
  if (!(std::abs(number) <= std::numeric_limits<float>::max())) {
    return refuse(key, "must be a finite number, is " + shown(*value));
  }
  return static_cast<float>(number);
}

bool Keys::any_layer_has(std::string_view suffix) const {
  return std::ranges::any_of(checkpoint_.tensors(), [&](const NamedTensor& tensor) {
    return tensor.name.starts_with("blk.") && tensor.name.ends_with(suffix);
  });
}

Result<bool> Keys::flag_or(std::string_view key, bool otherwise) const {
  if (gguf()) {
    if (key == "tie_word_embeddings") return checkpoint_.find("output.weight") == nullptr;
    if (key == "attention_bias") return any_layer_has(".attn_q.bias");
    if (key == "mlp_bias") return any_layer_has(".ffn_gate.bias");
  }
  const Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->as_bool() == nullptr) return refuse(key, "must be true or false, is " + shown(*value));
  return *value->as_bool();
}

Result<std::string> Keys::word_or(std::string_view key, std::string_view otherwise) const {
  const Value* value = find(key);
  if (value == nullptr) return std::string(otherwise);
  if (value->as_string() == nullptr) return refuse(key, "must be a word, is " + shown(*value));
  return *value->as_string();
}

}  // namespace freehold::model
