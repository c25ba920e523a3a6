// Weights times activations. One order of summation for every number of tokens: an output is the
// sum over chunks of 256 columns, in order; a chunk's sum is eight interleaved partial sums, added
// up by sum4. A slab of rows is turned into floats chunk by chunk in the first-level cache and
// multiplied with all tokens from there, so a token's result cannot depend on how many others there
// are.
#pragma once

#include "kernels/generic/dequantize.inl.h"

namespace freehold::kernels {
namespace {

constexpr size_t chunk_columns = 256;  // a whole number of blocks of every type
constexpr size_t tile_rows = 4;
constexpr size_t tile_tokens = 3;    // 4 x 3 sums, 3 activations and a weight fill 16 registers
constexpr size_t slab_rows = 16;     // 16 KiB of floats
constexpr size_t stream_tokens = 8;  // up to here rows are read as a stream, four at a time

struct Activations {
  const float* x;  // (tokens, columns), rows x_stride floats apart
  size_t x_stride;
  float* y;  // (tokens, rows), rows y_stride floats apart
  size_t y_stride;
};

// The sums over every other vector of columns, from the first or the second on, for four rows of
// the slab and a few tokens.
template <size_t tokens>
inline void sum_products(const float* slab, size_t first, size_t columns, const Activations& of,
                         Floats (&sums)[tokens][tile_rows]) {
  for (auto& row : sums) {
    for (Floats& part : row) part = splat(0);
  }
  size_t c = first;
#pragma unroll 4
  for (; c + lanes <= columns; c += 2 * lanes) {
    Floats x[tokens];
    for (size_t t = 0; t < tokens; ++t) x[t] = load(of.x + t * of.x_stride + c);
    for (size_t r = 0; r < tile_rows; ++r) {
      const Floats weight = load(slab + r * chunk_columns + c);
      for (size_t t = 0; t < tokens; ++t) sums[t][r] = multiply_add(weight, x[t], sums[t][r]);
    }
  }
  if (c >= columns) return;
  for (size_t t = 0; t < tokens; ++t) {  // the slab is zero from here on, x may be anything
    const Floats x = load_partial(of.x + t * of.x_stride + c, columns - c);
    for (size_t r = 0; r < tile_rows; ++r) {
      sums[t][r] = multiply_add(load(slab + r * chunk_columns + c), x, sums[t][r]);
    }
  }
}

// y[t, r] (+)= sum over c of slab[r, c] * x[t, c], for four rows of the slab, of which `rows` are
// wanted, and a few tokens.
template <size_t tokens>
inline void multiply_tile(const float* slab, size_t columns, const Activations& of, size_t rows,
                          bool first) {
  Floats even[tokens][tile_rows], odd[tokens][tile_rows];
  sum_products<tokens>(slab, 0, columns, of, even);
  sum_products<tokens>(slab, lanes, columns, of, odd);
  for (size_t t = 0; t < tokens; ++t) {
    float sums[tile_rows];
    sum4(even[t][0] + odd[t][0], even[t][1] + odd[t][1], even[t][2] + odd[t][2],
         even[t][3] + odd[t][3], sums);
    float* y = of.y + t * of.y_stride;
    for (size_t r = 0; r < rows; ++r) y[r] = first ? sums[r] : y[r] + sums[r];
  }
}

// The same for a whole slab and all tokens.
inline void multiply_slab(const float* slab, size_t rows, size_t columns, Activations of,
                          size_t tokens, bool first) {
  size_t left = tokens;
  while (left > 0) {
    const size_t taken = left < tile_tokens ? left : tile_tokens;
    for (size_t r = 0; r < rows; r += tile_rows) {
      const size_t wanted = rows - r < tile_rows ? rows - r : tile_rows;
      const float* tile = slab + r * chunk_columns;
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

// One token: rows in the order in which they lie in memory, each multiplied as it is read.
inline void multiply_one(const Format& format, const uint8_t* weights, size_t columns, size_t rows,
                         const float* x, float* y) {
  const size_t chunk_bytes = chunk_columns / format.block_elements * format.block_bytes;
  const size_t row_bytes = columns / format.block_elements * format.block_bytes;
  for (size_t r = 0; r < rows; ++r) {
    const uint8_t* chunk = weights + r * row_bytes;
    float total = 0;
    for (size_t c = 0; c < columns; c += chunk_columns, chunk += chunk_bytes) {
      const size_t width = columns - c < chunk_columns ? columns - c : chunk_columns;
      const float part = format.dot(chunk, x + c, width);
      total = c == 0 ? part : total + part;
    }
    y[r] = total;
  }
}

// Reads some columns of some rows, row_bytes apart, into a slab; zeros fill up the last vector.
inline void fill_slab(const Format& format, const uint8_t* weights, size_t row_bytes, size_t rows,
                      size_t columns, float* slab) {
  const size_t bytes = columns / format.block_elements * format.block_bytes;
  for (size_t r = 0; r < rows; ++r) {
    float* row = slab + r * chunk_columns;
    const uint8_t* source = weights + r * row_bytes;
    format.read(source, row, columns);
    const size_t over = columns % lanes;
    if (over != 0) store_partial(row + columns, splat(0), lanes - over);
    // The next columns but one: several rows at once are too many streams to be foreseen.
    for (size_t ahead = 0; ahead < bytes; ahead += 64) {
      __builtin_prefetch(source + 2 * bytes + ahead);
    }
  }
}

inline void multiply_many(const Format& format, const uint8_t* weights, size_t columns, size_t rows,
                          Activations of, size_t tokens) {
  alignas(64) float slab[slab_rows * chunk_columns] = {};
  const size_t row_bytes = columns / format.block_elements * format.block_bytes;
  const size_t chunk_bytes = chunk_columns / format.block_elements * format.block_bytes;
  const size_t rows_at_once = tokens <= stream_tokens ? tile_rows : slab_rows;
  for (size_t row = 0; row < rows; row += rows_at_once) {
    const size_t taken = rows - row < rows_at_once ? rows - row : rows_at_once;
    const uint8_t* chunk = weights + row * row_bytes;
    for (size_t c = 0; c < columns; c += chunk_columns, chunk += chunk_bytes) {
      const size_t width = columns - c < chunk_columns ? columns - c : chunk_columns;
      fill_slab(format, chunk, row_bytes, taken, width, slab);
      multiply_slab(slab, taken, width, {of.x + c, of.x_stride, of.y + row, of.y_stride}, tokens,
                    c == 0);
    }
  }
}

inline void matmul(DType type, const std::byte* weights, size_t columns, size_t row_begin,
                   size_t row_end, const float* x, size_t x_stride, size_t tokens, float* y,
                   size_t y_stride) {
  const Format& format = format_of(type);
  const size_t row_bytes = columns / format.block_elements * format.block_bytes;
  const uint8_t* first = reinterpret_cast<const uint8_t*>(weights) + row_begin * row_bytes;
  const size_t rows = row_end - row_begin;
  if (tokens == 1) {
    multiply_one(format, first, columns, rows, x, y + row_begin);
  } else {
    multiply_many(format, first, columns, rows, {x, x_stride, y + row_begin, y_stride}, tokens);
  }
}

constexpr RowKernels row_kernels = {supports, dequantize, matmul};

}  // namespace
}  // namespace freehold::kernels
