// Jinja's filters and tests by name. A filter is called like a method of what it filters.
#pragma once

#include <span>
#include <string_view>

#include "text/jinja/value.h"

namespace freehold::text::jinja {

// nullptr when there is none of that name.
const Method* find_filter(std::string_view name);
// A test returns a boolean.
const Method* find_test(std::string_view name);

std::span<const Method> text_filters();
std::span<const Method> number_filters();
std::span<const Method> sequence_filters();
std::span<const Method> selection_filters();

}  // namespace freehold::text::jinja
