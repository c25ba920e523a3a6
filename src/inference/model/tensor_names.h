// What the tensors of a decoder are called: by their role here, by both containers outside. A table
// that most architectures share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "formats/checkpoint.h"

namespace freehold::model {

enum class Role : std::uint8_t {
  embedding,
  final_norm,
  head,
  rope_factors,
  attention_norm,
  query,
  key,
  value,
  output,
  query_bias,
  key_bias,
  value_bias,
  output_bias,
  query_norm,
  key_norm,
  feedforward_norm,
  gate,
  up,
  down,
  gate_bias,
  up_bias,
  down_bias,
  router,
  expert_gate,
  expert_up,
  expert_down,
};

// "{}" stands for the layer; a second "{}" for the expert, where each has a tensor of its own.
// With one, the tensor is a stack (experts, rows, columns). Empty: the container has no such
// tensor.
struct TensorName {
  Role role;
  std::string_view hugging_face;
  std::string_view gguf;
};

// The names that nearly all decoders of the common build use.
std::span<const TensorName> common_names();

// The pattern of a role in a container; empty when the table has none.
std::string_view pattern_of(std::span<const TensorName> names, formats::Container container,
                            Role role);

// The pattern with its first "{}" replaced by `layer` and its second by `expert`.
std::string filled(std::string_view pattern, std::uint32_t layer, std::uint32_t expert = 0);

// Whether each expert has a tensor of its own.
bool names_experts(std::string_view pattern);

}  // namespace freehold::model
