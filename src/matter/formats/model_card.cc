#include "formats/model_card.h"

namespace freehold::formats {
namespace {

constexpr std::string_view fence = "---";

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

// The value when the line is `key: value` at the outermost level, without its quotes.
std::string_view value_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return {};
  line.remove_prefix(key.size());
  if (!line.starts_with(':')) return {};
  line.remove_prefix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '"' || line.front() == '\'')) {
    line.remove_prefix(1);
  }
  while (!line.empty() && (line.back() == '"' || line.back() == '\'')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::string license_of_model_card(std::string_view card) {
  if (next_line(card) != fence) return {};
  std::string_view license;
  std::string_view name;
  while (!card.empty()) {
    const std::string_view line = next_line(card);
    if (line == fence) break;
    if (const auto value = value_of(line, "license"); !value.empty()) license = value;
    if (const auto value = value_of(line, "license_name"); !value.empty()) name = value;
  }
  return std::string(license == "other" && !name.empty() ? name : license);
}

}  // namespace freehold::formats
