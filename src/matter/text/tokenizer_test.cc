#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "text/codepoints.h"
#include "text/testing/tokenizer_fixtures.h"

namespace freehold::text {
namespace {

using ::testing::ElementsAre;
using testing::from_gguf;
using testing::from_json;
using testing::gguf_twin;
using testing::read_fixture;

constexpr EncodeOptions plain{.add_special = false, .parse_special = true};

// A tokenizer of tests/fixtures/tokenizers and what the reference makes of a few hundred texts.
struct Fixture {
  std::string name;
  std::string pre;  // of the GGUF twin
  Value source = read_fixture(name + ".json");
  Value outcome = read_fixture(name + ".expected.json");

  const List& expected(std::string_view what) const { return *outcome.find(what)->as_list(); }
};

const std::vector<Fixture>& fixtures() {
  static const std::vector<Fixture> all = {
      {"qwen", "qwen2"}, {"llama3", "llama-bpe"}, {"sentencepiece", ""}};
  return all;
}

void expect_ids(const Result<Tokenizer>& tokenizer, const Fixture& fixture) {
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  const List& texts = fixture.expected("texts");
  ASSERT_GT(texts.size(), 200u);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    List ids;
    for (const Token id : tokenizer->tokens(*texts[i].as_string(), plain)) ids.emplace_back(id);
    EXPECT_EQ(Value(ids), fixture.expected("ids")[i]) << fixture.name << to_json(texts[i]);
  }
}

TEST(Tokenizer, GivesTheReferencesIds) {
  for (const Fixture& fixture : fixtures()) expect_ids(from_json(fixture.source), fixture);
}

TEST(Tokenizer, GivesTheSameIdsFromGguf) {
  for (const Fixture& fixture : fixtures()) {
    expect_ids(from_gguf(gguf_twin(fixture.source, fixture.pre)), fixture);
  }
}

// The reference counts whole characters; a token of part of one lies within it here.
void expect_within(const Tokenizer& tokenizer, const std::string& text, const List& offsets) {
  const std::vector<Piece> pieces = tokenizer.encode(text, plain);
  ASSERT_EQ(pieces.size(), offsets.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& [id, start, end] = pieces[i];
    const List& range = *offsets[i].as_list();
    const auto least = static_cast<std::size_t>(*range[0].as_integer());
    const auto most = static_cast<std::size_t>(*range[1].as_integer());
    EXPECT_LE(start, end);
    EXPECT_GE(start, least) << to_json(Value(text)) << " token " << i;
    EXPECT_LE(end, most) << to_json(Value(text)) << " token " << i;
    if (is_valid_utf8(tokenizer.bytes(id)) && start < end) EXPECT_EQ(end, most);
  }
}

TEST(Tokenizer, OffsetsLieWhereTheReferencePutsThem) {
  for (const Fixture& fixture : fixtures()) {
    const auto tokenizer = from_json(fixture.source);
    const List& offsets = fixture.expected("offsets");
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      if (offsets[i].is_null()) continue;
      expect_within(*tokenizer, *fixture.expected("texts")[i].as_string(), *offsets[i].as_list());
    }
  }
}

TEST(Tokenizer, DecodesAsTheReference) {
  for (const Fixture& fixture : fixtures()) {
    const auto tokenizer = from_json(fixture.source);
    for (std::size_t i = 0; i < fixture.expected("ids").size(); ++i) {
      std::vector<Token> ids;
      for (const Value& id : *fixture.expected("ids")[i].as_list()) {
        ids.push_back(static_cast<Token>(*id.as_integer()));
      }
      const std::string& text = *fixture.expected("decoded")[i].as_string();
      if (text.find("\xef\xbf\xbd") != text.npos) continue;  // bytes that the reference replaced
      EXPECT_EQ(tokenizer->decode(ids), text);
    }
  }
}

TEST(Tokenizer, BrokenUtf8ComesBackByteForByte) {
  for (const Fixture& fixture : fixtures()) {
    const auto tokenizer = from_json(fixture.source);
    const std::string text = "ab\xff\xc3 \xe4\xb8z\xf0\x9f\x98 \x80\x80 it's\xed\xa0\x80";
    const std::vector<Piece> pieces = tokenizer->encode(text, plain);
    std::vector<Token> ids;
    std::size_t at = 0;
    for (const Piece& piece : pieces) {
      ids.push_back(piece.id);
      EXPECT_EQ(piece.start, at);
      at = piece.end;
    }
    EXPECT_EQ(at, text.size());
    EXPECT_EQ(tokenizer->decode(ids), text);
  }
}

// Quadratic time would take minutes.
TEST(Tokenizer, AQuarterMegabyteOfOneCharacterTakesNotLong) {
  for (const Fixture& fixture : fixtures()) {
    const auto tokenizer = from_json(fixture.source);
    for (const std::string unit : {"a", " ", "\n", " \n", "A", "\xe4\xb8\x96", "'", "\xff"}) {
      std::string text;
      while (text.size() < (1u << 18)) text += unit;
      text += "x";
      const std::clock_t start = std::clock();
      EXPECT_FALSE(tokenizer->encode(text, plain).empty());
      const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      EXPECT_LT(seconds, 2.0) << to_json(Value(unit));
    }
  }
}

TEST(Tokenizer, SpecialTokensAreTextUnlessParsedAndTextUnlessAsked) {
  const auto tokenizer = from_json(read_fixture("qwen.json"));
  ASSERT_TRUE(tokenizer.has_value());
  const std::string text = "<|im_start|>";
  EXPECT_THAT(tokenizer->tokens(text, plain), ElementsAre(1));
  EXPECT_GT(tokenizer->tokens(text).size(), 3u);
  EXPECT_EQ(tokenizer->decode(tokenizer->tokens(text)), text);
  EXPECT_TRUE(tokenizer->is_special(1));
  EXPECT_EQ(tokenizer->decode(std::vector<Token>{1}, false), "");
  EXPECT_EQ(tokenizer->bytes(1), text);
  EXPECT_EQ(tokenizer->find(text), std::optional<Token>(1));
  EXPECT_EQ(tokenizer->find("no such token"), std::nullopt);
  EXPECT_EQ(tokenizer->bytes(1 << 30), "");
  EXPECT_EQ(tokenizer->bytes(-1), "");
}

TEST(Tokenizer, SentencePieceBeginsWithBosAndASpaceThatDecodingDrops) {
  const auto tokenizer = from_gguf(gguf_twin(read_fixture("sentencepiece.json"), ""));
  ASSERT_TRUE(tokenizer.has_value());
  const std::vector<Piece> pieces = tokenizer->encode("the model");
  EXPECT_EQ(pieces.front().id, tokenizer->bos());
  EXPECT_EQ(pieces.front().end, 0u);
  EXPECT_EQ(tokenizer->bytes(pieces[1].id).front(), ' ');
  EXPECT_EQ(pieces[1].start, 0u);
  EXPECT_TRUE(tokenizer->drops_leading_space());
  EXPECT_EQ(tokenizer->decode(tokenizer->tokens("the model"), false), "the model");
  EXPECT_EQ(tokenizer->kind(), "spm");
  EXPECT_THAT(tokenizer->end_tokens(), ElementsAre(2));
}

TEST(Tokenizer, OffsetsPointIntoTheInputWhereNormalizingShortenedIt) {
  const auto tokenizer = from_json(read_fixture("qwen.json"));
  const std::string text =
      "ae\xcc\x81"
      "e\xcc\x81 x";  // e and accent become one character, twice
  std::string composed;
  for (const auto& [id, start, end] : tokenizer->encode(text, plain)) {
    composed += tokenizer->bytes(id);
    // Tokens of the first é lie in bytes 1 to 4, of the second in bytes 4 to 7.
    if (composed.size() == 3) EXPECT_EQ(end, 4u);
    if (composed.size() == 5) EXPECT_EQ(end, 7u);
  }
  EXPECT_EQ(composed, "a\xc3\xa9\xc3\xa9 x");
}

}  // namespace
}  // namespace freehold::text
