#include "text/gguf_pretokenizers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/pretokenizer.h"
#include "text/testing/tokenizer_fixtures.h"

namespace freehold::text {
namespace {

using testing::read_fixture;

// Three engines agreed on these cuts (tools/make_pretokenizer_fixtures.py).
TEST(GgufPretokenizers, CutTextWhereThePublishedRulesDo) {
  const Value fixture = read_fixture("pretokenizers.expected.json");
  const List& texts = *fixture.find("texts")->as_list();
  ASSERT_GT(texts.size(), 200u);
  ASSERT_GE(fixture.find("cuts")->as_object()->size(), 19u);
  for (const auto& [name, cuts] : *fixture.find("cuts")->as_object()) {
    const auto rules = gguf_pretokenizer(name);
    ASSERT_TRUE(rules.has_value()) << name;
    const auto pretokenizer = Pretokenizer::compile(rules->steps);
    ASSERT_TRUE(pretokenizer.has_value()) << name << ": " << pretokenizer.error().message;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const Parts parts = pretokenizer->cut(AlignedText(*texts[i].as_string(), 0));
      List sizes;
      for (const auto& [begin, end] : parts.ranges) sizes.emplace_back(end - begin);
      EXPECT_EQ(Value(sizes), (*cuts.as_list())[i]) << name << " " << to_json(texts[i]);
    }
  }
}

TEST(GgufPretokenizers, KimiKeepsChineseApartFromTheWordsAroundIt) {
  const auto kimi = Pretokenizer::compile(gguf_pretokenizer("kimi-k2")->steps);
  ASSERT_TRUE(kimi.has_value()) << kimi.error().message;
  // The last but one is U+31350, Han since Unicode 15, which PCRE2 10.42 does not know.
  const Parts parts = kimi->cut(AlignedText("Hi你好World's\xf0\xb1\x8d\x90z", 0));
  std::vector<std::string_view> cut;
  for (const auto& [begin, end] : parts.ranges) {
    cut.push_back(parts.text.text().substr(begin, end - begin));
  }
  EXPECT_THAT(cut, ::testing::ElementsAre("Hi", "你好", "World's", "\xf0\xb1\x8d\x90", "z"));
}

TEST(GgufPretokenizers, ComposeTextWhereTheFamilysTokenizerDoes) {
  for (const char* name : {"qwen2", "deepseek-r1-qwen", "hunyuan", "stablelm2"}) {
    EXPECT_EQ(gguf_pretokenizer(name)->normalizer.size(), 1u) << name;
  }
  for (const char* name : {"kimi-k2", "hunyuan-dense", "minimax-m2", "deepseek-v3"}) {
    EXPECT_TRUE(gguf_pretokenizer(name)->normalizer.empty()) << name;
  }
}

TEST(GgufPretokenizers, KnowNoNameButWholeOnes) {
  for (const char* name : {"", " ", "qwen", "qwen2 deepseek-r1-qwen", "whatever"}) {
    EXPECT_FALSE(gguf_pretokenizer(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace freehold::text
