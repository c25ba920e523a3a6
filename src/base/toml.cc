#include "base/toml.h"

#include <fmt/format.h>

#include <sstream>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 1
#include <toml++/toml.h>

namespace freehold {
namespace {

// The library bounds the nesting of what it parses, hence also of this.
Value convert(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    Object object;
    for (const auto& [key, value] : *table) object.emplace_back(key.str(), convert(value));
    return object;
  }
  if (const auto* array = node.as_array()) {
    List list;
    for (const toml::node& value : *array) list.push_back(convert(value));
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

}  // namespace

Result<Value> parse_toml(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return convert(parsed.table());
  const toml::parse_error& error = parsed.error();
  return fail(ErrorCode::invalid, fmt::format("line {}, column {}: {}", error.source().begin.line,
                                              error.source().begin.column, error.description()));
}

}  // namespace freehold
