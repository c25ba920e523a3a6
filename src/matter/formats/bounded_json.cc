#include "formats/bounded_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/file.h"
#include "base/json.h"

namespace freehold::formats {
namespace {

// An upper bound: every value but the first of its container follows a comma, every first one an
// opening bracket. Those inside strings are counted too, which does no harm.
std::size_t most_values(std::string_view text) {
  return 1 + static_cast<std::size_t>(std::ranges::count_if(
                 text, [](char c) { return c == ',' || c == '[' || c == '{'; }));
}

}  // namespace

Result<Value> parse_json_object(std::string_view text) {
  if (text.size() <= max_json_bytes && most_values(text) > max_json_values) {
    return fail(ErrorCode::invalid, fmt::format("JSON of more than {} values", max_json_values));
  }
  Value value = TRY(parse_json(text, {.max_bytes = max_json_bytes, .max_depth = max_json_depth}));
  if (value.as_object() == nullptr) return fail(ErrorCode::invalid, "not a JSON object");
  return value;
}

Result<Value> read_json_object(const std::filesystem::path& path) {
  const std::string text = TRY(read_file(path, max_json_bytes));
  return TRY_IN(path.string(), parse_json_object(text));
}

}  // namespace freehold::formats
