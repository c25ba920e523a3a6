#include "formats/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "formats/model_card.h"
#include "formats/testing/gguf_builder.h"
#include "formats/testing/model_directory.h"

namespace freehold::formats {
namespace {

using ::testing::ElementsAre;
using testing::GgufBuilder;
using testing::GgufType;
using testing::ModelDirectory;
using ::testing::Pair;
using testing::safetensors_bytes;

Description facts_of(const std::filesystem::path& path) {
  const auto checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint) << checkpoint.error().message;
  const auto facts = describe(*checkpoint);
  EXPECT_TRUE(facts) << facts.error().message;
  return *facts;
}

TEST(Describe, SaysWhatAGgufIs) {
  const std::array<std::string, 3> tokens = {"a", "b", "c"};
  GgufBuilder builder;
  builder.text("general.architecture", "qwen3")
      .text("general.name", "Tiny")
      .text("general.license", "apache-2.0")
      .number("qwen3.context_length", GgufType::u32, std::uint32_t{4096})
      .text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "qwen2")
      .texts("tokenizer.ggml.tokens", tokens)
      .text("tokenizer.chat_template", "{{ x }}")
      .tensor("norm", {2}, 0, std::string(8, '\0'))
      .tensor("x", {32, 2}, 2, std::string(36, '\0'))
      .tensor("y", {32}, 2, std::string(18, '\0'));
  const ModelDirectory directory;
  const std::string bytes = builder.bytes();
  const Description facts = facts_of(directory.write("tiny.gguf", bytes));
  EXPECT_EQ(facts.format, "gguf");
  EXPECT_EQ(facts.architecture, "qwen3");
  EXPECT_EQ(facts.model_type, "qwen3");
  EXPECT_EQ(facts.name, "Tiny");
  EXPECT_EQ(facts.license, "apache-2.0");
  EXPECT_EQ(facts.parameters, 2u + 64 + 32);
  EXPECT_EQ(facts.bytes, bytes.size());
  EXPECT_EQ(facts.tensors, 3u);
  EXPECT_THAT(facts.types, ElementsAre(Pair("Q4_0", 2u), Pair("F32", 1u)));
  EXPECT_EQ(facts.context_length, 4096u);
  EXPECT_TRUE(facts.chat_template);
  ASSERT_TRUE(facts.tokenizer);
  EXPECT_EQ(facts.tokenizer->kind, "gpt2");
  EXPECT_EQ(facts.tokenizer->pretokenizer, "qwen2");
  EXPECT_EQ(facts.tokenizer->vocabulary, 3u);
  EXPECT_EQ(facts.files.size(), 1u);
}

TEST(Describe, SaysWhatADirectoryWithSafetensorsIs) {
  const ModelDirectory directory;
  directory.write("config.json", R"({"architectures":["Qwen3ForCausalLM"],"model_type":"qwen3",)"
                                 R"("max_position_embeddings":40960})");
  directory.write("README.md", "---\nlicense: apache-2.0\n---\n# Tiny\n");
  directory.write("tokenizer_config.json", R"({"chat_template":"{{ x }}"})");
  directory.write("tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":0,"b":1}},)"
                                    R"("added_tokens":[{"id":1},{"id":2},{"id":7}]})");
  directory.write(
      "model.safetensors",
      safetensors_bytes(R"({"t":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}})", "abcdef"));
  const Description facts = facts_of(directory.path());
  EXPECT_EQ(facts.format, "safetensors");
  EXPECT_EQ(facts.architecture, "Qwen3ForCausalLM");
  EXPECT_EQ(facts.model_type, "qwen3");
  EXPECT_EQ(facts.license, "apache-2.0");
  EXPECT_EQ(facts.parameters, 3u);
  EXPECT_EQ(facts.context_length, 40960u);
  EXPECT_TRUE(facts.chat_template);
  ASSERT_TRUE(facts.tokenizer);
  EXPECT_EQ(facts.tokenizer->kind, "BPE");
  EXPECT_EQ(facts.tokenizer->vocabulary, 4u);
}

TEST(Describe, LeavesOpenWhatIsNotSaid) {
  const ModelDirectory directory;
  const Description facts = facts_of(directory.write("x.safetensors", safetensors_bytes("{}", "")));
  EXPECT_EQ(facts.architecture, "");
  EXPECT_EQ(facts.context_length, std::nullopt);
  EXPECT_FALSE(facts.tokenizer);
  EXPECT_FALSE(facts.chat_template);
}

TEST(Describe, FindsTheLanguageModelInsideAModelOfManySenses) {
  const ModelDirectory directory;
  directory.write("config.json", R"({"model_type":"gemma3",)"
                                 R"("text_config":{"max_position_embeddings":131072}})");
  const Description facts =
      facts_of(directory.write("model.safetensors", safetensors_bytes("{}", "")));
  EXPECT_EQ(facts.architecture, "gemma3");
  EXPECT_EQ(facts.context_length, 131072u);
}

TEST(ModelCard, DeclaresItsLicenceInTheFirstBlockOnly) {
  EXPECT_EQ(license_of_model_card("---\ntags:\n- x\nlicense: 'mit'\r\n---\n"), "mit");
  EXPECT_EQ(license_of_model_card("---\nlicense: other\nlicense_name: qwen\n---\n"), "qwen");
  EXPECT_EQ(license_of_model_card("---\nlicense_name: qwen\nlicense: other\n---\n"), "qwen");
  EXPECT_EQ(license_of_model_card("---\nlicense: other\n---\n"), "other");
  EXPECT_EQ(license_of_model_card("---\nx: y\n---\nlicense: mit\n"), "");
  EXPECT_EQ(license_of_model_card("license: mit\n"), "");
  EXPECT_EQ(license_of_model_card(""), "");
}

}  // namespace
}  // namespace freehold::formats
