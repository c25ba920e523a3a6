#include "model/product.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace freehold::model {
namespace {

constexpr std::size_t tile_rows = 64;  // what one thread takes at a time
// Multiplications below which waking the other threads takes longer than doing it alone.
constexpr std::size_t worth_sharing = std::size_t{1} << 16;

std::size_t tiles(const Product& product) {
  return (product.weights->rows + tile_rows - 1) / tile_rows;
}

void multiply_tile(const Product& product, std::size_t tile) {
  const Matrix& weights = *product.weights;
  CHECK(weights.data != nullptr && weights.columns > 0);
  const std::size_t begin = tile * tile_rows;
  const std::size_t end = std::min(begin + tile_rows, weights.rows);
  CHECK(begin < end);
  kernels::kernels().matmul(weights.type, weights.data, weights.columns, begin, end, product.x,
                            product.x_stride, product.tokens, product.y, product.y_stride);
}

}  // namespace

void multiply(Workers& workers, std::span<const Product> products) {
  std::size_t count = 0, multiplications = 0;
  for (const Product& product : products) {
    CHECK(product.tokens > 0 && product.x_stride >= product.weights->columns);
    CHECK(product.y_stride >= product.weights->rows);
    count += tiles(product);
    multiplications += product.tokens * product.weights->rows * product.weights->columns;
  }
  const std::size_t grain = multiplications < worth_sharing ? count : 1;
  workers.split(count, grain, [&](std::size_t begin, std::size_t end, Scratch&) {
    std::size_t before = 0;
    for (const Product& product : products) {
      const std::size_t after = before + tiles(product);
      for (std::size_t i = std::max(begin, before); i < std::min(end, after); ++i) {
        multiply_tile(product, i - before);
      }
      before = after;
    }
  });
}

void add_bias(const Vector& bias, float* sum) {
  if (!bias.empty()) kernels::kernels().add(bias.data(), sum, bias.size());
}

}  // namespace freehold::model
