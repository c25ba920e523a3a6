// Panels of BF16 weights times activations that are rounded to BF16, too: where the CPU multiplies
// pairs of them, twice as many products as in float32. Two neighbouring columns are one here, and
// of these every fourth is summed up in order, for any number of tokens; packed weights are those
// of float_panels.inl.h. An activation is off by at most its 512th part, the sums are float32.
#pragma once

#include "kernels/generic/float_panels.inl.h"

namespace freehold::kernels {
namespace {

constexpr size_t step_pairs = step_columns / 2;

struct PairStep {
  alignas(64) BfloatPair weights[step_pairs * panel_rows];  // (pairs of columns, rows)
};

// The pair's numbers of all rows from two columns as they are packed.
inline void read_pairs(const uint8_t* first, const uint8_t* second, Bfloats (&x)[panel_vectors]) {
  constexpr size_t bytes = 2 * lanes * sizeof(uint16_t);  // of two vectors of rows
  for (size_t v = 0; v < panel_vectors; v += 2) {
    interleave(first + v / 2 * bytes, second + v / 2 * bytes, x[v], x[v + 1]);
  }
}

template <size_t tokens>
inline void multiply_pair(const Bfloats (&weights)[panel_vectors], Input<BfloatPair> in,
                          Floats (&dots)[tokens][panel_vectors]) {
  UNROLL
  for (size_t t = 0; t < tokens; ++t) {
    const Bfloats activations = splat_pair(in.x[t * in.x_stride]);
    UNROLL
    for (size_t v = 0; v < panel_vectors; ++v) {
      dots[t][v] = multiply_add(weights[v], activations, dots[t][v]);
    }
  }
}

// Two columns straight from memory,
struct PackedPair {
  using X = BfloatPair;
  static constexpr size_t bytes = 2 * panel_rows * sizeof(uint16_t);

  template <size_t tokens>
  static void multiply(const uint8_t* packed, Input<X> in, Floats (&dots)[tokens][panel_vectors]) {
    Bfloats weights[panel_vectors];
    read_pairs(packed, packed + bytes / 2, weights);
    multiply_pair(weights, in, dots);
  }
};

// or as a step has them.
struct OpenedPair {
  using X = BfloatPair;
  static constexpr size_t bytes = panel_rows * sizeof(BfloatPair);

  template <size_t tokens>
  static void multiply(const uint8_t* opened, Input<X> in, Floats (&dots)[tokens][panel_vectors]) {
    Bfloats weights[panel_vectors];
    for (size_t v = 0; v < panel_vectors; ++v) {
      weights[v] = load_bfloats(opened + v * lanes * sizeof(BfloatPair));
    }
    multiply_pair(weights, in, dots);
  }
};

// The next step's lines are asked for while this one's are read; beside an odd last column is zero.
inline void open_pairs(const uint8_t* packed, size_t columns, PairStep& step) {
  constexpr size_t column_bytes = PackedPair::bytes / 2, ahead = step_columns * column_bytes;
  static constexpr uint8_t nothing[column_bytes] = {};
  for (size_t c = 0; c < columns; c += 2) {
    const uint8_t* at = packed + c * column_bytes;
    for (size_t line = 0; line < PackedPair::bytes; line += 64) {
      __builtin_prefetch(at + ahead + line);
    }
    Bfloats pairs[panel_vectors];
    read_pairs(at, c + 1 < columns ? at + column_bytes : nothing, pairs);
    for (size_t v = 0; v < panel_vectors; ++v) {
      store_bfloats(step.weights + c / 2 * panel_rows + v * lanes, pairs[v]);
    }
  }
}

// Tokens' activations of one step, rounded; beside an odd last one is zero.
struct RoundedActivations {
  alignas(64) BfloatPair of[tokens_at_once][step_pairs];

  RoundedActivations(FloatInput in, size_t columns, size_t tokens) {
    for (size_t t = 0; t < tokens; ++t) {
      const float* x = in.x + t * in.x_stride;
      for_each_vector(
          columns, [&](size_t c) { store_rounded(of[t] + c / 2, load(x + c)); },
          [&](size_t c, size_t left) {
            store_rounded(of[t] + c / 2, load_partial(x + c, left));  // the others are zero
          });
    }
  }
};

inline void multiply_bf16_panel(const uint8_t* panel, size_t columns, FloatInput in, size_t tokens,
                                Destination to) {
  PairStep step;
  alignas(64) float sums[sums_held];
  for (size_t first = 0; first < tokens; first += tokens_at_once) {
    const size_t taken = tokens - first < tokens_at_once ? tokens - first : tokens_at_once;
    for (size_t i = 0; i < taken * panel_rows; ++i) sums[i] = 0;
    const uint8_t* packed = panel;
    for (size_t c = 0; c < columns; c += step_columns) {
      const size_t width = columns - c < step_columns ? columns - c : step_columns;
      const size_t pairs = (width + 1) / 2;
      const FloatInput floats = {in.x + first * in.x_stride + c, in.x_stride};
      const RoundedActivations activations(floats, width, taken);
      const Input<BfloatPair> input = {activations.of[0], step_pairs};
      if (taken == 1 && width % 2 == 0) {
        multiply_float_tile<PackedPair, 1>(packed, pairs, input, sums);
      } else if (taken == 2 && width % 2 == 0) {
        multiply_float_tile<PackedPair, 2>(packed, pairs, input, sums);
      } else {
        open_pairs(packed, width, step);
        const uint8_t* weights = reinterpret_cast<const uint8_t*>(step.weights);
        multiply_float_step<OpenedPair>(weights, pairs, input, taken, sums);
      }
      packed += width * PackedPair::bytes / 2;
    }
    write_sums(sums, taken, {to.y + first * to.y_stride, to.y_stride, to.rows});
  }
}

inline void multiply_bf16_panels(const std::byte* panels, size_t columns, size_t rows,
                                 const float* x, size_t x_stride, size_t tokens, float* y,
                                 size_t y_stride) {
  const size_t panel_bytes = columns * panel_rows * sizeof(uint16_t);
  const uint8_t* panel = reinterpret_cast<const uint8_t*>(panels);
  for (size_t row = 0; row < rows; row += panel_rows, panel += panel_bytes) {
    const size_t wanted = rows - row < panel_rows ? rows - row : panel_rows;
    multiply_bf16_panel(panel, columns, {x, x_stride}, tokens, {y + row, y_stride, wanted});
  }
}

}  // namespace
}  // namespace freehold::kernels
