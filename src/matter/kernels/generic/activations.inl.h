// Activations as signed bytes, for products with quantized weights: 32 columns share a scale, which
// is finer than what 256 columns share in the K-formats' own reference. 256 columns of one token
// are one record, and records of the same columns lie together for all tokens, because that is the
// order in which a panel of weights meets them.
#pragma once

#include "kernels/generic/reduce.inl.h"

namespace freehold::kernels {
namespace {

constexpr size_t step_columns = activation_step_columns;

struct ActivationStep {
  int8_t codes[step_columns];
  float scales[step_columns / 32];
  float negative_sums_of_32[step_columns / 32];  // -scale * (sum of codes)
  float negative_sums_of_16[step_columns / 16];
  int16_t sums_of_16[step_columns / 16];  // of codes
};
static_assert(sizeof(ActivationStep) == activation_step_bytes);

inline size_t steps_of(size_t columns) {
  return (columns + step_columns - 1) / step_columns;
}

constexpr size_t vectors_of_32 = 32 / lanes;

// The greatest size among 32 numbers; not a number when one of them is not finite.
inline float greatest_size(const float* x) {
  Floats greatest = splat(0), zeros = splat(0);
  for (size_t v = 0; v < vectors_of_32; ++v) {
    const Floats part = load(x + v * lanes);
    greatest = maximum(maximum(part, splat(0) - part), greatest);
    zeros = multiply_add(part, splat(0), zeros);
  }
  float sizes[lanes];
  store(sizes, greatest);
  float result = sizes[0];
  for (const float size : sizes) result = size > result ? size : result;
  return result + sum(zeros);
}

// Of each 16 of 32 whole numbers.
inline void sums_of_16(const Floats (&x)[vectors_of_32], float (&sums)[2]) {
  float parts[4];
  if constexpr (vectors_of_32 == 4) {
    sum4(x[0], x[1], x[2], x[3], parts);
    sums[0] = parts[0] + parts[1];
    sums[1] = parts[2] + parts[3];
  } else {
    sum4(x[0], x[1], x[0], x[1], parts);
    sums[0] = parts[0];
    sums[1] = parts[1];
  }
}

// An infinite or undefined block must give an undefined result, not a plausible one.
inline void quantize_32(const float* x, ActivationStep& step, size_t block) {
  const float greatest = greatest_size(x);
  const bool finite = greatest == greatest;
  const float scale = greatest / 127.0f;
  const float inverse = greatest > 0x1p-120f ? 127.0f / greatest : 0.0f;
  step.scales[block] = scale;
  Floats scaled[vectors_of_32];
  for (size_t v = 0; v < vectors_of_32; ++v) {
    scaled[v] = finite ? round(load(x + v * lanes) * splat(inverse)) : splat(0);
  }
  store_bytes(step.codes + block * 32, scaled);
  float sums[2];
  sums_of_16(scaled, sums);
  for (size_t half = 0; half < 2; ++half) {
    step.negative_sums_of_16[2 * block + half] = -scale * sums[half];
    step.sums_of_16[2 * block + half] = static_cast<int16_t>(sums[half]);
  }
  step.negative_sums_of_32[block] = -scale * (sums[0] + sums[1]);
}

// Blocks of columns begin..end; a block that `columns` end within is filled up with zeros, and so
// are those after it, up to the end of the record.
inline void quantize_part(const float* x, size_t begin, size_t end, size_t columns, std::byte* out,
                          size_t step_stride) {
  const size_t blocks_end = end < columns ? end : steps_of(columns) * step_columns;
  for (size_t c = begin; c < blocks_end; c += 32) {
    std::byte* at = out + c / step_columns * step_stride;
    ActivationStep& step = *reinterpret_cast<ActivationStep*>(at);
    const size_t block = c % step_columns / 32;
    if (c + 32 <= end) {
      quantize_32(x + (c - begin), step, block);
      continue;
    }
    alignas(64) float padded[32] = {};
    if (c < end) __builtin_memcpy(padded, x + (c - begin), (end - c) * sizeof(float));
    quantize_32(padded, step, block);
  }
}

inline void quantize(const float* x, size_t columns, std::byte* out, size_t step_stride) {
  quantize_part(x, 0, columns, columns, out, step_stride);
}

}  // namespace
}  // namespace freehold::kernels
