// Sums and maxima over a row in one fixed order, and the vector operations that take it element by
// element.
#pragma once

namespace freehold::kernels {
namespace {

inline float sum(Floats x) {
  float sums[4];
  sum4(x, x, x, x, sums);
  return sums[0];
}

inline float maximum_of(const float* x, size_t count, float least) {
  Floats greatest = splat(least);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) greatest = maximum(load(x + i), greatest);
  float parts[lanes];
  store(parts, greatest);
  float result = least;
  for (const float part : parts) result = part > result ? part : result;
  for (; i < count; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

// Calls whole(i) for each full vector and part(i, count) for what is left.
template <class Whole, class Part>
inline void for_each_vector(size_t count, Whole whole, Part part) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) whole(i);
  if (i < count) part(i, count - i);
}

// out[i] = function(x[i], y[i])
template <class Function>
inline void map(const float* x, const float* y, float* out, size_t count, Function function) {
  for_each_vector(
      count, [&](size_t i) { store(out + i, function(load(x + i), load(y + i))); },
      [&](size_t i, size_t left) {
        const Floats result = function(load_partial(x + i, left), load_partial(y + i, left));
        store_partial(out + i, result, left);
      });
}

inline void add(const float* x, float* total, size_t count) {
  map(total, x, total, count, [](Floats a, Floats b) { return a + b; });
}

inline void add_scaled(const float* x, float scale, float* total, size_t count) {
  const Floats factor = splat(scale);
  map(total, x, total, count, [=](Floats a, Floats b) { return multiply_add(factor, b, a); });
}

}  // namespace
}  // namespace freehold::kernels
