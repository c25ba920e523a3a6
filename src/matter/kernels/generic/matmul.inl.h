// Weights times activations. One order of summation for every number of tokens: an output is the
// sum over chunks of 256 columns, in order; a chunk's sum is eight interleaved partial sums, added
// up by sum4. A panel of rows is turned into floats chunk by chunk in the first-level cache and
// multiplied with all tokens from there, so a token's result cannot depend on how many others there
// are.
#pragma once

#include "kernels/generic/dequantize.inl.h"

namespace freehold::kernels {
namespace {

constexpr size_t chunk_columns = 256;  // a whole number of blocks of every type
constexpr size_t tile_rows = 4;
constexpr size_t tile_tokens = 3;  // 4 x 3 sums, 3 activations and a weight fill 16 registers
constexpr size_t panel_rows = 16;  // 16 KiB of floats
constexpr size_t few_tokens = 8;   // up to here rows are read as a stream, four at a time

struct Activations {
  const float* x;  // (tokens, columns), rows x_stride floats apart
  size_t x_stride;
  float* y;  // (tokens, rows), rows y_stride floats apart
  size_t y_stride;
};

// y[t, r] (+)= sum over c of panel[r, c] * x[t, c], for four rows of the panel, of which `rows` are
// wanted, and a few tokens.
template <size_t tokens>
inline void multiply_tile(const float* panel, size_t columns, const Activations& of, size_t rows,
                          bool first) {
  Floats sums[tokens][tile_rows];
  for (auto& row : sums) {
    for (Floats& sum : row) sum = splat(0);
  }
  size_t c = 0;
  for (; c + lanes <= columns; c += lanes) {
    Floats x[tokens];
    for (size_t t = 0; t < tokens; ++t) x[t] = load(of.x + t * of.x_stride + c);
    for (size_t r = 0; r < tile_rows; ++r) {
      const Floats weight = load(panel + r * chunk_columns + c);
      for (size_t t = 0; t < tokens; ++t) sums[t][r] = multiply_add(weight, x[t], sums[t][r]);
    }
  }
  if (c < columns) {  // the panel is zero from here on, the activations may belong to others
    for (size_t t = 0; t < tokens; ++t) {
      const Floats x = load_partial(of.x + t * of.x_stride + c, columns - c);
      for (size_t r = 0; r < tile_rows; ++r) {
        sums[t][r] = multiply_add(load(panel + r * chunk_columns + c), x, sums[t][r]);
      }
    }
  }
  for (size_t t = 0; t < tokens; ++t) {
    float chunk_sums[tile_rows];
    sum4(sums[t][0], sums[t][1], sums[t][2], sums[t][3], chunk_sums);
    float* y = of.y + t * of.y_stride;
    for (size_t r = 0; r < rows; ++r) y[r] = first ? chunk_sums[r] : y[r] + chunk_sums[r];
  }
}

// The same for a whole panel and all tokens.
inline void multiply_panel(const float* panel, size_t rows, size_t columns, Activations of,
                           size_t tokens, bool first) {
  size_t left = tokens;
  while (left > 0) {
    const size_t taken = left < tile_tokens ? left : tile_tokens;
    for (size_t r = 0; r < rows; r += tile_rows) {
      const size_t wanted = rows - r < tile_rows ? rows - r : tile_rows;
      const float* tile = panel + r * chunk_columns;
      const Activations part = {of.x, of.x_stride, of.y + r, of.y_stride};
      if (taken == 3) multiply_tile<3>(tile, columns, part, wanted, first);
      if (taken == 2) multiply_tile<2>(tile, columns, part, wanted, first);
      if (taken == 1) multiply_tile<1>(tile, columns, part, wanted, first);
    }
    of.x += taken * of.x_stride;
    of.y += taken * of.y_stride;
    left -= taken;
  }
}

inline void matmul(DType type, const std::byte* weights, size_t columns, size_t row_begin,
                   size_t row_end, const float* x, size_t x_stride, size_t tokens, float* y,
                   size_t y_stride) {
  alignas(64) float panel[panel_rows * chunk_columns];
  const Format& format = format_of(type);
  const size_t row_bytes = columns / format.block_elements * format.block_bytes;
  const size_t chunk_bytes = chunk_columns / format.block_elements * format.block_bytes;
  const size_t rows_at_once = tokens <= few_tokens ? tile_rows : panel_rows;
  for (size_t i = 0; i < panel_rows * chunk_columns; ++i) panel[i] = 0;

  for (size_t row = row_begin; row < row_end; row += rows_at_once) {
    const size_t rows = row_end - row < rows_at_once ? row_end - row : rows_at_once;
    const uint8_t* source = reinterpret_cast<const uint8_t*>(weights) + row * row_bytes;
    for (size_t c = 0; c < columns; c += chunk_columns, source += chunk_bytes) {
      const size_t width = columns - c < chunk_columns ? columns - c : chunk_columns;
      for (size_t r = 0; r < rows; ++r) {
        float* row_floats = panel + r * chunk_columns;
        format.read(source + r * row_bytes, row_floats, width);
        for (size_t ahead = 0; ahead < chunk_bytes; ahead += 64) {
          __builtin_prefetch(source + r * row_bytes + 2 * chunk_bytes + ahead);
        }
        const size_t over = width % lanes;
        if (over != 0) store_partial(row_floats + width, splat(0), lanes - over);
      }
      multiply_panel(panel, rows, width, {x + c, x_stride, y + row, y_stride}, tokens, c == 0);
    }
  }
}

}  // namespace
}  // namespace freehold::kernels
