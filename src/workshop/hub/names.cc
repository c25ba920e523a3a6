#include "hub/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace freehold::hub {
namespace {

constexpr std::size_t max_model_name = 128;
constexpr std::size_t max_file_name = 255;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_mark(char c) {
  return c == '.' || c == '_' || c == '-';
}

}  // namespace

Result<void> check_model_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= max_model_name && !is_mark(name.front()) &&
                    std::all_of(name.begin(), name.end(),
                                [](char c) { return is_lower(c) || is_digit(c) || is_mark(c); });
  if (good) return {};
  return fail(ErrorCode::usage, fmt::format("\"{}\" cannot name a model", name.substr(0, 80)),
              "lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit");
}

Result<void> check_file_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= max_file_name && name.front() != '.' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_lower(c) || is_upper(c) || is_digit(c) || is_mark(c) || c == '+';
                    });
  if (good) return {};
  return fail(ErrorCode::invalid,
              fmt::format("\"{}\" cannot name a file of a model", name.substr(0, 80)));
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

std::string to_model_name(std::string_view text) {
  std::string name;
  for (char c : text) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
    const bool plain = is_lower(c) || is_digit(c) || is_mark(c);
    if (!plain) c = '-';
    if (!(name.empty() && is_mark(c))) name += c;
  }
  return name.substr(0, max_model_name);
}

}  // namespace freehold::hub
