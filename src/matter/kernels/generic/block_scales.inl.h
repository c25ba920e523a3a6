// Scales of one byte, as the formats that have them are published.
#pragma once

namespace freehold::kernels {
namespace {

// Half of the power of two that an E8M0 exponent stands for: the table of values is doubled.
inline float half_of_e8m0(uint8_t exponent) {
  const uint32_t pattern = exponent < 2 ? 0x200000u << exponent : (exponent - 1u) << 23;
  return __builtin_bit_cast(float, pattern);
}

// Half of an unsigned E4M3 number; its not-a-number counts as zero.
constexpr float half_of_ue4m3(uint8_t number) {
  const int exponent = number >> 3 & 15;
  const float mantissa = static_cast<float>(number & 7);
  if (number == 0x7f) return 0;
  if (exponent == 0) return mantissa * 0x1p-10f;
  const uint32_t power = static_cast<uint32_t>(exponent - 7 + 127) << 23;
  return (1.0f + mantissa / 8.0f) * __builtin_bit_cast(float, power) * 0.5f;
}

}  // namespace
}  // namespace freehold::kernels
