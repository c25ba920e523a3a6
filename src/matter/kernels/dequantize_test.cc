// Blocks become exactly the floats that the reference implementation makes of them
// (tools/make_dequant_fixtures.py), on every instruction set this machine has.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

std::vector<std::byte> read_fixture(const std::string& name) {
  std::ifstream file(FREEHOLD_SOURCE_DIR "/tests/fixtures/dequant/" + name + ".bin",
                     std::ios::binary);
  std::vector<std::byte> bytes;
  for (std::istreambuf_iterator<char> at(file), end; at != end; ++at) {
    bytes.push_back(static_cast<std::byte>(*at));
  }
  return bytes;
}

// The same bits; of not-a-numbers only that they are, for their payloads are not defined.
bool same(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

TEST(Dequantize, EqualsTheReferenceToTheBitForEveryFormatAndInstructionSet) {
  for (const Kernels* table : available_kernels()) {
    for (const SampleFormat& format : sample_formats()) {
      if (format.elements == 1) continue;  // plain_types_test.cc

      SCOPED_TRACE(std::string(table->name) + " " + format.name);
      ASSERT_TRUE(table->supports(format.type));
      const std::vector<std::byte> fixture = read_fixture(format.name);
      const std::size_t blocks = fixture.size() / (format.bytes + 4 * format.elements);
      ASSERT_GE(blocks, 4u);
      ASSERT_EQ(fixture.size(), blocks * (format.bytes + 4 * format.elements));
      const std::size_t count = blocks * format.elements;
      std::vector<float> expected(count), actual(count);
      std::memcpy(expected.data(), fixture.data() + blocks * format.bytes, 4 * count);
      table->dequantize(format.type, fixture.data(), actual.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(same(expected[i], actual[i]))
            << "element " << i << ": " << expected[i] << " became " << actual[i];
      }
    }
  }
}

// More blocks than the reference file holds, of bytes that no quantizer would write.
TEST(Dequantize, IsTheSameOnEveryInstructionSetForArbitraryBytesAtAnyAddress) {
  std::mt19937 random(11);
  for (const SampleFormat& format : sample_formats()) {
    SCOPED_TRACE(format.name);
    const std::size_t blocks = 4096 / format.elements, count = blocks * format.elements;
    std::vector<std::byte> bytes(3 + blocks * format.bytes);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    for (const std::size_t offset : {0, 1, 3}) {
      std::vector<float> expected(count), actual(count + 2, -7.0f);
      const std::byte* source = bytes.data() + offset;
      available_kernels().back()->dequantize(format.type, source, expected.data(), count);
      for (const Kernels* table : available_kernels()) {
        table->dequantize(format.type, source, actual.data() + 1, count);
        ASSERT_EQ(actual.front(), -7.0f);
        ASSERT_EQ(actual.back(), -7.0f);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_TRUE(same(actual[i + 1], expected[i])) << table->name << ", element " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace freehold::kernels
