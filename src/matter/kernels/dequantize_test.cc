// Blocks become exactly the floats that the reference implementation makes of them
// (tools/make_dequant_fixtures.py), on every instruction set this machine has.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "tensor/blocks.h"

namespace freehold::kernels {
namespace {

struct Format {
  DType type;
  const char* name;
  std::size_t elements;
  std::size_t bytes;
};

template <DType type>
constexpr Format format(const char* name) {
  return {type, name, Block<type>::elements, sizeof(Block<type>)};
}

const Format formats[] = {
    format<DType::q4_0>("q4_0"),     format<DType::q4_1>("q4_1"),   format<DType::q5_0>("q5_0"),
    format<DType::q5_1>("q5_1"),     format<DType::q8_0>("q8_0"),   format<DType::q2_k>("q2_k"),
    format<DType::q3_k>("q3_k"),     format<DType::q4_k>("q4_k"),   format<DType::q5_k>("q5_k"),
    format<DType::q6_k>("q6_k"),     format<DType::q8_k>("q8_k"),   format<DType::iq4_nl>("iq4_nl"),
    format<DType::iq4_xs>("iq4_xs"), format<DType::mxfp4>("mxfp4"),
};

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
    for (const Format& format : formats) {
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

}  // namespace
}  // namespace freehold::kernels
