// Which element types there are arithmetic for, and how each is read.
#pragma once

#include "kernels/generic/codebooks.inl.h"
#include "kernels/generic/elements.inl.h"
#include "kernels/generic/unpack.inl.h"

namespace freehold::kernels {
namespace {

// Reads `count` elements, whole blocks, as floats.
using Reader = void (*)(const uint8_t* blocks, float* out, size_t count);

struct Format {
  DType type;
  size_t block_elements;
  size_t block_bytes;
  Reader read;
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
  return {type, Block<type>::elements, sizeof(Block<type>), read_blocks<type>};
}

constexpr Format formats[] = {
    {DType::f32, 1, F32::bytes, read_elements<F32>},
    {DType::f16, 1, F16::bytes, read_elements<F16>},
    {DType::bf16, 1, Bf16::bytes, read_elements<Bf16>},
    blocks_of<DType::q4_0>(),
    blocks_of<DType::q4_1>(),
    blocks_of<DType::q5_0>(),
    blocks_of<DType::q5_1>(),
    blocks_of<DType::q8_0>(),
    blocks_of<DType::q2_k>(),
    blocks_of<DType::q3_k>(),
    blocks_of<DType::q4_k>(),
    blocks_of<DType::q5_k>(),
    blocks_of<DType::q6_k>(),
    blocks_of<DType::q8_k>(),
    blocks_of<DType::iq4_nl>(),
    blocks_of<DType::iq4_xs>(),
    blocks_of<DType::mxfp4>(),
    blocks_of<DType::nvfp4>(),
    blocks_of<DType::tq1_0>(),
    blocks_of<DType::tq2_0>(),
    blocks_of<DType::iq2_xxs>(),
    blocks_of<DType::iq2_xs>(),
    blocks_of<DType::iq2_s>(),
    blocks_of<DType::iq3_xxs>(),
    blocks_of<DType::iq3_s>(),
    blocks_of<DType::iq1_s>(),
    blocks_of<DType::iq1_m>(),
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
