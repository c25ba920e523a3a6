#include "formats/byte_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace freehold::formats {
namespace {

TEST(ByteReader, ReadsLittleEndianNumbersAndStopsAtTheEnd) {
  const std::string bytes("\1\2\3", 3);
  ByteReader in(std::as_bytes(std::span(bytes)));
  EXPECT_EQ(*in.read<std::uint16_t>("x"), 0x0201);
  EXPECT_EQ(in.offset(), 2u);
  const auto beyond = in.read<std::uint32_t>("count");
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().message, "count needs 4 bytes at byte 2, but the file ends at byte 3");
  EXPECT_EQ(*in.text(1, "x"), "\3");
  EXPECT_FALSE(in.text(~std::uint64_t{0}, "x"));
}

}  // namespace
}  // namespace freehold::formats
