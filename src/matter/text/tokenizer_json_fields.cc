#include "text/tokenizer_json_fields.h"

#include <fmt/format.h>

namespace freehold::text {
namespace {

std::unexpected<Error> wrong(std::string_view name, std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("{} {}", name, what));
}

}  // namespace

const Value* present(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<bool> bool_field(const Value& object, std::string_view name, bool otherwise) {
  const Value* value = present(object, name);
  if (value == nullptr) return otherwise;
  if (value->as_bool() == nullptr) return wrong(name, "is neither true nor false");
  return *value->as_bool();
}

Result<std::string> text_field(const Value& object, std::string_view name,
                               std::string_view otherwise) {
  const Value* value = present(object, name);
  if (value == nullptr) return std::string(otherwise);
  if (value->as_string() == nullptr) return wrong(name, "is no text");
  return *value->as_string();
}

Result<std::string> required_text(const Value& object, std::string_view name) {
  if (present(object, name) == nullptr) return wrong(name, "is missing");
  return text_field(object, name, "");
}

Result<const List*> list_field(const Value& object, std::string_view name) {
  const Value* value = present(object, name);
  if (value == nullptr) return nullptr;
  if (value->as_list() == nullptr) return wrong(name, "is no array");
  return value->as_list();
}

}  // namespace freehold::text
