// TOML text -> Value: the wall around the TOML library for the catalogue.
#pragma once

#include <string_view>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::hub {

// Errors (`invalid`) name line and column. Dates become text.
Result<Value> parse_toml(std::string_view text);

}  // namespace freehold::hub
