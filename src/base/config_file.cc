#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/file.h"
#include "base/options.h"

namespace freehold {
namespace {

constexpr std::size_t max_config_bytes = 1 << 20;

Value to_value(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    Object object;
    for (const auto& [key, member] : *table) {
      object.emplace_back(std::string(key.str()), to_value(member));
    }
    return object;
  }
  if (const auto* array = node.as_array()) {
    List list;
    for (const toml::node& item : *array) list.push_back(to_value(item));
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  return nullptr;  // dates and times: no option is one
}

}  // namespace

Result<Value> read_config_file(const std::string& path) {
  const std::string text = TRY(read_file(path, max_config_bytes));
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: line {}, column {}: {}", path, parsed.error().source().begin.line,
                            parsed.error().source().begin.column, parsed.error().description()));
  }
  return to_value(parsed.table());
}

}  // namespace freehold
