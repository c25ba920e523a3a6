// The vocabulary of AVX-VNNI, which CPUs without AVX-512 have in its place (Alder Lake and later):
// the common words, and products of bytes that are summed in 32 bits at once.
#pragma once

#include "kernels/vec/avx_words.h"

namespace freehold::kernels {
namespace {

// sum + the four products of each element; a unsigned, b signed.
inline Ints multiply_add_quads(Quads a, Quads b, Ints sum) {
  return {_mm256_dpbusd_avx_epi32(sum.v, a.v, b.v)};
}

// Codes may be any unsigned byte, so that signed ones are raised by 128.
struct Pairs {
  __m256i v;
};
constexpr bool narrow_sums = false;
constexpr int raised_bytes_by = 128;
constexpr size_t panel_vectors = 2;  // as AVX2, whose packed weights these CPUs can share

inline Pairs multiply_pairs(Quads a, Quads b) {
  return {_mm256_dpbusd_avx_epi32(_mm256_setzero_si256(), a.v, b.v)};
}
inline Pairs multiply_add_pairs(Quads a, Quads b, Pairs sum) {
  return {_mm256_dpbusd_avx_epi32(sum.v, a.v, b.v)};
}
inline Ints widen(Pairs x) {
  return {x.v};
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
