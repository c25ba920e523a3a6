#include "formats/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <limits>
#include <string>

#include "formats/testing/gguf_builder.h"

namespace freehold::formats {
namespace {

using testing::GgufBuilder;
using testing::GgufType;
using ::testing::HasSubstr;

constexpr std::uint32_t f32 = 0;
constexpr std::uint32_t q4_0 = 2;

Result<Gguf> parse(const std::string& bytes) {
  return parse_gguf(std::as_bytes(std::span(bytes)));
}

std::string complaint(const GgufBuilder& builder) {
  const std::string bytes = builder.bytes();
  const auto gguf = parse(bytes);
  if (gguf) return "no complaint";
  EXPECT_EQ(gguf.error().code, ErrorCode::invalid);
  return gguf.error().message;
}

GgufBuilder small_model() {
  GgufBuilder builder;
  const std::array<std::string, 3> tokens = {"<s>", "a", ""};
  builder.text("general.architecture", "llama")
      .number("llama.context_length", GgufType::u32, std::uint32_t{256})
      .texts("tokenizer.ggml.tokens", tokens)
      .tensor("one", {2, 3}, f32, std::string(24, '\1'))
      .tensor("two", {32}, q4_0, std::string(18, '\2'));
  return builder;
}

TEST(Gguf, ReadsTensorsWithTheOutermostExtentFirst) {
  const std::string bytes = small_model().bytes();
  const auto gguf = parse(bytes);
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_EQ(gguf->version, 3u);
  ASSERT_EQ(gguf->tensors.size(), 2u);
  const NamedTensor& one = gguf->tensors[0];
  EXPECT_EQ(one.name, "one");
  EXPECT_THAT(one.view.shape, ::testing::ElementsAre(3, 2));
  EXPECT_EQ(one.bytes, 24u);
  const NamedTensor& two = gguf->tensors[1];
  EXPECT_EQ(two.view.type, DType::q4_0);
  EXPECT_EQ(two.bytes, 18u);
  EXPECT_EQ(two.offset % 32, 0u);
  EXPECT_EQ(two.view.data, std::as_bytes(std::span(bytes)).data() + two.offset);
  EXPECT_EQ(two.view.data[17], std::byte{2});
}

TEST(Gguf, ReadsVersionTwo) {
  GgufBuilder builder = small_model();
  builder.version = 2;
  EXPECT_EQ(complaint(builder), "no complaint");
}

TEST(Gguf, EveryMetadataTypeSurvives) {
  const std::array<std::int16_t, 2> shorts = {-7, 7};
  GgufBuilder builder;
  builder.number("u8", GgufType::u8, std::uint8_t{255})
      .number("i8", GgufType::i8, std::int8_t{-128})
      .number("u16", GgufType::u16, std::uint16_t{65535})
      .number("i16", GgufType::i16, std::int16_t{-32768})
      .number("u32", GgufType::u32, std::uint32_t{4294967295})
      .number("i32", GgufType::i32, std::numeric_limits<std::int32_t>::min())
      .number("u64", GgufType::u64, std::uint64_t{1} << 62)
      .number("u64 beyond", GgufType::u64, std::uint64_t{1} << 63)
      .number("i64", GgufType::i64, std::numeric_limits<std::int64_t>::min())
      .number("f32", GgufType::f32, 0.1f)
      .number("f64", GgufType::f64, 0.1)
      .number("yes", GgufType::boolean, std::uint8_t{1})
      .number("no", GgufType::boolean, std::uint8_t{0})
      .text("text", "grüße\xff")
      .numbers<std::int16_t>("shorts", GgufType::i16, shorts)
      .texts("empty", {});
  const auto gguf = parse(builder.bytes());
  ASSERT_TRUE(gguf) << gguf.error().message;
  const Object expected = {{"u8", 255},
                           {"i8", -128},
                           {"u16", 65535},
                           {"i16", -32768},
                           {"u32", std::int64_t{4294967295}},
                           {"i32", std::numeric_limits<std::int32_t>::min()},
                           {"u64", std::int64_t{1} << 62},
                           {"u64 beyond", 9223372036854775808.0},
                           {"i64", std::numeric_limits<std::int64_t>::min()},
                           {"f32", static_cast<double>(0.1f)},
                           {"f64", 0.1},
                           {"yes", true},
                           {"no", false},
                           {"text", "grüße\xff"},
                           {"shorts", List{-7, 7}},
                           {"empty", List{}}};
  EXPECT_EQ(*gguf->metadata.as_object(), expected);
}

std::string array_header(GgufType element, std::uint64_t count) {
  return GgufBuilder::bytes_of(element) + GgufBuilder::bytes_of(count);
}

TEST(Gguf, ReadsNestedArraysAndRefusesThemWhenTooDeep) {
  const std::string inner = array_header(GgufType::u8, 2) + "\1\2";
  GgufBuilder nested;
  nested.raw("nested", GgufType::array, array_header(GgufType::array, 2) + inner + inner);
  const auto gguf = parse(nested.bytes());
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_EQ(*gguf->metadata.find("nested"), Value(List{List{1, 2}, List{1, 2}}));

  std::string tower;
  for (int i = 0; i < 1000; ++i) tower += array_header(GgufType::array, 1);
  GgufBuilder deep;
  deep.raw("deep", GgufType::array, tower + inner);
  EXPECT_THAT(complaint(deep), HasSubstr("nested deeper than 8"));
}

TEST(Gguf, CutAnywhereIsAnErrorThatSaysWhere) {
  const std::string bytes = small_model().bytes();
  ASSERT_TRUE(parse(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto gguf = parse(bytes.substr(0, size));
    ASSERT_FALSE(gguf) << size;
    EXPECT_EQ(gguf.error().code, ErrorCode::invalid);
    EXPECT_THAT(gguf.error().message, HasSubstr("byte")) << size;
  }
}

TEST(Gguf, EveryByteMayBeAnyOtherByteWithoutHarm) {
  const std::string good = small_model().bytes();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char wrong : {'\0', '\1', '\x7f', '\xff'}) {
      std::string bytes = good;
      bytes[i] = wrong;
      const auto gguf = parse(bytes);
      if (!gguf) EXPECT_FALSE(gguf.error().message.empty());
    }
  }
}

TEST(Gguf, HugeCountsFailAtOnce) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 40;
  GgufBuilder tensors;
  tensors.tensor_count = huge;
  EXPECT_THAT(complaint(tensors), HasSubstr("tensor count at byte 8"));
  GgufBuilder more_than_follow;
  more_than_follow.tensor_count = 1000;
  EXPECT_THAT(complaint(more_than_follow), HasSubstr("is 1000, but only 8 bytes follow"));
  GgufBuilder pairs;
  pairs.metadata_count = huge;
  EXPECT_THAT(complaint(pairs), HasSubstr("metadata count at byte 16"));
  GgufBuilder strings;
  strings.raw("k", GgufType::array, array_header(GgufType::string, huge) + std::string(40, '\0'));
  EXPECT_THAT(complaint(strings), HasSubstr("metadata \"k\": array of 1099511627776 elements"));
  GgufBuilder string;
  string.raw("k", GgufType::string, GgufBuilder::bytes_of(~std::uint64_t{0}));
  EXPECT_THAT(complaint(string), HasSubstr("string of 18446744073709551615 bytes at byte 37"));
  GgufBuilder key;
  key.metadata_count = 1;
  key.data(GgufBuilder::bytes_of(huge) + std::string(40, 'x'));
  EXPECT_THAT(complaint(key), HasSubstr("metadata key 0: name: string of 1099511627776 bytes"));
}

TEST(Gguf, AnElementThatBreaksIsNamedByItsIndex) {
  GgufBuilder builder;
  builder.raw("k", GgufType::array,
              array_header(GgufType::string, 2) + GgufBuilder::counted("ab") +
                  GgufBuilder::bytes_of(std::uint64_t{99}) + "x");
  EXPECT_THAT(complaint(builder), HasSubstr("metadata \"k\": element 1: string needs 99 bytes"));
}

TEST(Gguf, RefusesWhatIsNoGgufOrOfAnotherKind) {
  EXPECT_THAT(parse("GGML0000").error().message, HasSubstr("begins with \"GGML\""));
  GgufBuilder one = small_model();
  one.version = 1;
  EXPECT_THAT(complaint(one), HasSubstr("version at byte 4 is 1"));
  GgufBuilder swapped = small_model();
  swapped.version = 0x03000000;
  EXPECT_THAT(complaint(swapped), HasSubstr("big-endian"));
}

TEST(Gguf, RefusesKeysAndNamesThatAreTwiceThereEmptyOrUnprintable) {
  GgufBuilder keys;
  keys.text("k", "1").text("k", "2");
  EXPECT_THAT(complaint(keys), HasSubstr("metadata key \"k\" at byte 46 appears twice"));
  GgufBuilder names;
  names.tensor("t", {1}, f32, "1234").tensor("t", {1}, f32, "1234");
  EXPECT_THAT(complaint(names), HasSubstr("tensor \"t\" at byte 57 appears twice"));
  GgufBuilder empty;
  empty.text("", "1");
  EXPECT_THAT(complaint(empty), HasSubstr("metadata key 0: the name \"\" at byte 24 is empty"));
  GgufBuilder escape;
  escape.tensor("a\x1b[2J", {1}, f32, "1234");
  EXPECT_THAT(complaint(escape),
              HasSubstr("tensor 0: the name \"a\\x1b[2J\" at byte 24 is empty or has control"));
}

TEST(Gguf, RefusesValuesThatTheirTypeDoesNotHave) {
  GgufBuilder type;
  type.raw("k", static_cast<GgufType>(13), "1234");
  EXPECT_THAT(complaint(type), HasSubstr("metadata \"k\": unknown value type 13 at byte 33"));
  GgufBuilder boolean;
  boolean.number("k", GgufType::boolean, std::uint8_t{2});
  EXPECT_THAT(complaint(boolean), HasSubstr("boolean at byte 37 is 2"));
}

TEST(Gguf, FollowsTheAlignmentThatTheFileAsksFor) {
  GgufBuilder builder;
  builder.alignment = 64;
  builder.number("general.alignment", GgufType::u32, std::uint32_t{64})
      .tensor("a", {1}, f32, "1234")
      .tensor("b", {1}, f32, "5678");
  const auto gguf = parse(builder.bytes());
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_EQ(gguf->tensors[0].offset % 64, 0u);
  EXPECT_EQ(gguf->tensors[1].offset - gguf->tensors[0].offset, 64u);
}

TEST(Gguf, RefusesAlignmentsThatAreNone) {
  for (const std::uint32_t alignment : {0u, 1u, 24u, 33u, 1u << 31}) {
    GgufBuilder builder;
    builder.number("general.alignment", GgufType::u32, alignment).tensor("a", {1}, f32, "1234");
    EXPECT_THAT(complaint(builder), HasSubstr("general.alignment at byte 24 is")) << alignment;
  }
  GgufBuilder text;
  text.text("general.alignment", "32");
  EXPECT_THAT(complaint(text), HasSubstr("general.alignment at byte 24 is \"32\""));
}

TEST(Gguf, RefusesShapesThatCannotBe) {
  GgufBuilder five;
  five.describe("t", {1, 1, 1, 1, 1}, f32, 0).data("1234");
  EXPECT_THAT(complaint(five), HasSubstr("tensor \"t\": 5 dimensions at byte 33"));
  GgufBuilder zero;
  zero.describe("t", {4, 0}, f32, 0).data("1234");
  EXPECT_THAT(complaint(zero), HasSubstr("tensor \"t\": dimension 1 at byte 45 is zero"));
  GgufBuilder elements;
  elements.describe("t", {std::uint64_t{1} << 40, std::uint64_t{1} << 40}, f32, 0).data("1234");
  EXPECT_THAT(complaint(elements), HasSubstr("the number of elements overflows"));
  GgufBuilder bytes;
  bytes.describe("t", {std::uint64_t{1} << 63}, f32, 0).data("1234");
  EXPECT_THAT(complaint(bytes), HasSubstr("its size in bytes overflows"));
  GgufBuilder blocks;
  blocks.describe("t", {33, 32}, q4_0, 0).data(std::string(1000, '\0'));
  EXPECT_THAT(complaint(blocks), HasSubstr("rows of 33 elements are no whole blocks of 32"));
}

TEST(Gguf, NamesATensorOfAnUnknownTypeAndTheTypesNumber) {
  GgufBuilder builder;
  builder.describe("blk.0.attn_q.weight", {32}, 77, 0).data(std::string(64, '\0'));
  EXPECT_THAT(complaint(builder),
              HasSubstr("tensor \"blk.0.attn_q.weight\": unknown tensor type 77 at byte"));
}

TEST(Gguf, RefusesDataOutsideTheFileUnalignedOrShared) {
  GgufBuilder outside;
  outside.describe("t", {8}, f32, 32).data(std::string(63, '\0'));
  EXPECT_THAT(complaint(outside), HasSubstr("run past the end of the file"));
  GgufBuilder far;
  far.describe("t", {8}, f32, ~std::uint64_t{31}).data(std::string(64, '\0'));
  EXPECT_THAT(complaint(far), HasSubstr("run past the end of the file"));
  GgufBuilder unaligned;
  unaligned.describe("t", {8}, f32, 16).data(std::string(64, '\0'));
  EXPECT_THAT(complaint(unaligned), HasSubstr("not a multiple of the alignment 32"));
  GgufBuilder shared;
  shared.describe("a", {9}, f32, 0).describe("b", {8}, f32, 32).data(std::string(64, '\0'));
  EXPECT_THAT(complaint(shared), HasSubstr("tensor \"b\" at byte 128 overlaps tensor \"a\""));
}

TEST(Gguf, AFileWithoutTensorsIsAVocabulary) {
  GgufBuilder builder;
  builder.text("general.architecture", "llama");
  EXPECT_EQ(complaint(builder), "no complaint");
}

TEST(Gguf, LargeVocabulariesAreReadQuickly) {
  constexpr std::size_t tokens = 150'000;
  std::vector<std::string> names;
  std::vector<float> scores;
  for (std::size_t i = 0; i < tokens; ++i) {
    names.push_back("token number " + std::to_string(i));
    scores.push_back(static_cast<float>(i));
  }
  GgufBuilder builder;
  builder.texts("tokenizer.ggml.tokens", names)
      .numbers<float>("tokenizer.ggml.scores", GgufType::f32, scores)
      .texts("tokenizer.ggml.merges", names);
  const std::string bytes = builder.bytes();
  const std::clock_t start = std::clock();
  const auto gguf = parse(bytes);
  const double cpu_seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_LT(cpu_seconds, 1) << "0.03 s in a release build";
  const List& read = *gguf->metadata.find("tokenizer.ggml.tokens")->as_list();
  ASSERT_EQ(read.size(), tokens);
  EXPECT_EQ(*read.back().as_string(), names.back());
}

}  // namespace
}  // namespace freehold::formats
