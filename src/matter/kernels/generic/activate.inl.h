// Gated activations and softmax.
#pragma once

#include "kernels/generic/exponential.inl.h"
#include "kernels/generic/reduce.inl.h"

namespace freehold::kernels {
namespace {

// x / (1 + e^-slope(x)): both gates are this, for neither of them loses digits when x is very
// negative, as forms with 1 + tanh do.
inline Floats logistic_gate(Floats x, Floats slope) {
  return x / (splat(1.0f) + exponential(splat(0.0f) - slope));
}

inline void silu_multiply(const float* gate, const float* up, float* out, size_t count) {
  map(gate, up, out, count, [](Floats x, Floats by) { return logistic_gate(x, x) * by; });
}

// 0.5 x (1 + tanh(u)) = x / (1 + e^-2u) with u = sqrt(2 / pi) (x + 0.044715 x^3).
inline void gelu_tanh_multiply(const float* gate, const float* up, float* out, size_t count) {
  map(gate, up, out, count, [](Floats x, Floats by) {
    const Floats cubic = multiply_add(x * x * splat(0.044715f), x, x);
    return logistic_gate(x, cubic * splat(1.5957691216f)) * by;
  });
}

inline float exponentials(const float* x, float greatest, float factor, float* out, size_t count) {
  const Floats top = splat(greatest), by = splat(factor);
  Floats total = splat(0);
  float last_total = 0;
  for_each_vector(
      count,
      [&](size_t i) {
        const Floats value = exponential((load(x + i) - top) * by);
        store(out + i, value);
        total = total + value;
      },
      [&](size_t i, size_t left) {
        store_partial(out + i, exponential((load_partial(x + i, left) - top) * by), left);
        for (size_t j = i; j < count; ++j) last_total += out[j];
      });
  return sum(total) + last_total;
}

inline void softmax(float* x, size_t count) {
  const float total = exponentials(x, maximum_of(x, count, -__builtin_inff()), 1, x, count);
  const Floats divisor = splat(total);
  map(x, x, x, count, [=](Floats value, Floats) { return value / divisor; });
}

}  // namespace
}  // namespace freehold::kernels
