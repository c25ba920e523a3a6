// Panels: as many rows of a weight matrix as fill a few vectors, side by side. A format's blocks
// stay what they are, only their small items (a scale, four bytes of codes) change places: an item
// of all rows of the panel lies together, so that one load takes it for a vector of rows. Nothing
// is rounded, nothing grows, and memory is read strictly in order.
//
// open_step(): 256 columns of a panel, from their packed form to what the products are made of:
// weight = scale * code - minimum with whole codes from 0 on. Byte layouts: tensor/blocks.h; their
// meaning, row by row: generic/unpack.inl.h.
#pragma once

#include "kernels/generic/block_scales.inl.h"
#include "kernels/generic/panel_step.inl.h"
#include "tensor/blocks.h"
#include "tensor/quant_tables.h"

namespace freehold::kernels {
namespace {

// What a block consists of, in order: items of one or two bytes, quads of bytes, items of two
// bytes.
struct Items {
  size_t heads, head_bytes, quads, tails;
};

// One block of each row of a vector of rows.
struct PackedBlock {
  const uint8_t* at;

  const uint8_t* item(size_t offset) const { return at + offset * lanes; }
  Floats half(size_t offset) const { return load_f16(item(offset)); }
  Quads quad(size_t offset) const { return load_quads(item(offset)); }
  Ints word(size_t offset) const { return load_ints(item(offset)); }
};

template <DType type>
struct Panel;

#define FIELD(name) offsetof(Block<type>, name)

// ---- 32 columns to a block ---------------------------------------------------------------------

// Codes of 32 columns in 16 bytes: low halves of all bytes, then high halves.
template <class Out, class Change>
inline void put_nibbles(PackedBlock in, size_t offset, size_t first_quad, Out out, Change change) {
  UNROLL
  for (size_t i = 0; i < 4; ++i) {
    const Quads both = in.quad(offset + 4 * i);
    out.put(first_quad + i, change(byte_bits(both, 0, 15), i));
    out.put(first_quad + 4 + i, change(byte_bits(both, 4, 15), i + 4));
  }
}

constexpr auto unchanged = [](Quads codes, size_t) { return codes; };

template <>
struct Panel<DType::q4_0> {
  static constexpr DType type = DType::q4_0;
  static constexpr Items items = {1, 2, 4, 0};
  static constexpr Codes codes = Codes::four_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    const Floats scale = in.half(FIELD(scale));
    out.scale_32(block, scale, splat(8) * scale);
    put_nibbles(in, FIELD(codes), 8 * block, out, unchanged);
  }
};

template <>
struct Panel<DType::q4_1> {
  static constexpr DType type = DType::q4_1;
  static constexpr Items items = {2, 2, 4, 0};
  static constexpr Codes codes = Codes::four_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    out.scale_32(block, in.half(FIELD(scale)), splat(0) - in.half(FIELD(minimum)));
    put_nibbles(in, FIELD(codes), 8 * block, out, unchanged);
  }
};

// The fifth bits of a quad's four columns, as bytes: bit i of the factor's product lands in byte i.
inline Quads fifth_bits(Ints word, size_t quad) {
  const Ints four = (word >> static_cast<int>(4 * quad)) & splat_int(15);
  const Ints spread = (four * splat_int(0x00204081)) & splat_int(0x01010101);
  return shift_bytes(as_quads(spread), 4);
}

template <>
struct Panel<DType::q5_0> {
  static constexpr DType type = DType::q5_0;
  static constexpr Items items = {1, 2, 5, 0};
  static constexpr Codes codes = Codes::five_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    const Floats scale = in.half(FIELD(scale));
    out.scale_32(block, scale, splat(16) * scale);
    const Ints fifth = in.word(FIELD(fifth_bits));
    put_nibbles(in, FIELD(codes), 8 * block, out,
                [=](Quads low, size_t quad) { return low | fifth_bits(fifth, quad); });
  }
};

template <>
struct Panel<DType::q5_1> {
  static constexpr DType type = DType::q5_1;
  static constexpr Items items = {2, 2, 5, 0};
  static constexpr Codes codes = Codes::five_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    out.scale_32(block, in.half(FIELD(scale)), splat(0) - in.half(FIELD(minimum)));
    const Ints fifth = in.word(FIELD(fifth_bits));
    put_nibbles(in, FIELD(codes), 8 * block, out,
                [=](Quads low, size_t quad) { return low | fifth_bits(fifth, quad); });
  }
};

template <>
struct Panel<DType::q8_0> {
  static constexpr DType type = DType::q8_0;
  static constexpr Items items = {1, 2, 8, 0};
  static constexpr Codes codes = Codes::bytes_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    out.scale_32(block, in.half(FIELD(scale)));
    UNROLL
    for (size_t i = 0; i < 8; ++i) out.put(8 * block + i, in.quad(FIELD(codes) + 4 * i));
  }
};

// The values of E2M1, doubled, as codes from 0 on.
constexpr int e2m1_offset = 12;
struct RaisedE2m1 {
  alignas(16) int8_t values[16];
  constexpr RaisedE2m1() : values() {
    for (size_t i = 0; i < 16; ++i) {
      values[i] = static_cast<int8_t>(tables::doubled_e2m1_values[i] + e2m1_offset);
    }
  }
};
constexpr RaisedE2m1 raised_e2m1;

template <>
struct Panel<DType::iq4_nl> {
  static constexpr DType type = DType::iq4_nl;
  static constexpr Items items = {1, 2, 4, 0};
  static constexpr Codes codes = Codes::bytes_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    const ByteTable values = byte_table(tables::iq4_values);
    out.scale_32(block, in.half(FIELD(scale)));
    put_nibbles(in, FIELD(codes), 8 * block, out,
                [=](Quads index, size_t) { return lookup(values, index); });
  }
};

// Half of the powers of two that E8M0 exponents stand for, each as a product of two that are
// normal numbers.
inline Floats halves_of_e8m0(Ints exponents) {
  const Ints first = exponents >> 1, second = exponents - first;
  const Ints bias = splat_int(127 - 64);
  return as_floats((first + bias) << 23) * as_floats((second + bias) << 23);
}

struct Ue4m3Halves {
  float of[256];
  constexpr Ue4m3Halves() : of() {
    for (int i = 0; i < 256; ++i) of[i] = half_of_ue4m3(static_cast<uint8_t>(i));
  }
};
constexpr Ue4m3Halves ue4m3_halves;

// Of every fourth byte.
inline Floats halves_of_ue4m3(const uint8_t* bytes) {
  float scales[lanes];
  for (size_t i = 0; i < lanes; ++i) scales[i] = ue4m3_halves.of[bytes[4 * i]];
  return load(scales);
}

template <>
struct Panel<DType::mxfp4> {
  static constexpr DType type = DType::mxfp4;
  static constexpr Items items = {1, 1, 4, 0};
  static constexpr Codes codes = Codes::five_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    const Floats scale = halves_of_e8m0(widen(in.item(FIELD(exponent))));
    const ByteTable values = byte_table(raised_e2m1.values);
    out.scale_32(block, scale, splat(e2m1_offset) * scale);
    put_nibbles(in, FIELD(codes), 8 * block, out,
                [=](Quads index, size_t) { return lookup(values, index); });
  }
};

template <>
struct Panel<DType::nvfp4> {
  static constexpr DType type = DType::nvfp4;
  static constexpr Items items = {0, 2, 9, 0};
  static constexpr Codes codes = Codes::five_bits_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    const ByteTable values = byte_table(raised_e2m1.values);
    for (size_t group = 0; group < 4; ++group) {
      const Floats scale = halves_of_ue4m3(in.item(FIELD(scales)) + group);
      out.scale_16(4 * block + group, scale, splat(e2m1_offset) * scale);
      for (size_t i = 0; i < 2; ++i) {
        const Quads both = in.quad(FIELD(codes) + 8 * group + 4 * i);
        const size_t quad = 16 * block + 4 * group + i;
        out.put(quad, lookup(values, byte_bits(both, 0, 15)));
        out.put(quad + 2, lookup(values, byte_bits(both, 4, 15)));
      }
    }
  }
};

// ---- 256 columns to a block --------------------------------------------------------------------

inline Floats byte_of(Ints word, size_t byte) {
  return to_floats((word >> static_cast<int>(8 * byte)) & splat_int(255));
}

// Eight scales and eight minimums of 6 bits each in three words.
template <class Out>
inline void put_six_bit_scales(PackedBlock in, size_t offset, Floats scale, Floats minimum,
                               Out out) {
  const Ints a = in.word(offset), b = in.word(offset + 4), rest = in.word(offset + 8);
  const Ints low = splat_int(0x0f0f0f0f), six = splat_int(0x3f3f3f3f), pair = splat_int(0x30303030);
  const Ints scales[2] = {a & six, (rest & low) | ((a >> 2) & pair)};
  const Ints minimums[2] = {b & six, ((rest >> 4) & low) | ((b >> 2) & pair)};
  UNROLL
  for (size_t i = 0; i < 8; ++i) {
    out.scale_32(i, scale * byte_of(scales[i / 4], i % 4),
                 minimum * byte_of(minimums[i / 4], i % 4));
  }
}

template <>
struct Panel<DType::q4_k> {
  static constexpr DType type = DType::q4_k;
  static constexpr Items items = {2, 2, 35, 0};
  static constexpr Codes codes = Codes::four_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    put_six_bit_scales(in, FIELD(scales), in.half(FIELD(scale)), in.half(FIELD(minimum)), out);
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const Quads both = in.quad(FIELD(codes) + 4 * i);
      out.put(i / 8 * 16 + i % 8, byte_bits(both, 0, 15));
      out.put(i / 8 * 16 + 8 + i % 8, byte_bits(both, 4, 15));
    }
  }
};

template <>
struct Panel<DType::q5_k> {
  static constexpr DType type = DType::q5_k;
  static constexpr Items items = {2, 2, 43, 0};
  static constexpr Codes codes = Codes::five_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    put_six_bit_scales(in, FIELD(scales), in.half(FIELD(scale)), in.half(FIELD(minimum)), out);
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const size_t group = i / 8 * 2;
      const Quads both = in.quad(FIELD(codes) + 4 * i);
      const Quads fifth = in.quad(FIELD(fifth_bits) + 4 * (i % 8));
      const Quads low = shift_bytes(byte_bits(fifth, static_cast<int>(group), 1), 4);
      const Quads high = shift_bytes(byte_bits(fifth, static_cast<int>(group + 1), 1), 4);
      out.put(group * 8 + i % 8, byte_bits(both, 0, 15) | low);
      out.put(group * 8 + 8 + i % 8, byte_bits(both, 4, 15) | high);
    }
  }
};

template <>
struct Panel<DType::q6_k> {
  static constexpr DType type = DType::q6_k;
  static constexpr Items items = {0, 2, 52, 1};
  static constexpr Codes codes = Codes::six_bits_whole_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale));
    UNROLL
    for (size_t i = 0; i < 8; ++i) {
      const Ints word = in.word(FIELD(scales) + i / 2 * 4);
      const int at = static_cast<int>(i % 2 * 16);
      out.scale_halves(i, scale, signed_byte(word, at), signed_byte(word, at + 8), 5);
    }
    // Two of the four blocks that share their high bits at a time: of more there would be more sums
    // in hand than registers.
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const size_t half = i / 16, pair = i / 8 % 2, at = i % 8, quad = 32 * half + 8 * pair + at;
      const Quads high = in.quad(FIELD(high_bits) + 32 * half + 4 * at);
      const Quads both = in.quad(FIELD(codes) + 64 * half + 32 * pair + 4 * at);
      const int low_bits = static_cast<int>(2 * pair);
      out.put(quad, byte_bits(both, 0, 15) | shift_bytes(byte_bits(high, low_bits, 3), 4));
      out.put(quad + 16, byte_bits(both, 4, 15) | shift_bytes(byte_bits(high, low_bits + 4, 3), 4));
    }
  }
};

// The quad of codes of two bits: four quads of columns, 32 columns apart, share their bytes.
inline Quads two_bits(PackedBlock in, size_t offset, size_t quad) {
  const Quads four = in.quad(offset + quad / 32 * 32 + quad % 8 * 4);
  return byte_bits(four, static_cast<int>(quad % 32 / 8 * 2), 3);
}

template <>
struct Panel<DType::q2_k> {
  static constexpr DType type = DType::q2_k;
  static constexpr Items items = {0, 2, 20, 2};
  static constexpr Codes codes = Codes::five_bits_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale)), minimum = in.half(FIELD(minimum));
    UNROLL
    for (size_t i = 0; i < 16; ++i) {
      const Ints both = in.word(FIELD(scales) + i / 4 * 4) >> static_cast<int>(i % 4 * 8);
      out.scale_16(i, scale * to_floats(both & splat_int(15)),
                   minimum * to_floats((both >> 4) & splat_int(15)));
    }
    UNROLL
    for (size_t i = 0; i < 64; ++i) out.put(i, two_bits(in, FIELD(codes), i));
  }
};

template <>
struct Panel<DType::q3_k> {
  static constexpr DType type = DType::q3_k;
  static constexpr Items items = {0, 2, 27, 1};
  static constexpr Codes codes = Codes::five_bits_whole_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Ints a = in.word(FIELD(scales)), b = in.word(FIELD(scales) + 4);
    const Ints high = in.word(FIELD(scales) + 8);
    const Ints low = splat_int(0x0f0f0f0f), pair = splat_int(0x03030303);
    const Ints scales[4] = {
        (a & low) | ((high & pair) << 4),
        (b & low) | (((high >> 2) & pair) << 4),
        ((a >> 4) & low) | (((high >> 4) & pair) << 4),
        ((b >> 4) & low) | (((high >> 6) & pair) << 4),
    };
    const Floats scale = in.half(FIELD(scale));
    const auto whole = [&](size_t i) {
      const Ints byte = (scales[i / 4] >> static_cast<int>(i % 4 * 8)) & splat_int(255);
      return byte - splat_int(32);
    };
    UNROLL
    for (size_t i = 0; i < 8; ++i) out.scale_halves(i, scale, whole(2 * i), whole(2 * i + 1), 2);
    UNROLL
    for (size_t i = 0; i < 64; ++i) {
      const Quads bits = in.quad(FIELD(third_bits) + i % 8 * 4);
      const Quads third = shift_bytes(byte_bits(bits, static_cast<int>(i / 8), 1), 2);
      out.put(i, two_bits(in, FIELD(codes), i) | third);
    }
  }
};

template <>
struct Panel<DType::iq4_xs> {
  static constexpr DType type = DType::iq4_xs;
  static constexpr Items items = {2, 2, 33, 0};
  static constexpr Codes codes = Codes::bytes_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale));
    uint16_t high[lanes];
    __builtin_memcpy(high, in.item(FIELD(scales_high)), sizeof high);
    uint32_t wide[lanes];
    for (size_t i = 0; i < lanes; ++i) wide[i] = high[i];
    const Ints scales_high = load_ints(wide), scales_low = in.word(FIELD(scales_low));
    const ByteTable values = byte_table(tables::iq4_values);
    UNROLL
    for (size_t i = 0; i < 8; ++i) {
      const Ints low = (scales_low >> static_cast<int>(4 * i)) & splat_int(15);
      const Ints top = (scales_high >> static_cast<int>(2 * i)) & splat_int(3);
      out.scale_32(i, scale * to_floats((low | (top << 4)) - splat_int(32)));
      put_nibbles(in, FIELD(codes) + 16 * i, 8 * i, out,
                  [=](Quads index, size_t) { return lookup(values, index); });
    }
  }
};

#undef FIELD

}  // namespace
}  // namespace freehold::kernels
