// JSON that came with a model: parsed only when its size, depth and number of values stay within
// limits, because a value in memory takes up to twenty times its bytes in the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::formats {

constexpr std::size_t max_json_bytes = std::size_t{1} << 27;
constexpr std::size_t max_json_values = std::size_t{1} << 22;
constexpr std::size_t max_json_depth = 64;

// The object that `text` is; any other kind of value is refused.
Result<Value> parse_json_object(std::string_view text);

Result<Value> read_json_object(const std::filesystem::path& path);

}  // namespace freehold::formats
