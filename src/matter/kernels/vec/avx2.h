// The vocabulary of AVX2 + FMA + F16C: its common words, and products of bytes summed in 16 bits.
#pragma once

#include "kernels/vec/avx_words.h"

namespace freehold::kernels {
namespace {

// sum + the four products of each element; a unsigned and below 128, b signed.
inline Ints multiply_add_quads(Quads a, Quads b, Ints sum) {
  const __m256i pairs = _mm256_maddubs_epi16(a.v, b.v);
  return {_mm256_add_epi32(sum.v, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))};
}

// Sums of products of unsigned with signed bytes, two sums of 16 bits to an element: good for as
// many quads as stay below 2^15 together. Elsewhere they may be wider (narrow_sums is false).
struct Pairs {
  __m256i v;
};
constexpr bool narrow_sums = true;
constexpr int raised_bytes_by = 0;   // signed bytes are multiplied in 16 bits
constexpr size_t panel_vectors = 2;  // 4 tokens x 2 vectors of sums leave room for what they are of

inline Pairs multiply_pairs(Quads a, Quads b) {
  return {_mm256_maddubs_epi16(a.v, b.v)};
}
inline Pairs multiply_add_pairs(Quads a, Quads b, Pairs sum) {
  return {_mm256_add_epi16(sum.v, _mm256_maddubs_epi16(a.v, b.v))};
}
inline Ints widen(Pairs x) {
  return {_mm256_madd_epi16(x.v, _mm256_set1_epi16(1))};
}
// The same bits; where sums are narrow, two of them.
inline Ints as_ints(Pairs x) {
  return {x.v};
}
inline void in_this_order(Pairs& x) {
  asm volatile("" : "+x"(x.v));
}

}  // namespace
}  // namespace freehold::kernels
