#include "kernels/samples_test.h"

#include <cstring>
#include <random>

#include "tensor/blocks.h"

namespace freehold::kernels {
namespace {

// The top byte of the number keeps its sign and becomes what about 0.01 begins with.
template <std::size_t bytes>
void tame_number(std::byte* number) {
  number[bytes - 1] = (number[bytes - 1] & std::byte{0x80}) | std::byte{bytes == 4 ? 0x3c : 0x21};
}

void tame_bf16(std::byte* number) {
  number[1] = (number[1] & std::byte{0x80}) | std::byte{0x3c};
}

template <class AnyBlock>
void tame_block(std::byte* bytes) {
  constexpr std::uint16_t half_hundredth = 0x211f;  // 0.01 as a half
  AnyBlock block;
  std::memcpy(&block, bytes, sizeof block);
  if constexpr (requires { block.exponent; }) block.exponent = 120;
  if constexpr (requires { block.minimum; }) block.minimum = half_hundredth;
  if constexpr (requires { block.zero; }) block.zero = 0x4700;  // 7 as a half
  if constexpr (requires { block.scale; }) {
    if constexpr (sizeof block.scale == sizeof(float)) {
      block.scale = 0.01f;
    } else {
      block.scale = half_hundredth;
    }
  }
  if constexpr (requires { block.scales[3] = 0; } && !requires { block.scale; }) {
    if constexpr (sizeof block.scales[0] == 2) {  // iq1_m keeps a half in the top four bits of each
      for (int i = 0; i < 4; ++i) {
        block.scales[i] = static_cast<std::uint16_t>((block.scales[i] & 0x0fff) |
                                                     (half_hundredth >> (4 * i) & 15) << 12);
      }
    }
  }
  std::memcpy(bytes, &block, sizeof block);
}

template <DType type>
constexpr SampleFormat blocks(const char* name) {
  return {type, name, Block<type>::elements, sizeof(Block<type>), tame_block<Block<type>>};
}

const SampleFormat formats[] = {
    {DType::f32, "f32", 1, 4, tame_number<4>},
    {DType::f16, "f16", 1, 2, tame_number<2>},
    {DType::bf16, "bf16", 1, 2, tame_bf16},
    blocks<DType::q4_0>("q4_0"),
    blocks<DType::q4_1>("q4_1"),
    blocks<DType::q5_0>("q5_0"),
    blocks<DType::q5_1>("q5_1"),
    blocks<DType::q8_0>("q8_0"),
    blocks<DType::q2_k>("q2_k"),
    blocks<DType::q3_k>("q3_k"),
    blocks<DType::q4_k>("q4_k"),
    blocks<DType::q5_k>("q5_k"),
    blocks<DType::q6_k>("q6_k"),
    blocks<DType::q8_k>("q8_k"),
    blocks<DType::iq4_nl>("iq4_nl"),
    blocks<DType::iq4_xs>("iq4_xs"),
    blocks<DType::mxfp4>("mxfp4"),
    blocks<DType::nvfp4>("nvfp4"),
    blocks<DType::tq1_0>("tq1_0"),
    blocks<DType::tq2_0>("tq2_0"),
    blocks<DType::iq2_xxs>("iq2_xxs"),
    blocks<DType::iq2_xs>("iq2_xs"),
    blocks<DType::iq2_s>("iq2_s"),
    blocks<DType::iq3_xxs>("iq3_xxs"),
    blocks<DType::iq3_s>("iq3_s"),
    blocks<DType::iq1_s>("iq1_s"),
    blocks<DType::iq1_m>("iq1_m"),
    blocks<DType::int4_zero>("int4_zero"),
    blocks<DType::int8_float>("int8_float"),
};

}  // namespace

std::vector<float> sample_floats(std::size_t count, float reach, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> floats(count);
  for (float& value : floats) {
    value = reach * 0x1p-31f * static_cast<float>(static_cast<std::int32_t>(random()));
  }
  return floats;
}

std::span<const SampleFormat> sample_formats() {
  return formats;
}

SampleWeights sample_weights(const SampleFormat& format, std::size_t rows, std::size_t columns) {
  std::mt19937 random(42);
  const std::size_t count = rows * columns / format.elements;
  SampleWeights weights = {format.type, rows, columns,
                           std::vector<std::byte>(count * format.bytes)};
  for (std::byte& byte : weights.bytes) byte = static_cast<std::byte>(random());
  for (std::size_t i = 0; i < count; ++i) format.tame(weights.bytes.data() + i * format.bytes);
  return weights;
}

}  // namespace freehold::kernels
