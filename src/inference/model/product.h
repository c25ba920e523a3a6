// Matrix products of the decoder: several at once in one parallel region, each cut over its rows.
#pragma once

#include <cstddef>
#include <span>

#include "model/weights.h"
#include "model/workers.h"

namespace freehold::model {

// y[t] = weights * x[t] for all tokens t.
struct Product {
  const Matrix* weights;
  const float* x;  // (tokens, columns), rows x_stride apart
  std::size_t x_stride;
  std::size_t tokens;
  float* y;  // (tokens, rows), rows y_stride apart
  std::size_t y_stride;
};

// Products do not read what others of the same call write.
void multiply(Workers& workers, std::span<const Product> products);

// sum += bias for every token; nothing when the bias is empty.
void add_bias(const Vector& bias, float* sum /* (bias.size()) */);

}  // namespace freehold::model
