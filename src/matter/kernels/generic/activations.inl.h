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
};
static_assert(sizeof(ActivationStep) == activation_step_bytes);

inline size_t steps_of(size_t columns) {
  return (columns + step_columns - 1) / step_columns;
}

// 32 columns, of which all but the first `count` are zero.
inline void quantize_32(const float* x, size_t count, ActivationStep& step, size_t block) {
  constexpr size_t vectors = 32 / lanes;
  alignas(64) float padded[32] = {};
  if (count < 32) __builtin_memcpy(padded, x, count * sizeof(float));
  const float* source = count < 32 ? padded : x;
  float greatest = 0;
  for (size_t i = 0; i < 32; ++i) {
    const float size = __builtin_fabsf(source[i]);
    greatest = size <= greatest ? greatest : size;  // takes what is not a number
  }
  const float scale = greatest / 127.0f;
  // An infinite or undefined block must give an undefined result, not a plausible one.
  const bool finite = scale * 0.0f == 0.0f;
  const float inverse = finite && greatest > 0x1p-120f ? 127.0f / greatest : 0.0f;
  step.scales[block] = finite ? scale : __builtin_nanf("");
  Floats scaled[vectors];
  for (size_t v = 0; v < vectors; ++v) {
    scaled[v] = finite ? round(load(source + v * lanes) * splat(inverse)) : splat(0);
  }
  int8_t* codes = step.codes + block * 32;
  store_bytes(codes, scaled);
  float sums[2] = {0, 0};
  for (size_t v = 0; v < vectors; ++v) sums[v * lanes / 16] += sum(scaled[v]);
  step.negative_sums_of_16[2 * block] = -step.scales[block] * sums[0];
  step.negative_sums_of_16[2 * block + 1] = -step.scales[block] * sums[1];
  step.negative_sums_of_32[block] = -step.scales[block] * (sums[0] + sums[1]);
}

inline void quantize(const float* x, size_t columns, std::byte* out, size_t step_stride) {
  for (size_t c = 0; c < columns; c += step_columns, out += step_stride) {
    ActivationStep& step = *reinterpret_cast<ActivationStep*>(out);
    for (size_t block = 0; block < step_columns / 32; ++block) {
      const size_t at = c + block * 32;
      const size_t left = at < columns ? columns - at : 0;
      quantize_32(x + (left > 0 ? at : 0), left < 32 ? left : 32, step, block);
    }
  }
}

}  // namespace
}  // namespace freehold::kernels
