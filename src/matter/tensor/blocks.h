// The byte layout of quantized blocks, as the GGUF specification and its reference implementation
// publish them. Only layout: what the fields mean together is in kernels/generic/unpack.inl.h. All
// numbers are little-endian; a `scale` or `minimum` of two bytes is an IEEE half. There are no
// functions here, because files of every instruction set include it.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace freehold {

#pragma pack(push, 1)

// Block<type>: what `elements` consecutive weights of that type are stored as.
template <DType type>
struct Block;

template <>
struct Block<DType::q4_0> {
  static constexpr std::uint32_t elements = 32;
  std::uint16_t scale;
  std::uint8_t codes[16];  // low halves: elements 0..15, high halves: 16..31
};

template <>
struct Block<DType::q4_1> {
  static constexpr std::uint32_t elements = 32;
  std::uint16_t scale;
  std::uint16_t minimum;
  std::uint8_t codes[16];  // as q4_0
};

template <>
struct Block<DType::q5_0> {
  static constexpr std::uint32_t elements = 32;
  std::uint16_t scale;
  std::uint8_t fifth_bits[4];  // bit i of the 32: element i
  std::uint8_t codes[16];      // as q4_0
};

template <>
struct Block<DType::q5_1> {
  static constexpr std::uint32_t elements = 32;
  std::uint16_t scale;
  std::uint16_t minimum;
  std::uint8_t fifth_bits[4];
  std::uint8_t codes[16];
};

template <>
struct Block<DType::q8_0> {
  static constexpr std::uint32_t elements = 32;
  std::uint16_t scale;
  std::int8_t codes[32];
};

template <>
struct Block<DType::q2_k> {
  static constexpr std::uint32_t elements = 256;
  std::uint8_t scales[16];  // per 16 elements: low half scale, high half minimum
  std::uint8_t codes[64];   // per half of the block 32 bytes, bits 0-1, 2-3, 4-5, 6-7 in turn
  std::uint16_t scale;
  std::uint16_t minimum;
};

template <>
struct Block<DType::q3_k> {
  static constexpr std::uint32_t elements = 256;
  std::uint8_t third_bits[32];  // bit g of byte i: element 32 g + i; set means "do not subtract 4"
  std::uint8_t codes[64];       // as q2_k
  std::uint8_t scales[12];      // 16 of 6 bits: 8 bytes of low halves, 4 bytes of high pairs
  std::uint16_t scale;
};

template <>
struct Block<DType::q4_k> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint16_t minimum;
  std::uint8_t scales[12];  // per 32 elements 6 bits of scale, 6 bits of minimum
  std::uint8_t codes[128];  // per 64 elements 32 bytes: low halves first, then high halves
};

template <>
struct Block<DType::q5_k> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint16_t minimum;
  std::uint8_t scales[12];      // as q4_k
  std::uint8_t fifth_bits[32];  // bit g of byte i: element 32 g + i
  std::uint8_t codes[128];      // as q4_k
};

template <>
struct Block<DType::q6_k> {
  static constexpr std::uint32_t elements = 256;
  std::uint8_t codes[128];     // per half 64 bytes: low halves 64 elements, high halves 64 elements
  std::uint8_t high_bits[64];  // per half 32 bytes, two bits for each of four 32-element groups
  std::int8_t scales[16];      // per 16 elements
  std::uint16_t scale;
};

template <>
struct Block<DType::q8_k> {
  static constexpr std::uint32_t elements = 256;
  float scale;
  std::int8_t codes[256];
  std::int16_t sums[16];  // of 16 codes each; only dot products of integers use them
};

template <>
struct Block<DType::iq4_nl> {
  static constexpr std::uint32_t elements = 32;
  std::uint16_t scale;
  std::uint8_t codes[16];  // as q4_0, each names one of 16 fixed values
};

template <>
struct Block<DType::iq4_xs> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint16_t scales_high;   // two bits per 32 elements
  std::uint8_t scales_low[4];  // four bits per 32 elements
  std::uint8_t codes[128];     // per 32 elements 16 bytes, as iq4_nl
};

template <>
struct Block<DType::mxfp4> {
  static constexpr std::uint32_t elements = 32;
  std::uint8_t exponent;   // E8M0
  std::uint8_t codes[16];  // E2M1, ordered as q4_0
};

template <>
struct Block<DType::nvfp4> {
  static constexpr std::uint32_t elements = 64;
  std::uint8_t scales[4];  // unsigned E4M3 per 16 elements
  std::uint8_t codes[32];  // E2M1; per 16 elements 8 bytes: low halves, then high halves
};

template <>
struct Block<DType::tq1_0> {
  static constexpr std::uint32_t elements = 256;
  std::uint8_t codes[48];      // five base-3 digits a byte
  std::uint8_t last_codes[4];  // four base-3 digits a byte
  std::uint16_t scale;
};

template <>
struct Block<DType::tq2_0> {
  static constexpr std::uint32_t elements = 256;
  std::uint8_t codes[64];  // as q2_k
  std::uint16_t scale;
};

template <>
struct Block<DType::iq2_xxs> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  struct {
    std::uint8_t points[4];           // of a grid of 256, 8 elements each
    std::uint8_t signs_and_scale[4];  // four times 7 bits of signs, 4 bits of scale
  } groups[8];                        // of 32 elements
};

template <>
struct Block<DType::iq2_xs> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint16_t points[32];  // 9 bits name a point of a grid of 512, 7 bits its signs
  std::uint8_t scales[8];    // per 16 elements 4 bits
};

template <>
struct Block<DType::iq2_s> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint8_t points[32];  // low 8 of the 10 bits that name a point of 8 elements
  std::uint8_t signs[32];
  std::uint8_t points_high[8];  // two bits a point
  std::uint8_t scales[8];       // per 16 elements 4 bits
};

template <>
struct Block<DType::iq3_xxs> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint8_t points[64];             // of a grid of 256, 4 elements each
  std::uint8_t signs_and_scale[8][4];  // per 32 elements, as iq2_xxs
};

template <>
struct Block<DType::iq3_s> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint8_t points[64];      // low 8 of the 9 bits that name a point of 4 elements
  std::uint8_t points_high[8];  // one bit a point
  std::uint8_t signs[32];
  std::uint8_t scales[4];  // per 32 elements 4 bits
};

template <>
struct Block<DType::iq1_s> {
  static constexpr std::uint32_t elements = 256;
  std::uint16_t scale;
  std::uint8_t points[32];  // low 8 of the 11 bits that name a point of 8 elements
  std::uint16_t high[8];    // per 32 elements: four times 3 bits of point, 3 of scale, 1 of shift
};

template <>
struct Block<DType::iq1_m> {
  static constexpr std::uint32_t elements = 256;
  std::uint8_t points[32];  // as iq1_s
  std::uint8_t high[16];    // per 8 elements: 3 bits of point, 1 of shift
  std::uint16_t scales[4];  // four times 3 bits of scale; the top halves make up the block's scale
};

// Not published: what the weights of quantized safetensors become whose scales or zeros no block
// above holds without loss.
template <>
struct Block<DType::int4_zero> {
  static constexpr std::uint32_t elements = 32;
  std::uint16_t scale;
  std::uint16_t zero;      // a whole number as a half: weight = scale * (code - zero)
  std::uint8_t codes[16];  // as q4_0
};

template <>
struct Block<DType::int8_float> {
  static constexpr std::uint32_t elements = 32;
  float scale;
  std::int8_t codes[32];
};

#pragma pack(pop)

static_assert(sizeof(Block<DType::q4_0>) == 18);
static_assert(sizeof(Block<DType::q4_1>) == 20);
static_assert(sizeof(Block<DType::q5_0>) == 22);
static_assert(sizeof(Block<DType::q5_1>) == 24);
static_assert(sizeof(Block<DType::q8_0>) == 34);
static_assert(sizeof(Block<DType::q2_k>) == 84);
static_assert(sizeof(Block<DType::q3_k>) == 110);
static_assert(sizeof(Block<DType::q4_k>) == 144);
static_assert(sizeof(Block<DType::q5_k>) == 176);
static_assert(sizeof(Block<DType::q6_k>) == 210);
static_assert(sizeof(Block<DType::q8_k>) == 292);
static_assert(sizeof(Block<DType::iq4_nl>) == 18);
static_assert(sizeof(Block<DType::iq4_xs>) == 136);
static_assert(sizeof(Block<DType::mxfp4>) == 17);
static_assert(sizeof(Block<DType::nvfp4>) == 36);
static_assert(sizeof(Block<DType::tq1_0>) == 54);
static_assert(sizeof(Block<DType::tq2_0>) == 66);
static_assert(sizeof(Block<DType::iq2_xxs>) == 66);
static_assert(sizeof(Block<DType::iq2_xs>) == 74);
static_assert(sizeof(Block<DType::iq2_s>) == 82);
static_assert(sizeof(Block<DType::iq3_xxs>) == 98);
static_assert(sizeof(Block<DType::iq3_s>) == 110);
static_assert(sizeof(Block<DType::iq1_s>) == 50);
static_assert(sizeof(Block<DType::iq1_m>) == 56);
static_assert(sizeof(Block<DType::int4_zero>) == 20);
static_assert(sizeof(Block<DType::int8_float>) == 36);

}  // namespace freehold
