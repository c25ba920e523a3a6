// Standard output: results and nothing else.
#pragma once

#include <string_view>

#include "freehold/value.h"

namespace freehold::cli {

void print(std::string_view text);       // as it is, flushed
void print_json(const Value& document);  // one document and a line end

}  // namespace freehold::cli
