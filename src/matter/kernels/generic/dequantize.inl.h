// Which element types there is arithmetic for, and how rows of each are read and multiplied.
#pragma once

#include "kernels/generic/codebooks.inl.h"
#include "kernels/generic/elements.inl.h"
#include "kernels/generic/reduce.inl.h"
#include "kernels/generic/unpack.inl.h"

namespace freehold::kernels {
namespace {

// Reads `count` elements, whole blocks, as floats.
using Reader = void (*)(const uint8_t* weights, float* out, size_t count);

// Their product with x. As everywhere in this table, products are summed in sixteen interleaved
// parts: the even vectors of eight and the odd ones.
using Multiplier = float (*)(const uint8_t* weights, const float* x, size_t count);

struct Format {
  DType type;
  size_t block_elements;
  size_t block_bytes;
  Reader read;
  Multiplier dot;
};

template <DType type>
void read_blocks(const uint8_t* bytes, float* out, size_t count) {
  const auto* blocks = reinterpret_cast<const Block<type>*>(bytes);
  for (size_t i = 0; i < count;
       i += Block<type>::elements, ++blocks, out += Block<type>::elements) {
    unpack(*blocks, [=](int at, Floats weights) { store(out + at, weights); });
  }
}

template <DType type>
float dot_blocks(const uint8_t* bytes, const float* x, size_t count) {
  const auto* blocks = reinterpret_cast<const Block<type>*>(bytes);
  Floats sums[2] = {splat(0), splat(0)};
  for (size_t i = 0; i < count; i += Block<type>::elements, ++blocks, x += Block<type>::elements) {
    unpack(*blocks, [&](int at, Floats weights) {
      Floats& part = sums[at / 8 % 2];
      part = multiply_add(weights, load(x + at), part);
    });
  }
  return sum(sums[0] + sums[1]);
}

template <class Element>
float dot_elements(const uint8_t* bytes, const float* x, size_t count) {
  Floats sums[2] = {splat(0), splat(0)};
  size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const uint8_t* p = bytes + i * Element::bytes;
    sums[0] = multiply_add(Element::read(p), load(x + i), sums[0]);
    sums[1] = multiply_add(Element::read(p + lanes * Element::bytes), load(x + i + lanes), sums[1]);
  }
  for (size_t part = 0; i < count; i += lanes, ++part) {
    const uint8_t* p = bytes + i * Element::bytes;
    const size_t left = count - i < lanes ? count - i : lanes;
    const Floats weights = read_partial<Element>(p, left);
    sums[part] =
        multiply_add(weights, left == lanes ? load(x + i) : load_partial(x + i, left), sums[part]);
  }
  return sum(sums[0] + sums[1]);
}

template <DType type>
constexpr Format blocks_of() {
  return {type, Block<type>::elements, sizeof(Block<type>), read_blocks<type>, dot_blocks<type>};
}

template <DType type, class Element>
constexpr Format elements_of() {
  return {type, 1, Element::bytes, read_elements<Element>, dot_elements<Element>};
}

constexpr Format formats[] = {
    elements_of<DType::f32, F32>(),   elements_of<DType::f16, F16>(),
    elements_of<DType::bf16, Bf16>(), blocks_of<DType::q4_0>(),
    blocks_of<DType::q4_1>(),         blocks_of<DType::q5_0>(),
    blocks_of<DType::q5_1>(),         blocks_of<DType::q8_0>(),
    blocks_of<DType::q2_k>(),         blocks_of<DType::q3_k>(),
    blocks_of<DType::q4_k>(),         blocks_of<DType::q5_k>(),
    blocks_of<DType::q6_k>(),         blocks_of<DType::q8_k>(),
    blocks_of<DType::iq4_nl>(),       blocks_of<DType::iq4_xs>(),
    blocks_of<DType::mxfp4>(),        blocks_of<DType::nvfp4>(),
    blocks_of<DType::tq1_0>(),        blocks_of<DType::tq2_0>(),
    blocks_of<DType::iq2_xxs>(),      blocks_of<DType::iq2_xs>(),
    blocks_of<DType::iq2_s>(),        blocks_of<DType::iq3_xxs>(),
    blocks_of<DType::iq3_s>(),        blocks_of<DType::iq1_s>(),
    blocks_of<DType::iq1_m>(),        blocks_of<DType::int4_zero>(),
    blocks_of<DType::int8_float>(),
};

inline const Format* find_format(DType type) {
  for (const Format& format : formats) {
    if (format.type == type) return &format;
  }
  return nullptr;
}

inline bool supports(DType type) {
  return find_format(type) != nullptr;
}

// The callers have asked supports() before they come here.
inline const Format& format_of(DType type) {
  const Format* format = find_format(type);
  if (format == nullptr) __builtin_trap();
  return *format;
}

inline void dequantize(DType type, const std::byte* blocks, float* out, size_t count) {
  format_of(type).read(reinterpret_cast<const uint8_t*>(blocks), out, count);
}

}  // namespace
}  // namespace freehold::kernels
