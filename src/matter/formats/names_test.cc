#include "formats/names.h"

#include <gtest/gtest.h>

#include <string>

namespace freehold::formats {
namespace {

TEST(ProperName, IsNotEmptyAndHasNoControlCharacters) {
  EXPECT_TRUE(is_proper_name("blk.0.attn_q.weight"));
  EXPECT_TRUE(is_proper_name("größe"));
  EXPECT_FALSE(is_proper_name(""));
  EXPECT_FALSE(is_proper_name("a\nb"));
  EXPECT_FALSE(is_proper_name(std::string_view("a\0", 2)));
}

TEST(InQuotes, KeepsWhatPrintsAndEscapesTheRest) {
  EXPECT_EQ(in_quotes("grüße 你好 😀"), "\"grüße 你好 😀\"");
  EXPECT_EQ(in_quotes("a\"b\\c\n\x7f"), R"("a\"b\\c\x0a\x7f")");
  EXPECT_EQ(in_quotes("\xff\xe4\xbd \xc2\x9b"), R"("\xff\xe4\xbd \xc2\x9b")");
  EXPECT_EQ(in_quotes("\xc3"), R"("\xc3")");
}

TEST(InQuotes, CutsWhatIsLong) {
  EXPECT_EQ(in_quotes(std::string(1000, 'x')), '"' + std::string(120, 'x') + "…\" (1000 bytes)");
}

}  // namespace
}  // namespace freehold::formats
