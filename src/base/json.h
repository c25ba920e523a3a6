// JSON text <-> Value: the wall around the JSON library; nothing else in the project includes it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold {

struct JsonLimits {
  std::size_t max_bytes = std::size_t{1} << 30;
  std::size_t max_depth = 128;
};

// The value that `text` is. Errors (`invalid`) name the byte offset. Refuses duplicate keys,
// invalid UTF-8, and nesting or size beyond the limits; whole numbers that fit 64 bits with sign
// stay whole.
Result<Value> parse_json(std::string_view text, const JsonLimits& limits = {});

// One line, no spaces after separators; `indent` > 0 puts every member on a line of its own.
// Invalid UTF-8 in strings becomes U+FFFD; NaN and infinities become null.
std::string to_json(const Value& value, int indent = -1);

}  // namespace freehold
