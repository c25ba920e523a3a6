#include "formats/gguf_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "formats/checkpoint.h"
#include "formats/testing/gguf_builder.h"
#include "formats/testing/model_directory.h"

namespace freehold::formats {
namespace {

using testing::GgufBuilder;
using testing::GgufType;
using ::testing::HasSubstr;
using testing::ModelDirectory;

TEST(PartName, IsReadAndWritten) {
  const auto name = parse_part_name("a-b-00002-of-00013.gguf", ".gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->stem, "a-b");
  EXPECT_EQ(name->part, 2u);
  EXPECT_EQ(name->parts, 13u);
  EXPECT_EQ(part_name("a-b", 2, 13, ".gguf"), "a-b-00002-of-00013.gguf");
}

TEST(PartName, OtherNamesAreNone) {
  for (const std::string_view name :
       {"model.gguf", "-00001-of-00002.gguf", "m-00003-of-00002.gguf", "m-00000-of-00002.gguf",
        "m-0001-of-0002.gguf", "m-+0001-of-00002.gguf", "m_00001-of-00002.gguf", "m-00001-of-00002",
        "m-00001-in-00002.gguf", ""}) {
    EXPECT_FALSE(parse_part_name(name, ".gguf")) << name;
  }
}

struct PartOf {
  std::uint16_t number;
  std::uint16_t count;
  std::int32_t tensors;
};

std::string part_bytes(const PartOf& part, std::string_view tensor) {
  GgufBuilder builder;
  builder.number("split.no", GgufType::u16, part.number)
      .number("split.count", GgufType::u16, part.count)
      .number("split.tensors.count", GgufType::i32, part.tensors);
  if (part.number == 0) builder.text("general.architecture", "llama");
  if (!tensor.empty()) builder.tensor(tensor, {1}, 0, "1234");
  return builder.bytes();
}

void write_parts(const ModelDirectory& directory) {
  directory.write("m-00001-of-00003.gguf", part_bytes({0, 3, 2}, ""));
  directory.write("m-00002-of-00003.gguf", part_bytes({1, 3, 2}, "a"));
  directory.write("m-00003-of-00003.gguf", part_bytes({2, 3, 2}, "b"));
}

std::string complaint(const std::filesystem::path& path) {
  const auto checkpoint = Checkpoint::open(path);
  return checkpoint ? "no complaint" : checkpoint.error().message;
}

TEST(SplitGguf, AnyPartAndTheDirectoryOpenTheWholeModel) {
  const ModelDirectory directory;
  write_parts(directory);
  for (const auto& path : {directory.path() / "m-00001-of-00003.gguf",
                           directory.path() / "m-00003-of-00003.gguf", directory.path()}) {
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->files().size(), 3u);
    EXPECT_EQ(checkpoint->tensors().size(), 2u);
    EXPECT_EQ(checkpoint->find("b")->file, 2u);
    EXPECT_EQ(*checkpoint->metadata("general.architecture"), Value("llama"));
  }
}

TEST(SplitGguf, NamesThePartThatIsMissing) {
  const ModelDirectory directory;
  write_parts(directory);
  std::filesystem::remove(directory.path() / "m-00002-of-00003.gguf");
  EXPECT_THAT(complaint(directory.path() / "m-00003-of-00003.gguf"),
              HasSubstr("part 2 of 3 is missing: m-00002-of-00003.gguf"));
}

TEST(SplitGguf, RefusesAPartWhoseNameAndContentDisagree) {
  const ModelDirectory directory;
  write_parts(directory);
  directory.write("m-00002-of-00003.gguf", part_bytes({2, 3, 2}, "a"));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("says it is part 3 of 3, its name does not"));
  const auto renamed = directory.write("model.gguf", part_bytes({0, 3, 2}, ""));
  EXPECT_THAT(complaint(renamed), HasSubstr("says it is part 1 of 3, its name does not"));
}

TEST(SplitGguf, RefusesTensorsThatAreMissingOrTwiceThere) {
  const ModelDirectory directory;
  write_parts(directory);
  directory.write("m-00003-of-00003.gguf", part_bytes({2, 3, 2}, ""));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("promises 2 tensors, the 3 parts hold 1"));
  directory.write("m-00003-of-00003.gguf", part_bytes({2, 3, 2}, "a"));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("tensor \"a\" is also in an earlier part"));
}

TEST(SplitGguf, RefusesNumbersThatNoSplitHas) {
  const ModelDirectory directory;
  EXPECT_THAT(complaint(directory.write("a.gguf", part_bytes({3, 3, 2}, ""))),
              HasSubstr("\"split.no\" is missing or not below \"split.count\", 3"));
  EXPECT_THAT(complaint(directory.write("b.gguf", part_bytes({0, 65535, 2}, ""))),
              HasSubstr("\"split.count\" is not a whole number up to 4096"));
  EXPECT_THAT(complaint(directory.write("c.gguf", part_bytes({0, 3, -1}, ""))),
              HasSubstr("\"split.tensors.count\" is not a whole number"));
}

TEST(SplitGguf, ASplitIntoOneIsALoneFile) {
  const ModelDirectory directory;
  EXPECT_EQ(complaint(directory.write("m.gguf", part_bytes({0, 1, 1}, "a"))), "no complaint");
}

}  // namespace
}  // namespace freehold::formats
