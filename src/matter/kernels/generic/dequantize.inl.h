// Which element types there are arithmetic for, and how each is read.
#pragma once

#include "kernels/generic/elements.inl.h"
#include "kernels/generic/unpack.inl.h"

namespace freehold::kernels {
namespace {

// Reads `count` elements, whole blocks, as floats.
using Reader = void (*)(const uint8_t* blocks, float* out, size_t count);

struct Format {
  Reader read;  // null when the type has no arithmetic here
  size_t block_elements;
  size_t block_bytes;
};

template <DType type>
void read_blocks(const uint8_t* bytes, float* out, size_t count) {
  const auto* blocks = reinterpret_cast<const Block<type>*>(bytes);
  for (size_t i = 0; i < count / Block<type>::elements; ++i) {
    unpack(blocks[i], out + i * Block<type>::elements);
  }
}

template <DType type>
constexpr Format blocks_of() {
  return {read_blocks<type>, Block<type>::elements, sizeof(Block<type>)};
}

template <class Element>
constexpr Format elements_of() {
  return {read_elements<Element>, 1, Element::bytes};
}

inline Format format_of(DType type) {
  switch (type) {
    case DType::f32:
      return elements_of<F32>();
    case DType::f16:
      return elements_of<F16>();
    case DType::bf16:
      return elements_of<Bf16>();
    case DType::q4_0:
      return blocks_of<DType::q4_0>();
    case DType::q4_1:
      return blocks_of<DType::q4_1>();
    case DType::q5_0:
      return blocks_of<DType::q5_0>();
    case DType::q5_1:
      return blocks_of<DType::q5_1>();
    case DType::q8_0:
      return blocks_of<DType::q8_0>();
    case DType::q2_k:
      return blocks_of<DType::q2_k>();
    case DType::q3_k:
      return blocks_of<DType::q3_k>();
    case DType::q4_k:
      return blocks_of<DType::q4_k>();
    case DType::q5_k:
      return blocks_of<DType::q5_k>();
    case DType::q6_k:
      return blocks_of<DType::q6_k>();
    case DType::q8_k:
      return blocks_of<DType::q8_k>();
    case DType::iq4_nl:
      return blocks_of<DType::iq4_nl>();
    case DType::iq4_xs:
      return blocks_of<DType::iq4_xs>();
    case DType::mxfp4:
      return blocks_of<DType::mxfp4>();
    default:
      return {nullptr, 0, 0};
  }
}

inline bool supports(DType type) {
  return format_of(type).read != nullptr;
}

inline void dequantize(DType type, const std::byte* blocks, float* out, size_t count) {
  format_of(type).read(reinterpret_cast<const uint8_t*>(blocks), out, count);
}

}  // namespace
}  // namespace freehold::kernels
