// Formats whose codes name points of a codebook: vectors of four or eight small numbers that were
// chosen once and are published with the format. Bit for bit, as in generic/unpack.inl.h.
#pragma once

#include "kernels/generic/unpack.inl.h"
#include "tensor/blocks.h"
#include "tensor/quant_tables.h"

namespace freehold::kernels {
namespace {

template <size_t points, size_t elements>
struct Codebook {
  int8_t point[points][elements];
};

// The packed points of tensor/quant_tables.h, laid out for reading whole.
template <size_t elements, size_t points, size_t levels>
consteval Codebook<points, elements> expand(const uint16_t (&packed)[points],
                                            const int8_t (&level)[levels]) {
  constexpr int bits = levels <= 4 ? 2 : 3;
  Codebook<points, elements> result = {};
  for (size_t p = 0; p < points; ++p) {
    for (size_t i = 0; i < elements; ++i) {
      result.point[p][i] = level[packed[p] >> (bits * i) & ((1 << bits) - 1)];
    }
  }
  return result;
}

constexpr auto iq2_xxs_book = expand<8>(tables::iq2_xxs_points, tables::iq2_xxs_levels);
constexpr auto iq2_xs_book = expand<8>(tables::iq2_xs_points, tables::iq2_xs_levels);
constexpr auto iq2_s_book = expand<8>(tables::iq2_s_points, tables::iq2_s_levels);
constexpr auto iq3_xxs_book = expand<4>(tables::iq3_xxs_points, tables::iq3_xxs_levels);
constexpr auto iq3_s_book = expand<4>(tables::iq3_s_points, tables::iq3_s_levels);
constexpr auto iq1_book = expand<8>(tables::iq1_points, tables::iq1_levels);

// Seven signs are stored; the eighth makes their number even.
struct SignTable {
  uint8_t eight[128];
};

consteval SignTable even_signs() {
  SignTable result = {};
  for (uint8_t seven = 0; seven < 128; ++seven) {
    result.eight[seven] = static_cast<uint8_t>(seven | __builtin_parity(seven) << 7);
  }
  return result;
}

constexpr SignTable sign_table = even_signs();

inline int eight_signs(uint32_t seven) {
  return sign_table.eight[seven];
}

// ±scale * point; a set bit of `signs` means minus.
inline Floats signed_point(float scale, const int8_t* point, int signs) {
  return negate_where(signs, splat(scale) * to_floats(widen_signed(point)));
}

// The same for two points of four elements.
inline Floats signed_points(float scale, const int8_t* first, const int8_t* second, int signs) {
  int8_t both[8];
  __builtin_memcpy(both, first, 4);
  __builtin_memcpy(both + 4, second, 4);
  return signed_point(scale, both, signs);
}

// scale * (point ± 1/8)
inline Floats shifted_point(float scale, const int8_t* point, bool down) {
  const Floats shift = splat(down ? -0.125f : 0.125f);
  return splat(scale) * (to_floats(widen_signed(point)) + shift);
}

inline int half_byte(const uint8_t* packed, int i) {
  return packed[i / 2] >> (i % 2 * 4) & 15;
}

template <class Put>
inline void unpack(const Block<DType::iq2_xxs>& block, Put put) {
  const float block_scale = from_f16(block.scale);
  UNROLL
  for (int i = 0; i < 32; ++i) {
    const auto& group = block.groups[i / 4];
    const uint32_t packed = load_u32(group.signs_and_scale);
    const float scale = block_scale * (0.5f + static_cast<float>(packed >> 28)) * 0.25f;
    const int8_t* point = iq2_xxs_book.point[group.points[i % 4]];
    put(8 * i, signed_point(scale, point, eight_signs(packed >> (i % 4 * 7) & 127)));
  }
}

template <class Put>
inline void unpack(const Block<DType::iq2_xs>& block, Put put) {
  const float block_scale = from_f16(block.scale);
  UNROLL
  for (int i = 0; i < 32; ++i) {
    const uint32_t code = block.points[i];
    const float level = static_cast<float>(half_byte(block.scales, i / 2));
    const float scale = block_scale * (0.5f + level) * 0.25f;
    put(8 * i, signed_point(scale, iq2_xs_book.point[code & 511], eight_signs(code >> 9)));
  }
}

template <class Put>
inline void unpack(const Block<DType::iq2_s>& block, Put put) {
  const float block_scale = from_f16(block.scale);
  UNROLL
  for (int i = 0; i < 32; ++i) {
    const int code = block.points[i] | (block.points_high[i / 4] >> (i % 4 * 2) & 3) << 8;
    const float level = static_cast<float>(half_byte(block.scales, i / 2));
    const float scale = block_scale * (0.5f + level) * 0.25f;
    put(8 * i, signed_point(scale, iq2_s_book.point[code], block.signs[i]));
  }
}

template <class Put>
inline void unpack(const Block<DType::iq3_xxs>& block, Put put) {
  const float block_scale = from_f16(block.scale);
  UNROLL
  for (int i = 0; i < 32; ++i) {
    const uint32_t packed = load_u32(block.signs_and_scale[i / 4]);
    const float scale = block_scale * (0.5f + static_cast<float>(packed >> 28)) * 0.5f;
    const int8_t* first = iq3_xxs_book.point[block.points[2 * i]];
    const int8_t* second = iq3_xxs_book.point[block.points[2 * i + 1]];
    put(8 * i, signed_points(scale, first, second, eight_signs(packed >> (i % 4 * 7) & 127)));
  }
}

template <class Put>
inline void unpack(const Block<DType::iq3_s>& block, Put put) {
  const float block_scale = from_f16(block.scale);
  UNROLL
  for (int i = 0; i < 32; ++i) {
    const int high = block.points_high[i / 4] >> (i % 4 * 2);
    const int8_t* first = iq3_s_book.point[block.points[2 * i] | (high & 1) << 8];
    const int8_t* second = iq3_s_book.point[block.points[2 * i + 1] | (high & 2) << 7];
    const float scale = block_scale * static_cast<float>(1 + 2 * half_byte(block.scales, i / 4));
    put(8 * i, signed_points(scale, first, second, block.signs[i]));
  }
}

template <class Put>
inline void unpack(const Block<DType::iq1_s>& block, Put put) {
  const float block_scale = from_f16(block.scale);
  UNROLL
  for (int i = 0; i < 32; ++i) {
    const int high = block.high[i / 4];
    const int code = block.points[i] | (high >> (i % 4 * 3) & 7) << 8;
    const float scale = block_scale * static_cast<float>(2 * (high >> 12 & 7) + 1);
    put(8 * i, shifted_point(scale, iq1_book.point[code], (high & 0x8000) != 0));
  }
}

template <class Put>
inline void unpack(const Block<DType::iq1_m>& block, Put put) {
  unsigned half = 0;  // the block's scale, four bits at the top of each word of scales
  for (int i = 0; i < 4; ++i) half |= static_cast<unsigned>(block.scales[i] >> 12) << (4 * i);
  const float block_scale = from_f16(static_cast<uint16_t>(half));
  UNROLL
  for (int i = 0; i < 32; ++i) {
    const int high = half_byte(block.high, i);
    const int code = block.points[i] | (high & 7) << 8;
    const int level = block.scales[i / 8] >> (i / 2 % 4 * 3) & 7;
    const float scale = block_scale * static_cast<float>(2 * level + 1);
    put(8 * i, shifted_point(scale, iq1_book.point[code], (high & 8) != 0));
  }
}

}  // namespace
}  // namespace freehold::kernels
