// From quantized blocks to floats, bit for bit as the block definitions are published: the order of
// the float operations is part of the definition and nothing here is fused. Layouts and what the
// fields are called: tensor/blocks.h. Blocks on codebooks: generic/codebooks.inl.h.
//
// unpack(block, put) calls put(i, weights) with the eight weights from element i on, i = 0, 8, 16,
// ... in this order, so that a row can be stored, or multiplied on the way, with the same result.
#pragma once

#include "kernels/generic/block_scales.inl.h"
#include "tensor/blocks.h"
#include "tensor/quant_tables.h"

namespace freehold::kernels {
namespace {

inline uint32_t load_u32(const uint8_t* p) {
  uint32_t x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}

inline Ints bits(Ints x, int shift, int mask) {
  return (x >> shift) & splat_int(mask);
}

// Codes of four bits in `bytes` bytes: the eight from element i on, the low halves of all bytes
// before the high halves.
inline Ints four_bits(const uint8_t* codes, int bytes, int i) {
  return i < bytes ? widen(codes + i) & splat_int(15) : widen(codes + i - bytes) >> 4;
}

// ---- 32 weights to a block ---------------------------------------------------------------------

template <class Put>
inline void unpack(const Block<DType::q4_0>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale));
  UNROLL
  for (int i = 0; i < 32; i += 8) {
    put(i, scale * to_floats(four_bits(block.codes, 16, i) - splat_int(8)));
  }
}

template <class Put>
inline void unpack(const Block<DType::q4_1>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale));
  const Floats minimum = splat(from_f16(block.minimum));
  UNROLL
  for (int i = 0; i < 32; i += 8) {
    put(i, scale * to_floats(four_bits(block.codes, 16, i)) + minimum);
  }
}

// Codes of five bits, the fifth bits of all 32 elements in one word.
inline Ints five_bits(const uint8_t* codes, uint32_t fifth_bits, int i) {
  const Ints fifth = spread(static_cast<int>(fifth_bits >> i & 0xff)) & splat_int(16);
  return four_bits(codes, 16, i) + fifth;
}

template <class Put>
inline void unpack(const Block<DType::q5_0>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale));
  const uint32_t fifth_bits = load_u32(block.fifth_bits);
  UNROLL
  for (int i = 0; i < 32; i += 8) {
    put(i, scale * to_floats(five_bits(block.codes, fifth_bits, i) - splat_int(16)));
  }
}

template <class Put>
inline void unpack(const Block<DType::q5_1>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale));
  const Floats minimum = splat(from_f16(block.minimum));
  const uint32_t fifth_bits = load_u32(block.fifth_bits);
  UNROLL
  for (int i = 0; i < 32; i += 8) {
    put(i, scale * to_floats(five_bits(block.codes, fifth_bits, i)) + minimum);
  }
}

template <class Put>
inline void unpack(const Block<DType::q8_0>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale));
  UNROLL
  for (int i = 0; i < 32; i += 8) put(i, scale * to_floats(widen_signed(block.codes + i)));
}

template <class Put>
inline void unpack(const Block<DType::iq4_nl>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale));
  const ByteTable values = byte_table(tables::iq4_values);
  UNROLL
  for (int i = 0; i < 32; i += 8) {
    put(i, scale * to_floats(lookup(values, four_bits(block.codes, 16, i))));
  }
}

template <class Put>
inline void unpack(const Block<DType::mxfp4>& block, Put put) {
  const Floats scale = splat(half_of_e8m0(block.exponent));
  const ByteTable values = byte_table(tables::doubled_e2m1_values);
  UNROLL
  for (int i = 0; i < 32; i += 8) {
    put(i, scale * to_floats(lookup(values, four_bits(block.codes, 16, i))));
  }
}

template <class Put>
inline void unpack(const Block<DType::nvfp4>& block, Put put) {
  const ByteTable values = byte_table(tables::doubled_e2m1_values);
  UNROLL
  for (int i = 0; i < 64; i += 8) {
    const int group = i / 16;
    const Floats scale = splat(half_of_ue4m3(block.scales[group]));
    const Ints codes = four_bits(block.codes + 8 * group, 8, i % 16);
    put(i, scale * to_floats(lookup(values, codes)));
  }
}

template <class Put>
inline void unpack(const Block<DType::int4_zero>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale)), zero = splat(from_f16(block.zero));
  UNROLL
  for (int i = 0; i < 32; i += 8) {
    put(i, scale * (to_floats(four_bits(block.codes, 16, i)) - zero));
  }
}

template <class Put>
inline void unpack(const Block<DType::int8_float>& block, Put put) {
  const Floats scale = splat(block.scale);
  UNROLL
  for (int i = 0; i < 32; i += 8) put(i, scale * to_floats(widen_signed(block.codes + i)));
}

// ---- 256 weights to a block --------------------------------------------------------------------

// Codes of two bits lie four to a byte, 32 elements apart, in 32 bytes per half of the block.
inline Ints two_bits(const uint8_t* codes, int i) {
  return bits(widen(codes + i / 128 * 32 + i % 32), i % 128 / 32 * 2, 3);
}

template <class Put>
inline void unpack(const Block<DType::q2_k>& block, Put put) {
  float scales[16], minimums[16];
  for (int i = 0; i < 16; i += 8) {
    const Ints both = widen(block.scales + i);
    store(scales + i, splat(from_f16(block.scale)) * to_floats(both & splat_int(15)));
    store(minimums + i, splat(from_f16(block.minimum)) * to_floats(both >> 4));
  }
  UNROLL
  for (int i = 0; i < 256; i += 8) {
    const Floats scaled = splat(scales[i / 16]) * to_floats(two_bits(block.codes, i));
    put(i, scaled - splat(minimums[i / 16]));
  }
}

// Sixteen scales of 6 bits in 12 bytes.
inline void unpack_scales(const Block<DType::q3_k>& block, float* scales) {
  const uint32_t a = load_u32(block.scales), b = load_u32(block.scales + 4);
  const uint32_t high = load_u32(block.scales + 8);
  const uint32_t low_mask = 0x0f0f0f0f, pair_mask = 0x03030303;
  const uint32_t unpacked[4] = {
      (a & low_mask) | (high & pair_mask) << 4,
      (b & low_mask) | (high >> 2 & pair_mask) << 4,
      (a >> 4 & low_mask) | (high >> 4 & pair_mask) << 4,
      (b >> 4 & low_mask) | (high >> 6 & pair_mask) << 4,
  };
  const Floats scale = splat(from_f16(block.scale));
  store(scales, scale * to_floats(widen(unpacked) - splat_int(32)));
  store(scales + 8, scale * to_floats(widen(unpacked + 2) - splat_int(32)));
}

template <class Put>
inline void unpack(const Block<DType::q3_k>& block, Put put) {
  float scales[16];
  unpack_scales(block, scales);
  UNROLL
  for (int i = 0; i < 256; i += 8) {
    const Ints third = bits(widen(block.third_bits + i % 32), i / 32, 1) << 2;
    const Ints codes = two_bits(block.codes, i) + third - splat_int(4);
    put(i, splat(scales[i / 16]) * to_floats(codes));
  }
}

// Eight scales and eight minimums of 6 bits each in 12 bytes, times their block's.
inline void unpack_scales(const uint8_t* packed, float scale, float minimum, float* scales,
                          float* minimums) {
  const uint32_t a = load_u32(packed), b = load_u32(packed + 4), rest = load_u32(packed + 8);
  const uint32_t low_mask = 0x0f0f0f0f, six_mask = 0x3f3f3f3f, pair_mask = 0x30303030;
  const uint32_t unpacked[4] = {
      a & six_mask,
      (rest & low_mask) | (a >> 2 & pair_mask),
      b & six_mask,
      (rest >> 4 & low_mask) | (b >> 2 & pair_mask),
  };
  store(scales, splat(scale) * to_floats(widen(unpacked)));
  store(minimums, splat(minimum) * to_floats(widen(unpacked + 2)));
}

template <class Put>
inline void unpack(const Block<DType::q4_k>& block, Put put) {
  float scales[8], minimums[8];
  unpack_scales(block.scales, from_f16(block.scale), from_f16(block.minimum), scales, minimums);
  UNROLL
  for (int i = 0; i < 256; i += 8) {
    const Ints codes = four_bits(block.codes + i / 64 * 32, 32, i % 64);
    put(i, splat(scales[i / 32]) * to_floats(codes) - splat(minimums[i / 32]));
  }
}

template <class Put>
inline void unpack(const Block<DType::q5_k>& block, Put put) {
  float scales[8], minimums[8];
  unpack_scales(block.scales, from_f16(block.scale), from_f16(block.minimum), scales, minimums);
  UNROLL
  for (int i = 0; i < 256; i += 8) {
    const Ints fifth = bits(widen(block.fifth_bits + i % 32), i / 32, 1) << 4;
    const Ints codes = four_bits(block.codes + i / 64 * 32, 32, i % 64) + fifth;
    put(i, splat(scales[i / 32]) * to_floats(codes) - splat(minimums[i / 32]));
  }
}

template <class Put>
inline void unpack(const Block<DType::q6_k>& block, Put put) {
  float scales[16];
  const Floats scale = splat(from_f16(block.scale));
  store(scales, scale * to_floats(widen_signed(block.scales)));
  store(scales + 8, scale * to_floats(widen_signed(block.scales + 8)));
  UNROLL
  for (int i = 0; i < 256; i += 8) {
    const Ints high = two_bits(block.high_bits, i) << 4;
    const Ints codes = four_bits(block.codes + i / 128 * 64, 64, i % 128) + high;
    put(i, splat(scales[i / 16]) * to_floats(codes - splat_int(32)));
  }
}

template <class Put>
inline void unpack(const Block<DType::q8_k>& block, Put put) {
  const Floats scale = splat(block.scale);
  UNROLL
  for (int i = 0; i < 256; i += 8) put(i, scale * to_floats(widen_signed(block.codes + i)));
}

template <class Put>
inline void unpack(const Block<DType::iq4_xs>& block, Put put) {
  const float block_scale = from_f16(block.scale);
  const ByteTable values = byte_table(tables::iq4_values);
  UNROLL
  for (int i = 0; i < 256; i += 8) {
    const int group = i / 32;
    const int low = block.scales_low[group / 2] >> (group % 2 * 4) & 15;
    const int high = block.scales_high >> (2 * group) & 3;
    const Floats scale = splat(block_scale * static_cast<float>((low | high << 4) - 32));
    const Ints codes = four_bits(block.codes + 16 * group, 16, i % 32);
    put(i, scale * to_floats(lookup(values, codes)));
  }
}

// ---- ternary -----------------------------------------------------------------------------------

// The digit of a byte that holds a base-3 fraction, after the digits before it were shifted out by
// multiplying with their power of three: the carry of one more multiplication.
inline Ints ternary_digit(Ints bytes, int power) {
  const Ints shifted = (bytes * splat_int(power)) & splat_int(255);
  return (shifted * splat_int(3)) >> 8;
}

template <class Put>
inline void unpack(const Block<DType::tq1_0>& block, Put put) {
  constexpr int powers[5] = {1, 3, 9, 27, 81};
  const Floats scale = splat(from_f16(block.scale));
  uint8_t last[16];  // the last four bytes as they are, times 3, times 9, times 27
  for (int i = 0; i < 16; ++i) {
    last[i] = static_cast<uint8_t>(block.last_codes[i % 4] * powers[i / 4]);
  }
  const auto put_digits = [&](int i, Ints bytes, int power) {
    put(i, scale * to_floats(ternary_digit(bytes, power) - splat_int(1)));
  };
  UNROLL
  for (int i = 0; i < 160; i += 8) put_digits(i, widen(block.codes + i % 32), powers[i / 32]);
  UNROLL
  for (int i = 0; i < 80; i += 8) {
    put_digits(160 + i, widen(block.codes + 32 + i % 16), powers[i / 16]);
  }
  put_digits(240, widen(last), 1);
  put_digits(248, widen(last + 8), 1);
}

template <class Put>
inline void unpack(const Block<DType::tq2_0>& block, Put put) {
  const Floats scale = splat(from_f16(block.scale));
  UNROLL
  for (int i = 0; i < 256; i += 8) {
    put(i, scale * to_floats(two_bits(block.codes, i) - splat_int(1)));
  }
}

}  // namespace
}  // namespace freehold::kernels
