// From the regular-expression dialect of tokenizer.json (Oniguruma, Ruby syntax) to PCRE2's. Only
// what means the same in both is let through; the rest is an error, never a different split.
#pragma once

#include <string>
#include <string_view>

#include "freehold/result.h"

namespace freehold::text {

Result<std::string> pcre2_from_oniguruma(std::string_view pattern);

// A pattern that matches exactly this text.
std::string pcre2_literal(std::string_view text);

}  // namespace freehold::text
