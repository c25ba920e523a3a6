// Members of a Value that somebody else wrote, as what they should be. Never fails: what is missing
// or of another kind is nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "freehold/value.h"

namespace freehold::hub {

inline std::string text_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const std::string* text = value != nullptr ? value->as_string() : nullptr;
  return text != nullptr ? *text : std::string();
}

// Zero or more.
inline std::optional<std::uint64_t> count_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const std::int64_t* number = value != nullptr ? value->as_integer() : nullptr;
  if (number == nullptr || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

inline const List* list_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value != nullptr ? value->as_list() : nullptr;
}

}  // namespace freehold::hub
