// How a checkpoint of safetensors says its matrices are quantized: `quantization_config` in
// config.json. Not the tensors themselves (quantized_tensors.h); GGUF says it by their types.
#pragma once

#include <cstdint>

#include "freehold/result.h"
#include "model/keys.h"

namespace freehold::model {

struct Quantization {
  enum class Method : std::uint8_t { none, compressed_tensors, gptq, awq };

  Method method = Method::none;
  std::uint32_t bits = 0;        // GPTQ, AWQ; compressed-tensors says it by shapes
  std::uint32_t group_size = 0;  // the same; columns that share a scale, 0: all
  bool zeros_less_one = false;   // GPTQ's first format stores zeros so
};

// `invalid` names the method, or the member of it, that is not supported.
Result<Quantization> read_quantization(const Keys& keys);

}  // namespace freehold::model
