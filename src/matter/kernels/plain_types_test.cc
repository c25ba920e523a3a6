// Halves and bfloats: every one of them read, and rounding to nearest even when written.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace freehold::kernels {
namespace {

struct Layout {
  DType type;
  int exponent_bits;
  int mantissa_bits;
};

constexpr Layout f16 = {DType::f16, 5, 10};
constexpr Layout bf16 = {DType::bf16, 8, 7};

// What the bits of a small float stand for, by the definition of IEEE 754.
double value_of(std::uint16_t bits, const Layout& of) {
  const int exponent = bits >> of.mantissa_bits & ((1 << of.exponent_bits) - 1);
  const int mantissa = bits & ((1 << of.mantissa_bits) - 1);
  const int bias = (1 << (of.exponent_bits - 1)) - 1;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == (1 << of.exponent_bits) - 1) {
    return mantissa != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  }
  const int implied = exponent == 0 ? 0 : 1 << of.mantissa_bits;
  return sign * std::ldexp(mantissa + implied, std::max(exponent, 1) - bias - of.mantissa_bits);
}

std::vector<std::uint16_t> store(const Kernels& table, DType type, const std::vector<float>& x) {
  std::vector<std::uint16_t> halves(x.size());
  table.store_kv(type == DType::f16 ? KvType::f16 : KvType::bf16, x.data(),
                 reinterpret_cast<std::byte*>(halves.data()), 0, x.size());
  return halves;
}

TEST(PlainTypes, EveryHalfAndBfloatIsReadExactlyAndWrittenBack) {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  for (const Kernels* table : available_kernels()) {
    for (const Layout& of : {f16, bf16}) {
      std::vector<float> floats(all.size());
      const std::byte* bytes = reinterpret_cast<const std::byte*>(all.data());
      table->dequantize(of.type, bytes, floats.data(), all.size());
      const std::vector<std::uint16_t> back = store(*table, of.type, floats);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const double expected = value_of(all[i], of);
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(floats[i])) << i;
          ASSERT_TRUE(std::isnan(value_of(back[i], of))) << i;
        } else {
          ASSERT_EQ(floats[i], expected) << table->name << " " << i;
          ASSERT_EQ(std::signbit(floats[i]), std::signbit(expected));
          ASSERT_EQ(back[i], all[i]);
        }
      }
    }
  }
}

// Between two neighbours: their middle goes to the even one, a hair more or less to the nearer.
TEST(PlainTypes, WritingRoundsToTheNearestAndTiesToEven) {
  for (const Kernels* table : available_kernels()) {
    for (const Layout& of : {f16, bf16}) {
      const std::uint16_t infinite =
          static_cast<std::uint16_t>(((1 << of.exponent_bits) - 1) << of.mantissa_bits);
      std::vector<float> x;
      std::vector<std::uint16_t> expected;
      for (std::uint16_t low = 0; low + 1 < infinite; ++low) {
        const std::uint16_t high = static_cast<std::uint16_t>(low + 1);
        const double middle = (value_of(low, of) + value_of(high, of)) / 2;
        const float tie = static_cast<float>(middle);
        if (tie != middle) continue;  // below the smallest float
        for (const float sign : {1.0f, -1.0f}) {
          const std::uint16_t sign_bit = sign < 0 ? 0x8000 : 0;
          x.insert(x.end(), {sign * tie, sign * std::nextafter(tie, 0.0f),
                             sign * std::nextafter(tie, std::numeric_limits<float>::infinity())});
          for (const std::uint16_t magnitude : {low & 1 ? high : low, low, high}) {
            expected.push_back(static_cast<std::uint16_t>(magnitude | sign_bit));
          }
        }
      }
      ASSERT_GT(x.size(), 100000u);
      const std::vector<std::uint16_t> actual = store(*table, of.type, x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(actual[i], expected[i]) << table->name << " " << std::hexfloat << x[i];
      }
    }
  }
}

TEST(PlainTypes, WritingOverflowsToInfinityAndKeepsNotANumbersAndZeros) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float largest = std::numeric_limits<float>::max();
  const float quiet = std::bit_cast<float>(0x7fc00000u);
  const float tiny_payload = std::bit_cast<float>(0xff800001u);  // would become infinite if cut
  const std::vector<float> x = {infinity, -infinity, largest, -largest,     65519.99f, 65520.0f,
                                0.0f,     -0.0f,     quiet,   tiny_payload, 1e-45f};
  for (const Kernels* table : available_kernels()) {
    const std::vector<std::uint16_t> halves = store(*table, DType::f16, x);
    const std::vector<std::uint16_t> first = {0x7c00, 0xfc00, 0x7c00, 0xfc00, 0x7bff, 0x7c00,
                                              0x0000, 0x8000, 0x7e00, 0xfe00, 0x0000};
    EXPECT_EQ(halves, first) << table->name;
    const std::vector<std::uint16_t> bfloats = store(*table, DType::bf16, x);
    const std::vector<std::uint16_t> second = {0x7f80, 0xff80, 0x7f80, 0xff80, 0x4780, 0x4780,
                                               0x0000, 0x8000, 0x7fc0, 0xffc0, 0x0000};
    EXPECT_EQ(bfloats, second) << table->name;
  }
}

TEST(PlainTypes, AllTablesWriteTheSameBitsAtAnySizeAndAddress) {
  std::mt19937 random(9);
  std::vector<float> x(1003);
  for (float& value : x) value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16}) {
    const std::size_t size = traits(type).element_bytes;
    for (const std::size_t count : {0, 1, 5, 8, 13, 1000}) {
      std::vector<std::vector<std::byte>> results;
      for (const Kernels* table : available_kernels()) {
        std::vector<std::byte> bytes(1 + count * size + 1, std::byte{0x5a});
        table->store_kv(type, x.data() + 3, bytes.data() + 1, 0, count);
        EXPECT_EQ(bytes.front(), std::byte{0x5a});
        EXPECT_EQ(bytes.back(), std::byte{0x5a});
        results.push_back(bytes);
      }
      for (const auto& result : results) EXPECT_EQ(result, results.front()) << count;
    }
  }
}

}  // namespace
}  // namespace freehold::kernels
