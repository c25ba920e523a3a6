// The vocabulary of a CPU of which nothing is known: the words of vec/avx2.h in plain C++, eight
// floats at a time so that sums are taken in the same order.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define UNROLL  // each word is a loop here already

namespace freehold::kernels {
namespace {

constexpr size_t lanes = 8;
constexpr size_t registers = 16;

struct Floats {
  float v[lanes];
};

struct Ints {
  uint32_t v[lanes];
};

template <class Vector, class Function>
inline Vector each(Function function) {
  Vector result;
  for (size_t i = 0; i < sizeof(result.v) / sizeof(result.v[0]); ++i) result.v[i] = function(i);
  return result;
}

inline uint32_t to_bits(float x) {
  return __builtin_bit_cast(uint32_t, x);
}
inline float from_bits(uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}

// --- floats -------------------------------------------------------------------------------------
inline Floats splat(float x) {
  return each<Floats>([=](size_t) { return x; });
}
inline Floats load(const float* p) {
  Floats x;
  __builtin_memcpy(x.v, p, sizeof x.v);
  return x;
}
inline void store(float* p, Floats x) {
  __builtin_memcpy(p, x.v, sizeof x.v);
}
inline Floats load_partial(const float* p, size_t count) {
  return each<Floats>([=](size_t i) { return i < count ? p[i] : 0.0f; });
}
inline void store_partial(float* p, Floats x, size_t count) {
  for (size_t i = 0; i < count; ++i) p[i] = x.v[i];
}
inline Floats operator+(Floats a, Floats b) {
  return each<Floats>([&](size_t i) { return a.v[i] + b.v[i]; });
}
inline Floats operator-(Floats a, Floats b) {
  return each<Floats>([&](size_t i) { return a.v[i] - b.v[i]; });
}
inline Floats operator*(Floats a, Floats b) {
  return each<Floats>([&](size_t i) { return a.v[i] * b.v[i]; });
}
inline Floats operator/(Floats a, Floats b) {
  return each<Floats>([&](size_t i) { return a.v[i] / b.v[i]; });
}
inline Floats multiply_add(Floats a, Floats b, Floats sum) {
  return a * b + sum;
}
inline Floats maximum(Floats a, Floats b) {
  return each<Floats>([&](size_t i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline Floats minimum(Floats a, Floats b) {
  return each<Floats>([&](size_t i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}

// Adding and taking away 1.5 * 2^23 leaves no room for a fraction; good for |x| < 2^22.
inline Floats round(Floats x) {
  const Floats magic = splat(0x1.8p23f);
  return (x + magic) - magic;
}
inline Floats power_of_two(Floats n) {
  return each<Floats>([&](size_t i) {
    const int32_t exponent = n.v[i] == n.v[i] ? static_cast<int32_t>(n.v[i]) : 0;
    return from_bits(static_cast<uint32_t>(exponent + 127) << 23);
  });
}
inline float sum1(Floats a) {
  return ((a.v[0] + a.v[1]) + (a.v[2] + a.v[3])) + ((a.v[4] + a.v[5]) + (a.v[6] + a.v[7]));
}
inline void sum4(Floats a, Floats b, Floats c, Floats d, float* sums) {
  sums[0] = sum1(a);
  sums[1] = sum1(b);
  sums[2] = sum1(c);
  sums[3] = sum1(d);
}

// --- halves -------------------------------------------------------------------------------------
inline float from_f16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 31) {
    const uint32_t quiet = mantissa != 0 ? 0x400000 : 0;
    return from_bits(sign | 0x7f800000 | quiet | mantissa << 13);
  }
  if (exponent == 0) {  // zero or denormal: mantissa * 2^-24, exactly
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return from_bits(sign | to_bits(magnitude));
  }
  return from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

inline uint16_t to_f16(float x) {
  const uint32_t bits = to_bits(x);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    return static_cast<uint16_t>(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  }
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // rounds to infinity
  if (magnitude < 0x38800000) {  // denormal: let the addition round to a multiple of 2^-24
    const float sum = from_bits(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (to_bits(sum) - to_bits(0.5f)));
  }
  const uint32_t odd = magnitude >> 13 & 1;
  return static_cast<uint16_t>(sign | (magnitude - (112u << 23) + 0xfff + odd) >> 13);
}

inline uint16_t to_bf16(float x) {
  const uint32_t bits = to_bits(x);
  const bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
  const uint32_t result = is_nan ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
  return static_cast<uint16_t>(result >> 16);
}

inline uint16_t half_at(const void* p, size_t i) {
  uint16_t half;
  __builtin_memcpy(&half, static_cast<const uint8_t*>(p) + 2 * i, 2);
  return half;
}
inline Floats load_f16(const void* p) {
  return each<Floats>([=](size_t i) { return from_f16(half_at(p, i)); });
}
inline Floats load_bf16(const void* p) {
  return each<Floats>(
      [=](size_t i) { return from_bits(static_cast<uint32_t>(half_at(p, i)) << 16); });
}
inline void store_f16(void* p, Floats x) {
  uint16_t halves[lanes];
  for (size_t i = 0; i < lanes; ++i) halves[i] = to_f16(x.v[i]);
  __builtin_memcpy(p, halves, sizeof halves);
}
inline void store_bf16(void* p, Floats x) {
  uint16_t halves[lanes];
  for (size_t i = 0; i < lanes; ++i) halves[i] = to_bf16(x.v[i]);
  __builtin_memcpy(p, halves, sizeof halves);
}

// --- whole numbers of 32 bits -------------------------------------------------------------------
inline Ints splat_int(int x) {
  return each<Ints>([=](size_t) { return static_cast<uint32_t>(x); });
}
inline Ints widen(const void* p) {
  return each<Ints>([=](size_t i) { return static_cast<const uint8_t*>(p)[i]; });
}
inline Ints widen_signed(const void* p) {
  return each<Ints>(
      [=](size_t i) { return static_cast<uint32_t>(static_cast<const int8_t*>(p)[i]); });
}
inline void store_bytes(void* p, Floats x) {
  const Floats whole = round(minimum(maximum(x, splat(-127.0f)), splat(127.0f)));
  for (size_t i = 0; i < lanes; ++i) static_cast<int8_t*>(p)[i] = static_cast<int8_t>(whole.v[i]);
}
inline Ints operator+(Ints a, Ints b) {
  return each<Ints>([&](size_t i) { return a.v[i] + b.v[i]; });
}
inline Ints operator-(Ints a, Ints b) {
  return each<Ints>([&](size_t i) { return a.v[i] - b.v[i]; });
}
inline Ints operator*(Ints a, Ints b) {
  return each<Ints>([&](size_t i) { return a.v[i] * b.v[i]; });
}
inline Ints operator|(Ints a, Ints b) {
  return each<Ints>([&](size_t i) { return a.v[i] | b.v[i]; });
}
inline Ints operator&(Ints a, Ints b) {
  return each<Ints>([&](size_t i) { return a.v[i] & b.v[i]; });
}
inline Ints operator>>(Ints x, int shift) {
  return each<Ints>([&](size_t i) { return x.v[i] >> shift; });
}
inline Ints operator<<(Ints x, int shift) {
  return each<Ints>([&](size_t i) { return x.v[i] << shift; });
}
inline Ints spread(int mask) {
  return each<Ints>([=](size_t i) { return mask >> i & 1 ? ~uint32_t{0} : 0; });
}
struct ByteTable {
  const int8_t* v;
};
inline ByteTable byte_table(const int8_t* p) {
  return {p};
}
inline Ints lookup(ByteTable table, Ints index) {
  return each<Ints>([&](size_t i) { return static_cast<uint32_t>(table.v[index.v[i]]); });
}
inline Floats to_floats(Ints x) {
  return each<Floats>([&](size_t i) { return static_cast<float>(static_cast<int32_t>(x.v[i])); });
}
inline Floats negate_where(int mask, Floats x) {
  return each<Floats>([&](size_t i) {
    return from_bits(to_bits(x.v[i]) ^ static_cast<uint32_t>(mask) >> i << 31);
  });
}

// --- bytes, four to an element ------------------------------------------------------------------
struct Quads {
  uint8_t v[4 * lanes];
};
inline Quads load_quads(const void* p) {
  Quads x;
  const uint8_t* bytes = static_cast<const uint8_t*>(p);
  for (size_t i = 0; i < 4 * lanes; ++i) x.v[i] = bytes[i];
  return x;
}
// sum + the four products of each element; a unsigned and below 128, b signed.
inline Ints multiply_add_quads(Quads a, Quads b, Ints sum) {
  for (size_t i = 0; i < 4 * lanes; ++i) {
    sum.v[i / 4] += static_cast<int32_t>(a.v[i]) * static_cast<int8_t>(b.v[i]);
  }
  return sum;
}
inline Quads operator^(Quads a, Quads b) {
  for (size_t i = 0; i < 4 * lanes; ++i) a.v[i] ^= b.v[i];
  return a;
}

inline Quads operator|(Quads a, Quads b) {
  for (size_t i = 0; i < 4 * lanes; ++i) a.v[i] |= b.v[i];
  return a;
}
inline void store_quads(void* p, Quads x) {
  __builtin_memcpy(p, x.v, sizeof x.v);
}
// The same four bytes in every element.
inline Quads splat_quad(const void* p) {
  const uint8_t* bytes = static_cast<const uint8_t*>(p);
  return each<Quads>([=](size_t i) { return bytes[i % 4]; });
}
inline Quads splat_byte(int x) {
  return each<Quads>([=](size_t) { return static_cast<uint8_t>(x); });
}
// Of every byte the bits from `shift` on, as many as `mask` has.
inline Quads byte_bits(Quads x, int shift, int mask) {
  return each<Quads>([=](size_t i) { return static_cast<uint8_t>(x.v[i] >> shift & mask); });
}
// Every byte times 2^shift, which must fit in it.
inline Quads shift_bytes(Quads x, int shift) {
  return each<Quads>([=](size_t i) { return static_cast<uint8_t>(x.v[i] << shift); });
}
// table[index] of each byte in 0..15.
inline Quads lookup(ByteTable table, Quads index) {
  return each<Quads>([&](size_t i) { return static_cast<uint8_t>(table.v[index.v[i]]); });
}
inline Quads as_quads(Ints x) {
  return __builtin_bit_cast(Quads, x);
}
inline Floats as_floats(Ints x) {
  return __builtin_bit_cast(Floats, x);
}
inline Ints load_ints(const void* p) {
  Ints x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
inline void store_ints(void* p, Ints x) {
  __builtin_memcpy(p, &x, sizeof x);
}
// The signed byte of each element that begins at bit `shift`.
inline Ints signed_byte(Ints x, int shift) {
  return each<Ints>(
      [=](size_t i) { return static_cast<uint32_t>(static_cast<int8_t>(x.v[i] >> shift & 0xff)); });
}

inline Quads operator-(Quads a, Quads b) {
  return each<Quads>([&](size_t i) { return static_cast<uint8_t>(a.v[i] - b.v[i]); });
}
// Bytes of all ones where the bits of each element's lowest byte are set, from `first` on one a
// byte.
inline Quads spread_bits(Quads x, int first) {
  return each<Quads>([&](size_t i) {
    const int bit = x.v[i / 4 * 4] >> (static_cast<size_t>(first) + i % 4) & 1;
    return static_cast<uint8_t>(-bit);
  });
}

// The four bytes at 4 * index of each element.
inline Quads gather_quads(const uint32_t* table, Ints index) {
  return as_quads(each<Ints>([&](size_t i) { return table[index.v[i]]; }));
}
// The eight bytes at 8 * index of each element, the first four and the last four.
struct QuadPair {
  Quads first, second;
};
inline QuadPair gather_eights(const uint64_t* table, Ints index) {
  return {
      as_quads(each<Ints>([&](size_t i) { return static_cast<uint32_t>(table[index.v[i]]); })),
      as_quads(
          each<Ints>([&](size_t i) { return static_cast<uint32_t>(table[index.v[i]] >> 32); })),
  };
}

// Sums of products of unsigned with signed bytes, in 16 bits as the narrowest machine has them, so
// that a test sees a sum that does not fit.
struct Pairs {
  int16_t v[2 * lanes];
};
constexpr bool narrow_sums = true;
constexpr int raised_bytes_by = 0;
constexpr size_t panel_vectors = 2;

inline Pairs multiply_add_pairs(Quads a, Quads b, Pairs sum) {
  return each<Pairs>([&](size_t i) {
    const int first = a.v[2 * i] * static_cast<int8_t>(b.v[2 * i]);
    const int second = a.v[2 * i + 1] * static_cast<int8_t>(b.v[2 * i + 1]);
    return static_cast<int16_t>(sum.v[i] + first + second);
  });
}
inline Pairs multiply_pairs(Quads a, Quads b) {
  return multiply_add_pairs(a, b, {});
}
inline Ints widen(Pairs x) {
  return each<Ints>([&](size_t i) { return static_cast<uint32_t>(x.v[2 * i] + x.v[2 * i + 1]); });
}
// Twice as many whole numbers of 16 bits.
struct Shorts {
  int16_t v[2 * lanes];
};
// The same bits; where sums are narrow, two of them.
inline Ints as_ints(Pairs x) {
  return __builtin_bit_cast(Ints, x);
}
// Of each element the products of the low and of the high 16 bits, summed.
inline Ints multiply_halves(Shorts a, Shorts b) {
  return each<Ints>([&](size_t i) {
    return static_cast<uint32_t>(a.v[2 * i] * b.v[2 * i] + a.v[2 * i + 1] * b.v[2 * i + 1]);
  });
}
inline Ints multiply_halves(Ints a, Ints b) {
  return multiply_halves(__builtin_bit_cast(Shorts, a), __builtin_bit_cast(Shorts, b));
}
// Signed bytes in 16 bits: of each quad the bytes 0 and 2, or 1 and 3; and the sums of the products
// of two such pairs.
inline Quads even_bytes(Quads x) {
  return __builtin_bit_cast(Quads, each<Shorts>([&](size_t i) {
                              return static_cast<int16_t>(static_cast<int8_t>(x.v[2 * i]));
                            }));
}
inline Quads odd_bytes(Quads x) {
  return __builtin_bit_cast(Quads, each<Shorts>([&](size_t i) {
                              return static_cast<int16_t>(static_cast<int8_t>(x.v[2 * i + 1]));
                            }));
}
inline Ints multiply_shorts(Quads a, Quads b) {
  return multiply_halves(__builtin_bit_cast(Shorts, a), __builtin_bit_cast(Shorts, b));
}
inline Quads widen_to_shorts(const void* p) {
  return __builtin_bit_cast(Quads, each<Shorts>([=](size_t i) {
                              return static_cast<int16_t>(static_cast<const int8_t*>(p)[i]);
                            }));
}
inline void store_shorts(void* p, Floats x) {
  const Floats whole = round(minimum(maximum(x, splat(-32767.0f)), splat(32767.0f)));
  int16_t shorts[lanes];
  for (size_t i = 0; i < lanes; ++i) shorts[i] = static_cast<int16_t>(whole.v[i]);
  __builtin_memcpy(p, shorts, sizeof shorts);
}
inline void in_this_order(Pairs&) {}
inline void in_this_order(Ints&) {}

// 32 floats, rounded to the nearest whole number, as signed bytes; all within -127..127.
inline void store_bytes(int8_t* p, const Floats (&x)[4]) {
  for (size_t i = 0; i < 32; ++i) p[i] = static_cast<int8_t>(round(x[i / lanes]).v[i % lanes]);
}

// Keeps the compiler from knowing a value: what is measured must be computed.
inline void opaque(Quads& x) {
  asm volatile("" : "+m"(x));
}
inline void opaque(Ints& x) {
  asm volatile("" : "+m"(x));
}
inline void opaque(Floats& x) {
  asm volatile("" : "+m"(x));
}

}  // namespace
}  // namespace freehold::kernels
