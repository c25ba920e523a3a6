#include "kernels/sample_weights_test.h"

#include <cstring>
#include <random>

#include "tensor/blocks.h"

namespace freehold::kernels {
namespace {

template <DType type>
constexpr SampleFormat format(const char* name) {
  return {type, name, Block<type>::elements, sizeof(Block<type>)};
}

const SampleFormat formats[] = {
    {DType::f32, "f32", 1, 4},       {DType::f16, "f16", 1, 2},     {DType::bf16, "bf16", 1, 2},
    format<DType::q4_0>("q4_0"),     format<DType::q4_1>("q4_1"),   format<DType::q5_0>("q5_0"),
    format<DType::q5_1>("q5_1"),     format<DType::q8_0>("q8_0"),   format<DType::q2_k>("q2_k"),
    format<DType::q3_k>("q3_k"),     format<DType::q4_k>("q4_k"),   format<DType::q5_k>("q5_k"),
    format<DType::q6_k>("q6_k"),     format<DType::q8_k>("q8_k"),   format<DType::iq4_nl>("iq4_nl"),
    format<DType::iq4_xs>("iq4_xs"), format<DType::mxfp4>("mxfp4"),
};

constexpr std::uint16_t half_hundredth = 0x211f;  // 0.01 as a half

// Gives a block of any type an ordinary scale.
template <class B>
void tame(std::byte* bytes) {
  B block;
  std::memcpy(&block, bytes, sizeof block);
  if constexpr (requires { block.exponent; }) {
    block.exponent = 120;
  } else if constexpr (requires {
                         block.scale = 0.01f;
                         block.sums;
                       }) {
    block.scale = 0.01f;
  } else if constexpr (requires { block.scale; }) {
    block.scale = half_hundredth;
  }
  if constexpr (requires { block.minimum; }) block.minimum = half_hundredth;
  std::memcpy(bytes, &block, sizeof block);
}

void tame(DType type, std::byte* block) {
  switch (type) {
    case DType::q4_0:
      return tame<Block<DType::q4_0>>(block);
    case DType::q4_1:
      return tame<Block<DType::q4_1>>(block);
    case DType::q5_0:
      return tame<Block<DType::q5_0>>(block);
    case DType::q5_1:
      return tame<Block<DType::q5_1>>(block);
    case DType::q8_0:
      return tame<Block<DType::q8_0>>(block);
    case DType::q2_k:
      return tame<Block<DType::q2_k>>(block);
    case DType::q3_k:
      return tame<Block<DType::q3_k>>(block);
    case DType::q4_k:
      return tame<Block<DType::q4_k>>(block);
    case DType::q5_k:
      return tame<Block<DType::q5_k>>(block);
    case DType::q6_k:
      return tame<Block<DType::q6_k>>(block);
    case DType::q8_k:
      return tame<Block<DType::q8_k>>(block);
    case DType::iq4_nl:
      return tame<Block<DType::iq4_nl>>(block);
    case DType::iq4_xs:
      return tame<Block<DType::iq4_xs>>(block);
    case DType::mxfp4:
      return tame<Block<DType::mxfp4>>(block);
    default:
      return;
  }
}

}  // namespace

std::span<const SampleFormat> sample_formats() {
  return formats;
}

SampleWeights sample_weights(const SampleFormat& format, std::size_t rows, std::size_t columns) {
  std::mt19937 random(42);
  const std::size_t blocks = rows * columns / format.elements;
  SampleWeights weights = {format.type, rows, columns,
                           std::vector<std::byte>(blocks * format.bytes)};
  for (std::byte& byte : weights.bytes) byte = static_cast<std::byte>(random());
  for (std::size_t i = 0; i < blocks; ++i) {
    std::byte* block = weights.bytes.data() + i * format.bytes;
    if (format.elements == 1) {  // clear the exponent's second bit, set its third: about 1
      const std::byte sign = block[format.bytes - 1] & std::byte{0x80};
      block[format.bytes - 1] = sign | std::byte{0x3c};
    } else {
      tame(format.type, block);
    }
  }
  return weights;
}

}  // namespace freehold::kernels
