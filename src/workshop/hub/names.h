// Which names may become file names in the store. Everything from a command line, a hub's answer or
// a receipt passes here before it touches a path.
#pragma once

#include <string>
#include <string_view>

#include "freehold/result.h"

namespace freehold::hub {

// A model's name: lower-case letters, digits, '.', '_', '-', at most 128, first a letter or digit.
Result<void> check_model_name(std::string_view name);

// One file of a model: letters, digits, '.', '_', '-', '+', at most 255, not starting with a dot.
Result<void> check_file_name(std::string_view name);

// A digest as we write it: 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

// Lower-cases, and turns what a model's name may not have into '-'.
std::string to_model_name(std::string_view text);

}  // namespace freehold::hub
