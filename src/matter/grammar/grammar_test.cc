#include "grammar/grammar.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "grammar/matcher.h"

namespace freehold::grammar {
namespace {

// Every byte is a token; the one behind them ends an answer.
std::shared_ptr<const Vocabulary> bytes_alone() {
  static std::string all = [] {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    return bytes;
  }();
  const Token end = 256;
  return std::make_shared<Vocabulary>(
      257,
      [](Token token) {
        return token < 256 ? std::string_view(all).substr(static_cast<std::size_t>(token), 1)
                           : std::string_view();
      },
      std::span(&end, 1));
}

bool matches(const Result<Grammar>& grammar, std::string_view text) {
  EXPECT_TRUE(grammar) << (grammar ? "" : grammar.error().message);
  if (!grammar) return false;
  static const auto vocabulary = bytes_alone();
  Matcher matcher(std::make_shared<Grammar>(*grammar), vocabulary, std::make_shared<MaskCache>());
  for (const char byte : text) {
    const auto token = static_cast<Token>(static_cast<std::uint8_t>(byte));
    const auto mask = matcher.mask();
    const bool allowed = (mask[static_cast<std::size_t>(token) / 64] >> (token % 64) & 1) != 0;
    EXPECT_EQ(matcher.accept(token), allowed) << text;
    if (!allowed) return false;
  }
  const bool end = (matcher.mask()[4] & 1) != 0;
  EXPECT_EQ(end, matcher.may_end());
  return end;
}

Result<Grammar> schema(std::string_view json) {
  const auto value = parse_json(json);
  EXPECT_TRUE(value) << json;
  return Grammar::json_schema(value ? *value : Value());
}

std::string reason(const Result<Grammar>& grammar) {
  return grammar ? "" : grammar.error().message;
}

TEST(Grammar, TakesOneOfTheChoices) {
  const auto grammar = Grammar::choice({"yes", "no", "nobody"});
  EXPECT_TRUE(matches(grammar, "yes"));
  EXPECT_TRUE(matches(grammar, "no"));
  EXPECT_TRUE(matches(grammar, "nobody"));
  EXPECT_FALSE(matches(grammar, "nob"));
  EXPECT_FALSE(matches(grammar, "maybe"));
}

TEST(Grammar, ReadsRegularExpressions) {
  EXPECT_TRUE(matches(Grammar::regex("[a-c]{2,3}(x|yz)?"), "abcyz"));
  EXPECT_FALSE(matches(Grammar::regex("[a-c]{2,3}(x|yz)?"), "a"));
  EXPECT_TRUE(matches(Grammar::regex("^\\d+\\.\\d{2}$"), "12.50"));
  EXPECT_FALSE(matches(Grammar::regex("^\\d+\\.\\d{2}$"), "12.5"));
  EXPECT_TRUE(matches(Grammar::regex("[^a]ä."), "öäß"));
  EXPECT_FALSE(matches(Grammar::regex("[^a]ä."), "aäß"));
  EXPECT_TRUE(matches(Grammar::regex("^(?:a|b)+?$"), "abba"));
}

TEST(Grammar, SaysWhereARegularExpressionCannotBeRead) {
  EXPECT_EQ(reason(Grammar::regex("ab(?=c)")),
            "the regular expression, byte 4: looking ahead and flags are not supported");
  for (const std::string_view wrong : {"(", ")", "[a", "a{3,2}", "*", "a**", "\\1", "\\p{L}", "a^b",
                                       "[z-a]", "\\", "(?i)a", "a{1000000000}"}) {
    EXPECT_FALSE(Grammar::regex(wrong)) << wrong;
  }
}

TEST(Grammar, RefusesExpressionsThatExplode) {
  EXPECT_FALSE(Grammar::regex("((a{1,1000}){1,1000}){1,1000}"));
  EXPECT_FALSE(Grammar::regex("(a|b)*a(a|b){40}"));
  EXPECT_FALSE(Grammar::regex(std::string(5000, '(')));
}

TEST(Grammar, ReadsGbnf) {
  const auto grammar = Grammar::gbnf(
      "# arithmetic\nroot ::= term (op term)*\nop ::= [-+*/]\nterm ::= [0-9]{1,3} | \"(\" root "
      "\")\"\n");
  EXPECT_TRUE(matches(grammar, "1+(22*(3))"));
  EXPECT_FALSE(matches(grammar, "1+(22"));
  EXPECT_FALSE(matches(grammar, "1000"));
}

TEST(Grammar, RefusesGbnfThatBeginsWithItself) {
  EXPECT_TRUE(reason(Grammar::gbnf("root ::= root \"a\" | \"b\"")).contains("left recursion"));
  EXPECT_TRUE(reason(Grammar::gbnf("root ::= a\na ::= \"x\"? root | \"y\"")).contains("itself"));
  EXPECT_EQ(reason(Grammar::gbnf("root ::= nothing")), "the grammar has no rule 'nothing'");
  EXPECT_TRUE(reason(Grammar::gbnf("root ::= \"(\" root \")\"")).contains("nothing can match"));
}

TEST(Grammar, CountsRepetitionsWithoutWritingThemOut) {
  const auto grammar =
      Grammar::gbnf("root ::= (\"ab\" | root2){2,1000000000}\nroot2 ::= \"<\" root2? \">\"");
  EXPECT_TRUE(matches(grammar, "ab<<>>ab"));
  EXPECT_FALSE(matches(grammar, "ab"));
}

TEST(Grammar, TakesAnyJsonObject) {
  EXPECT_TRUE(matches(Grammar::json(), R"({"a": [1, -2.5e3, {"b":null}], "c": "\u00e4\n"})"));
  EXPECT_FALSE(matches(Grammar::json(), "[1]"));
  EXPECT_FALSE(matches(Grammar::json(), R"({"a":"\ud800"})"));
}

TEST(Grammar, HoldsObjectsToTheirSchema) {
  const auto grammar = schema(
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string","maxLength":2},
      "c":{"type":["null","boolean"]}},"required":["b"],"additionalProperties":false})");
  EXPECT_TRUE(matches(grammar, R"({"a":1, "b": "xä", "c":true})"));
  EXPECT_TRUE(matches(grammar, R"({"b":""})"));
  EXPECT_FALSE(matches(grammar, R"({"a":1})"));
  EXPECT_FALSE(matches(grammar, R"({"b":"xyz"})"));
  EXPECT_FALSE(matches(grammar, R"({"b":"","d":1})"));
}

TEST(Grammar, KeepsFreeMembersFromTakingTheNamesOfOthers) {
  const auto grammar = schema(
      R"({"properties":{"ab":{"type":"integer"}},"additionalProperties":{"type":"string"}})");
  EXPECT_TRUE(matches(grammar, R"({"ab":1,"abc":"x","a":"y"})"));
  EXPECT_FALSE(matches(grammar, R"({"ab":"x"})"));
  EXPECT_FALSE(matches(grammar, R"({"abc":1})"));
}

TEST(Grammar, KnowsRecursiveDefinitions) {
  const auto grammar = schema(
      R"({"$defs":{"tree":{"type":"object","properties":{"children":{"type":"array","items":
      {"$ref":"#/$defs/tree"},"maxItems":2}},"required":["children"],"additionalProperties":false}},
      "$ref":"#/$defs/tree"})");
  EXPECT_TRUE(matches(grammar, R"({"children":[{"children":[]},{"children":[]}]})"));
  EXPECT_FALSE(matches(grammar, R"({"children":[{}]})"));
}

TEST(Grammar, ComparesNumbers) {
  const auto between = schema(R"({"type":"integer","minimum":-7,"maximum":123})");
  for (int value = -200; value < 300; ++value) {
    EXPECT_EQ(matches(between, std::to_string(value)), value >= -7 && value <= 123) << value;
  }
  const auto real = schema(R"({"type":"number","exclusiveMinimum":-1.5,"maximum":2.25})");
  for (const std::string_view good : {"-1.49", "0", "2.25", "2.2499", "2", "-0.5", "2.250"}) {
    EXPECT_TRUE(matches(real, good)) << good;
  }
  for (const std::string_view bad : {"-1.5", "-1.50", "2.26", "2.2501", "3", "-2", "10"}) {
    EXPECT_FALSE(matches(real, bad)) << bad;
  }
  const auto seventh = schema(R"({"type":"integer","multipleOf":7,"minimum":10})");
  for (int value = 0; value < 200; ++value) {
    EXPECT_EQ(matches(seventh, std::to_string(value)), value % 7 == 0 && value >= 10) << value;
  }
}

TEST(Grammar, MergesWhatMustHoldTogether) {
  const auto grammar = schema(
      R"({"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},
      {"properties":{"b":{"type":"string"}},"required":["b"],"type":"object"}]})");
  EXPECT_TRUE(matches(grammar, R"({"a":1,"b":"x"})"));
  EXPECT_FALSE(matches(grammar, R"({"a":1})"));
}

TEST(Grammar, NamesTheKeywordThatItCannotEnforceAndItsPlace) {
  EXPECT_EQ(reason(schema(R"({"properties":{"a/b":{"not":{}}}})")),
            "the JSON schema, #/properties/a~1b/not: 'not' cannot be enforced");
  EXPECT_EQ(reason(schema(R"({"items":{"uniqueItems":true}})")),
            "the JSON schema, #/items/uniqueItems: 'uniqueItems' cannot be enforced");
  EXPECT_TRUE(reason(schema(R"({"$ref":"#/$defs/x"})")).contains("leads nowhere"));
  EXPECT_TRUE(reason(schema(R"({"$ref":"#"})")).contains("nothing can match"));
  EXPECT_TRUE(reason(schema(R"({"type":"text"})")).contains("#/type"));
  EXPECT_TRUE(reason(schema(R"({"format":"regex"})")).contains("#/format"));
  EXPECT_TRUE(
      reason(schema(R"({"oneOf":[{"type":"integer"},{"minimum":3}]})")).contains("#/oneOf"));
}

}  // namespace
}  // namespace freehold::grammar
