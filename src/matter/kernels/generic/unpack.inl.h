// From quantized blocks to floats, bit for bit as the block definitions are published: the order of
// the float operations is part of the definition and nothing here is fused. Layouts and what the
// fields are called: tensor/blocks.h.
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

// out[0..15] = scale * codes
inline void put(float* out, Floats scale, Bytes codes) {
  store(out, scale * low_floats(codes));
  store(out + lanes, scale * high_floats(codes));
}

// out[0..15] = scale * codes + offset
inline void put_above(float* out, Floats scale, Bytes codes, Floats offset) {
  store(out, scale * low_floats(codes) + offset);
  store(out + lanes, scale * high_floats(codes) + offset);
}

// out[0..15] = scale * codes - offset
inline void put_below(float* out, Floats scale, Bytes codes, Floats offset) {
  store(out, scale * low_floats(codes) - offset);
  store(out + lanes, scale * high_floats(codes) - offset);
}

inline Bytes low_halves(Bytes x) {
  return bits(x, 0, 15);
}
inline Bytes high_halves(Bytes x) {
  return bits(x, 4, 15);
}

// ---- 32 weights to a block ---------------------------------------------------------------------

inline void unpack(const Block<DType::q4_0>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const Bytes codes = load_bytes(block.codes);
  put(out, scale, low_halves(codes) - splat_byte(8));
  put(out + 16, scale, high_halves(codes) - splat_byte(8));
}

inline void unpack(const Block<DType::q4_1>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const Floats minimum = splat(from_f16(block.minimum));
  const Bytes codes = load_bytes(block.codes);
  put_above(out, scale, low_halves(codes), minimum);
  put_above(out + 16, scale, high_halves(codes), minimum);
}

// Adds 16 to the codes whose bit is set.
inline Bytes with_fifth_bits(Bytes codes, uint32_t fifth_bits) {
  return codes + (spread(static_cast<uint16_t>(fifth_bits)) & splat_byte(16));
}

inline void unpack(const Block<DType::q5_0>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const Bytes codes = load_bytes(block.codes);
  const uint32_t fifth_bits = load_u32(block.fifth_bits);
  const Bytes low = with_fifth_bits(low_halves(codes), fifth_bits);
  const Bytes high = with_fifth_bits(high_halves(codes), fifth_bits >> 16);
  put(out, scale, low - splat_byte(16));
  put(out + 16, scale, high - splat_byte(16));
}

inline void unpack(const Block<DType::q5_1>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const Floats minimum = splat(from_f16(block.minimum));
  const Bytes codes = load_bytes(block.codes);
  const uint32_t fifth_bits = load_u32(block.fifth_bits);
  put_above(out, scale, with_fifth_bits(low_halves(codes), fifth_bits), minimum);
  put_above(out + 16, scale, with_fifth_bits(high_halves(codes), fifth_bits >> 16), minimum);
}

inline void unpack(const Block<DType::q8_0>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  put(out, scale, load_bytes(block.codes));
  put(out + 16, scale, load_bytes(block.codes + 16));
}

inline void unpack(const Block<DType::iq4_nl>& block, float* out) {
  const Floats scale = splat(from_f16(block.scale));
  const Bytes values = load_bytes(tables::iq4_values);
  const Bytes codes = load_bytes(block.codes);
  put(out, scale, lookup(values, low_halves(codes)));
  put(out + 16, scale, lookup(values, high_halves(codes)));
}

// Half of the power of two that an E8M0 exponent stands for: the table of values is doubled.
inline float half_of_e8m0(uint8_t exponent) {
  const uint32_t pattern = exponent < 2 ? 0x200000u << exponent : (exponent - 1u) << 23;
  return __builtin_bit_cast(float, pattern);
}

inline void unpack(const Block<DType::mxfp4>& block, float* out) {
  const Floats scale = splat(half_of_e8m0(block.exponent));
  const Bytes values = load_bytes(tables::doubled_e2m1_values);
  const Bytes codes = load_bytes(block.codes);
  put(out, scale, lookup(values, low_halves(codes)));
  put(out + 16, scale, lookup(values, high_halves(codes)));
}

// ---- 256 weights to a block --------------------------------------------------------------------

inline void unpack(const Block<DType::q2_k>& block, float* out) {
  const Bytes both = load_bytes(block.scales);
  float scales[16], minimums[16];
  put(scales, splat(from_f16(block.scale)), low_halves(both));
  put(minimums, splat(from_f16(block.minimum)), high_halves(both));
  for (int group = 0; group < 16; ++group) {
    const Bytes packed = load_bytes(block.codes + 32 * (group / 8) + 16 * (group % 2));
    const Bytes codes = bits(packed, group % 8 / 2 * 2, 3);
    put_below(out + 16 * group, splat(scales[group]), codes, splat(minimums[group]));
  }
}

inline void unpack(const Block<DType::q3_k>& block, float* out) {
  const uint32_t a = load_u32(block.scales), b = load_u32(block.scales + 4);
  const uint32_t high = load_u32(block.scales + 8);
  const uint32_t low_mask = 0x0f0f0f0f, pair_mask = 0x03030303;
  const uint32_t unsigned_scales[4] = {
      (a & low_mask) | (high & pair_mask) << 4,
      (b & low_mask) | (high >> 2 & pair_mask) << 4,
      (a >> 4 & low_mask) | (high >> 4 & pair_mask) << 4,
      (b >> 4 & low_mask) | (high >> 6 & pair_mask) << 4,
  };
  float scales[16];
  put(scales, splat(from_f16(block.scale)), load_bytes(unsigned_scales) - splat_byte(32));
  for (int group = 0; group < 16; ++group) {
    const Bytes packed = load_bytes(block.codes + 32 * (group / 8) + 16 * (group % 2));
    const Bytes third = load_bytes(block.third_bits + 16 * (group % 2));
    const Bytes codes =
        bits(packed, group % 8 / 2 * 2, 3) + shift_left(bits(third, group / 2, 1), 2);
    put(out + 16 * group, splat(scales[group]), codes - splat_byte(4));
  }
}

// Eight scales and eight minimums of 6 bits each, packed into 12 bytes, times their block's.
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
  const Bytes both = load_bytes(unpacked);
  store(scales, splat(scale) * low_floats(both));
  store(minimums, splat(minimum) * high_floats(both));
}

inline void unpack(const Block<DType::q4_k>& block, float* out) {
  float scales[8], minimums[8];
  unpack_scales(block.scales, from_f16(block.scale), from_f16(block.minimum), scales, minimums);
  for (int group = 0; group < 8; ++group) {
    const Floats scale = splat(scales[group]), minimum = splat(minimums[group]);
    const uint8_t* packed = block.codes + 32 * (group / 2);
    const int shift = group % 2 * 4;
    put_below(out + 32 * group, scale, bits(load_bytes(packed), shift, 15), minimum);
    put_below(out + 32 * group + 16, scale, bits(load_bytes(packed + 16), shift, 15), minimum);
  }
}

inline void unpack(const Block<DType::q5_k>& block, float* out) {
  float scales[8], minimums[8];
  unpack_scales(block.scales, from_f16(block.scale), from_f16(block.minimum), scales, minimums);
  for (int part = 0; part < 16; ++part) {
    const int group = part / 2, half = part % 2 * 16;
    const Bytes packed = load_bytes(block.codes + 32 * (group / 2) + half);
    const Bytes fifth = bits(load_bytes(block.fifth_bits + half), group, 1);
    const Bytes codes = bits(packed, group % 2 * 4, 15) + shift_left(fifth, 4);
    put_below(out + 16 * part, splat(scales[group]), codes, splat(minimums[group]));
  }
}

inline void unpack(const Block<DType::q6_k>& block, float* out) {
  float scales[16];
  put(scales, splat(from_f16(block.scale)), load_bytes(block.scales));
  for (int group = 0; group < 16; ++group) {
    const int half = group / 8, quarter = group % 8 / 2, part = group % 2 * 16;
    const Bytes packed = load_bytes(block.codes + 64 * half + 32 * (quarter % 2) + part);
    const Bytes high = load_bytes(block.high_bits + 32 * half + part);
    const Bytes codes =
        bits(packed, quarter / 2 * 4, 15) + shift_left(bits(high, quarter * 2, 3), 4);
    put(out + 16 * group, splat(scales[group]), codes - splat_byte(32));
  }
}

inline void unpack(const Block<DType::q8_k>& block, float* out) {
  for (int part = 0; part < 16; ++part) {
    put(out + 16 * part, splat(block.scale), load_bytes(block.codes + 16 * part));
  }
}

inline void unpack(const Block<DType::iq4_xs>& block, float* out) {
  const float block_scale = from_f16(block.scale);
  const Bytes values = load_bytes(tables::iq4_values);
  for (int group = 0; group < 8; ++group) {
    const int low = block.scales_low[group / 2] >> (group % 2 * 4) & 15;
    const int high = block.scales_high >> (2 * group) & 3;
    const Floats scale = splat(block_scale * static_cast<float>((low | high << 4) - 32));
    const Bytes codes = load_bytes(block.codes + 16 * group);
    put(out + 32 * group, scale, lookup(values, low_halves(codes)));
    put(out + 32 * group + 16, scale, lookup(values, high_halves(codes)));
  }
}

}  // namespace
}  // namespace freehold::kernels
