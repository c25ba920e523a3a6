// Activations in the order of a matrix's columns, where those were sorted when the matrix was
// quantized (GPTQ's desc_act). Allocates, and only for such matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/operand.h"
#include "model/weights.h"
#include "model/workers.h"

namespace freehold::model {

// The activation that each column is multiplied with; empty: that of its own place.
std::span<const std::uint32_t> column_order(const Matrix& weights);

class ReorderedInputs {
 public:
  explicit ReorderedInputs(Workers& workers) : workers_(workers) {}

  // What a product with these weights reads: x itself, or records of it that live as long as this.
  Operand of(const Matrix& weights, const Operand& x);

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  Workers& workers_;
  std::vector<std::vector<Line>> memory_;  // their own memory stays where it is
};

}  // namespace freehold::model
