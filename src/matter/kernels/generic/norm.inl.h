// Root-mean-square normalisation of one row (Zhang and Sennrich 2019, arXiv:1910.07467).
#pragma once

#include "kernels/generic/reduce.inl.h"

namespace freehold::kernels {
namespace {

inline float sum_of_squares(const float* x, size_t count) {
  constexpr size_t parts = 4;
  Floats sums[parts] = {splat(0), splat(0), splat(0), splat(0)};
  size_t i = 0;
  for (; i + parts * lanes <= count; i += parts * lanes) {
    for (size_t part = 0; part < parts; ++part) {
      const Floats value = load(x + i + part * lanes);
      sums[part] = multiply_add(value, value, sums[part]);
    }
  }
  for (; i < count; i += lanes) {
    const Floats value = i + lanes <= count ? load(x + i) : load_partial(x + i, count - i);
    sums[0] = multiply_add(value, value, sums[0]);
  }
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

inline void rms_norm(const float* x, const float* weight, float epsilon, float* out, size_t count) {
  const float mean = sum_of_squares(x, count) / static_cast<float>(count);
  const Floats scale = splat(1.0f / __builtin_sqrtf(mean + epsilon));
  map(x, weight, out, count, [=](Floats value, Floats by) { return value * scale * by; });
}

}  // namespace
}  // namespace freehold::kernels
