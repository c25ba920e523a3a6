#include "server/fields.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json.h"

namespace freehold::server {
namespace {

constexpr double exact_integers = 9007199254740992;  // doubles hold every integer up to 2^53

std::string_view kind_name(const Value& value) {
  if (value.as_bool() != nullptr) return "a boolean";
  if (value.as_integer() != nullptr) return "an integer";
  if (value.as_double() != nullptr) return "a number";
  if (value.as_string() != nullptr) return "a string";
  if (value.as_list() != nullptr) return "an array";
  return value.is_null() ? "null" : "an object";
}

ApiError wrong_kind(std::string_view name, std::string_view wanted, const Value& got) {
  return invalid_field(std::string(name),
                       fmt::format("'{}' must be {}, not {}", name, wanted, kind_name(got)));
}

// 3 and 3.0 are integers, 3.5 and 1e300 are none.
std::optional<std::int64_t> whole(const Value& value) {
  if (const auto* integer = value.as_integer()) return *integer;
  const double* real = value.as_double();
  if (real == nullptr || std::abs(*real) > exact_integers || std::trunc(*real) != *real) return {};
  return static_cast<std::int64_t>(*real);
}

}  // namespace

FieldReader::FieldReader(const Value& body, std::initializer_list<std::span<const Field>> tables)
    : body_(body), tables_(tables) {
  if (body.as_object() == nullptr) {
    complain({.message = fmt::format("the body must be a JSON object, not {}", kind_name(body))});
  }
}

const Field& FieldReader::field(std::string_view name, FieldKind kind) const {
  for (const auto table : tables_) {
    for (const Field& field : table) {
      if (field.name == name && field.kind == kind) return field;
    }
  }
  CHECK(false && "every field that is read is in a table");
  __builtin_unreachable();
}

const Value* FieldReader::present(const Field& field) {
  if (error_) return nullptr;
  const Value* value = body_.find(field.name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

template <class T>
std::optional<T> FieldReader::in_range(const Field& field, std::string_view name, double value) {
  if (value >= field.low && value <= field.high) return static_cast<T>(value);
  complain(invalid_field(std::string(name), fmt::format("'{}' must be between {} and {}, not {}",
                                                        name, field.low, field.high, value)));
  return {};
}

std::optional<double> FieldReader::number(std::string_view name) {
  const Field& field = this->field(name, FieldKind::number);
  const Value* value = present(field);
  if (value == nullptr) return {};
  if (value->is_number()) return in_range<double>(field, name, value->number_or(0));
  complain(wrong_kind(name, "a number", *value));
  return {};
}

std::optional<std::int64_t> FieldReader::integer(std::string_view name) {
  const Field& field = this->field(name, FieldKind::integer);
  const Value* value = present(field);
  if (value == nullptr) return {};
  const auto integer = whole(*value);
  if (!integer) {
    complain(wrong_kind(name, "an integer", *value));
    return {};
  }
  if (!in_range<double>(field, name, static_cast<double>(*integer))) return {};
  return integer;
}

bool FieldReader::boolean(std::string_view name, bool otherwise) {
  const Value* value = present(field(name, FieldKind::boolean));
  if (value == nullptr) return otherwise;
  if (const bool* flag = value->as_bool()) return *flag;
  complain(wrong_kind(name, "a boolean", *value));
  return otherwise;
}

std::string FieldReader::string(std::string_view name) {
  const Value* value = present(field(name, FieldKind::string));
  if (value == nullptr) return {};
  if (const auto* text = value->as_string()) return *text;
  complain(wrong_kind(name, "a string", *value));
  return {};
}

std::vector<std::string> FieldReader::strings(std::string_view name) {
  const Field& field = this->field(name, FieldKind::strings);
  const Value* value = present(field);
  if (value == nullptr) return {};
  if (const auto* text = value->as_string()) return {*text};
  const List* list = value->as_list();
  if (list == nullptr) {
    complain(wrong_kind(name, "a string or an array of strings", *value));
    return {};
  }
  if (static_cast<double>(list->size()) > field.high) {
    complain(invalid_field(std::string(name), fmt::format("'{}' has {} items; at most {} are taken",
                                                          name, list->size(), field.high)));
    return {};
  }
  std::vector<std::string> strings;
  for (const Value& item : *list) {
    if (item.as_string() == nullptr) {
      complain(wrong_kind(fmt::format("{}[{}]", name, strings.size()), "a string", item));
      return {};
    }
    strings.push_back(*item.as_string());
  }
  return strings;
}

std::vector<std::int64_t> FieldReader::integers(std::string_view name) {
  const Field& field = this->field(name, FieldKind::integers);
  const Value* value = present(field);
  if (value == nullptr) return {};
  const List* list = value->as_list();
  if (list == nullptr) {
    complain(wrong_kind(name, "an array of integers", *value));
    return {};
  }
  std::vector<std::int64_t> integers;
  for (const Value& item : *list) {
    const std::string place = fmt::format("{}[{}]", name, integers.size());
    const auto integer = whole(item);
    if (!integer) {
      complain(wrong_kind(place, "an integer", item));
      return {};
    }
    if (!in_range<double>(field, place, static_cast<double>(*integer))) return {};
    integers.push_back(*integer);
  }
  return integers;
}

const Object* FieldReader::object(std::string_view name) {
  const Value* value = present(field(name, FieldKind::object));
  if (value == nullptr) return nullptr;
  if (value->as_object() == nullptr) complain(wrong_kind(name, "an object", *value));
  return value->as_object();
}

const List* FieldReader::list(std::string_view name) {
  const Field& field = this->field(name, FieldKind::list);
  const Value* value = present(field);
  if (value == nullptr) return nullptr;
  const List* list = value->as_list();
  if (list == nullptr) {
    complain(wrong_kind(name, "an array", *value));
  } else if (static_cast<double>(list->size()) > field.high) {
    complain(invalid_field(std::string(name), fmt::format("'{}' has {} items; at most {} are taken",
                                                          name, list->size(), field.high)));
    return nullptr;
  }
  return list;
}

const Value* FieldReader::any(std::string_view name) {
  return present(field(name, FieldKind::any));
}

void FieldReader::refuse(std::span<const Unsupported> fields) {
  for (const Unsupported& unsupported : fields) {
    const Value* value = body_.find(unsupported.name);
    if (value == nullptr || value->is_null() || to_json(*value) == unsupported.neutral) continue;
    ApiError error =
        invalid_field(std::string(unsupported.name),
                      fmt::format("'{}' is not supported yet: leave it out{}{}", unsupported.name,
                                  unsupported.instead.empty() ? "" : ", ", unsupported.instead));
    error.code = "unsupported_parameter";
    complain(std::move(error));
    return;
  }
}

void FieldReader::complain(ApiError error) {
  if (!error_) error_ = std::move(error);
}

Parsed<void> FieldReader::verdict() const {
  if (error_) return fail(*error_);
  return {};
}

namespace {

Object property_of(const Field& field) {
  const auto ranged = [&](std::string_view type) {
    return Object{{"type", type}, {"minimum", field.low}, {"maximum", field.high}};
  };
  switch (field.kind) {
    case FieldKind::number:
      return ranged("number");
    case FieldKind::integer:
      return ranged("integer");
    case FieldKind::boolean:
      return {{"type", "boolean"}};
    case FieldKind::string:
      return {{"type", "string"}};
    case FieldKind::strings:
      return {{"oneOf", List{Object{{"type", "string"}},
                             Object{{"type", "array"},
                                    {"items", Object{{"type", "string"}}},
                                    {"maxItems", static_cast<std::int64_t>(field.high)}}}}};
    case FieldKind::integers:
      return {{"type", "array"}, {"items", ranged("integer")}};
    case FieldKind::object:
      return {{"type", "object"}};
    case FieldKind::list:
      return {{"type", "array"}, {"maxItems", static_cast<std::int64_t>(field.high)}};
    case FieldKind::any:
      break;
  }
  return {};
}

}  // namespace

Object schema_of(std::initializer_list<std::span<const Field>> tables,
                 std::initializer_list<std::string_view> required) {
  Object properties;
  for (const auto table : tables) {
    for (const Field& field : table) {
      Object property = property_of(field);
      property.emplace_back("description", field.about);
      properties.emplace_back(std::string(field.name), std::move(property));
    }
  }
  Object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (required.size() > 0) {
    schema.emplace_back("required", List(required.begin(), required.end()));
  }
  return schema;
}

}  // namespace freehold::server
