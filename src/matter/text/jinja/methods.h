// The methods of Python's built-in types that templates may call. What would change a value in
// place is kept, as transformers' sandbox keeps it.
#pragma once

#include <span>
#include <string_view>

#include "text/jinja/value.h"

namespace freehold::text::jinja {

// The method of that name, nullptr when the value's type has none.
const Method* find_method(const Value& self, std::string_view name);
// Whether Python's type has that method but a template may not call it.
bool is_kept_method(const Value& self, std::string_view name);

std::span<const Method> string_methods();
std::span<const Method> string_search_methods();
std::span<const Method> string_class_methods();
std::span<const Method> container_methods(Kind kind);

}  // namespace freehold::text::jinja
