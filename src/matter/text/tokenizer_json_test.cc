#include "text/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/testing/tokenizer_fixtures.h"

namespace freehold::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Value parse(std::string_view text) {
  Result<Value> value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << value.error().message;
  return std::move(value).value_or(Value());
}

Value small() {
  return parse(R"({"added_tokens":[{"id":3,"content":"<|im_end|>","special":true}],
    "normalizer":null,"post_processor":null,
    "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},
    "decoder":{"type":"ByteLevel"},
    "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})");
}

std::string complaint(const Value& tokenizer, const Value* config = nullptr) {
  const auto made = testing::from_json(tokenizer, config);
  if (made.has_value()) return "no complaint";
  EXPECT_EQ(made.error().code, ErrorCode::invalid);
  return made.error().message;
}

std::string model_complaint(std::string_view key, std::string_view value) {
  Value tokenizer = small();
  Value model = *tokenizer.find("model");
  model.set(key, parse(value));
  tokenizer.set("model", model);
  return complaint(tokenizer);
}

std::string section_complaint(std::string_view key, std::string_view value) {
  Value tokenizer = small();
  tokenizer.set(key, parse(value));
  return complaint(tokenizer);
}

TEST(TokenizerJson, NamesFieldAndIndexOfWhatIsWrongInTheModel) {
  EXPECT_THAT(model_complaint("type", R"("Unigram")"), HasSubstr("model: the type \"Unigram\""));
  EXPECT_THAT(model_complaint("vocab", "{}"), HasSubstr("model.vocab: is missing or empty"));
  EXPECT_THAT(model_complaint("vocab", R"({"a":0,"b":0,"ab":1})"),
              HasSubstr("\"a\" and \"b\" both have the id 0"));
  EXPECT_THAT(model_complaint("vocab", R"({"a":0,"b":1,"ab":7})"),
              HasSubstr("model.vocab has no token with the id 2"));
  EXPECT_THAT(model_complaint("vocab", R"({"a":0,"b":1,"ab":99999999999})"),
              HasSubstr("\"ab\" has the id 99999999999"));
  EXPECT_THAT(model_complaint("vocab", R"({"a":-1})"), HasSubstr("has the id -1"));
  EXPECT_THAT(model_complaint("vocab", R"({"a":"x"})"), HasSubstr("\"a\" has no id"));
  EXPECT_THAT(model_complaint("merges", "null"), HasSubstr("model.merges: is missing"));
  EXPECT_THAT(model_complaint("merges", R"(["a b","a x"])"),
              HasSubstr("model.merges: [1]: \"x\" is no token"));
  EXPECT_THAT(model_complaint("merges", R"([["a"]])"), HasSubstr("[0] is not two tokens"));
  EXPECT_THAT(model_complaint("merges", R"([["a",""]])"), HasSubstr("[0]: one of the two"));
  EXPECT_THAT(model_complaint("unk_token", R"("?")"), HasSubstr("unk_token \"?\" is no token"));
  EXPECT_THAT(model_complaint("end_of_word_suffix", R"("</w>")"), HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(model_complaint("byte_fallback", "1"), HasSubstr("byte_fallback is neither"));
}

TEST(TokenizerJson, NamesWhatItDoesNotSupport) {
  EXPECT_THAT(section_complaint("normalizer", R"({"type":"Precompiled"})"),
              HasSubstr("normalizer: the type \"Precompiled\" is not supported"));
  EXPECT_THAT(section_complaint("pre_tokenizer", R"({"type":"Sequence","pretokenizers":[
                  {"type":"ByteLevel"},{"type":"Digits"}]})"),
              HasSubstr("pre_tokenizer.pretokenizers[1]: a step behind ByteLevel"));
  EXPECT_THAT(section_complaint("pre_tokenizer", R"({"type":"Sequence","pretokenizers":[
                  {"type":"Split","pattern":{"Regex":"a"},"behavior":"Chopped"}]})"),
              HasSubstr("behavior \"Chopped\""));
  EXPECT_THAT(section_complaint("pre_tokenizer", R"({"type":"Sequence","pretokenizers":[
                  {"type":"Split","pattern":{"Regex":"\\h"},"behavior":"Isolated"},
                  {"type":"ByteLevel"}]})"),
              HasSubstr("pre_tokenizer: \"\\h\" at byte 0"));
  EXPECT_THAT(section_complaint("decoder", R"({"type":"WordPiece"})"), HasSubstr("\"WordPiece\""));
  EXPECT_THAT(section_complaint("decoder", "null"), HasSubstr("must both be ByteLevel"));
  EXPECT_THAT(section_complaint("post_processor", R"({"type":"TemplateProcessing","single":[
                  {"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{}})"),
              HasSubstr("post_processor: single[0]: special_tokens has no single id for \"<s>\""));
  std::string deep = R"({"type":"Digits"})";
  for (int i = 0; i < 20; ++i) deep = R"({"type":"Sequence","pretokenizers":[)" + deep + "]}";
  EXPECT_THAT(section_complaint("pre_tokenizer", deep), HasSubstr("this much nesting"));
}

TEST(TokenizerJson, AddedTokensMustAgreeWithTheVocabulary) {
  EXPECT_THAT(section_complaint("added_tokens", R"([{"id":1,"content":"<x>"}])"),
              HasSubstr("added_tokens: [0]: \"b\" and \"<x>\" both have the id 1"));
  EXPECT_THAT(section_complaint("added_tokens", R"([{"id":1,"content":"a"}])"),
              HasSubstr("\"a\" has the id 1 here and 0 before"));
  EXPECT_THAT(section_complaint("added_tokens", R"([{"content":"a"}])"), HasSubstr("[0].id"));
  const Value config = parse(R"({"added_tokens_decoder":{"x":{"content":"<y>"}}})");
  EXPECT_THAT(complaint(small(), &config), HasSubstr("added_tokens_decoder[\"x\"]"));
}

TEST(TokenizerJson, TheConfigurationDecidesWhatIsAdded) {
  const auto prologue = [](std::string_view config_text) {
    const Value tokenizer = small();
    const Value config = parse(config_text);
    return read_json_tokenizer({.tokenizer = &tokenizer, .config = &config})->prologue;
  };
  EXPECT_THAT(prologue(R"({"bos_token":"<|im_end|>"})"), ElementsAre());
  EXPECT_THAT(prologue(R"({"bos_token":"<|im_end|>","add_bos_token":true})"), ElementsAre(3));
  EXPECT_THAT(prologue(R"({"bos_token":{"content":"a"},"add_bos_token":true})"), ElementsAre(0));
  EXPECT_THAT(prologue(R"({"bos_token":null,"add_bos_token":true})"), ElementsAre());
}

TEST(TokenizerJson, EndTokensComeFromAllFiles) {
  const Value tokenizer = small();
  const Value config = parse(R"({"eos_token":"a"})");
  const Value generation = parse(R"({"eos_token_id":[1,2,400]})");
  const auto data =
      read_json_tokenizer({.tokenizer = &tokenizer, .config = &config, .generation = &generation});
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ(data->eos, std::optional<Token>(0));
  EXPECT_THAT(data->ends, ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace freehold::text
