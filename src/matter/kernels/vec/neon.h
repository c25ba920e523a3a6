// The vocabulary of 64-bit Arm with dot products (ARMv8.2 and later): two registers of four floats
// stand for one vector of eight, so that sums are taken in the order of vec/avx2.h; vec/scalar.h
// says what each word means.
#pragma once

#include <arm_neon.h>
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
constexpr size_t registers = 16;  // pairs of them

struct Floats {
  float32x4_t low, high;
};

struct Ints {
  uint32x4_t low, high;
};

// --- floats -------------------------------------------------------------------------------------
inline Floats splat(float x) {
  return {vdupq_n_f32(x), vdupq_n_f32(x)};
}
inline Floats load(const float* p) {
  return {vld1q_f32(p), vld1q_f32(p + 4)};
}
inline void store(float* p, Floats x) {
  vst1q_f32(p, x.low);
  vst1q_f32(p + 4, x.high);
}

// The first `count` < lanes elements; the others are zero.
inline Floats load_partial(const float* p, size_t count) {
  float whole[lanes] = {};
  for (size_t i = 0; i < count; ++i) whole[i] = p[i];
  return load(whole);
}
inline void store_partial(float* p, Floats x, size_t count) {
  float whole[lanes];
  store(whole, x);
  for (size_t i = 0; i < count; ++i) p[i] = whole[i];
}

inline Floats operator+(Floats a, Floats b) {
  return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}
inline Floats operator-(Floats a, Floats b) {
  return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}
inline Floats operator*(Floats a, Floats b) {
  return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}
inline Floats operator/(Floats a, Floats b) {
  return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
}
inline Floats multiply_add(Floats a, Floats b, Floats sum) {
  return {vfmaq_f32(sum.low, a.low, b.low), vfmaq_f32(sum.high, a.high, b.high)};
}

// a > b ? a : b, and so b where one of them is not a number; minimum likewise.
inline Floats maximum(Floats a, Floats b) {
  return {vbslq_f32(vcgtq_f32(a.low, b.low), a.low, b.low),
          vbslq_f32(vcgtq_f32(a.high, b.high), a.high, b.high)};
}
inline Floats minimum(Floats a, Floats b) {
  return {vbslq_f32(vcltq_f32(a.low, b.low), a.low, b.low),
          vbslq_f32(vcltq_f32(a.high, b.high), a.high, b.high)};
}

// To the nearest whole number, ties to even.
inline Floats round(Floats x) {
  return {vrndnq_f32(x.low), vrndnq_f32(x.high)};
}

// 2^n for whole n in [-126, 127], zero for n = -127; anything where n is not a number.
inline float32x4_t four_powers(float32x4_t n) {
  const int32x4_t biased = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(biased, 23));
}
inline Floats power_of_two(Floats n) {
  return {four_powers(n.low), four_powers(n.high)};
}

// The sums of four vectors, each added up as ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)).
inline float32x4_t sum4(float32x4_t a, float32x4_t b, float32x4_t c, float32x4_t d) {
  return vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d));
}
inline void sum4(Floats a, Floats b, Floats c, Floats d, float* sums) {
  const float32x4_t low = sum4(a.low, b.low, c.low, d.low);
  vst1q_f32(sums, vaddq_f32(low, sum4(a.high, b.high, c.high, d.high)));
}

// --- halves: f16 and bf16, rounded to nearest even; not-a-numbers stay so and become quiet ------
inline float from_f16(uint16_t bits) {
  return static_cast<float>(__builtin_bit_cast(__fp16, bits));
}
inline uint16x8_t load_halves(const void* p) {
  return vreinterpretq_u16_u8(vld1q_u8(static_cast<const uint8_t*>(p)));
}
inline void store_halves(void* p, uint16x4_t low, uint16x4_t high) {
  vst1q_u8(static_cast<uint8_t*>(p), vreinterpretq_u8_u16(vcombine_u16(low, high)));
}
inline Floats load_f16(const void* p) {
  const float16x8_t halves = vreinterpretq_f16_u16(load_halves(p));
  return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
}
inline void store_f16(void* p, Floats x) {
  store_halves(p, vreinterpret_u16_f16(vcvt_f16_f32(x.low)),
               vreinterpret_u16_f16(vcvt_f16_f32(x.high)));
}
inline Floats load_bf16(const void* p) {
  const uint16x8_t halves = load_halves(p);
  return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(halves), 16)),
          vreinterpretq_f32_u32(vshll_high_n_u16(halves, 16))};
}
inline uint16x4_t four_bf16(float32x4_t x) {
  const uint32x4_t bits = vreinterpretq_u32_f32(x);
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
  const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
  return vshrn_n_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet), 16);
}
inline void store_bf16(void* p, Floats x) {
  store_halves(p, four_bf16(x.low), four_bf16(x.high));
}

// --- whole numbers of 32 bits -------------------------------------------------------------------
inline Ints splat_int(int x) {
  const uint32x4_t four = vreinterpretq_u32_s32(vdupq_n_s32(x));
  return {four, four};
}
inline Ints load_ints(const void* p) {
  const uint8_t* bytes = static_cast<const uint8_t*>(p);
  return {vreinterpretq_u32_u8(vld1q_u8(bytes)), vreinterpretq_u32_u8(vld1q_u8(bytes + 16))};
}
inline void store_ints(void* p, Ints x) {
  uint8_t* bytes = static_cast<uint8_t*>(p);
  vst1q_u8(bytes, vreinterpretq_u8_u32(x.low));
  vst1q_u8(bytes + 16, vreinterpretq_u8_u32(x.high));
}
// Eight bytes, unsigned or signed.
inline Ints widen(const void* p) {
  const uint16x8_t halves = vmovl_u8(vld1_u8(static_cast<const uint8_t*>(p)));
  return {vmovl_u16(vget_low_u16(halves)), vmovl_high_u16(halves)};
}
inline Ints widen_signed(const void* p) {
  const int16x8_t halves = vmovl_s8(vld1_s8(static_cast<const int8_t*>(p)));
  return {vreinterpretq_u32_s32(vmovl_s16(vget_low_s16(halves))),
          vreinterpretq_u32_s32(vmovl_high_s16(halves))};
}
// To the nearest whole numbers, ties to even, as signed bytes; |x| <= 127.
inline void store_bytes(void* p, Floats x) {
  const int16x4_t low = vqmovn_s32(vcvtnq_s32_f32(x.low));
  const int16x8_t halves = vqmovn_high_s32(low, vcvtnq_s32_f32(x.high));
  vst1_s8(static_cast<int8_t*>(p), vqmovn_s16(halves));
}

inline Ints operator+(Ints a, Ints b) {
  return {vaddq_u32(a.low, b.low), vaddq_u32(a.high, b.high)};
}
inline Ints operator-(Ints a, Ints b) {
  return {vsubq_u32(a.low, b.low), vsubq_u32(a.high, b.high)};
}
inline Ints operator*(Ints a, Ints b) {
  return {vmulq_u32(a.low, b.low), vmulq_u32(a.high, b.high)};
}
inline Ints operator|(Ints a, Ints b) {
  return {vorrq_u32(a.low, b.low), vorrq_u32(a.high, b.high)};
}
inline Ints operator&(Ints a, Ints b) {
  return {vandq_u32(a.low, b.low), vandq_u32(a.high, b.high)};
}
inline Ints operator<<(Ints x, int shift) {
  const int32x4_t by = vdupq_n_s32(shift);
  return {vshlq_u32(x.low, by), vshlq_u32(x.high, by)};
}
inline Ints operator>>(Ints x, int shift) {
  return x << -shift;
}

// All ones where the bit of the element's number is set, else zero.
inline Ints spread(int mask) {
  const uint32x4_t all = vdupq_n_u32(static_cast<uint32_t>(mask));
  const uint32x4_t first = {1, 2, 4, 8}, second = {16, 32, 64, 128};
  return {vtstq_u32(all, first), vtstq_u32(all, second)};
}

// The signed byte of each element that begins at bit `shift`.
inline uint32x4_t four_signed_bytes(uint32x4_t x, int shift) {
  const int32x4_t top = vreinterpretq_s32_u32(vshlq_u32(x, vdupq_n_s32(24 - shift)));
  return vreinterpretq_u32_s32(vshrq_n_s32(top, 24));
}
inline Ints signed_byte(Ints x, int shift) {
  return {four_signed_bytes(x.low, shift), four_signed_bytes(x.high, shift)};
}

inline Floats to_floats(Ints x) {
  return {vcvtq_f32_s32(vreinterpretq_s32_u32(x.low)),
          vcvtq_f32_s32(vreinterpretq_s32_u32(x.high))};
}
inline Floats as_floats(Ints x) {
  return {vreinterpretq_f32_u32(x.low), vreinterpretq_f32_u32(x.high)};
}

// -x where the bit of the element's number is set, else x.
inline Floats negate_where(int mask, Floats x) {
  const Ints sign = spread(mask) << 31;
  return {vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(x.low), sign.low)),
          vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(x.high), sign.high))};
}

// --- bytes, four to an element ------------------------------------------------------------------
struct Quads {
  uint8x16_t low, high;
};
inline Quads load_quads(const void* p) {
  const uint8_t* bytes = static_cast<const uint8_t*>(p);
  return {vld1q_u8(bytes), vld1q_u8(bytes + 16)};
}
inline void store_quads(void* p, Quads x) {
  uint8_t* bytes = static_cast<uint8_t*>(p);
  vst1q_u8(bytes, x.low);
  vst1q_u8(bytes + 16, x.high);
}
inline Quads operator^(Quads a, Quads b) {
  return {veorq_u8(a.low, b.low), veorq_u8(a.high, b.high)};
}
inline Quads operator|(Quads a, Quads b) {
  return {vorrq_u8(a.low, b.low), vorrq_u8(a.high, b.high)};
}
// The same four bytes in every element.
inline Quads splat_quad(const void* p) {
  uint32_t quad;
  __builtin_memcpy(&quad, p, sizeof quad);
  const uint8x16_t four = vreinterpretq_u8_u32(vdupq_n_u32(quad));
  return {four, four};
}
inline Quads splat_byte(int x) {
  const uint8x16_t all = vdupq_n_u8(static_cast<uint8_t>(x));
  return {all, all};
}
// Every byte times 2^shift, which must fit in it.
inline Quads shift_bytes(Quads x, int shift) {
  const int8x16_t by = vdupq_n_s8(static_cast<int8_t>(shift));
  return {vshlq_u8(x.low, by), vshlq_u8(x.high, by)};
}
// Of every byte the bits from `shift` on, as many as `mask` has.
inline Quads byte_bits(Quads x, int shift, int mask) {
  const Quads shifted = shift_bytes(x, -shift), wanted = splat_byte(mask);
  return {vandq_u8(shifted.low, wanted.low), vandq_u8(shifted.high, wanted.high)};
}
inline Quads as_quads(Ints x) {
  return {vreinterpretq_u8_u32(x.low), vreinterpretq_u8_u32(x.high)};
}

// Sixteen signed bytes, and table[index] of each index in 0..15.
struct ByteTable {
  uint8x16_t v;
};
inline ByteTable byte_table(const int8_t* p) {
  return {vreinterpretq_u8_s8(vld1q_s8(p))};
}
inline Quads lookup(ByteTable table, Quads index) {
  return {vqtbl1q_u8(table.v, index.low), vqtbl1q_u8(table.v, index.high)};
}
inline Ints lookup(ByteTable table, Ints index) {
  const Quads found = lookup(table, as_quads(index));
  return signed_byte({vreinterpretq_u32_u8(found.low), vreinterpretq_u32_u8(found.high)}, 0);
}

inline Quads operator-(Quads a, Quads b) {
  return {vsubq_u8(a.low, b.low), vsubq_u8(a.high, b.high)};
}
// Bytes of all ones where the bits of each element's lowest byte are set, from `first` on one a
// byte.
inline Quads spread_bits(Quads x, int first) {
  const uint8x16_t lowest = {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12};
  const uint8x16_t bit = vreinterpretq_u8_u32(vdupq_n_u32(0x08040201u << first));
  return {vtstq_u8(vqtbl1q_u8(x.low, lowest), bit), vtstq_u8(vqtbl1q_u8(x.high, lowest), bit)};
}

// The four bytes at 4 * index of each element.
inline Quads gather_quads(const uint32_t* table, Ints index) {
  uint32_t at[lanes], found[lanes];
  store_ints(at, index);
  for (size_t i = 0; i < lanes; ++i) found[i] = table[at[i]];
  return load_quads(found);
}
// The eight bytes at 8 * index of each element, the first four and the last four.
struct QuadPair {
  Quads first, second;
};
inline uint32x4_t two_eights(const uint64_t* table, uint32_t first, uint32_t second) {
  return vreinterpretq_u32_u64(vcombine_u64(vld1_u64(table + first), vld1_u64(table + second)));
}
inline QuadPair gather_eights(const uint64_t* table, Ints index) {
  uint32_t at[lanes];
  store_ints(at, index);
  const uint32x4_t a = two_eights(table, at[0], at[1]), b = two_eights(table, at[2], at[3]);
  const uint32x4_t c = two_eights(table, at[4], at[5]), d = two_eights(table, at[6], at[7]);
  return {as_quads({vuzp1q_u32(a, b), vuzp1q_u32(c, d)}),
          as_quads({vuzp2q_u32(a, b), vuzp2q_u32(c, d)})};
}

// Sums of products of codes with signed bytes, here in 32 bits at once. Both are taken as signed,
// so codes stay below 128 and bytes that are signed are multiplied as they are.
struct Pairs {
  int32x4_t low, high;
};
constexpr bool narrow_sums = false;
constexpr int raised_bytes_by = 0;
constexpr size_t panel_vectors = 2;  // 4 tokens x 2 vectors of sums, 2 of weights: of 16 pairs

inline Pairs multiply_add_pairs(Quads a, Quads b, Pairs sum) {
  return {
      vdotq_s32(sum.low, vreinterpretq_s8_u8(a.low), vreinterpretq_s8_u8(b.low)),
      vdotq_s32(sum.high, vreinterpretq_s8_u8(a.high), vreinterpretq_s8_u8(b.high)),
  };
}
inline Pairs multiply_pairs(Quads a, Quads b) {
  return multiply_add_pairs(a, b, {vdupq_n_s32(0), vdupq_n_s32(0)});
}
inline Ints widen(Pairs x) {
  return {vreinterpretq_u32_s32(x.low), vreinterpretq_u32_s32(x.high)};
}
// The same bits; where sums are narrow, two of them.
inline Ints as_ints(Pairs x) {
  return widen(x);
}
// sum + the four products of each element; a unsigned and below 128, b signed.
inline Ints multiply_add_quads(Quads a, Quads b, Ints sum) {
  return widen(
      multiply_add_pairs(a, b, {vreinterpretq_s32_u32(sum.low), vreinterpretq_s32_u32(sum.high)}));
}

// Signed bytes in 16 bits: of each quad the bytes 0 and 2, or 1 and 3; and the sums of the products
// of two such pairs.
inline uint8x16_t upper_bytes(uint16x8_t x) {
  return vreinterpretq_u8_s16(vshrq_n_s16(vreinterpretq_s16_u16(x), 8));
}
inline Quads even_bytes(Quads x) {
  return {upper_bytes(vshlq_n_u16(vreinterpretq_u16_u8(x.low), 8)),
          upper_bytes(vshlq_n_u16(vreinterpretq_u16_u8(x.high), 8))};
}
inline Quads odd_bytes(Quads x) {
  return {upper_bytes(vreinterpretq_u16_u8(x.low)), upper_bytes(vreinterpretq_u16_u8(x.high))};
}
inline uint32x4_t four_sums(uint8x16_t a, uint8x16_t b) {
  const int16x8_t x = vreinterpretq_s16_u8(a), y = vreinterpretq_s16_u8(b);
  const int32x4_t first = vmull_s16(vget_low_s16(x), vget_low_s16(y));
  return vreinterpretq_u32_s32(vpaddq_s32(first, vmull_high_s16(x, y)));
}
inline Ints multiply_shorts(Quads a, Quads b) {
  return {four_sums(a.low, b.low), four_sums(a.high, b.high)};
}
// Of each element the products of the low and of the high 16 bits, summed.
inline Ints multiply_halves(Ints a, Ints b) {
  return multiply_shorts(as_quads(a), as_quads(b));
}
// 2 * lanes signed bytes in 16 bits each; and floats to the nearest whole numbers of 16 bits, ties
// to even, |x| < 2^15.
inline Quads widen_to_shorts(const void* p) {
  const int8x16_t bytes = vld1q_s8(static_cast<const int8_t*>(p));
  return {vreinterpretq_u8_s16(vmovl_s8(vget_low_s8(bytes))),
          vreinterpretq_u8_s16(vmovl_high_s8(bytes))};
}
inline void store_shorts(void* p, Floats x) {
  const int16x4_t low = vqmovn_s32(vcvtnq_s32_f32(x.low));
  vst1q_s16(static_cast<int16_t*>(p), vqmovn_high_s32(low, vcvtnq_s32_f32(x.high)));
}
inline void in_this_order(Pairs& x) {
  asm volatile("" : "+w"(x.low), "+w"(x.high));
}
inline void in_this_order(Ints& x) {
  asm volatile("" : "+w"(x.low), "+w"(x.high));
}

// 32 floats, rounded to the nearest whole number, as signed bytes; all within -127..127.
inline void store_bytes(int8_t* p, const Floats (&x)[4]) {
  for (size_t i = 0; i < 4; ++i) store_bytes(p + i * lanes, x[i]);
}

// Keeps the compiler from knowing a value: what is measured must be computed.
inline void opaque(Quads& x) {
  asm volatile("" : "+w"(x.low), "+w"(x.high));
}
inline void opaque(Ints& x) {
  asm volatile("" : "+w"(x.low), "+w"(x.high));
}
inline void opaque(Floats& x) {
  asm volatile("" : "+w"(x.low), "+w"(x.high));
}

}  // namespace
}  // namespace freehold::kernels
