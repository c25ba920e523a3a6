#include "model/product.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace freehold::model {
namespace {

constexpr std::size_t tile_rows = 64;  // what one thread takes at a time, whole panels
// Multiplications below which waking the other threads takes longer than doing it alone.
constexpr std::size_t worth_sharing = std::size_t{1} << 16;
constexpr std::size_t few_floats = std::size_t{1} << 14;  // quantized sooner than shared

std::size_t tiles(const Product& product) {
  return (product.weights->rows + tile_rows - 1) / tile_rows;
}

std::size_t steps_of(std::size_t columns) {
  constexpr std::size_t step = kernels::activation_step_columns;
  return (columns + step - 1) / step;
}

// Whether a product takes its activations as records.
bool quantizes(const Product& product) {
  return product.weights->panels != nullptr && kernels::kernels().has_panels(product.weights->type);
}

// The records of all tokens.
std::size_t quantized_bytes(const Product& product) {
  return steps_of(product.weights->columns) * product.tokens * kernels::activation_step_bytes;
}

// Empty: columns are multiplied with the activations of their own place.
std::span<const std::uint32_t> column_order(const Product& product) {
  if (product.weights->quantized == nullptr) return {};
  return product.weights->quantized->column_order();
}

// Neighbours in the list that multiply the same activations share them.
bool same_input(const Product& a, const Product& b) {
  return quantizes(a) && quantizes(b) && a.x == b.x && a.x_stride == b.x_stride &&
         a.tokens == b.tokens && a.weights->columns == b.weights->columns &&
         column_order(a).empty() && column_order(b).empty();
}

// Calls each(product, offset of its records) and returns the bytes of all records.
template <class Each>
std::size_t lay_out(std::span<const Product> products, Each each) {
  std::size_t end = 0, offset = 0;
  for (std::size_t i = 0; i < products.size(); ++i) {
    const Product& product = products[i];
    const bool known = i > 0 && same_input(products[i - 1], product);
    if (quantizes(product) && !known) {
      offset = end;
      end += quantized_bytes(product);
    }
    each(product, offset, known);
  }
  return end;
}

void quantize(const Product& product, std::byte* records, std::size_t begin, std::size_t end,
              Scratch& scratch) {
  constexpr std::size_t bytes = kernels::activation_step_bytes;
  const std::span<const std::uint32_t> order = column_order(product);
  if (scratch.columns.size() < order.size()) scratch.columns.resize(order.size());
  for (std::size_t t = begin; t < end; ++t) {
    const float* x = product.x + t * product.x_stride;
    for (std::size_t c = 0; c < order.size(); ++c) scratch.columns[c] = x[order[c]];
    kernels::kernels().quantize(order.empty() ? x : scratch.columns.data(),
                                product.weights->columns, records + t * bytes,
                                product.tokens * bytes);
  }
}

void quantize_inputs(Workers& workers, std::span<const Product> products, std::byte* memory) {
  lay_out(products, [&](const Product& product, std::size_t offset, bool known) {
    if (!quantizes(product) || known) return;
    const bool few = product.tokens * product.weights->columns <= few_floats;
    workers.split(product.tokens, few ? product.tokens : 8,
                  [&](std::size_t begin, std::size_t end, Scratch& scratch) {
                    quantize(product, memory + offset, begin, end, scratch);
                  });
  });
}

void multiply_tile(const Product& product, std::size_t tile, const std::byte* records) {
  const Matrix& weights = *product.weights;
  CHECK((weights.data != nullptr || weights.panels != nullptr) && weights.columns > 0);
  const auto& kernels = kernels::kernels();
  const std::size_t begin = tile * tile_rows;
  const std::size_t end = std::min(begin + tile_rows, weights.rows);
  CHECK(begin < end && tile_rows % kernels.panel_rows == 0);
  if (weights.panels == nullptr) {
    kernels.matmul(weights.type, weights.data, weights.columns, begin, end, product.x,
                   product.x_stride, product.tokens, product.y, product.y_stride);
    return;
  }
  const std::byte* panels = weights.panels + begin * weights.row_bytes;
  if (!quantizes(product)) {
    kernels.multiply_float_panels(weights.type, panels, weights.columns, end - begin, product.x,
                                  product.x_stride, product.tokens, product.y + begin,
                                  product.y_stride);
    return;
  }
  kernels.multiply_panels(weights.type, panels, weights.columns, end - begin, records,
                          product.tokens * kernels::activation_step_bytes, product.tokens,
                          product.y + begin, product.y_stride);
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
  const auto nothing = [](const Product&, std::size_t, bool) {};
  std::byte* memory = workers.quantized(lay_out(products, nothing));
  quantize_inputs(workers, products, memory);
  const std::size_t grain = multiplications < worth_sharing ? count : 1;
  workers.split(count, grain, [&](std::size_t begin, std::size_t end, Scratch&) {
    std::size_t before = 0;
    lay_out(products, [&](const Product& product, std::size_t offset, bool) {
      const std::size_t after = before + tiles(product);
      for (std::size_t i = std::max(begin, before); i < std::min(end, after); ++i) {
        multiply_tile(product, i - before, memory + offset);
      }
      before = after;
    });
  });
}

void add_bias(const Vector& bias, float* sum) {
  if (!bias.empty()) kernels::kernels().add(bias.data(), sum, bias.size());
}

}  // namespace freehold::model
