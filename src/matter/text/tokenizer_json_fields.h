// Typed look-ups in tokenizer.json's objects, with errors that name the field.
#pragma once

#include <string>
#include <string_view>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::text {

// All of these take a missing member and null for the same.
Result<bool> bool_field(const Value& object, std::string_view name, bool otherwise);
Result<std::string> text_field(const Value& object, std::string_view name,
                               std::string_view otherwise);
Result<std::string> required_text(const Value& object, std::string_view name);
Result<const List*> list_field(const Value& object, std::string_view name);  // nullptr: missing
const Value* present(const Value& object, std::string_view name);            // nullptr: missing

}  // namespace freehold::text
