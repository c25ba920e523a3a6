#include "grammar/schema_keywords.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace freehold::grammar {
namespace {

constexpr std::array<std::string_view, 7> type_names = {"object",  "array",   "string", "number",
                                                        "integer", "boolean", "null"};
constexpr std::array<std::string_view, 16> annotations = {
    "title",    "description", "default",     "examples",     "$schema",     "$id",
    "$comment", "readOnly",    "writeOnly",   "$defs",        "definitions", "deprecated",
    "example",  "$anchor",     "$vocabulary", "discriminator"};
struct Keyword {
  std::string_view name;
  std::string_view type;  // that it is about; empty: any
};
constexpr std::array<Keyword, 27> keywords = {{
    {"type", ""},
    {"nullable", ""},
    {"enum", ""},
    {"const", ""},
    {"$ref", ""},
    {"anyOf", ""},
    {"oneOf", ""},
    {"allOf", ""},
    {"properties", "object"},
    {"required", "object"},
    {"additionalProperties", "object"},
    {"patternProperties", "object"},
    {"minProperties", "object"},
    {"maxProperties", "object"},
    {"items", "array"},
    {"prefixItems", "array"},
    {"minItems", "array"},
    {"maxItems", "array"},
    {"minLength", "string"},
    {"maxLength", "string"},
    {"pattern", "string"},
    {"format", "string"},
    {"minimum", "number"},
    {"maximum", "number"},
    {"exclusiveMinimum", "number"},
    {"exclusiveMaximum", "number"},
    {"multipleOf", "number"},
}};

const Keyword* keyword(std::string_view key) {
  const auto found = std::ranges::find(keywords, key, &Keyword::name);
  return found == keywords.end() ? nullptr : &*found;
}

std::string_view type_of(const Value& value) {
  if (value.is_null()) return "null";
  if (value.as_bool() != nullptr) return "boolean";
  if (value.as_integer() != nullptr) return "integer";
  if (value.as_double() != nullptr) return "number";
  if (value.as_string() != nullptr) return "string";
  return value.as_list() != nullptr ? "array" : "object";
}

// All values of a schema that lists them.
const List* listed(const Value& schema, List& memory) {
  if (const Value* fixed = schema.find("const")) {
    memory = {*fixed};
    return &memory;
  }
  const Value* values = schema.find("enum");
  return values != nullptr ? values->as_list() : nullptr;
}

std::vector<std::string> types_said(const Value& schema) {
  std::vector<std::string> types;
  List memory;
  const Value* type = schema.find("type");
  if (type == nullptr) {
    const List* values = listed(schema, memory);
    for (const Value& value : values != nullptr ? *values : List{}) {
      types.emplace_back(type_of(value));
    }
    return types;
  }
  const List one{*type};
  for (const Value& name : type->as_list() != nullptr ? *type->as_list() : one) {
    if (name.as_string() != nullptr) types.push_back(*name.as_string());
  }
  const Value* nullable = schema.find("nullable");
  if (nullable != nullptr && *nullable == Value(true)) types.emplace_back("null");
  return types;
}

bool types_meet(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto is_number = [](const std::string& type) {
    return type == "number" || type == "integer";
  };
  return std::ranges::any_of(a, [&](const std::string& one) {
    return std::ranges::any_of(b, [&](const std::string& other) {
      return one == other || (is_number(one) && is_number(other));
    });
  });
}

bool requires_member(const Value& schema, const std::string& name) {
  const Value* required = schema.find("required");
  return required != nullptr && required->as_list() != nullptr &&
         std::ranges::find(*required->as_list(), Value(name)) != required->as_list()->end();
}

}  // namespace

bool is_type(std::string_view name) {
  return std::ranges::find(type_names, name) != type_names.end();
}

bool is_known_keyword(std::string_view key) {
  return keyword(key) != nullptr;
}

bool is_neutral(std::string_view key, const Value& value) {
  if (std::ranges::find(annotations, key) != annotations.end()) return true;
  if (key == "uniqueItems") return value == Value(false);
  if (key == "unevaluatedProperties" || key == "unevaluatedItems" || key == "propertyNames") {
    return value == Value(true) || value == Value(Object{});
  }
  return false;
}

bool has_constraints_beside(const Value& schema, std::initializer_list<std::string_view> keys) {
  return std::ranges::any_of(*schema.as_object(), [&](const auto& each) {
    return std::ranges::find(keys, each.first) == keys.end() &&
           !is_neutral(each.first, each.second);
  });
}

std::vector<std::string> implied_types(const Value& schema) {
  std::vector<std::string> types;
  for (const auto& [key, value] : *schema.as_object()) {
    const Keyword* known = keyword(key);
    if (known == nullptr || known->type.empty()) continue;
    if (std::ranges::find(types, known->type) == types.end()) types.emplace_back(known->type);
  }
  return types;
}

bool is_of_type(const Value& value, const std::vector<std::string>& types) {
  const std::string_view own = type_of(value);
  return types.empty() || std::ranges::any_of(types, [&](const std::string& type) {
           return type == own || (type == "number" && own == "integer");
         });
}

bool are_disjoint(const Value& a, const Value& b, int depth) {
  constexpr int deepest = 4;
  if (a == Value(false) || b == Value(false)) return true;
  if (a.as_object() == nullptr || b.as_object() == nullptr || depth > deepest) return false;
  const std::vector<std::string> types_a = types_said(a);
  const std::vector<std::string> types_b = types_said(b);
  if (!types_a.empty() && !types_b.empty() && !types_meet(types_a, types_b)) return true;
  List memory_a;
  List memory_b;
  const List* values_a = listed(a, memory_a);
  const List* values_b = listed(b, memory_b);
  if (values_a != nullptr && values_b != nullptr) {
    return std::ranges::none_of(*values_a, [&](const Value& value) {
      return std::ranges::find(*values_b, value) != values_b->end();
    });
  }
  const std::vector<std::string> objects{"object"};
  const Value* members = a.find("properties");
  if (types_a != objects || types_b != objects || members == nullptr) return false;
  for (const auto& [name, schema] : members->as_object() ? *members->as_object() : Object{}) {
    const Value* others = b.find("properties");
    const Value* other = others != nullptr ? others->find(name) : nullptr;
    const bool needed = requires_member(a, name) && requires_member(b, name);
    if (needed && other != nullptr && are_disjoint(schema, *other, depth + 1)) return true;
  }
  return false;
}

Value without(const Value& schema, std::string_view key) {
  Object result;
  for (const auto& [name, value] : *schema.as_object()) {
    if (name != key) result.emplace_back(name, value);
  }
  return result;
}

std::string unescaped(std::string_view name) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view rest = name.substr(i);
    unsigned byte = 0;
    if (rest.starts_with("~1") || rest.starts_with("~0")) {
      result += rest[1] == '1' ? '/' : '~';
      ++i;
    } else if (rest.size() > 2 && rest[0] == '%' &&
               std::from_chars(rest.data() + 1, rest.data() + 3, byte, 16).ptr == rest.data() + 3) {
      result += static_cast<char>(byte);
      i += 2;
    } else {
      result += name[i];
    }
  }
  return result;
}

std::string escaped(std::string_view name) {
  std::string result;
  for (const char byte : name.substr(0, 200)) {
    if (byte == '~') {
      result += "~0";
    } else if (byte == '/') {
      result += "~1";
    } else {
      result += byte;
    }
  }
  return result;
}

const Value* member(const Value& value, std::string_view name) {
  const List* list = value.as_list();
  if (list == nullptr) return value.find(name);
  std::size_t index = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, index);
  const bool found = parsed.ec == std::errc() && parsed.ptr == end && index < list->size();
  return found ? &(*list)[index] : nullptr;
}

}  // namespace freehold::grammar
