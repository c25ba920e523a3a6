// Documents from random choices among what the mask allows: every one must be valid, by a validator
// that knows nothing of the compiler. FREEHOLD_DOCUMENTS says how many for each schema.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/json.h"
#include "base/random.h"
#include "grammar/matcher.h"

namespace freehold::grammar {
namespace {

bool is_valid(const Value& value, const Value& schema, const Value& root);

bool has_type(const Value& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.as_bool() != nullptr;
  if (type == "integer") return value.as_integer() != nullptr;
  if (type == "number") return value.is_number();
  if (type == "string") return value.as_string() != nullptr;
  if (type == "array") return value.as_list() != nullptr;
  return value.as_object() != nullptr;
}

bool valid_number(const Value& number, const Value& schema) {
  const double value = number.number_or(0);
  const auto bound = [&](std::string_view key) {
    const Value* found = schema.find(key);
    return found != nullptr ? found->number_or(0) : std::nan("");
  };
  if (value < bound("minimum") || value > bound("maximum")) return false;
  if (value <= bound("exclusiveMinimum") || value >= bound("exclusiveMaximum")) return false;
  const double multiple = bound("multipleOf");
  const Value* whole = schema.find("multipleOf");  // a double does not hold every integer
  if (whole != nullptr && whole->as_integer() != nullptr && number.as_integer() != nullptr) {
    return *number.as_integer() % *whole->as_integer() == 0;
  }
  return std::isnan(multiple) || std::abs(value / multiple - std::round(value / multiple)) < 1e-6;
}

double number_in(const Value& schema, std::string_view key, double otherwise) {
  const Value* found = schema.find(key);
  return found != nullptr ? found->number_or(otherwise) : otherwise;
}

bool valid_list(const List& list, const Value& schema, const Value& root) {
  const auto size = static_cast<double>(list.size());
  if (size < number_in(schema, "minItems", 0) || size > number_in(schema, "maxItems", 1e9)) {
    return false;
  }
  const Value* prefix = schema.find("prefixItems");
  const Value* items = schema.find("items");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool first = prefix != nullptr && i < prefix->as_list()->size();
    const Value* own = first ? &(*prefix->as_list())[i] : items;
    if (own != nullptr && !is_valid(list[i], *own, root)) return false;
  }
  return true;
}

bool valid_object(const Object& object, const Value& schema, const Value& root) {
  const Value whole(object);
  if (const Value* required = schema.find("required")) {
    for (const Value& name : *required->as_list()) {
      if (whole.find(*name.as_string()) == nullptr) return false;
    }
  }
  const Value* properties = schema.find("properties");
  const Value* others = schema.find("additionalProperties");
  for (const auto& [name, value] : object) {
    const Value* own = properties != nullptr ? properties->find(name) : nullptr;
    if (own == nullptr) own = others;
    if (own != nullptr && !is_valid(value, *own, root)) return false;
  }
  return true;
}

bool valid_text(const std::string& text, const Value& schema) {
  const auto characters = static_cast<double>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
  return characters >= number_in(schema, "minLength", 0) &&
         characters <= number_in(schema, "maxLength", 1e9);
}

bool is_valid(const Value& value, const Value& schema, const Value& root) {
  if (const bool* flag = schema.as_bool()) return *flag;
  if (const Value* reference = schema.find("$ref")) {
    const std::string& name = *reference->as_string();
    const Value* target =
        name == "#" ? &root : root.find("$defs")->find(name.substr(std::strlen("#/$defs/")));
    if (!is_valid(value, *target, root)) return false;
  }
  if (const Value* type = schema.find("type")) {
    const List names = type->as_list() != nullptr ? *type->as_list() : List{*type};
    if (std::ranges::none_of(
            names, [&](const Value& name) { return has_type(value, *name.as_string()); })) {
      return false;
    }
  }
  const Value* fixed = schema.find("const");
  if (fixed != nullptr && *fixed != value) return false;
  const Value* listed = schema.find("enum");
  if (listed != nullptr &&
      std::ranges::find(*listed->as_list(), value) == listed->as_list()->end()) {
    return false;
  }
  for (const auto& [key, least, most] :
       {std::tuple{"anyOf", 1l, 1000l}, {"oneOf", 1l, 1l}, {"allOf", -1l, -1l}}) {
    const Value* parts = schema.find(key);
    if (parts == nullptr) continue;
    const long all = static_cast<long>(parts->as_list()->size());
    const long good = std::ranges::count_if(
        *parts->as_list(), [&](const Value& part) { return is_valid(value, part, root); });
    if (good < (least < 0 ? all : least) || good > (most < 0 ? all : most)) return false;
  }
  if (value.is_number() && !valid_number(value, schema)) return false;
  if (const auto* text = value.as_string()) return valid_text(*text, schema);
  if (const auto* list = value.as_list()) return valid_list(*list, schema, root);
  if (const auto* object = value.as_object()) return valid_object(*object, schema, root);
  return true;
}

const char* const schemas[] = {
    R"({"type":"boolean"})",
    R"({"type":["integer","null"]})",
    R"({"type":"number"})",
    R"({"type":"string","minLength":2,"maxLength":5})",
    R"({"type":"integer","minimum":-17,"exclusiveMaximum":1203})",
    R"({"type":"number","exclusiveMinimum":0.5,"maximum":99.75})",
    R"({"type":"number","multipleOf":0.25,"minimum":-3})",
    R"({"type":"integer","multipleOf":12})",
    R"({"enum":["a",1,null,{"x":[true]},"\"\\\n"]})",
    R"({"const":{"a":"ä"}})",
    R"({"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":4})",
    R"({"type":"array","prefixItems":[{"type":"string"},{"type":"boolean"}],"items":false})",
    R"({"type":"array","prefixItems":[{"const":1}],"items":{"const":2},"minItems":3,"maxItems":6})",
    R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"boolean"},
        "c":{"type":"string","maxLength":3}},"required":["b"],"additionalProperties":false})",
    R"({"type":"object","properties":{"k":{"const":1}},"additionalProperties":false})",
    R"({"anyOf":[{"type":"integer"},{"type":"array","items":{"type":"null"},"maxItems":3}]})",
    R"({"oneOf":[{"type":"object","properties":{"t":{"const":"a"}},"required":["t"],
        "additionalProperties":false},{"type":"object","properties":{"t":{"const":"b"},
        "n":{"type":"integer"}},"required":["t","n"],"additionalProperties":false}]})",
    R"({"allOf":[{"type":"integer","minimum":3},{"type":"number","maximum":40}]})",
    R"({"$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[
        {"$ref":"#/$defs/n"},{"type":"null"}]}},"required":["v","next"],
        "additionalProperties":false}},"$ref":"#/$defs/n"})",
};

class Documents : public testing::TestWithParam<const char*> {};

TEST_P(Documents, FromRandomChoicesAreValid) {
  const auto schema = parse_json(GetParam());
  ASSERT_TRUE(schema);
  auto compiled = Grammar::json_schema(*schema);
  ASSERT_TRUE(compiled) << compiled.error().message;
  const auto grammar = std::make_shared<const Grammar>(*std::move(compiled));
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; ++byte) texts.emplace_back(1, static_cast<char>(byte));
  for (const char* more : {"{\"", "\":", "\",\"", "},", "true", "ä", "12", "null}", " \"", "]"}) {
    texts.emplace_back(more);
  }
  const auto end = static_cast<Token>(texts.size());
  const auto vocabulary = std::make_shared<const Vocabulary>(
      texts.size() + 1,
      [&](Token token) {
        return token < end ? std::string_view(texts[static_cast<std::size_t>(token)])
                           : std::string_view();
      },
      std::span(&end, 1));
  const auto masks = std::make_shared<MaskCache>();
  const char* asked = std::getenv("FREEHOLD_DOCUMENTS");
  const int count = asked != nullptr ? std::atoi(asked) : 100;
  Random random(7);
  for (int document = 0; document < count; ++document) {
    Matcher matcher(grammar, vocabulary, masks);
    std::string text;
    bool ended = false;
    while (!ended && text.size() < 100'000) {
      const auto mask = matcher.mask();
      std::vector<Token> allowed;
      for (Token token = 0; token <= end; ++token) {
        if ((mask[static_cast<std::size_t>(token) / 64] >> (token % 64) & 1) != 0) {
          allowed.push_back(token);
        }
      }
      ASSERT_FALSE(allowed.empty()) << text;
      const Token token = allowed[random.below(allowed.size())];
      ASSERT_TRUE(matcher.accept(token));
      ended = token == end;
      if (!ended) text += texts[static_cast<std::size_t>(token)];
    }
    ASSERT_TRUE(ended);
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text << ": " << value.error().message;
    EXPECT_TRUE(is_valid(*value, *schema, *schema)) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(, Documents, testing::ValuesIn(schemas));

}  // namespace
}  // namespace freehold::grammar
