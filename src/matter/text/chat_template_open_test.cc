#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/testing/gguf_builder.h"
#include "formats/testing/model_directory.h"
#include "text/chat_template.h"

namespace freehold::text {
namespace {

using formats::testing::GgufBuilder;
using formats::testing::GgufType;
using formats::testing::ModelDirectory;
using ::testing::HasSubstr;

constexpr std::string_view tokenizer_json =
    R"({"model":{"type":"BPE","vocab":{"a":0,"b":1,"<s>":2,"</s>":3},"merges":[]},)"
    R"("added_tokens":[{"id":2,"content":"<s>","special":true},)"
    R"({"id":3,"content":"</s>","special":true}],)"
    R"("pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},)"
    R"("decoder":{"type":"ByteLevel"}})";

// The smallest directory that a checkpoint can be opened from: one tensor, a tokenizer.
class Directory {
 public:
  Directory() {
    files.write("config.json", R"({"model_type":"llama"})");
    files.write("tokenizer.json", tokenizer_json);
    files.write("model.safetensors",
                formats::testing::safetensors_bytes(
                    R"({"t":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "abcd"));
  }

  ModelDirectory files;
};

Result<std::optional<ChatTemplate>> open(const std::filesystem::path& path) {
  const auto checkpoint = formats::Checkpoint::open(path);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  const auto tokenizer = Tokenizer::open(*checkpoint);
  if (!tokenizer) return std::unexpected(tokenizer.error());
  return ChatTemplate::open(*checkpoint, *tokenizer);
}

std::string rendered(const std::filesystem::path& path, const std::vector<Value>& tools = {}) {
  const auto found = open(path);
  if (!found) return "error: " + found.error().message;
  if (!*found) return "no template";
  Chat chat;
  chat.messages = {message("user", "Hello")};
  chat.tools = tools;
  const auto text = (*found)->render(chat, 0);
  return text ? *text : "error: " + text.error().message;
}

const std::vector<Value> some_tools = {Object{{"name", "f"}}};

TEST(ChatTemplateOpen, ReadsTokenizerConfigJsonWithItsSpecialTokens) {
  const Directory model;
  EXPECT_EQ(rendered(model.files.path()), "no template");
  model.files.write(
      "tokenizer_config.json",
      R"({"bos_token":"<s>","eos_token":{"content":"</s>"},)"
      R"("chat_template":"{{ bos_token }}{{ messages[0].content }}{{ eos_token }}"})");
  EXPECT_EQ(rendered(model.files.path()), "<s>Hello</s>");
}

TEST(ChatTemplateOpen, TakesTheTemplateForToolsOnlyWhereThereAreTools) {
  const Directory model;
  model.files.write("tokenizer_config.json",
                    R"({"chat_template":[{"name":"default","template":"plain"},)"
                    R"({"name":"rag","template":"{{ never read"},)"
                    R"({"name":"tool_use","template":"{{ tools[0].name }}"}]})");
  EXPECT_EQ(rendered(model.files.path()), "plain");
  EXPECT_EQ(rendered(model.files.path(), some_tools), "f");
}

TEST(ChatTemplateOpen, PrefersTheFileThatIsNothingButATemplate) {
  const Directory model;
  model.files.write("tokenizer_config.json", R"({"chat_template":"of the config"})");
  model.files.write("chat_template.json", R"({"chat_template":"of the JSON file"})");
  EXPECT_EQ(rendered(model.files.path()), "of the config");
  model.files.write("chat_template.jinja", "{{ messages[0].role }}");
  EXPECT_EQ(rendered(model.files.path()), "user");
}

TEST(ChatTemplateOpen, NamesTheFileOfATemplateThatDoesNotParse) {
  const Directory model;
  model.files.write("tokenizer_config.json", R"({"chat_template":"{% for %}"})");
  const auto found = open(model.files.path());
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::invalid);
  EXPECT_THAT(found.error().message, HasSubstr("tokenizer_config.json"));
  model.files.write("tokenizer_config.json", R"({"chat_template":7})");
  EXPECT_THAT(open(model.files.path()).error().message,
              HasSubstr("tokenizer_config.json: chat_template: neither a text nor a list"));
}

TEST(ChatTemplateOpen, ReadsGgufMetadataAndNothingBesideIt) {
  const ModelDirectory directory;
  directory.write("tokenizer_config.json", R"({"chat_template":"of another model"})");
  const std::vector<std::string> tokens = {"a", "b", "<s>", "</s>", "<pad>"};
  const std::vector<std::int32_t> types = {1, 1, 3, 3, 3};
  GgufBuilder builder;
  builder.text("general.architecture", "llama")
      .text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "qwen2")
      .texts("tokenizer.ggml.tokens", tokens)
      .numbers("tokenizer.ggml.token_type", GgufType::i32, std::span(types))
      .texts("tokenizer.ggml.merges", {})
      .number("tokenizer.ggml.bos_token_id", GgufType::u32, 2u)
      .number("tokenizer.ggml.eos_token_id", GgufType::u32, 3u)
      .number("tokenizer.ggml.padding_token_id", GgufType::u32, 4u)
      .tensor("t", {2}, 0, "abcdefgh");
  const auto path = directory.write("plain.gguf", builder.bytes());
  EXPECT_EQ(rendered(path), "no template");
  builder.text("tokenizer.chat_template", "{{ bos_token }}{{ pad_token }}{{ eos_token }}");
  EXPECT_EQ(rendered(directory.write("one.gguf", builder.bytes())), "<s><pad></s>");
  builder.text("tokenizer.chat_template.tool_use", "{{ tools|length }}");
  const auto both = directory.write("both.gguf", builder.bytes());
  EXPECT_EQ(rendered(both), "<s><pad></s>");
  EXPECT_EQ(rendered(both, some_tools), "1");
}

}  // namespace
}  // namespace freehold::text
