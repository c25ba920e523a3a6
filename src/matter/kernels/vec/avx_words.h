// The words of AVX2 + FMA + F16C but for the products of bytes: eight floats, eight whole numbers,
// and what else kernels/generic is written in. Nothing else knows these intrinsics. Not a
// vocabulary yet: vec/avx2.h and vec/avxvnni.h add the products. vec/scalar.h says the same words
// in plain C++; the two agree to the bit except where a multiply_add is fused here.
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

constexpr size_t lanes = 8;
constexpr size_t registers = 16;  // of vectors

struct Floats {
  __m256 v;
};

struct Ints {
  __m256i v;
};

// --- floats -------------------------------------------------------------------------------------
inline Floats splat(float x) {
  return {_mm256_set1_ps(x)};
}
inline Floats load(const float* p) {
  return {_mm256_loadu_ps(p)};
}
inline void store(float* p, Floats x) {
  _mm256_storeu_ps(p, x.v);
}

// The first `count` < lanes elements; the others are zero.
inline Floats load_partial(const float* p, size_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  return {_mm256_maskload_ps(p, wanted)};
}
inline void store_partial(float* p, Floats x, size_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  _mm256_maskstore_ps(p, wanted, x.v);
}

inline Floats operator+(Floats a, Floats b) {
  return {_mm256_add_ps(a.v, b.v)};
}
inline Floats operator-(Floats a, Floats b) {
  return {_mm256_sub_ps(a.v, b.v)};
}
inline Floats operator*(Floats a, Floats b) {
  return {_mm256_mul_ps(a.v, b.v)};
}
inline Floats operator/(Floats a, Floats b) {
  return {_mm256_div_ps(a.v, b.v)};
}
inline Floats multiply_add(Floats a, Floats b, Floats sum) {
  return {_mm256_fmadd_ps(a.v, b.v, sum.v)};
}

// a > b ? a : b, and so b where one of them is not a number; minimum likewise.
inline Floats maximum(Floats a, Floats b) {
  return {_mm256_max_ps(a.v, b.v)};
}
inline Floats minimum(Floats a, Floats b) {
  return {_mm256_min_ps(a.v, b.v)};
}

// To the nearest whole number, ties to even.
inline Floats round(Floats x) {
  return {_mm256_round_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

// 2^n for whole n in [-126, 127], zero for n = -127; anything where n is not a number.
inline Floats power_of_two(Floats n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(biased, 23))};
}

// The sums of four vectors, each added up as ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)).
inline void sum4(Floats a, Floats b, Floats c, Floats d, float* sums) {
  const __m256 pairs_ab = _mm256_hadd_ps(a.v, b.v);
  const __m256 pairs_cd = _mm256_hadd_ps(c.v, d.v);
  const __m256 fours = _mm256_hadd_ps(pairs_ab, pairs_cd);
  _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(fours), _mm256_extractf128_ps(fours, 1)));
}

// --- halves: f16 and bf16, rounded to nearest even; not-a-numbers stay so and become quiet ------
inline float from_f16(uint16_t bits) {
  return _cvtsh_ss(bits);
}
inline Floats load_f16(const void* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)))};
}
inline void store_f16(void* p, Floats x) {
  _mm_storeu_si128(static_cast<__m128i*>(p), _mm256_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT));
}
inline Floats load_bf16(const void* p) {
  const __m128i bits = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16))};
}
inline void store_bf16(void* p, Floats x) {
  const __m256i bits = _mm256_castps_si256(x.v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i carry = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
  const __m256i rounded = _mm256_add_epi32(bits, carry);
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256 is_nan = _mm256_cmp_ps(x.v, x.v, _CMP_UNORD_Q);
  const __m256i chosen = _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(is_nan));
  const __m256i high = _mm256_srli_epi32(chosen, 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(high, high), 0x08);
  _mm_storeu_si128(static_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}

// --- whole numbers of 32 bits -------------------------------------------------------------------
inline Ints splat_int(int x) {
  return {_mm256_set1_epi32(x)};
}

// Eight bytes, unsigned or signed. Read straight from memory these are twice as fast as from a
// register, which is why codes are widened first and taken apart afterwards; the empty statement
// keeps the compiler from turning that around.
inline Ints widen(const void* p) {
  __m256i x = _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
  __asm__("" : "+x"(x));
  return {x};
}
inline Ints widen_signed(const void* p) {
  return {_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)))};
}

// To the nearest whole numbers, ties to even, as signed bytes; |x| <= 127.
inline void store_bytes(void* p, Floats x) {
  const __m256i whole = _mm256_cvtps_epi32(x.v);
  const __m128i low = _mm256_castsi256_si128(whole);
  const __m128i halves = _mm_packs_epi32(low, _mm256_extracti128_si256(whole, 1));
  _mm_storel_epi64(static_cast<__m128i*>(p), _mm_packs_epi16(halves, halves));
}

inline Ints operator+(Ints a, Ints b) {
  return {_mm256_add_epi32(a.v, b.v)};
}
inline Ints operator-(Ints a, Ints b) {
  return {_mm256_sub_epi32(a.v, b.v)};
}
inline Ints operator*(Ints a, Ints b) {
  return {_mm256_mullo_epi32(a.v, b.v)};
}
inline Ints operator|(Ints a, Ints b) {
  return {_mm256_or_si256(a.v, b.v)};
}
inline Ints operator&(Ints a, Ints b) {
  return {_mm256_and_si256(a.v, b.v)};
}
inline Ints operator>>(Ints x, int shift) {
  return {_mm256_srli_epi32(x.v, shift)};
}
inline Ints operator<<(Ints x, int shift) {
  return {_mm256_slli_epi32(x.v, shift)};
}

// All ones where the bit of the element's number is set, else zero.
inline Ints spread(int mask) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return {_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(mask), bit), bit)};
}

// Sixteen signed bytes, and table[index] of each index in 0..15.
struct ByteTable {
  __m256i v;
};
inline ByteTable byte_table(const int8_t* p) {
  return {_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline Ints lookup(ByteTable table, Ints index) {
  const __m256i found = _mm256_shuffle_epi8(table.v, index.v);
  return {_mm256_srai_epi32(_mm256_slli_epi32(found, 24), 24)};
}

inline Floats to_floats(Ints x) {
  return {_mm256_cvtepi32_ps(x.v)};
}

// -x where the bit of the element's number is set, else x.
inline Floats negate_where(int mask, Floats x) {
  const __m256i to_sign = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
  const __m256i shifted = _mm256_sllv_epi32(_mm256_set1_epi32(mask), to_sign);
  const __m256 sign = _mm256_and_ps(_mm256_castsi256_ps(shifted), _mm256_set1_ps(-0.0f));
  return {_mm256_xor_ps(x.v, sign)};
}

// --- bytes, four to an element ------------------------------------------------------------------
struct Quads {
  __m256i v;
};
inline Quads load_quads(const void* p) {
  return {_mm256_loadu_si256(static_cast<const __m256i*>(p))};
}
inline Quads operator^(Quads a, Quads b) {
  return {_mm256_xor_si256(a.v, b.v)};
}

inline Quads operator|(Quads a, Quads b) {
  return {_mm256_or_si256(a.v, b.v)};
}
inline void store_quads(void* p, Quads x) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), x.v);
}
// The same four bytes in every element.
inline Quads splat_quad(const void* p) {
  int quad;
  __builtin_memcpy(&quad, p, sizeof quad);
  return {_mm256_set1_epi32(quad)};
}
inline Quads splat_byte(int x) {
  return {_mm256_set1_epi8(static_cast<char>(x))};
}
// Of every byte the bits from `shift` on, as many as `mask` has.
inline Quads byte_bits(Quads x, int shift, int mask) {
  return {_mm256_and_si256(_mm256_srli_epi16(x.v, shift), splat_byte(mask).v)};
}
// Every byte times 2^shift, which must fit in it.
inline Quads shift_bytes(Quads x, int shift) {
  return {_mm256_slli_epi16(x.v, shift)};
}
// table[index] of each byte in 0..15.
inline Quads lookup(ByteTable table, Quads index) {
  return {_mm256_shuffle_epi8(table.v, index.v)};
}
inline Quads as_quads(Ints x) {
  return {x.v};
}
inline Floats as_floats(Ints x) {
  return {_mm256_castsi256_ps(x.v)};
}
inline Ints load_ints(const void* p) {
  return {_mm256_loadu_si256(static_cast<const __m256i*>(p))};
}
inline void store_ints(void* p, Ints x) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), x.v);
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

// The signed byte of each element that begins at bit `shift`.
inline Ints signed_byte(Ints x, int shift) {
  return {_mm256_srai_epi32(_mm256_slli_epi32(x.v, 24 - shift), 24)};
}

// Of each element the products of the low and of the high 16 bits, summed.
inline Ints multiply_halves(Ints a, Ints b) {
  return {_mm256_madd_epi16(a.v, b.v)};
}
// Signed bytes in 16 bits: of each quad the bytes 0 and 2, or 1 and 3; and the sums of the products
// of two such pairs.
inline Quads even_bytes(Quads x) {
  return {_mm256_srai_epi16(_mm256_slli_epi16(x.v, 8), 8)};
}
inline Quads odd_bytes(Quads x) {
  return {_mm256_srai_epi16(x.v, 8)};
}
inline Ints multiply_shorts(Quads a, Quads b) {
  return {_mm256_madd_epi16(a.v, b.v)};
}
// 2 * lanes signed bytes in 16 bits each; and floats to the nearest whole numbers of 16 bits, ties
// to even, |x| < 2^15.
inline Quads widen_to_shorts(const void* p) {
  return {_mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)))};
}
inline void store_shorts(void* p, Floats x) {
  const __m256i whole = _mm256_cvtps_epi32(x.v);
  const __m128i low = _mm256_castsi256_si128(whole);
  _mm_storeu_si128(static_cast<__m128i*>(p),
                   _mm_packs_epi32(low, _mm256_extracti128_si256(whole, 1)));
}
// The compiler would sum in an order that needs more registers than there are.
inline void in_this_order(Ints& x) {
  asm volatile("" : "+x"(x.v));
}

// 32 floats, rounded to the nearest whole number, as signed bytes; all within -127..127.
inline void store_bytes(int8_t* p, const Floats (&x)[4]) {
  const __m256i ab = _mm256_packs_epi32(_mm256_cvtps_epi32(x[0].v), _mm256_cvtps_epi32(x[1].v));
  const __m256i cd = _mm256_packs_epi32(_mm256_cvtps_epi32(x[2].v), _mm256_cvtps_epi32(x[3].v));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(ab, cd), order);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), bytes);
}

// Keeps the compiler from knowing a value: what is measured must be computed.
inline void opaque(Quads& x) {
  asm volatile("" : "+x"(x.v));
}
inline void opaque(Ints& x) {
  asm volatile("" : "+x"(x.v));
}
inline void opaque(Floats& x) {
  asm volatile("" : "+x"(x.v));
}

}  // namespace
}  // namespace freehold::kernels
