// Rotary position embedding of one head (Su et al. 2021, arXiv:2104.09864), in the two orders in
// which checkpoints lay out the pairs. Each pair is turned by its angle.
#pragma once

namespace freehold::kernels {
namespace {

inline void rotate_half(float* x, const float* cosine, const float* sine, size_t pairs) {
  float* const second = x + pairs;
  for (size_t i = 0; i < pairs; ++i) {
    const float a = x[i], b = second[i];
    x[i] = a * cosine[i] - b * sine[i];
    second[i] = b * cosine[i] + a * sine[i];
  }
}

inline void rotate_adjacent(float* x, const float* cosine, const float* sine, size_t pairs) {
  for (size_t i = 0; i < pairs; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cosine[i] - b * sine[i];
    x[2 * i + 1] = b * cosine[i] + a * sine[i];
  }
}

}  // namespace
}  // namespace freehold::kernels
