#include "text/tokenizer_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "text/testing/tokenizer_fixtures.h"

namespace freehold::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Byte-level, three tokens, one merge.
Value small() {
  return Object{{"tokenizer.ggml.model", "gpt2"},
                {"tokenizer.ggml.pre", "gpt-2"},
                {"tokenizer.ggml.tokens", List{"a", "b", "ab", "<|im_end|>"}},
                {"tokenizer.ggml.token_type", List{1, 1, 1, 3}},
                {"tokenizer.ggml.merges", List{"a b"}},
                {"tokenizer.ggml.eos_token_id", 3}};
}

Value small_sentencepiece() {
  return Object{{"tokenizer.ggml.model", "llama"},
                {"tokenizer.ggml.tokens", List{"<unk>", "<s>", "</s>", "a", "ab", "<0x0A>"}},
                {"tokenizer.ggml.token_type", List{2, 3, 3, 1, 1, 6}},
                {"tokenizer.ggml.scores", List{0.0, 0.0, 0.0, -1.0, -2.0, 0.0}}};
}

std::string complaint(Value metadata, std::string_view key, Value value) {
  metadata.set(key, std::move(value));
  const auto data = read_gguf_tokenizer(metadata);
  if (data.has_value()) return "no complaint";
  EXPECT_EQ(data.error().code, ErrorCode::invalid);
  return data.error().message;
}

TEST(TokenizerGguf, NamesKeyAndIndexOfWhatIsWrong) {
  const auto of = [](std::string_view key, Value value) {
    return complaint(small(), std::string("tokenizer.ggml.").append(key), std::move(value));
  };
  EXPECT_THAT(of("model", "t5"), HasSubstr("\"t5\""));
  EXPECT_THAT(of("pre", "whatever"), HasSubstr("tokenizer.ggml.pre is \"whatever\""));
  EXPECT_THAT(of("tokens", List{}), HasSubstr("tokenizer.ggml.tokens is missing or empty"));
  EXPECT_THAT(of("tokens", List{"a", 1}), HasSubstr("tokenizer.ggml.tokens[1] is no text"));
  EXPECT_THAT(of("token_type", List{1, 1, 1}), HasSubstr("token_type has 3 entries for 4 tokens"));
  EXPECT_THAT(of("token_type", List{1, 1, 1, 9}), HasSubstr("token_type[3] is no token type"));
  EXPECT_THAT(of("token_type", List{1, 1, 1, "x"}), HasSubstr("token_type[3]"));
  EXPECT_THAT(of("merges", Value()), HasSubstr("merges is no array"));
  EXPECT_THAT(of("merges", List{"ab"}), HasSubstr("merges[0]: \"ab\" is not two tokens"));
  EXPECT_THAT(of("merges", List{"a b", "a c"}), HasSubstr("merges[1]: \"c\" is no token"));
  EXPECT_THAT(of("merges", List{"a b", "ab a"}), HasSubstr("merges[1]: \"aba\" is no token"));
  EXPECT_THAT(of("merges", List{7}), HasSubstr("merges[0] is no text"));
  EXPECT_THAT(of("eos_token_id", 4), HasSubstr("eos_token_id is 4, outside the vocabulary of 4"));
  EXPECT_THAT(of("bos_token_id", -1), HasSubstr("bos_token_id is -1"));
  EXPECT_THAT(of("eot_token_id", "x"), HasSubstr("eot_token_id is no token id"));
  EXPECT_THAT(of("add_bos_token", "yes"), HasSubstr("add_bos_token is neither true nor false"));
  Value repeated = small();
  repeated.set("tokenizer.ggml.token_type", List{1, 1, 1, 1});
  EXPECT_THAT(complaint(repeated, "tokenizer.ggml.tokens", List{"a", "b", "ab", "a"}),
              HasSubstr("tokens[3] repeats token 0, \"a\""));
}

TEST(TokenizerGguf, SaysWhereTheRulesOfAnUnknownNameAreToBeHad) {
  Value metadata = small();
  metadata.set("tokenizer.ggml.pre", "whatever");
  EXPECT_THAT(read_gguf_tokenizer(metadata).error().hint, HasSubstr("tokenizer.json"));
}

TEST(TokenizerGguf, NamesWhatIsWrongWithScoresAndBytes) {
  const auto of = [](std::string_view key, Value value) {
    return complaint(small_sentencepiece(), key, std::move(value));
  };
  EXPECT_THAT(of("tokenizer.ggml.scores", List{1.0}), HasSubstr("has 1 entries for 6 tokens"));
  EXPECT_THAT(of("tokenizer.ggml.scores", List{0.0, 0.0, std::nan(""), 0.0, 0.0, 0.0}),
              HasSubstr("scores[2] is no finite number"));
  EXPECT_THAT(of("tokenizer.ggml.token_type", List{2, 3, 3, 1, 6, 6}),
              HasSubstr("tokens[4] is of type byte but \"ab\" names none"));
  EXPECT_THAT(of("tokenizer.ggml.remove_extra_whitespaces", true), HasSubstr("not supported"));
}

TEST(TokenizerGguf, AFileWithoutATokenizerIsAbsentNotInvalid) {
  const auto data = read_gguf_tokenizer(Object{});
  ASSERT_FALSE(data.has_value());
  EXPECT_EQ(data.error().code, ErrorCode::absent);
}

TEST(TokenizerGguf, MergesThroughCharactersThatAreNoPieces) {
  // "b" is no piece, yet "ab" is made of it; alone it is unknown.
  const auto tokenizer = testing::from_gguf(small_sentencepiece());
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  const auto ids = [&](std::string_view text) {
    std::vector<Token> result = tokenizer->tokens(text, {.add_special = false});
    result.erase(result.begin());  // the space in front, unknown to this vocabulary
    return result;
  };
  EXPECT_THAT(ids("ab"), ElementsAre(4));
  EXPECT_THAT(ids("a\n"), ElementsAre(3, 5));
  EXPECT_THAT(ids("aab"), ElementsAre(3, 4));
}

TEST(TokenizerGguf, EndTokensAreThoseOfTheMetadataAndTheWellKnownOnes) {
  Value metadata = small();
  metadata.set("tokenizer.ggml.eos_token_id", 2);
  metadata.set("tokenizer.ggml.eot_token_id", 2);
  EXPECT_THAT(read_gguf_tokenizer(metadata)->ends, ElementsAre(2, 3));
}

TEST(TokenizerGguf, LlamaThreesVocabularyBeginsWithBosEvenWhenTheFileDoesNotSaySo) {
  Value metadata = small();
  metadata.set("tokenizer.ggml.bos_token_id", 3);
  EXPECT_TRUE(read_gguf_tokenizer(metadata)->prologue.empty());
  metadata.set("tokenizer.ggml.pre", "llama-bpe");
  EXPECT_THAT(read_gguf_tokenizer(metadata)->prologue, ElementsAre(3));
  metadata.set("tokenizer.ggml.add_bos_token", false);
  EXPECT_TRUE(read_gguf_tokenizer(metadata)->prologue.empty());
}

}  // namespace
}  // namespace freehold::text
