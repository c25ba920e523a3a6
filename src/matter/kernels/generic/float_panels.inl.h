// Plain weights in panels: column after column, each a number of every row of the panel. They are
// multiplied with activations as they are, in float32. Of 256 columns every fourth is summed up in
// order, and the four sums are added in turn to what came before.
#pragma once

#include "kernels/generic/elements.inl.h"
#include "kernels/generic/panels.inl.h"

namespace freehold::kernels {
namespace {

constexpr size_t column_parts = 4;
constexpr size_t read_ahead = 2048;     // bytes
constexpr size_t float_token_tile = 6;  // x 2 vectors: enough sums to keep two units busy

struct FloatStep {
  alignas(64) float weights[step_columns * panel_rows];  // (columns, rows)
};

// Activations as a kind of column takes them: a number for each column of a token.
template <class X>
struct Input {
  const X* x;  // (tokens, columns), rows x_stride apart
  size_t x_stride;
};
using FloatInput = Input<float>;

// A kind of column: how it meets a few tokens, dots[t] += weights * x[t].
template <class Element>
struct FloatColumn {
  using X = float;
  static constexpr size_t bytes = panel_rows * Element::bytes;

  template <size_t tokens>
  static void multiply(const uint8_t* weights, Input<X> in, Floats (&dots)[tokens][panel_vectors]) {
    UNROLL
    for (size_t t = 0; t < tokens; ++t) {
      const Floats activation = splat(in.x[t * in.x_stride]);
      UNROLL
      for (size_t v = 0; v < panel_vectors; ++v) {
        const Floats weight = Element::read(weights + v * lanes * Element::bytes);
        dots[t][v] = multiply_add(weight, activation, dots[t][v]);
      }
    }
  }
};

template <size_t tokens>
inline void add_dots(const Floats (&dots)[tokens][panel_vectors], float* sums) {
  for (size_t t = 0; t < tokens; ++t) {
    for (size_t v = 0; v < panel_vectors; ++v) {
      float* at = sums + t * panel_rows + v * lanes;
      store(at, load(at) + dots[t][v]);
    }
  }
}

// sums[t] += the products of a step: of every `column_parts`th column from `first` on, for each
// part in order. Few tokens take the parts side by side, for their sums would wait for each other.
template <class Column, size_t tokens, size_t together>
inline void multiply_parts(const uint8_t* weights, size_t columns, size_t first,
                           Input<typename Column::X> in, float* sums) {
  Floats dots[together][tokens][panel_vectors];
  for (auto& part : dots) {
    for (auto& row : part) {
      for (Floats& dot : row) dot = splat(0);
    }
  }
  const auto multiply = [&](size_t column, size_t part) {
    Column::template multiply<tokens>(weights + column * Column::bytes,
                                      {in.x + column, in.x_stride}, dots[part]);
  };
  size_t c = first;
  for (; c + together <= columns; c += column_parts) {
    if constexpr (together > 1) {  // straight from memory
      for (size_t at = 0; at < column_parts * Column::bytes; at += 64) {
        __builtin_prefetch(weights + c * Column::bytes + read_ahead + at);
      }
    }
    UNROLL
    for (size_t part = 0; part < together; ++part) multiply(c + part, part);
  }
  for (size_t part = 0; part < together && c + part < columns; ++part) multiply(c + part, part);
  for (size_t part = 0; part < together; ++part) add_dots<tokens>(dots[part], sums);
}

template <class Column, size_t tokens>
inline void multiply_float_tile(const uint8_t* weights, size_t columns,
                                Input<typename Column::X> in, float* sums) {
  constexpr size_t together = tokens == 1 ? 4 : tokens == 2 ? 2 : 1;
  for (size_t first = 0; first < column_parts; first += together) {
    multiply_parts<Column, tokens, together>(weights, columns, first, in, sums);
  }
}

template <class Column>
inline void multiply_float_step(const uint8_t* weights, size_t columns,
                                Input<typename Column::X> in, size_t tokens, float* sums) {
  while (tokens >= float_token_tile) {
    multiply_float_tile<Column, float_token_tile>(weights, columns, in, sums);
    in.x += float_token_tile * in.x_stride;
    sums += float_token_tile * panel_rows;
    tokens -= float_token_tile;
  }
  if (tokens == 5) multiply_float_tile<Column, 5>(weights, columns, in, sums);
  if (tokens == 4) multiply_float_tile<Column, 4>(weights, columns, in, sums);
  if (tokens == 3) multiply_float_tile<Column, 3>(weights, columns, in, sums);
  if (tokens == 2) multiply_float_tile<Column, 2>(weights, columns, in, sums);
  if (tokens == 1) multiply_float_tile<Column, 1>(weights, columns, in, sums);
}

// The next step's lines are asked for while this one's are read.
template <class Element>
inline void open_floats(const uint8_t* packed, size_t count, FloatStep& step) {
  constexpr size_t line = 64 / Element::bytes, ahead = step_columns * panel_rows * Element::bytes;
  for (size_t i = 0; i < count; i += lanes) {  // columns may end in the middle of a line
    if (i % line == 0) __builtin_prefetch(packed + i * Element::bytes + ahead);
    store(step.weights + i, Element::read(packed + i * Element::bytes));
  }
}

template <class Element>
void multiply_float_panel(const uint8_t* panel, size_t columns, FloatInput in, size_t tokens,
                          Destination to) {
  FloatStep step;
  alignas(64) float sums[sums_held];
  for (size_t first = 0; first < tokens; first += tokens_at_once) {
    const size_t taken = tokens - first < tokens_at_once ? tokens - first : tokens_at_once;
    for (size_t i = 0; i < taken * panel_rows; ++i) sums[i] = 0;
    const uint8_t* packed = panel;
    for (size_t c = 0; c < columns; c += step_columns) {
      const size_t width = columns - c < step_columns ? columns - c : step_columns;
      const FloatInput input = {in.x + first * in.x_stride + c, in.x_stride};
      if (taken == 1) {
        multiply_float_tile<FloatColumn<Element>, 1>(packed, width, input, sums);
      } else if (taken == 2) {
        multiply_float_tile<FloatColumn<Element>, 2>(packed, width, input, sums);
      } else {
        open_floats<Element>(packed, width * panel_rows, step);
        const uint8_t* weights = reinterpret_cast<const uint8_t*>(step.weights);
        multiply_float_step<FloatColumn<F32>>(weights, width, input, taken, sums);
      }
      packed += width * panel_rows * Element::bytes;
    }
    write_sums(sums, taken, {to.y + first * to.y_stride, to.y_stride, to.rows});
  }
}

inline bool has_float_panels(DType type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16;
}

inline void multiply_float_panels(DType type, const std::byte* panels, size_t columns, size_t rows,
                                  const float* x, size_t x_stride, size_t tokens, float* y,
                                  size_t y_stride) {
  const size_t panel_bytes = columns * panel_rows * (type == DType::f32 ? 4 : 2);
  const uint8_t* panel = reinterpret_cast<const uint8_t*>(panels);
  for (size_t row = 0; row < rows; row += panel_rows, panel += panel_bytes) {
    const Destination to = {y + row, y_stride, rows - row < panel_rows ? rows - row : panel_rows};
    const FloatInput in = {x, x_stride};
    if (type == DType::f32) multiply_float_panel<F32>(panel, columns, in, tokens, to);
    if (type == DType::f16) multiply_float_panel<F16>(panel, columns, in, tokens, to);
    if (type == DType::bf16) multiply_float_panel<Bf16>(panel, columns, in, tokens, to);
  }
}

inline void pack_panel(DType type, const std::byte* weights, size_t rows, size_t columns,
                       std::byte* panel) {
  const uint8_t* source = reinterpret_cast<const uint8_t*>(weights);
  uint8_t* out = reinterpret_cast<uint8_t*>(panel);
  if (type == DType::f32) {
    pack_items<4, panel_rows>(source, columns * 4, rows, columns, out);
  } else if (has_float_panels(type)) {
    pack_items<2, panel_rows>(source, columns * 2, rows, columns, out);
  } else {
    pack_blocks(panel_format_of(type), source, rows, columns, out);
  }
}

}  // namespace
}  // namespace freehold::kernels
