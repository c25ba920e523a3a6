#include "formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "formats/testing/model_directory.h"

namespace freehold::formats {
namespace {

using ::testing::HasSubstr;
using testing::safetensors_bytes;

Result<Safetensors> parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)));
}

std::string complaint(std::string_view header, std::size_t data_bytes) {
  const auto file = parse(safetensors_bytes(header, std::string(data_bytes, '\1')));
  if (file) return "no complaint";
  EXPECT_EQ(file.error().code, ErrorCode::invalid);
  return file.error().message;
}

constexpr std::string_view two_tensors =
    R"({"__metadata__":{"format":"pt"},)"
    R"("b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},)"
    R"("a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}  )";

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirData) {
  const std::string bytes = safetensors_bytes(two_tensors, "aaaabbbbbbbb");
  const auto file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->tensors.size(), 2u);
  EXPECT_EQ(file->tensors[0].name, "a");
  EXPECT_EQ(file->tensors[0].view.type, DType::bf16);
  EXPECT_EQ(file->tensors[1].name, "b");
  EXPECT_THAT(file->tensors[1].view.shape, ::testing::ElementsAre(2, 1));
  EXPECT_EQ(file->tensors[1].bytes, 8u);
  EXPECT_EQ(file->tensors[1].offset, 8 + two_tensors.size() + 4);
  EXPECT_EQ(file->tensors[1].view.data[7], std::byte{'b'});
  EXPECT_EQ(*file->metadata.find("format"), Value("pt"));
}

TEST(Safetensors, ReadsScalarsAndTensorsWithoutElements) {
  EXPECT_EQ(complaint(R"({"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                      R"("none":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]},)"
                      R"("end":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})",
                      8),
            "no complaint");
  EXPECT_EQ(complaint("{}", 0), "no complaint");
}

TEST(Safetensors, ReadsTypesSmallerThanAByte) {
  EXPECT_EQ(complaint(R"({"t":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]}})", 3),
            "no complaint");
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}})", 2),
              HasSubstr("its shape and dtype need another number"));
}

TEST(Safetensors, CutAnywhereIsAnErrorThatSaysWhere) {
  const std::string bytes = safetensors_bytes(two_tensors, "aaaabbbbbbbb");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto file = parse(bytes.substr(0, size));
    ASSERT_FALSE(file) << size;
    EXPECT_THAT(file.error().message, HasSubstr("byte")) << size;
  }
}

TEST(Safetensors, EveryByteMayBeAnyOtherByteWithoutHarm) {
  const std::string good = safetensors_bytes(two_tensors, "aaaabbbbbbbb");
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char wrong : {'\0', '"', '9', '}', '\xff'}) {
      std::string bytes = good;
      bytes[i] = wrong;
      const auto file = parse(bytes);
      if (!file) EXPECT_FALSE(file.error().message.empty());
    }
  }
}

TEST(Safetensors, RefusesHeadersThatAreNone) {
  EXPECT_THAT(complaint(" {}", 0), HasSubstr("header at byte 8 does not begin with a brace"));
  EXPECT_THAT(complaint("{", 0), HasSubstr("header at byte 8: not valid JSON at byte"));
  EXPECT_THAT(complaint(R"({"a":1,"a":2})", 0), HasSubstr("appears twice"));
  EXPECT_THAT(parse(std::string(8, '\xff')).error().message,
              HasSubstr("header length at byte 0 is 18446744073709551615"));
  EXPECT_THAT(parse(std::string("\0\0\0\1\0\0\0\0", 8)).error().message,
              HasSubstr("header needs 16777216 bytes at byte 8, but the file ends at byte 8"));
}

TEST(Safetensors, RefusesHeadersOfTooManyValuesBeforeTheyCostMemory) {
  const std::string header = R"({"a":[)" + std::string(std::size_t{1} << 22, ',') + "]}";
  EXPECT_THAT(complaint(header, 0), HasSubstr("more than 4194304 values"));
}

TEST(Safetensors, RefusesEntriesThatDescribeNoTensor) {
  EXPECT_THAT(complaint(R"({"t":[]})", 0), HasSubstr("tensor \"t\": \"dtype\" is missing"));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F33"}})", 0), HasSubstr("unknown dtype \"F33\""));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F32"}})", 0), HasSubstr("\"shape\" is missing"));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F32","shape":[1.5]}})", 0), HasSubstr("shape[0]"));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F32","shape":[1,-1]}})", 0), HasSubstr("shape[1]"));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F32","shape":[1]}})", 0),
              HasSubstr("\"data_offsets\" is missing"));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4),
              HasSubstr("end at 0, before they begin at 4"));
}

TEST(Safetensors, RefusesShapesThatOverflowOrDoNotFitTheirData) {
  EXPECT_THAT(
      complaint(R"({"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4),
      HasSubstr("the number of elements overflows"));
  EXPECT_THAT(
      complaint(R"({"t":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0),
      HasSubstr("its shape and dtype need another number"));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
              HasSubstr("is 4 bytes long, its shape and dtype need 8"));
  EXPECT_THAT(complaint(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7),
              HasSubstr("its data ends at byte 8 of the 7 that follow the header"));
}

TEST(Safetensors, EveryByteBelongsToExactlyOneTensor) {
  EXPECT_THAT(complaint(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                        R"("b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})",
                        7),
              HasSubstr("tensor \"b\" at byte 116 overlaps: it begins before byte 117"));
  EXPECT_THAT(complaint(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                        R"("b":{"dtype":"U8","shape":[2],"data_offsets":[5,7]}})",
                        7),
              HasSubstr("tensor \"b\" at byte 118 leaves a hole behind byte 117"));
  EXPECT_THAT(complaint(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 6),
              HasSubstr("2 bytes from byte 65 on belong to no tensor"));
}

TEST(Safetensors, RefusesNamesThatAreEmptyOrUnprintable) {
  EXPECT_THAT(complaint(R"({"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0),
              HasSubstr("the tensor name \"\" is empty"));
  EXPECT_THAT(complaint(R"({"a\u001b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0),
              HasSubstr("the tensor name \"a\\x1b\" is empty or has control characters"));
}

TEST(Safetensors, MetadataHoldsStringsOnly) {
  EXPECT_THAT(complaint(R"({"__metadata__":{"n":1}})", 0), HasSubstr("the value of \"n\""));
  EXPECT_THAT(complaint(R"({"__metadata__":"x"})", 0), HasSubstr("__metadata__: not an object"));
}

}  // namespace
}  // namespace freehold::formats
