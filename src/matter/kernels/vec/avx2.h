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

inline Quads operator-(Quads a, Quads b) {
  return {_mm256_sub_epi8(a.v, b.v)};
}
// Bytes of all ones where the bits of each element's lowest byte are set, from `first` on one a
// byte.
inline Quads spread_bits(Quads x, int first) {
  const __m128i four = _mm_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0);
  const __m256i all = _mm256_shuffle_epi8(x.v, _mm256_broadcastsi128_si256(four));
  const __m256i bit = _mm256_set1_epi32(0x08040201 << first);
  return {_mm256_cmpeq_epi8(_mm256_and_si256(all, bit), bit)};
}

// The eight bytes at 8 * index of each element, the first four and the last four.
struct QuadPair {
  Quads first, second;
};
inline __m128 two_eights(const uint64_t* table, uint32_t first, uint32_t second) {
  const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(table + first));
  return _mm_castsi128_ps(
      _mm_unpacklo_epi64(low, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(table + second))));
}
inline QuadPair gather_eights(const uint64_t* table, Ints index) {
  alignas(32) uint32_t at[lanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(at), index.v);
  const __m256 a =
      _mm256_set_m128(two_eights(table, at[4], at[5]), two_eights(table, at[0], at[1]));
  const __m256 b =
      _mm256_set_m128(two_eights(table, at[6], at[7]), two_eights(table, at[2], at[3]));
  return {{_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88))},
          {_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd))}};
}
// The four bytes at 4 * index of each element.
inline Quads gather_quads(const uint32_t* table, Ints index) {
  return {_mm256_i32gather_epi32(reinterpret_cast<const int*>(table), index.v, 4)};
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
