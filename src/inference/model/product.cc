#include "model/product.h"

#include <algorithm>

#include "kernels/kernels.h"
#include "model/reordered.h"

namespace freehold::model {
namespace {

// What one thread takes at a time, whole panels: many rows while there are enough tiles to keep
// all threads equally busy, else few. Gated tiles are whole blocks of 32 columns of what is next.
constexpr std::size_t many_rows = 64;
constexpr std::size_t few_rows = 32;
constexpr std::size_t tiles_per_thread = 16;
// Multiplications below which waking the other threads takes longer than doing it alone.
constexpr std::size_t worth_sharing = std::size_t{1} << 16;
// Tokens of a gated tile: two tiles of them stay in the second-level cache beside their weights.
constexpr std::size_t gated_tokens = product_tile_floats / 2 / many_rows;

struct Range {
  std::size_t begin, end;
  std::size_t size() const { return end - begin; }
};

// Weights of these rows times these tokens; y is where the first row of the first token goes.
void multiply_tile(const Matrix& weights, Range rows, const Operand& x, Range tokens, float* y,
                   std::size_t y_stride) {
  CHECK((weights.data != nullptr || weights.panels != nullptr) && weights.columns == x.columns &&
        rows.end <= weights.rows);
  const auto& kernels = kernels::kernels();
  const std::size_t columns = weights.columns;
  const std::size_t skipped = rows.begin * weights.row_bytes;
  if (weights.panels == nullptr) {
    kernels.matmul(weights.type, weights.data + skipped, columns, 0, rows.size(),
                   x.row(tokens.begin), columns, tokens.size(), y, y_stride);
  } else if (x.forms.records && kernels.has_panels(weights.type)) {
    kernels.multiply_panels(weights.type, weights.panels + skipped, columns, rows.size(),
                            x.records + tokens.begin * kernels::activation_step_bytes,
                            x.step_stride(), tokens.size(), y, y_stride);
  } else {
    CHECK(x.forms.floats && kernels.has_float_panels(weights.type));
    kernels.multiply_float_panels(weights.type, weights.panels + skipped, columns, rows.size(),
                                  x.row(tokens.begin), columns, tokens.size(), y, y_stride);
  }
}

std::size_t rows_of(const Product& product) {
  return product.weights->rows;
}
std::size_t rows_of(const GatedProduct& product) {
  return product.gate->rows;
}

std::size_t multiplications(const Product& product) {
  return product.weights->rows * product.x.columns * product.x.tokens;
}
std::size_t multiplications(const GatedProduct& product) {
  return 2 * product.gate->rows * product.x.columns * product.x.tokens;
}

// Deals the tiles of all products to the threads: work(product, rows, scratch).
template <class Each, class Work>
void deal_tiles(Workers& workers, std::span<const Each> products, Work work) {
  std::size_t count = 0, work_of_all = 0;
  const auto tiles = [](const Each& product, std::size_t tile_rows) {
    return (rows_of(product) + tile_rows - 1) / tile_rows;
  };
  for (const Each& product : products) {
    CHECK(product.x.tokens > 0);
    count += tiles(product, many_rows);
    work_of_all += multiplications(product);
  }
  std::size_t tile_rows = many_rows;
  if (count < tiles_per_thread * workers.threads() &&
      few_rows % kernels::kernels().panel_rows == 0) {
    tile_rows = few_rows;
    count = 0;
    for (const Each& product : products) count += tiles(product, tile_rows);
  }
  CHECK(tile_rows % kernels::kernels().panel_rows == 0);
  const std::size_t grain = work_of_all < worth_sharing ? count : 1;
  workers.split(count, grain, [&](std::size_t begin, std::size_t end, Scratch& scratch) {
    std::size_t before = 0;
    for (const Each& product : products) {
      const std::size_t after = before + tiles(product, tile_rows);
      for (std::size_t i = std::max(begin, before); i < std::min(end, after); ++i) {
        const std::size_t row = (i - before) * tile_rows;
        work(product, Range{row, std::min(row + tile_rows, rows_of(product))}, scratch);
      }
      before = after;
      if (before >= end) break;
    }
  });
}

void add_bias_of(const Vector& bias, Range rows, float* sum) {
  if (!bias.empty()) kernels::kernels().add(bias.data() + rows.begin, sum, rows.size());
}

// The inputs of a call's products in the order of their matrices' columns; empty where all columns
// are in place.
template <class Each, class MatrixOf>
std::vector<Operand> reorder(ReorderedInputs& reordered, std::span<const Each> products,
                             MatrixOf matrix_of) {
  const auto in_place = [&](const Each& each) { return column_order(matrix_of(each)).empty(); };
  std::vector<Operand> inputs;
  if (std::ranges::all_of(products, in_place)) return inputs;
  for (const Each& each : products) inputs.push_back(reordered.of(matrix_of(each), each.x));
  return inputs;
}

// The input of a product among `products`.
template <class Each>
const Operand& input_of(const Each& product, std::span<const Each> products,
                        const std::vector<Operand>& inputs) {
  return inputs.empty() ? product.x : inputs[static_cast<std::size_t>(&product - products.data())];
}

void multiply_gated_tile(const GatedProduct& product, const Operand& gate_x, const Operand& up_x,
                         Range rows, float* memory) {
  float* const gate = memory;
  float* const up = memory + gated_tokens * many_rows;
  const std::size_t tokens = product.x.tokens;
  for (std::size_t first = 0; first < tokens; first += gated_tokens) {
    const Range some{first, std::min(first + gated_tokens, tokens)};
    multiply_tile(*product.gate, rows, gate_x, some, gate, many_rows);
    multiply_tile(*product.up, rows, up_x, some, up, many_rows);
    for (std::size_t t = 0; t < some.size(); ++t) {
      float* const its_gate = gate + t * many_rows;
      float* const its_up = up + t * many_rows;
      add_bias_of(*product.gate_bias, rows, its_gate);
      add_bias_of(*product.up_bias, rows, its_up);
      kernels::kernels().silu_multiply(its_gate, its_up, its_gate, rows.size());
      product.y.put(first + t, rows.begin, rows.end, its_gate);
    }
  }
}

}  // namespace

void multiply(Workers& workers, std::span<const Product> products) {
  ReorderedInputs reordered(workers);
  const auto inputs =
      reorder(reordered, products, [](const Product& each) -> auto& { return *each.weights; });
  deal_tiles(workers, products, [&](const Product& product, Range rows, Scratch&) {
    CHECK(product.y_stride >= product.weights->rows);
    multiply_tile(*product.weights, rows, input_of(product, products, inputs),
                  {0, product.x.tokens}, product.y + rows.begin, product.y_stride);
  });
}

void multiply_gated(Workers& workers, std::span<const GatedProduct> products) {
  ReorderedInputs reordered(workers);
  const auto gates =
      reorder(reordered, products, [](const GatedProduct& each) -> auto& { return *each.gate; });
  const auto ups =
      reorder(reordered, products, [](const GatedProduct& each) -> auto& { return *each.up; });
  deal_tiles(workers, products, [&](const GatedProduct& product, Range rows, Scratch& scratch) {
    CHECK(product.up->rows == product.gate->rows && product.y.columns == product.gate->rows);
    CHECK(product.y.tokens == product.x.tokens && scratch.tile.size() >= product_tile_floats);
    multiply_gated_tile(product, input_of(product, products, gates),
                        input_of(product, products, ups), rows, scratch.tile.data());
  });
}

void add_bias(const Vector& bias, float* sum) {
  if (!bias.empty()) kernels::kernels().add(bias.data(), sum, bias.size());
}

}  // namespace freehold::model
