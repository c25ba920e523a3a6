// Matrix products of the decoder: several at once in one parallel region, each cut over its rows.
#pragma once

#include <cstddef>
#include <span>

#include "model/operand.h"
#include "model/weights.h"
#include "model/workers.h"

namespace freehold::model {

// Floats of Scratch::tile.
inline constexpr std::size_t product_tile_floats = std::size_t{2} * 128 * 64;

// y[t] = weights * x[t] for all tokens t.
struct Product {
  const Matrix* weights;
  Operand x;
  float* y;  // (tokens, rows), rows y_stride apart
  std::size_t y_stride;
};

// y[t] = silu(gate * x[t] + gate_bias) * (up * x[t] + up_bias). A tile of both products is made by
// one thread, and what comes of it is put down in the forms that the next product reads.
struct GatedProduct {
  const Matrix *gate, *up;
  const Vector *gate_bias, *up_bias;
  Operand x;
  Operand y;
};

// Products do not read what others of the same call write. The first are the first to be dealt out:
// large ones should come before small ones.
void multiply(Workers& workers, std::span<const Product> products);
void multiply_gated(Workers& workers, std::span<const GatedProduct> products);

// sum += bias for every token; nothing when the bias is empty.
void add_bias(const Vector& bias, float* sum /* (bias.size()) */);

}  // namespace freehold::model
