#include "base/json.h"

#include <gtest/gtest.h>

namespace freehold {
namespace {

TEST(Json, KeepsTheOrderOfKeysAndTheKindsOfNumbers) {
  const std::string text = R"({"b":1,"a":[1.5,-2,true,null,"x"]})";
  const Result<Value> value = parse_json(text);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(to_json(*value), text);
  EXPECT_NE(value->find("b")->as_integer(), nullptr);
}

TEST(Json, NamesTheByteWhereItBreaks) {
  const Result<Value> value = parse_json(R"({"a":1,})");
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().code, ErrorCode::invalid);
  EXPECT_NE(value.error().message.find("byte 7"), std::string::npos) << value.error().message;
}

TEST(Json, RefusesDuplicateKeys) {
  EXPECT_FALSE(parse_json(R"({"a":1,"a":2})").has_value());
}

TEST(Json, RefusesNestingBeyondTheLimit) {
  EXPECT_FALSE(parse_json(std::string(100000, '[')).has_value());
  EXPECT_TRUE(parse_json("[[1]]", {.max_depth = 2}).has_value());
  EXPECT_FALSE(parse_json("[[[1]]]", {.max_depth = 2}).has_value());
}

TEST(Json, WritesNonFiniteNumbersAsNullAndBrokenTextAsReplacementCharacters) {
  EXPECT_EQ(to_json(Value(1.0 / 0.0)), "null");
  EXPECT_EQ(to_json(Value("a\xff")), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace freehold
