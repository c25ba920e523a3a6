#include "formats/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "formats/testing/gguf_builder.h"
#include "formats/testing/model_directory.h"

namespace freehold::formats {
namespace {

using testing::GgufBuilder;
using testing::GgufType;
using ::testing::HasSubstr;
using testing::ModelDirectory;
using testing::safetensors_bytes;

std::string complaint(const std::filesystem::path& path) {
  const auto checkpoint = Checkpoint::open(path);
  if (checkpoint) return "no complaint";
  EXPECT_EQ(checkpoint.error().code, ErrorCode::invalid);
  return checkpoint.error().message;
}

std::string gguf_of(std::string_view tensor) {
  GgufBuilder builder;
  builder.text("general.architecture", "llama").tensor(tensor, {2}, 0, "abcdefgh");
  return builder.bytes();
}

// A file with one tensor of four bytes, `fill` four times.
std::string shard_of(std::string_view tensor, char fill) {
  const std::string header =
      "{\"" + std::string(tensor) + R"(":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  return safetensors_bytes(header, std::string(4, fill));
}

TEST(Checkpoint, OpensALoneGgufWhateverItsNameIs) {
  const ModelDirectory directory;
  directory.write("tokenizer.json", "{}");
  const auto checkpoint = Checkpoint::open(directory.write("0a1b2c", gguf_of("t")));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->container(), Container::gguf);
  EXPECT_EQ(*checkpoint->metadata("general.architecture"), Value("llama"));
  EXPECT_EQ(checkpoint->metadata("general"), nullptr);
  ASSERT_NE(checkpoint->find("t"), nullptr);
  EXPECT_EQ(std::memcmp(checkpoint->find("t")->view.data, "abcdefgh", 8), 0);
  EXPECT_EQ(checkpoint->find("u"), nullptr);
  EXPECT_EQ(*checkpoint->sidecar_json("tokenizer.json"), nullptr);
  EXPECT_EQ(*checkpoint->sidecar_text("tokenizer.json"), std::nullopt);
}

TEST(Checkpoint, OpensADirectoryWithOneGgufAndIgnoresProjectors) {
  const ModelDirectory directory;
  directory.write("model.gguf", gguf_of("t"));
  directory.write("mmproj-model.gguf", "not even one");
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->files().size(), 1u);
}

TEST(Checkpoint, AsksWhichOfSeveralGgufFilesIsMeant) {
  const ModelDirectory directory;
  directory.write("model-q4.gguf", gguf_of("t"));
  directory.write("model-q8.gguf", gguf_of("t"));
  EXPECT_THAT(complaint(directory.path()),
              HasSubstr("holds 2 GGUF files: model-q4.gguf, model-q8.gguf"));
}

TEST(Checkpoint, OpensSafetensorsWithTheFilesBesideThem) {
  const ModelDirectory directory;
  directory.write("config.json", R"({"model_type":"llama","rope_scaling":{"factor":2}})");
  directory.write("chat_template.jinja", "{{ x }}");
  directory.write("tokenizer.json", R"({"model":{"type":"BPE"}})");
  directory.write("model.safetensors", shard_of("t", 'x'));
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->container(), Container::safetensors);
  EXPECT_EQ(checkpoint->path(), directory.path());
  EXPECT_EQ(*checkpoint->metadata("model_type"), Value("llama"));
  EXPECT_EQ(**checkpoint->sidecar_text("chat_template.jinja"), "{{ x }}");
  const Value* tokenizer = *checkpoint->sidecar_json("tokenizer.json");
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(*checkpoint->sidecar_json("tokenizer.json"), tokenizer);
  EXPECT_EQ(*checkpoint->sidecar_json("generation_config.json"), nullptr);
}

TEST(Checkpoint, ALoneSafetensorsFileNeedsNoConfig) {
  const ModelDirectory directory;
  const auto checkpoint =
      Checkpoint::open(directory.write("weights.safetensors", shard_of("t", 'x')));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->metadata("model_type"), nullptr);
}

TEST(Checkpoint, CopiesNumbersThatLieAtOddAddresses) {
  const ModelDirectory directory;
  const std::string header = R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
  const auto checkpoint =
      Checkpoint::open(directory.write("odd.safetensors", safetensors_bytes(header, "xabcd")));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const NamedTensor* tensor = checkpoint->find("f");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(std::bit_cast<std::uintptr_t>(tensor->view.data) % alignof(float), 0u);
  EXPECT_EQ(std::memcmp(tensor->view.data, "abcd", 4), 0);
}

TEST(Checkpoint, SaysThatConfigIsMissingOrBroken) {
  const ModelDirectory directory;
  directory.write("model.safetensors", shard_of("t", 'x'));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("no config.json"));
  directory.write("config.json", R"({"model_type":)");
  EXPECT_THAT(complaint(directory.path()), HasSubstr("config.json: not valid JSON at byte"));
  directory.write("config.json", "[]");
  EXPECT_THAT(complaint(directory.path()), HasSubstr("config.json: not a JSON object"));
}

TEST(Checkpoint, RefusesPickledWeightsAndSaysWhatItTakes) {
  const ModelDirectory directory;
  directory.write("config.json", "{}");
  directory.write("pytorch_model.bin", "PK");
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_FALSE(checkpoint);
  EXPECT_THAT(checkpoint.error().message, HasSubstr("only pickled weights: pytorch_model.bin"));
  EXPECT_THAT(checkpoint.error().hint, HasSubstr("safetensors and GGUF"));
}

TEST(Checkpoint, NamesTheFirstBytesOfWhatItDoesNotKnow) {
  const ModelDirectory directory;
  EXPECT_THAT(complaint(directory.write("a", std::string("PK\3\4\0\0", 6))),
              HasSubstr("50 4b 03 04 00 00 (a zip archive"));
  EXPECT_THAT(complaint(directory.write("b", "version https://git-lfs.github.com/spec/v1")),
              HasSubstr("a Git LFS pointer"));
  EXPECT_THAT(complaint(directory.write("c", "x")), HasSubstr("at byte 0 stands 78"));
  EXPECT_THAT(complaint(directory.write("d", "")), HasSubstr("is empty"));
  EXPECT_THAT(complaint(directory.write("e.gguf", "GG")), HasSubstr("magic needs 4 bytes"));
  EXPECT_THAT(complaint(directory.write("f.safetensors", "x")), HasSubstr("header length needs"));
}

TEST(Checkpoint, NeitherMissingFilesNorPipesNorEmptyDirectoriesAreModels) {
  const ModelDirectory directory;
  EXPECT_THAT(complaint(directory.path() / "none"), HasSubstr("No such file"));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("holds no weights"));
  ASSERT_EQ(::mkfifo((directory.path() / "pipe.gguf").c_str(), 0600), 0);
  EXPECT_THAT(complaint(directory.path() / "pipe.gguf"), HasSubstr("neither a file nor a"));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("holds no weights"));
}

TEST(Checkpoint, SidecarsStayInTheDirectory) {
  const ModelDirectory directory;
  directory.write("config.json", "{}");
  directory.write("model.safetensors", shard_of("t", 'x'));
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_TRUE(checkpoint);
  EXPECT_FALSE(checkpoint->sidecar_json("../config.json"));
  EXPECT_FALSE(checkpoint->sidecar_text("/etc/passwd"));
}

// A model of two shards, `a` in the first and `b` in the second, and what its index says.
void write_shards(const ModelDirectory& directory, std::string_view index) {
  directory.write("config.json", "{}");
  directory.write("model-00001-of-00002.safetensors", shard_of("a", 'a'));
  directory.write("model-00002-of-00002.safetensors", shard_of("b", 'b'));
  if (!index.empty()) directory.write("model.safetensors.index.json", index);
}

constexpr std::string_view good_index =
    R"({"metadata":{"total_size":8},"weight_map":{"b":"model-00002-of-00002.safetensors",)"
    R"("a":"model-00001-of-00002.safetensors"}})";

TEST(ShardedCheckpoint, OpensAllShardsWithAndWithoutAnIndex) {
  for (const std::string_view index : {good_index, std::string_view()}) {
    const ModelDirectory directory;
    write_shards(directory, index);
    const auto checkpoint = Checkpoint::open(directory.path());
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->files().size(), 2u);
    EXPECT_EQ(checkpoint->find("b")->file, 1u);
    EXPECT_EQ(checkpoint->find("b")->view.data[0], std::byte{'b'});
  }
}

TEST(ShardedCheckpoint, NamesAShardThatIsMissing) {
  for (const std::string_view index : {good_index, std::string_view()}) {
    const ModelDirectory directory;
    write_shards(directory, index);
    std::filesystem::remove(directory.path() / "model-00002-of-00002.safetensors");
    EXPECT_THAT(complaint(directory.path()),
                HasSubstr("the shard \"model-00002-of-00002.safetensors\" is missing"));
  }
}

TEST(ShardedCheckpoint, NamesATensorThatIsNotWhereTheIndexPutsIt) {
  const ModelDirectory directory;
  write_shards(directory, R"({"weight_map":{"a":"model-00002-of-00002.safetensors"}})");
  EXPECT_THAT(complaint(directory.path()), HasSubstr("tensor \"a\" is not in model-00002"));
}

TEST(ShardedCheckpoint, TakesATensorFromTheShardThatTheIndexNames) {
  const ModelDirectory directory;
  write_shards(directory, good_index);
  const std::string header = R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})";
  directory.write("model-00001-of-00002.safetensors", safetensors_bytes(header, "xy"));
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->find("b")->file, 1u);
}

TEST(ShardedCheckpoint, RefusesATensorThatIsInTwoShards) {
  const ModelDirectory directory;
  write_shards(directory, "");
  directory.write("model-00002-of-00002.safetensors", shard_of("a", 'b'));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("tensor \"a\" is also in an earlier file"));
}

TEST(ShardedCheckpoint, RefusesAnIndexThatPointsElsewhere) {
  const ModelDirectory outside;
  outside.write("secret.safetensors", shard_of("a", 's'));
  for (const std::string& name :
       {"../" + outside.path().filename().string() + "/secret.safetensors",
        (outside.path() / "secret.safetensors").string(), std::string("..\\\\x.safetensors"),
        std::string("config.json")}) {
    const ModelDirectory directory;
    write_shards(directory, R"({"weight_map":{"a":")" + name + R"("}})");
    EXPECT_THAT(complaint(directory.path()), HasSubstr("not the plain name of a .safetensors"));
  }
}

TEST(ShardedCheckpoint, RefusesLinksOutOfTheDirectoryUnlessToABlob) {
  const ModelDirectory outside;
  outside.write("secret.safetensors", shard_of("a", 's'));
  const ModelDirectory directory;
  write_shards(directory, good_index);
  const auto shard = directory.path() / "model-00001-of-00002.safetensors";
  std::filesystem::remove(shard);
  std::filesystem::create_symlink(outside.path() / "secret.safetensors", shard);
  EXPECT_THAT(complaint(directory.path()), HasSubstr("is a link out of its directory"));

  const std::string digest(64, 'a');
  std::filesystem::create_directory(outside.path() / "blobs");
  outside.write("blobs/" + digest, shard_of("a", 's'));
  std::filesystem::remove(shard);
  std::filesystem::create_symlink(outside.path() / "blobs" / digest, shard);
  EXPECT_EQ(complaint(directory.path()), "no complaint");
}

TEST(ShardedCheckpoint, RefusesIndexesThatAreNone) {
  for (const std::string_view index : {"{}", "[]", "{\"weight_map\":[]}", "{\"weight_map\":{}}",
                                       "{\"weight_map\":{\"a\":1}}", "{"}) {
    const ModelDirectory directory;
    write_shards(directory, index);
    EXPECT_THAT(complaint(directory.path()), HasSubstr("model.safetensors.index.json: "));
  }
}

}  // namespace
}  // namespace freehold::formats
