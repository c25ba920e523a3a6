// The formats of JSON Schema as regular expressions over whole texts. Narrower than their
// standards where those allow what hardly anybody writes; never wider.
#pragma once

#include <optional>
#include <string_view>

namespace freehold::grammar {

// Nothing for a format that is not known.
std::optional<std::string_view> regex_of_format(std::string_view format);

}  // namespace freehold::grammar
