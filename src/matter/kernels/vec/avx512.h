// The vocabulary of AVX-512 (F, BW, DQ, VL) with VNNI: sixteen floats, sixteen whole numbers, and
// the words that kernels/generic is written in; vec/scalar.h says what each of them means. Words
// for reading single rows eight at a time are not here: those come from AVX2 (isa/avx512.cc).
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

// Before the loops over a block, whose indices then become constants. Not in builds with
// sanitizers, where checks would be multiplied with it and compiling would take minutes.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNROLL
#else
#define UNROLL _Pragma("unroll")
#endif

namespace freehold::kernels {
namespace {

constexpr size_t lanes = 16;
constexpr size_t registers = 32;  // of vectors

struct Floats {
  __m512 v;
};

struct Ints {
  __m512i v;
};

// --- floats -------------------------------------------------------------------------------------
inline Floats splat(float x) {
  return {_mm512_set1_ps(x)};
}
inline Floats load(const float* p) {
  return {_mm512_loadu_ps(p)};
}
inline void store(float* p, Floats x) {
  _mm512_storeu_ps(p, x.v);
}

// The first `count` < lanes elements; the others are zero.
inline __mmask16 first_lanes(size_t count) {
  return static_cast<__mmask16>((1u << count) - 1);
}
inline Floats load_partial(const float* p, size_t count) {
  return {_mm512_maskz_loadu_ps(first_lanes(count), p)};
}
inline void store_partial(float* p, Floats x, size_t count) {
  _mm512_mask_storeu_ps(p, first_lanes(count), x.v);
}

inline Floats operator+(Floats a, Floats b) {
  return {_mm512_add_ps(a.v, b.v)};
}
inline Floats operator-(Floats a, Floats b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline Floats operator*(Floats a, Floats b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline Floats operator/(Floats a, Floats b) {
  return {_mm512_div_ps(a.v, b.v)};
}
inline Floats multiply_add(Floats a, Floats b, Floats sum) {
  return {_mm512_fmadd_ps(a.v, b.v, sum.v)};
}

// a > b ? a : b, and so b where one of them is not a number; minimum likewise.
inline Floats maximum(Floats a, Floats b) {
  return {_mm512_max_ps(a.v, b.v)};
}
inline Floats minimum(Floats a, Floats b) {
  return {_mm512_min_ps(a.v, b.v)};
}

// To the nearest whole number, ties to even.
inline Floats round(Floats x) {
  return {_mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

// 2^n for whole n in [-126, 127], zero for n = -127; anything where n is not a number.
inline Floats power_of_two(Floats n) {
  const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
}

// The sums of four vectors. Of each the upper half is added to the lower one first, and then
// ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)).
inline __m256 halves_added(__m512 x) {
  return _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
}
inline void sum4(Floats a, Floats b, Floats c, Floats d, float* sums) {
  const __m256 pairs_ab = _mm256_hadd_ps(halves_added(a.v), halves_added(b.v));
  const __m256 pairs_cd = _mm256_hadd_ps(halves_added(c.v), halves_added(d.v));
  const __m256 fours = _mm256_hadd_ps(pairs_ab, pairs_cd);
  _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(fours), _mm256_extractf128_ps(fours, 1)));
}

// --- halves: f16 and bf16, rounded to nearest even; not-a-numbers stay so and become quiet ------
inline Floats load_f16(const void* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}
inline void store_f16(void* p, Floats x) {
  const __m256i halves = _mm512_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_storeu_si256(static_cast<__m256i*>(p), halves);
}
inline Floats load_bf16(const void* p) {
  const __m256i bits = _mm256_loadu_si256(static_cast<const __m256i*>(p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
}
inline void store_bf16(void* p, Floats x) {
  const __m512i bits = _mm512_castps_si512(x.v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i carry = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
  const __m512i rounded = _mm512_add_epi32(bits, carry);
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  const __mmask16 is_nan = _mm512_cmp_ps_mask(x.v, x.v, _CMP_UNORD_Q);
  const __m512i chosen = _mm512_mask_blend_epi32(is_nan, rounded, quiet);
  const __m256i high = _mm512_cvtepi32_epi16(_mm512_srli_epi32(chosen, 16));
  _mm256_storeu_si256(static_cast<__m256i*>(p), high);
}

// --- whole numbers of 32 bits -------------------------------------------------------------------
inline Ints splat_int(int x) {
  return {_mm512_set1_epi32(x)};
}
inline Ints load_ints(const void* p) {
  return {_mm512_loadu_si512(p)};
}
inline void store_ints(void* p, Ints x) {
  _mm512_storeu_si512(p, x.v);
}

// Sixteen bytes, unsigned or signed.
inline Ints widen(const void* p) {
  return {_mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)))};
}
inline Ints widen_signed(const void* p) {
  return {_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)))};
}
// To the nearest whole numbers, ties to even, as signed bytes; |x| <= 127.
inline void store_bytes(void* p, Floats x) {
  const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x.v));
  _mm_storeu_si128(static_cast<__m128i*>(p), bytes);
}

inline Ints operator+(Ints a, Ints b) {
  return {_mm512_add_epi32(a.v, b.v)};
}
inline Ints operator-(Ints a, Ints b) {
  return {_mm512_sub_epi32(a.v, b.v)};
}
inline Ints operator*(Ints a, Ints b) {
  return {_mm512_mullo_epi32(a.v, b.v)};
}
inline Ints operator|(Ints a, Ints b) {
  return {_mm512_or_si512(a.v, b.v)};
}
inline Ints operator&(Ints a, Ints b) {
  return {_mm512_and_si512(a.v, b.v)};
}
inline Ints operator>>(Ints x, int shift) {
  return {_mm512_srli_epi32(x.v, static_cast<unsigned>(shift))};
}
inline Ints operator<<(Ints x, int shift) {
  return {_mm512_slli_epi32(x.v, static_cast<unsigned>(shift))};
}
// The signed byte of each element that begins at bit `shift`.
inline Ints signed_byte(Ints x, int shift) {
  return {_mm512_srai_epi32(_mm512_slli_epi32(x.v, static_cast<unsigned>(24 - shift)), 24)};
}
inline Floats to_floats(Ints x) {
  return {_mm512_cvtepi32_ps(x.v)};
}

// --- bytes, four to an element ------------------------------------------------------------------
struct Quads {
  __m512i v;
};
inline Quads load_quads(const void* p) {
  return {_mm512_loadu_si512(p)};
}
inline void store_quads(void* p, Quads x) {
  _mm512_storeu_si512(p, x.v);
}
// sum + the four products of each element; a unsigned, b signed.
inline Ints multiply_add_quads(Quads a, Quads b, Ints sum) {
  return {_mm512_dpbusd_epi32(sum.v, a.v, b.v)};
}
inline Quads operator^(Quads a, Quads b) {
  return {_mm512_xor_si512(a.v, b.v)};
}
inline Quads operator|(Quads a, Quads b) {
  return {_mm512_or_si512(a.v, b.v)};
}
// The same four bytes in every element.
inline Quads splat_quad(const void* p) {
  int quad;
  __builtin_memcpy(&quad, p, sizeof quad);
  return {_mm512_set1_epi32(quad)};
}
inline Quads splat_byte(int x) {
  return {_mm512_set1_epi8(static_cast<char>(x))};
}
// Of every byte the bits from `shift` on, as many as `mask` has.
inline Quads byte_bits(Quads x, int shift, int mask) {
  const __m512i shifted = _mm512_srli_epi16(x.v, static_cast<unsigned>(shift));
  return {_mm512_and_si512(shifted, splat_byte(mask).v)};
}
// Every byte times 2^shift, which must fit in it.
inline Quads shift_bytes(Quads x, int shift) {
  return {_mm512_slli_epi16(x.v, static_cast<unsigned>(shift))};
}
inline Quads as_quads(Ints x) {
  return {x.v};
}
inline Floats as_floats(Ints x) {
  return {_mm512_castsi512_ps(x.v)};
}

inline Quads operator-(Quads a, Quads b) {
  return {_mm512_sub_epi8(a.v, b.v)};
}
// Bytes of all ones where the bits of each element's lowest byte are set, from `first` on one a
// byte.
inline Quads spread_bits(Quads x, int first) {
  const __m128i four = _mm_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0);
  const __m512i all = _mm512_shuffle_epi8(x.v, _mm512_broadcast_i32x4(four));
  return {_mm512_movm_epi8(_mm512_test_epi8_mask(all, _mm512_set1_epi32(0x08040201 << first)))};
}

// The four bytes at 4 * index of each element.
inline Quads gather_quads(const uint32_t* table, Ints index) {
  return {_mm512_i32gather_epi32(index.v, table, 4)};
}
// The eight bytes at 8 * index of each element, the first four and the last four.
struct QuadPair {
  Quads first, second;
};
inline QuadPair gather_eights(const uint64_t* table, Ints index) {
  return {{_mm512_i32gather_epi32(index.v, table, 8)},
          {_mm512_i32gather_epi32(index.v, reinterpret_cast<const uint32_t*>(table) + 1, 8)}};
}

// Sixteen signed bytes, and table[index] of each byte in 0..15.
struct ByteTable {
  __m512i v;
};
inline ByteTable byte_table(const int8_t* p) {
  return {_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline Quads lookup(ByteTable table, Quads index) {
  return {_mm512_shuffle_epi8(table.v, index.v)};
}

// Sums of products of codes with signed bytes: here in 32 bits at once, and codes may be any
// unsigned byte, so that signed ones are raised by 128.
struct Pairs {
  __m512i v;
};
constexpr bool narrow_sums = false;
constexpr int raised_bytes_by = 128;
constexpr size_t panel_vectors = 4;  // 4 tokens x 4 vectors of sums, 4 of weights: of 32 registers

inline Pairs multiply_pairs(Quads a, Quads b) {
  return {_mm512_dpbusd_epi32(_mm512_setzero_si512(), a.v, b.v)};
}
inline Pairs multiply_add_pairs(Quads a, Quads b, Pairs sum) {
  return {_mm512_dpbusd_epi32(sum.v, a.v, b.v)};
}
inline Ints widen(Pairs x) {
  return {x.v};
}
// The same bits; where sums are narrow, two of them.
inline Ints as_ints(Pairs x) {
  return {x.v};
}
// Of each element the products of the low and of the high 16 bits, summed.
inline Ints multiply_halves(Ints a, Ints b) {
  return {_mm512_madd_epi16(a.v, b.v)};
}
// Signed bytes in 16 bits: of each quad the bytes 0 and 2, or 1 and 3; and the sums of the products
// of two such pairs.
inline Quads even_bytes(Quads x) {
  return {_mm512_srai_epi16(_mm512_slli_epi16(x.v, 8), 8)};
}
inline Quads odd_bytes(Quads x) {
  return {_mm512_srai_epi16(x.v, 8)};
}
inline Ints multiply_shorts(Quads a, Quads b) {
  return {_mm512_madd_epi16(a.v, b.v)};
}
// 2 * lanes signed bytes in 16 bits each; and floats to the nearest whole numbers of 16 bits, ties
// to even, |x| < 2^15.
inline Quads widen_to_shorts(const void* p) {
  return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}
inline void store_shorts(void* p, Floats x) {
  const __m256i shorts = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(x.v));
  _mm256_storeu_si256(static_cast<__m256i*>(p), shorts);
}
inline void in_this_order(Pairs& x) {
  asm volatile("" : "+v"(x.v));
}
inline void in_this_order(Ints& x) {
  asm volatile("" : "+v"(x.v));
}

// 32 floats, rounded to the nearest whole number, as signed bytes; all within -127..127.
inline void store_bytes(int8_t* p, const Floats (&x)[2]) {
  for (size_t i = 0; i < 2; ++i) store_bytes(p + i * lanes, x[i]);
}

// Keeps the compiler from knowing a value: what is measured must be computed.
inline void opaque(Quads& x) {
  asm volatile("" : "+v"(x.v));
}
inline void opaque(Ints& x) {
  asm volatile("" : "+v"(x.v));
}
inline void opaque(Floats& x) {
  asm volatile("" : "+v"(x.v));
}

}  // namespace
}  // namespace freehold::kernels
