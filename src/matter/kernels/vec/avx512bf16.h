// The vocabulary of AVX-512 with BF16 (Zen 4, Sapphire Rapids and later): vec/avx512.h, and the
// words of generic/bf16_panels.inl.h. Numbers too small for a whole mantissa are zero to these
// instructions.
#pragma once

#include "kernels/vec/avx512.h"

namespace freehold::kernels {
namespace {

// Two numbers of 16 bits each, the first in the lower half; and a vector of them, one to a lane.
using BfloatPair = uint32_t;
struct Bfloats {
  __m512bh v;
};

inline Bfloats load_bfloats(const void* p) {
  return {__builtin_bit_cast(__m512bh, _mm512_loadu_si512(p))};
}
inline void store_bfloats(void* p, Bfloats x) {
  _mm512_storeu_si512(p, __builtin_bit_cast(__m512i, x.v));
}
// The same pair in every lane.
inline Bfloats splat_pair(BfloatPair x) {
  return {__builtin_bit_cast(__m512bh, _mm512_set1_epi32(static_cast<int>(x)))};
}
// Floats to nearest even, one half after the other.
inline void store_rounded(void* p, Floats x) {
  const __m256i halves = __builtin_bit_cast(__m256i, _mm512_cvtneps_pbh(x.v));
  _mm256_storeu_si256(static_cast<__m256i*>(p), halves);
}
// Of 2 * lanes firsts and as many seconds the pairs, in order.
inline void interleave(const void* firsts, const void* seconds, Bfloats& low, Bfloats& high) {
  alignas(64) static constexpr uint16_t low_order[32] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,
                                                         37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
                                                         11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
  const __m512i low_index = _mm512_loadu_si512(low_order);
  const __m512i high_index = _mm512_add_epi16(low_index, _mm512_set1_epi16(16));
  const __m512i a = _mm512_loadu_si512(firsts), b = _mm512_loadu_si512(seconds);
  low = {__builtin_bit_cast(__m512bh, _mm512_permutex2var_epi16(a, low_index, b))};
  high = {__builtin_bit_cast(__m512bh, _mm512_permutex2var_epi16(a, high_index, b))};
}
// sum + the two products of each lane.
inline Floats multiply_add(Bfloats a, Bfloats b, Floats sum) {
  return {_mm512_dpbf16_ps(sum.v, a.v, b.v)};
}

}  // namespace
}  // namespace freehold::kernels
