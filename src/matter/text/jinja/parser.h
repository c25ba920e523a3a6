// Template source to a Program. Everything that Jinja checks when it compiles is checked here.
#pragma once

#include <string_view>

#include "freehold/result.h"
#include "text/jinja/ast.h"
#include "text/template.h"

namespace freehold::text::jinja {

// `invalid` with line and column when it does not parse, or is too long or too deeply nested.
Result<Program> parse(std::string_view source, const TemplateLimits& limits);

}  // namespace freehold::text::jinja
