// Panels of the formats whose codes name points of a codebook, and of the ternary ones. A point is
// looked up for each row of a vector of rows; its four or eight bytes lie in the book raised to
// codes from 0 on, and signs turn them round the middle. All scales of a block are odd multiples of
// one. At the end, bytes and groups of whole numbers. Not the other formats (panel_formats.inl.h)
// and not rows (codebooks.inl.h).
#pragma once

#include "kernels/generic/panel_formats.inl.h"

namespace freehold::kernels {
namespace {

// Points of eight or four elements as one number each: raised + times * element to a byte.
template <class Point, size_t points>
struct RaisedBook {
  alignas(64) Point of[points];
};

template <class Point, size_t points, size_t levels>
consteval RaisedBook<Point, points> raised_book(const uint16_t (&packed)[points],
                                                const int8_t (&level)[levels], int raised,
                                                int times = 1) {
  constexpr int bits = levels <= 4 ? 2 : 3;
  RaisedBook<Point, points> book = {};
  for (size_t p = 0; p < points; ++p) {
    for (size_t i = 0; i < sizeof(Point); ++i) {
      const int element = level[packed[p] >> (bits * static_cast<int>(i)) & ((1 << bits) - 1)];
      book.of[p] |= static_cast<Point>(raised + times * element) << (8 * i);
    }
  }
  return book;
}

constexpr int bits_below_64 = 6, bits_below_16 = 4;
constexpr int middle_of_7_bits = 1 << bits_below_64, middle_of_5_bits = 1 << bits_below_16;

constexpr auto raised_iq2_xxs =
    raised_book<uint64_t>(tables::iq2_xxs_points, tables::iq2_xxs_levels, middle_of_7_bits);
constexpr auto raised_iq2_xs =
    raised_book<uint64_t>(tables::iq2_xs_points, tables::iq2_xs_levels, middle_of_7_bits);
constexpr auto raised_iq2_s =
    raised_book<uint64_t>(tables::iq2_s_points, tables::iq2_s_levels, middle_of_7_bits);
constexpr auto raised_iq3_xxs =
    raised_book<uint32_t>(tables::iq3_xxs_points, tables::iq3_xxs_levels, middle_of_7_bits);
constexpr auto raised_iq3_s =
    raised_book<uint32_t>(tables::iq3_s_points, tables::iq3_s_levels, middle_of_5_bits);
// Elements are shifted by an eighth up or down: these are the eighths, shifted up.
constexpr auto raised_iq1 =
    raised_book<uint64_t>(tables::iq1_points, tables::iq1_levels, middle_of_5_bits + 1, 8);

#define FIELD(name) offsetof(Block<type>, name)

inline Ints bits_at(Ints word, size_t shift, int mask) {
  return (word >> static_cast<int>(shift)) & splat_int(mask);
}

inline Ints odd(Ints level) {
  return (level << 1) | splat_int(1);
}

// Seven signs are stored; the eighth makes their number even.
inline Quads eight_signs(Ints seven) {
  constexpr static int8_t odd = -128;
  alignas(16) constexpr static int8_t parity[16] = {0,   odd, odd, 0,   odd, 0,   0,   odd,
                                                    odd, 0,   0,   odd, 0,   odd, odd, 0};
  const Quads signs = as_quads(seven);
  const Quads folded = byte_bits(signs ^ byte_bits(signs, 4, 15), 0, 15);
  return signs | lookup(byte_table(parity), folded);
}

// middle + element becomes middle - element where the mask is set.
template <int middle>
inline Quads turned(Quads codes, Quads mask) {
  return (codes ^ byte_bits(mask, 0, 2 * middle - 1)) - mask;
}

// Eight columns; signs in the lowest byte of each element.
template <int middle, class Out>
inline void put_signed(size_t quad, QuadPair points, Quads signs, Out out) {
  out.put(quad, turned<middle>(points.first, spread_bits(signs, 0)));
  out.put(quad + 1, turned<middle>(points.second, spread_bits(signs, 4)));
}

template <>
struct Panel<DType::iq2_xxs> {
  static constexpr DType type = DType::iq2_xxs;
  static constexpr Items items = {1, 2, 16, 0};
  static constexpr Codes codes = Codes::seven_bits_whole_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale)) * splat(0.125f);
    UNROLL
    for (size_t i = 0; i < 8; ++i) {
      const Ints rest = in.word(FIELD(groups) + 8 * i + 4);
      const Ints whole = odd(rest >> 28);
      out.scale_halves(i, scale, whole, whole, bits_below_64);
    }
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const size_t group = FIELD(groups) + i / 4 * 8;
      const Ints point = bits_at(in.word(group), i % 4 * 8, 255);
      const Quads signs = eight_signs(bits_at(in.word(group + 4), i % 4 * 7, 127));
      put_signed<middle_of_7_bits>(2 * i, gather_eights(raised_iq2_xxs.of, point), signs, out);
    }
  }
};

// Sixteen scales of four bits.
template <class Out>
inline void put_four_bit_scales(PackedBlock in, size_t offset, Floats scale, Out out) {
  UNROLL
  for (size_t i = 0; i < 8; ++i) {
    const Ints word = in.word(offset + i / 4 * 4);
    const Ints first = odd(bits_at(word, i % 4 * 8, 15));
    const Ints second = odd(bits_at(word, i % 4 * 8 + 4, 15));
    out.scale_halves(i, scale, first, second, bits_below_64);
  }
}

template <>
struct Panel<DType::iq2_xs> {
  static constexpr DType type = DType::iq2_xs;
  static constexpr Items items = {1, 2, 18, 0};
  static constexpr Codes codes = Codes::seven_bits_whole_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    put_four_bit_scales(in, FIELD(scales), in.half(FIELD(scale)) * splat(0.125f), out);
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const Ints word = in.word(FIELD(points) + i / 2 * 4);
      const Ints point = bits_at(word, i % 2 * 16, 511);
      const Quads signs = eight_signs(bits_at(word, i % 2 * 16 + 9, 127));
      put_signed<middle_of_7_bits>(2 * i, gather_eights(raised_iq2_xs.of, point), signs, out);
    }
  }
};

template <>
struct Panel<DType::iq2_s> {
  static constexpr DType type = DType::iq2_s;
  static constexpr Items items = {1, 2, 20, 0};
  static constexpr Codes codes = Codes::seven_bits_whole_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    put_four_bit_scales(in, FIELD(scales), in.half(FIELD(scale)) * splat(0.125f), out);
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const Ints low = bits_at(in.word(FIELD(points) + i / 4 * 4), i % 4 * 8, 255);
      const Ints high = bits_at(in.word(FIELD(points_high) + i / 16 * 4), i % 16 * 2, 3);
      const Ints signs = in.word(FIELD(signs) + i / 4 * 4) >> static_cast<int>(i % 4 * 8);
      put_signed<middle_of_7_bits>(2 * i, gather_eights(raised_iq2_s.of, low | (high << 8)),
                                   as_quads(signs), out);
    }
  }
};

template <>
struct Panel<DType::iq3_xxs> {
  static constexpr DType type = DType::iq3_xxs;
  static constexpr Items items = {1, 2, 24, 0};
  static constexpr Codes codes = Codes::seven_bits_whole_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale)) * splat(0.25f);
    UNROLL
    for (size_t i = 0; i < 8; ++i) {
      const Ints whole = odd(in.word(FIELD(signs_and_scale) + 4 * i) >> 28);
      out.scale_halves(i, scale, whole, whole, bits_below_64);
    }
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const Ints word = in.word(FIELD(points) + i / 2 * 4);
      const Ints rest = in.word(FIELD(signs_and_scale) + i / 4 * 4);
      const QuadPair points = {
          gather_quads(raised_iq3_xxs.of, bits_at(word, i % 2 * 16, 255)),
          gather_quads(raised_iq3_xxs.of, bits_at(word, i % 2 * 16 + 8, 255)),
      };
      put_signed<middle_of_7_bits>(2 * i, points, eight_signs(bits_at(rest, i % 4 * 7, 127)), out);
    }
  }
};

template <>
struct Panel<DType::iq3_s> {
  static constexpr DType type = DType::iq3_s;
  static constexpr Items items = {1, 2, 27, 0};
  static constexpr Codes codes = Codes::five_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale));
    UNROLL
    for (size_t i = 0; i < 8; ++i) {
      const Floats each = scale * to_floats(odd(bits_at(in.word(FIELD(scales)), 4 * i, 15)));
      out.scale_32(i, each, splat(middle_of_5_bits) * each);
    }
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const Ints word = in.word(FIELD(points) + i / 2 * 4);
      const Ints high = in.word(FIELD(points_high) + i / 16 * 4) >> static_cast<int>(i % 16 * 2);
      const Ints first = bits_at(word, i % 2 * 16, 255) | ((high & splat_int(1)) << 8);
      const Ints second = bits_at(word, i % 2 * 16 + 8, 255) | ((high & splat_int(2)) << 7);
      const Ints signs = in.word(FIELD(signs) + i / 4 * 4) >> static_cast<int>(i % 4 * 8);
      put_signed<middle_of_5_bits>(
          2 * i, {gather_quads(raised_iq3_s.of, first), gather_quads(raised_iq3_s.of, second)},
          as_quads(signs), out);
    }
  }
};

// Eight columns; `down`, 0 or 1: shifted down by an eighth and not up.
template <class Out>
inline void put_shifted(size_t quad, QuadPair points, Ints down, Out out) {
  const Quads two = as_quads(down * splat_int(0x02020202));
  out.put(quad, points.first - two);
  out.put(quad + 1, points.second - two);
}

template <>
struct Panel<DType::iq1_s> {
  static constexpr DType type = DType::iq1_s;
  static constexpr Items items = {1, 2, 12, 0};
  static constexpr Codes codes = Codes::five_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale)) * splat(0.125f);
    const auto high = [=](size_t group) {
      return in.word(FIELD(high) + group / 2 * 4) >> static_cast<int>(group % 2 * 16);
    };
    UNROLL
    for (size_t i = 0; i < 8; ++i) {
      const Floats each = scale * to_floats(odd(bits_at(high(i), 12, 7)));
      out.scale_32(i, each, splat(middle_of_5_bits) * each);
    }
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const Ints low = bits_at(in.word(FIELD(points) + i / 4 * 4), i % 4 * 8, 255);
      const Ints point = low | (bits_at(high(i / 4), i % 4 * 3, 7) << 8);
      put_shifted(2 * i, gather_eights(raised_iq1.of, point), bits_at(high(i / 4), 15, 1), out);
    }
  }
};

// Of the lower 16 bits of each element.
inline Floats from_halves(Ints x) {
  uint32_t wide[lanes];
  uint16_t halves[lanes];
  store_ints(wide, x);
  for (size_t i = 0; i < lanes; ++i) halves[i] = static_cast<uint16_t>(wide[i]);
  return load_f16(halves);
}

template <>
struct Panel<DType::iq1_m> {
  static constexpr DType type = DType::iq1_m;
  static constexpr Items items = {0, 2, 14, 0};
  static constexpr Codes codes = Codes::five_bits_whole_by_16;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Ints a = in.word(FIELD(scales)), b = in.word(FIELD(scales) + 4);
    const Ints low_half = bits_at(a, 12, 15) | ((a >> 28) << 4);
    const Ints high_half = bits_at(b, 12, 15) | ((b >> 28) << 4);
    const Floats scale = from_halves(low_half | (high_half << 8)) * splat(0.125f);
    UNROLL
    for (size_t i = 0; i < 8; ++i) {
      const size_t at = i / 2 % 2 * 16 + i % 2 * 6;
      const Ints first = odd(bits_at(i < 4 ? a : b, at, 7));
      const Ints second = odd(bits_at(i < 4 ? a : b, at + 3, 7));
      out.scale_halves(i, scale, first, second, bits_below_16);
    }
    UNROLL
    for (size_t i = 0; i < 32; ++i) {
      const Ints low = bits_at(in.word(FIELD(points) + i / 4 * 4), i % 4 * 8, 255);
      const Ints high = in.word(FIELD(high) + i / 8 * 4) >> static_cast<int>(i % 8 * 4);
      const Ints point = low | ((high & splat_int(7)) << 8);
      put_shifted(2 * i, gather_eights(raised_iq1.of, point), bits_at(high, 3, 1), out);
    }
  }
};

// ---- ternary, and bytes ------------------------------------------------------------------------

// One base-3 digit of each byte, after as many as the power says: of two bytes at a time, which
// then have room for the carry that is the digit.
inline Ints ternary_digits(Ints bytes, int power) {
  const Ints byte = splat_int(0x00ff00ff);
  return ((((bytes & byte) * splat_int(power)) & byte) * splat_int(3) >> 8) & byte;
}
inline Quads ternary_quad(Ints bytes, size_t digit) {
  constexpr int powers[5] = {1, 3, 9, 27, 81};
  const int power = powers[digit];
  return as_quads(ternary_digits(bytes, power) | (ternary_digits(bytes >> 8, power) << 8));
}

template <>
struct Panel<DType::tq1_0> {
  static constexpr DType type = DType::tq1_0;
  static constexpr Items items = {0, 2, 13, 1};
  static constexpr Codes codes = Codes::four_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale));
    UNROLL
    for (size_t i = 0; i < 8; ++i) out.scale_32(i, scale, scale);
    UNROLL
    for (size_t i = 0; i < 40; ++i) {
      out.put(i, ternary_quad(in.word(FIELD(codes) + i % 8 * 4), i / 8));
    }
    UNROLL
    for (size_t i = 0; i < 20; ++i) {
      out.put(40 + i, ternary_quad(in.word(FIELD(codes) + 32 + i % 4 * 4), i / 4));
    }
    UNROLL
    for (size_t i = 0; i < 4; ++i) out.put(60 + i, ternary_quad(in.word(FIELD(last_codes)), i));
  }
};

template <>
struct Panel<DType::tq2_0> {
  static constexpr DType type = DType::tq2_0;
  static constexpr Items items = {0, 2, 16, 1};
  static constexpr Codes codes = Codes::four_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = in.half(FIELD(scale));
    UNROLL
    for (size_t i = 0; i < 8; ++i) out.scale_32(i, scale, scale);
    UNROLL
    for (size_t i = 0; i < 64; ++i) out.put(i, two_bits(in, FIELD(codes), i));
  }
};

template <>
struct Panel<DType::q8_k> {
  static constexpr DType type = DType::q8_k;
  static constexpr Items items = {0, 2, 73, 0};
  static constexpr Codes codes = Codes::bytes_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t, Out out) {
    const Floats scale = as_floats(in.word(FIELD(scale)));
    UNROLL
    for (size_t i = 0; i < 8; ++i) out.scale_32(i, scale);
    UNROLL
    for (size_t i = 0; i < 64; ++i) out.put(i, in.quad(FIELD(codes) + 4 * i));
  }
};

template <>
struct Panel<DType::int4_zero> {
  static constexpr DType type = DType::int4_zero;
  static constexpr Items items = {2, 2, 4, 0};
  static constexpr Codes codes = Codes::four_bits_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    const Floats scale = in.half(FIELD(scale));
    out.scale_32(block, scale, in.half(FIELD(zero)) * scale);
    put_nibbles(in, FIELD(codes), 8 * block, out, unchanged);
  }
};

template <>
struct Panel<DType::int8_float> {
  static constexpr DType type = DType::int8_float;
  static constexpr Items items = {0, 2, 9, 0};
  static constexpr Codes codes = Codes::bytes_by_32;
  template <class Out>
  static void open(PackedBlock in, size_t block, Out out) {
    out.scale_32(block, as_floats(in.word(FIELD(scale))));
    UNROLL
    for (size_t i = 0; i < 8; ++i) out.put(8 * block + i, in.quad(FIELD(codes) + 4 * i));
  }
};

#undef FIELD

}  // namespace
}  // namespace freehold::kernels
