#include "grammar/schema_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace freehold::grammar {
namespace {

constexpr std::array<std::string_view, 10> annotations = {
    "title",    "description", "default",   "examples",   "$schema",
    "$comment", "readOnly",    "writeOnly", "deprecated", "$id"};

bool is_annotation(std::string_view key) {
  return std::ranges::find(annotations, key) != annotations.end();
}

List as_names(const Value& type) {
  return type.as_list() != nullptr ? *type.as_list() : List{type};
}

// Whole numbers are numbers.
Value common_types(const Value& a, const Value& b) {
  List common;
  const List other = as_names(b);
  const auto has = [&](std::string_view name) {
    return std::ranges::find(other, Value(name)) != other.end();
  };
  for (const Value& name : as_names(a)) {
    if (std::ranges::find(other, name) != other.end()) {
      common.push_back(name);
    } else if (name == Value("number") && has("integer")) {
      common.push_back(Value("integer"));
    } else if (name == Value("integer") && has("number")) {
      common.push_back(name);
    }
  }
  return common.size() == 1 ? common.front() : Value(std::move(common));
}

Value both(const Value& a, const Value& b) {
  if (a == b || b == Value(true)) return a;
  if (a == Value(true)) return b;
  if (a == Value(false) || b == Value(false)) return false;
  return Object{{"allOf", List{a, b}}};
}

// Members of two maps of schemas. A name that only one lists is subject to what the other says of
// names that it does not list.
Value both_properties(const Value& a, const Value& b, const Value& all_a, const Value& all_b) {
  const Value* others_a = all_a.find("additionalProperties");
  const Value* others_b = all_b.find("additionalProperties");
  Object result;
  for (const auto& [name, schema] : *a.as_object()) {
    const Value* other = b.find(name);
    if (other == nullptr) other = others_b;
    result.emplace_back(name, other != nullptr ? both(schema, *other) : schema);
  }
  for (const auto& [name, schema] : *b.as_object()) {
    if (a.find(name) != nullptr) continue;
    result.emplace_back(name, others_a != nullptr ? both(schema, *others_a) : schema);
  }
  return result;
}

Value union_of(const List& a, const List& b) {
  List result = a;
  for (const Value& item : b) {
    if (std::ranges::find(result, item) == result.end()) result.push_back(item);
  }
  return result;
}

Value intersection_of(const List& a, const List& b) {
  List result;
  for (const Value& item : a) {
    if (std::ranges::find(b, item) != b.end()) result.push_back(item);
  }
  return result;
}

bool is_one_of(std::string_view key, std::initializer_list<std::string_view> keys) {
  return std::ranges::find(keys, key) != keys.end();
}

// Both schemas have the keyword, with different values.
Result<Value> both_values(std::string_view key, const Value& a, const Value& b) {
  if (key == "type") return common_types(a, b);
  if (a.as_list() != nullptr && b.as_list() != nullptr) {
    if (key == "required" || key == "allOf") return union_of(*a.as_list(), *b.as_list());
    if (key == "enum") return intersection_of(*a.as_list(), *b.as_list());
  }
  if (a.is_number() && b.is_number()) {
    const bool a_is_less = a.number_or(0) < b.number_or(0);
    if (is_one_of(key, {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})) {
      return a_is_less ? b : a;
    }
    if (is_one_of(key, {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})) {
      return a_is_less ? a : b;
    }
  }
  if (key == "items" || key == "additionalProperties") return both(a, b);
  return fail(ErrorCode::invalid, fmt::format("two different '{}' cannot hold together here", key));
}

}  // namespace

Result<Value> merged(const Value& a, const Value& b) {
  for (const std::string_view tied : {"patternProperties", "prefixItems"}) {
    if (a.find(tied) != nullptr || b.find(tied) != nullptr) {
      const bool beside = a.find("properties") != nullptr || b.find("properties") != nullptr ||
                          a.find("items") != nullptr || b.find("items") != nullptr ||
                          a.find("additionalProperties") != nullptr ||
                          b.find("additionalProperties") != nullptr;
      if (beside) {
        return fail(ErrorCode::invalid, fmt::format("'{}' cannot be merged with others", tied));
      }
    }
  }
  Value result = a;
  for (const auto& [key, value] : *b.as_object()) {
    const Value* own = a.find(key);
    if (own == nullptr || *own == value || is_annotation(key)) {
      if (own == nullptr) result.set(key, value);
    } else if (key != "properties") {
      result.set(key, TRY(both_values(key, *own, value)));
    }
  }
  static const Value none{Object{}};
  const Value* own = a.find("properties");
  const Value* other = b.find("properties");
  if (own == nullptr) own = &none;
  if (other == nullptr) other = &none;
  if (own->as_object() == nullptr || other->as_object() == nullptr) {
    return fail(ErrorCode::invalid, "'properties' must be an object");
  }
  if (!own->as_object()->empty() || !other->as_object()->empty()) {
    result.set("properties", both_properties(*own, *other, a, b));
  }
  return result;
}

}  // namespace freehold::grammar
