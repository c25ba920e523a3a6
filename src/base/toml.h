// TOML text -> Value: the wall around the TOML library.
#pragma once

#include <string_view>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold {

// Errors (`invalid`) name line and column. Dates become text.
Result<Value> parse_toml(std::string_view text);

}  // namespace freehold
