// From quantized blocks to floats, bit for bit as the block definitions are published: the order of
// the float operations is part of the definition and nothing here is fused. Layouts and what the
// fields are called: tensor/blocks.h. Blocks on codebooks: generic/codebooks.inl.h.
#pragma once

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

// Sixteen floats: the least that shares a scale in any format.
constexpr int group_elements = 2 * lanes;

// Calls put(i, low, high) for the eight bytes from each codes[i], i = 0, 8, ..., split in halves.
template <class Put>
inline void for_each_pair(const uint8_t* codes, int bytes, Put put) {
#pragma unroll
  for (int i = 0; i < bytes; i += static_cast<int>(lanes)) {
    const Ints both = widen(codes + i);
    put(i, both & splat_int(15), both >> 4);
  }
}

// ---- 32 weights to a block ---------------------------------------------------------------------

inline void unpack(const Block<DType::q4_0>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  for_each_pair(block.codes, 16, [&](int i, Ints low, Ints high) {
    store(out + i, scale * to_floats(low - splat_int(8)));
    store(out + i + 16, scale * to_floats(high - splat_int(8)));
  });
}

inline void unpack(const Block<DType::q4_1>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const Floats minimum = splat(from_f16(block.minimum));
  for_each_pair(block.codes, 16, [&](int i, Ints low, Ints high) {
    store(out + i, scale * to_floats(low) + minimum);
    store(out + i + 16, scale * to_floats(high) + minimum);
  });
}

// 16 where the bit is set, else 0.
inline Ints fifth_bits(uint32_t mask, int first) {
  return spread(static_cast<int>(mask >> first & 0xff)) & splat_int(16);
}

inline void unpack(const Block<DType::q5_0>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const uint32_t mask = load_u32(block.fifth_bits);
  for_each_pair(block.codes, 16, [&](int i, Ints low, Ints high) {
    store(out + i, scale * to_floats(low + fifth_bits(mask, i) - splat_int(16)));
    store(out + i + 16, scale * to_floats(high + fifth_bits(mask, i + 16) - splat_int(16)));
  });
}

inline void unpack(const Block<DType::q5_1>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const Floats minimum = splat(from_f16(block.minimum));
  const uint32_t mask = load_u32(block.fifth_bits);
  for_each_pair(block.codes, 16, [&](int i, Ints low, Ints high) {
    store(out + i, scale * to_floats(low + fifth_bits(mask, i)) + minimum);
    store(out + i + 16, scale * to_floats(high + fifth_bits(mask, i + 16)) + minimum);
  });
}

inline void unpack(const Block<DType::q8_0>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  for (int i = 0; i < 32; i += 8) store(out + i, scale * to_floats(widen_signed(block.codes + i)));
}

// Codes of four bits that name one of sixteen values; `half` elements lie between the two halves.
inline void look_up(const uint8_t* codes, int half, const int8_t* values, float scale, float* out) {
  const ByteTable table = byte_table(values);
  const Floats factor = splat(scale);
  for_each_pair(codes, half, [&](int i, Ints low, Ints high) {
    store(out + i, factor * to_floats(lookup(table, low)));
    store(out + i + half, factor * to_floats(lookup(table, high)));
  });
}

inline void unpack(const Block<DType::iq4_nl>& block, float* out) {
  look_up(block.codes, 16, tables::iq4_values, from_f16(block.scale), out);
}

// Half of the power of two that an E8M0 exponent stands for: the table of values is doubled.
inline float half_of_e8m0(uint8_t exponent) {
  const uint32_t pattern = exponent < 2 ? 0x200000u << exponent : (exponent - 1u) << 23;
  return __builtin_bit_cast(float, pattern);
}

inline void unpack(const Block<DType::mxfp4>& block, float* out) {
  look_up(block.codes, 16, tables::doubled_e2m1_values, half_of_e8m0(block.exponent), out);
}

// Half of an unsigned E4M3 number; its not-a-number counts as zero.
inline float half_of_ue4m3(uint8_t number) {
  const int exponent = number >> 3 & 15;
  const float mantissa = static_cast<float>(number & 7);
  if (number == 0x7f) return 0;
  if (exponent == 0) return mantissa * 0x1p-10f;
  const uint32_t power = static_cast<uint32_t>(exponent - 7 + 127) << 23;
  return (1.0f + mantissa / 8.0f) * __builtin_bit_cast(float, power) * 0.5f;
}

inline void unpack(const Block<DType::nvfp4>& block, float* out) {
  for (int group = 0; group < 4; ++group) {
    look_up(block.codes + 8 * group, 8, tables::doubled_e2m1_values,
            half_of_ue4m3(block.scales[group]), out + group_elements * group);
  }
}

// ---- 256 weights to a block --------------------------------------------------------------------

// Codes of two bits lie four to a byte, 32 elements apart, in 32 bytes per half of the block: the
// i-th eight elements of a quarter of a half.
inline Ints two_bits(const uint8_t* codes, int half, int quarter, int i) {
  return bits(widen(codes + 32 * half + i), 2 * quarter, 3);
}

inline void unpack(const Block<DType::q2_k>& block, float* out) {
  float scales[16], minimums[16];
  for (int i = 0; i < 16; i += 8) {
    const Ints both = widen(block.scales + i);
    store(scales + i, splat(from_f16(block.scale)) * to_floats(both & splat_int(15)));
    store(minimums + i, splat(from_f16(block.minimum)) * to_floats(both >> 4));
  }
#pragma unroll
  for (int part = 0; part < 32; ++part) {
    const Ints codes = two_bits(block.codes, part / 16, part % 16 / 4, part % 4 * 8);
    const Floats scaled = splat(scales[part / 2]) * to_floats(codes);
    store(out + 8 * part, scaled - splat(minimums[part / 2]));
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

inline void unpack(const Block<DType::q3_k>& block, float* out) {
  float scales[16];
  unpack_scales(block, scales);
#pragma unroll
  for (int part = 0; part < 32; ++part) {
    const Ints low = two_bits(block.codes, part / 16, part % 16 / 4, part % 4 * 8);
    const Ints third = bits(widen(block.third_bits + part % 4 * 8), part / 4, 1) << 2;
    store(out + 8 * part, splat(scales[part / 2]) * to_floats(low + third - splat_int(4)));
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

inline void unpack(const Block<DType::q4_k>& block, float* out) {
  float scales[8], minimums[8];
  unpack_scales(block.scales, from_f16(block.scale), from_f16(block.minimum), scales, minimums);
#pragma unroll
  for (int pair = 0; pair < 8; pair += 2, out += 64) {
    const Floats low_scale = splat(scales[pair]), low_minimum = splat(minimums[pair]);
    const Floats high_scale = splat(scales[pair + 1]), high_minimum = splat(minimums[pair + 1]);
    for_each_pair(block.codes + 16 * pair, 32, [&](int i, Ints low, Ints high) {
      store(out + i, low_scale * to_floats(low) - low_minimum);
      store(out + i + 32, high_scale * to_floats(high) - high_minimum);
    });
  }
}

inline void unpack(const Block<DType::q5_k>& block, float* out) {
  float scales[8], minimums[8];
  unpack_scales(block.scales, from_f16(block.scale), from_f16(block.minimum), scales, minimums);
#pragma unroll
  for (int pair = 0; pair < 8; pair += 2, out += 64) {
    const Floats low_scale = splat(scales[pair]), low_minimum = splat(minimums[pair]);
    const Floats high_scale = splat(scales[pair + 1]), high_minimum = splat(minimums[pair + 1]);
    for_each_pair(block.codes + 16 * pair, 32, [&](int i, Ints low, Ints high) {
      const Ints fifth = widen(block.fifth_bits + i);
      const Ints low_code = low + (bits(fifth, pair, 1) << 4);
      const Ints high_code = high + (bits(fifth, pair + 1, 1) << 4);
      store(out + i, low_scale * to_floats(low_code) - low_minimum);
      store(out + i + 32, high_scale * to_floats(high_code) - high_minimum);
    });
  }
}

inline void unpack(const Block<DType::q6_k>& block, float* out) {
  float scales[16];
  const Floats scale = splat(from_f16(block.scale));
  store(scales, scale * to_floats(widen_signed(block.scales)));
  store(scales + 8, scale * to_floats(widen_signed(block.scales + 8)));
#pragma unroll
  for (int part = 0; part < 16; ++part) {  // eight bytes of codes: elements i and i + 64
    const int half = part / 8, quarter = part % 8 / 4, i = part % 8 * 8;
    const Ints both = widen(block.codes + 64 * half + i);
    const Ints high = widen(block.high_bits + 32 * half + i % 32);
    const Ints first = (both & splat_int(15)) + (bits(high, 2 * quarter, 3) << 4);
    const Ints second = (both >> 4) + (bits(high, 2 * quarter + 4, 3) << 4);
    const int at = 128 * half + i;
    store(out + at, splat(scales[at / 16]) * to_floats(first - splat_int(32)));
    store(out + at + 64, splat(scales[at / 16 + 4]) * to_floats(second - splat_int(32)));
  }
}

inline void unpack(const Block<DType::q8_k>& block, float* out) {
  const Floats scale = splat(block.scale);
  for (int i = 0; i < 256; i += 8) store(out + i, scale * to_floats(widen_signed(block.codes + i)));
}

inline void unpack(const Block<DType::iq4_xs>& block, float* out) {
  const float block_scale = from_f16(block.scale);
#pragma unroll
  for (int group = 0; group < 8; ++group) {
    const int low = block.scales_low[group / 2] >> (group % 2 * 4) & 15;
    const int high = block.scales_high >> (2 * group) & 3;
    const float scale = block_scale * static_cast<float>((low | high << 4) - 32);
    look_up(block.codes + 16 * group, 16, tables::iq4_values, scale, out + 32 * group);
  }
}

// ---- ternary -----------------------------------------------------------------------------------

// The digit of a byte that holds a base-3 fraction, after the digits before it were shifted out by
// multiplying with their power of three: the carry of one more multiplication.
inline Ints ternary_digit(Ints bytes, int power) {
  const Ints shifted = (bytes * splat_int(power)) & splat_int(255);
  return (shifted * splat_int(3)) >> 8;
}

inline void unpack(const Block<DType::tq1_0>& block, float* out) {
  constexpr int powers[5] = {1, 3, 9, 27, 81};
  const Floats scale = splat(from_f16(block.scale));
  const auto put = [&](Ints bytes, int power) {
    store(out, scale * to_floats(ternary_digit(bytes, power) - splat_int(1)));
    out += lanes;
  };
  for (const int power : powers) {
    for (int i = 0; i < 32; i += 8) put(widen(block.codes + i), power);
  }
  for (const int power : powers) {
    for (int i = 32; i < 48; i += 8) put(widen(block.codes + i), power);
  }
  uint8_t last[16];  // the four bytes as they are, times 3, times 9, times 27
  for (int i = 0; i < 16; ++i)
    last[i] = static_cast<uint8_t>(block.last_codes[i % 4] * powers[i / 4]);
  put(widen(last), 1);
  put(widen(last + 8), 1);
}

inline void unpack(const Block<DType::tq2_0>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
#pragma unroll
  for (int part = 0; part < 32; ++part) {
    const Ints codes = two_bits(block.codes, part / 16, part % 16 / 4, part % 4 * 8);
    store(out + 8 * part, scale * to_floats(codes - splat_int(1)));
  }
}

}  // namespace
}  // namespace freehold::kernels
