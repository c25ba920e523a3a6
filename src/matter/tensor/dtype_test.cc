#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace freehold {
namespace {

constexpr auto last = DType::int8_float;
constexpr auto last_in_files = DType::q2_0;

TEST(DType, EveryTypeIsFoundByItsGgufNumberAndItsSafetensorsName) {
  for (int i = 0; i <= static_cast<int>(last_in_files); ++i) {
    const DTypeTraits& row = traits(static_cast<DType>(i));
    if (row.gguf_id >= 0) {
      EXPECT_EQ(dtype_from_gguf(static_cast<std::uint32_t>(row.gguf_id)), row.type) << row.name;
    }
    if (!row.safetensors_name.empty()) {
      EXPECT_EQ(dtype_from_safetensors(row.safetensors_name), row.type) << row.name;
    }
    EXPECT_TRUE(row.gguf_id >= 0 || !row.safetensors_name.empty()) << row.name;
  }
}

TEST(DType, NamesAreUnique) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    EXPECT_TRUE(names.insert(traits(static_cast<DType>(i)).name).second);
  }
}

TEST(DType, WithdrawnAndUnpublishedNumbersAreUnknown) {
  for (const std::uint32_t id : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u, 43u, 0xffffffffu}) {
    EXPECT_EQ(dtype_from_gguf(id), std::nullopt) << id;
  }
  EXPECT_EQ(dtype_from_safetensors(""), std::nullopt);
  EXPECT_EQ(dtype_from_safetensors("Q4_K"), std::nullopt);
}

// Scale bytes plus code bits, written out from the definitions, so that a slip in the table shows.
TEST(DType, BlockBytesFollowFromTheLayouts) {
  const auto bytes = [](DType type) { return traits(type).block_bytes; };
  EXPECT_EQ(bytes(DType::q4_0), 2u + 32 / 2);
  EXPECT_EQ(bytes(DType::q5_1), 2u + 2 + 4 + 32 / 2);
  EXPECT_EQ(bytes(DType::q8_0), 2u + 32);
  EXPECT_EQ(bytes(DType::q2_k), 256u / 16 + 256 / 4 + 2 + 2);
  EXPECT_EQ(bytes(DType::q3_k), 256u / 8 + 256 / 4 + 12 + 2);
  EXPECT_EQ(bytes(DType::q4_k), 2u + 2 + 12 + 256 / 2);
  EXPECT_EQ(bytes(DType::q5_k), 2u + 2 + 12 + 256 / 8 + 256 / 2);
  EXPECT_EQ(bytes(DType::q6_k), 256u / 2 + 256 / 4 + 256 / 16 + 2);
  EXPECT_EQ(bytes(DType::q8_k), 4u + 256 + 16 * 2);
  EXPECT_EQ(bytes(DType::iq2_xxs), 2u + 256 / 8 * 2);
  EXPECT_EQ(bytes(DType::iq1_s), 2u + 256 / 8 + 256 / 32 * 2);
  EXPECT_EQ(bytes(DType::iq1_m), 256u / 8 + 256 / 16 + 256 / 32);
  EXPECT_EQ(bytes(DType::iq4_xs), 2u + 2 + 256 / 64 + 256 / 2);
  EXPECT_EQ(bytes(DType::tq1_0), 48u + 4 + 2);  // five ternary digits a byte, the last 16 four
  EXPECT_EQ(bytes(DType::tq2_0), 256u / 4 + 2);
  EXPECT_EQ(bytes(DType::mxfp4), 1u + 32 / 2);
  EXPECT_EQ(bytes(DType::nvfp4), 4u + 64 / 2);
  EXPECT_EQ(bytes(DType::q1_0), 2u + 128 / 8);
  EXPECT_EQ(bytes(DType::q2_0), 2u + 64 / 4);
  EXPECT_EQ(bytes(DType::int4_zero), 2u + 2 + 32 / 2);
  EXPECT_EQ(bytes(DType::int8_float), 4u + 32);
}

TEST(DType, BytesNeedWholeBlocksAndMustNotOverflow) {
  EXPECT_EQ(bytes_of(DType::q4_0, 64), 36u);
  EXPECT_EQ(bytes_of(DType::q4_0, 33), std::nullopt);
  EXPECT_EQ(bytes_of(DType::f32, 0), 0u);
  EXPECT_EQ(bytes_of(DType::f6_e2m3, 8), 6u);
  EXPECT_EQ(bytes_of(DType::f4, 3), std::nullopt);
  EXPECT_EQ(bytes_of(DType::f32, std::numeric_limits<std::uint64_t>::max() / 4 + 1), std::nullopt);
  EXPECT_EQ(bytes_of(DType::f64, std::uint64_t{1} << 61), std::nullopt);
}

}  // namespace
}  // namespace freehold
