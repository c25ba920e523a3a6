// A model's weights, bound by name to the checkpoint's mapped bytes, every shape checked. Matrices
// stay where and as they are, or, quantized in safetensors, are read there when they are packed;
// the small vectors (norms, biases) are converted to f32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "model/architecture.h"
#include "model/quantized_matrix.h"
#include "model/recipe.h"
#include "tensor/dtype.h"

namespace freehold::model {

struct Matrix {
  DType type = DType::f32;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t row_bytes = 0;
  const std::byte* data = nullptr;    // (rows, columns), rows contiguous
  const std::byte* panels = nullptr;  // the same packed (kernels.h), where the type has that form
  // Of a matrix that is quantized in safetensors: where rows come from when they are packed; `data`
  // is nullptr then.
  std::shared_ptr<const QuantizedMatrix> quantized = nullptr;

  bool exists() const { return data != nullptr || quantized != nullptr; }
  std::size_t bytes() const { return rows * row_bytes; }
};

using Vector = std::vector<float>;  // empty: the recipe has none

struct LayerWeights {
  Vector attention_norm;             // (width)
  Matrix query, key, value, output;  // (heads * head_dim, width) …
  Vector query_bias, key_bias, value_bias, output_bias;
  Vector query_norm, key_norm;  // (head_dim)
  Vector feedforward_norm;      // (width)
  Matrix gate, up, down;        // (hidden, width), (width, hidden)
  Vector gate_bias, up_bias, down_bias;
  Matrix router;                                            // (experts, width)
  std::vector<Matrix> expert_gate, expert_up, expert_down;  // one an expert
};

struct Weights {
  Matrix embedding;  // (vocabulary, width)
  std::vector<LayerWeights> layers;
  Vector final_norm;
  Matrix head;              // (vocabulary, width); the embedding itself when tied
  Vector rope_factors;      // (rope.dimensions / 2): frequencies are divided by them; usually empty
  std::uint64_t bytes = 0;  // of all bound tensors in the checkpoint
};

// Every matrix that products are made with, in one fixed order; of a tied head, the head's.
std::vector<Matrix*> multiplied_matrices(Weights& weights);

// `invalid` names the tensor as the container does, and what is wrong: missing, of another shape
// (expected and found), of a type the kernels cannot read.
Result<Weights> bind_weights(const formats::Checkpoint& checkpoint,
                             const Architecture& architecture, const Recipe& recipe);

}  // namespace freehold::model
