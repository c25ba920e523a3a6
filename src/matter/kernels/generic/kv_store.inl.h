// One key or value into the cache.
#pragma once

#include "kernels/generic/elements.inl.h"
#include "kernels/generic/reduce.inl.h"

namespace freehold::kernels {
namespace {

// The greatest size of an element, and whether all are finite.
struct Reach {
  float greatest;
  bool finite;
};

inline Reach reach_of(const float* x, size_t count) {
  Floats greatest = splat(0), undefined = splat(0);
  const auto include = [&](Floats part) {
    greatest = maximum(maximum(part, splat(0) - part), greatest);
    undefined = multiply_add(part, splat(0), undefined);  // of an infinity, too
  };
  for_each_vector(
      count, [&](size_t i) { include(load(x + i)); },
      [&](size_t i, size_t left) { include(load_partial(x + i, left)); });
  float parts[lanes];
  store(parts, greatest);
  return {maximum_of(parts, lanes, 0.0f), sum(undefined) == 0};
}

// Whole numbers up to `limit` and what they are multiples of. An undefined vector must give an
// undefined result, not a plausible one; one too small for a scale becomes zero.
struct Scaling {
  float scale, inverse;
};

inline Scaling scaling_of(const float* x, size_t count, float limit) {
  const Reach reach = reach_of(x, count);
  if (!reach.finite) return {__builtin_nanf(""), 0};
  const float scale = reach.greatest / limit;
  return {scale, scale > 1e-36f ? 1.0f / scale : 0.0f};
}

// Codes and their scale: x is about code * scale.
inline void store_int8(const float* x, uint8_t* block, size_t position, size_t head_dim) {
  const Scaling scaling = scaling_of(x, head_dim, 127.0f);
  const Floats inverse = splat(scaling.inverse);
  uint8_t* codes = block + position * head_dim;
  for_each_vector(
      head_dim, [&](size_t i) { Int8::write(codes + i, load(x + i) * inverse); },
      [&](size_t i, size_t left) {
        write_partial<Int8>(codes + i, load_partial(x + i, left) * inverse, left);
      });
  __builtin_memcpy(block + kv_block_positions * head_dim + position * sizeof(float), &scaling.scale,
                   sizeof(float));
}

inline void store_kv(KvType type, const float* x, std::byte* block, size_t position,
                     size_t head_dim) {
  uint8_t* bytes = reinterpret_cast<uint8_t*>(block);
  const size_t element = position * head_dim;
  switch (type) {
    case KvType::f32:
      return write_elements<F32>(x, bytes + element * F32::bytes, head_dim);
    case KvType::f16:
      return write_elements<F16>(x, bytes + element * F16::bytes, head_dim);
    case KvType::bf16:
      return write_elements<Bf16>(x, bytes + element * Bf16::bytes, head_dim);
    case KvType::int8:
      return store_int8(x, bytes, position, head_dim);
  }
  __builtin_unreachable();
}

}  // namespace
}  // namespace freehold::kernels
