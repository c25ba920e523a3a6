#include "engine/stop.h"

#include <fmt/format.h>

#include <algorithm>

namespace freehold::engine {
namespace {

constexpr std::size_t most_stop_strings = 64;
constexpr std::size_t most_stop_tokens = 4096;
constexpr std::size_t longest_stop_string_bytes = 4096;

Result<void> check(const Stop& stop) {
  if (stop.strings.size() > most_stop_strings || stop.tokens.size() > most_stop_tokens) {
    return fail(
        ErrorCode::usage,
        fmt::format("{} stop strings and {} stop tokens, at most {} and {} are possible",
                    stop.strings.size(), stop.tokens.size(), most_stop_strings, most_stop_tokens));
  }
  for (std::size_t i = 0; i < stop.strings.size(); ++i) {
    const std::string& string = stop.strings[i];
    if (string.empty()) return fail(ErrorCode::usage, fmt::format("stop string {} is empty", i));
    if (string.size() > longest_stop_string_bytes) {
      return fail(ErrorCode::usage,
                  fmt::format("stop string {} has {} bytes, at most {} are possible", i,
                              string.size(), longest_stop_string_bytes));
    }
    // The text before it would end inside a character.
    if ((static_cast<unsigned char>(string[0]) & 0xc0) == 0x80) {
      return fail(ErrorCode::usage, fmt::format("stop string {} is not UTF-8", i));
    }
  }
  return {};
}

}  // namespace

bool StopRules::ends_at(Token token) const {
  return std::binary_search(tokens.begin(), tokens.end(), token);
}

Result<StopRules> resolve(const Stop& asked, std::span<const Token> end_tokens) {
  TRY(check(asked));
  StopRules rules{.max_tokens = asked.max_tokens, .strings = asked.strings, .tokens = asked.tokens};
  if (!asked.ignore_end_of_text) {
    rules.tokens.insert(rules.tokens.end(), end_tokens.begin(), end_tokens.end());
  }
  std::sort(rules.tokens.begin(), rules.tokens.end());
  return rules;
}

StopMatcher::StopMatcher(std::span<const std::string> strings) {
  patterns_.reserve(strings.size());
  for (const std::string& string : strings) patterns_.push_back(prepare(string));
}

StopMatcher::Pattern StopMatcher::prepare(const std::string& string) {
  CHECK(!string.empty());
  Pattern pattern{.string = string, .shorter = std::vector<std::uint32_t>(string.size(), 0)};
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < string.size(); ++i) {
    while (length > 0 && string[length] != string[i]) length = pattern.shorter[length - 1];
    if (string[length] == string[i]) ++length;
    pattern.shorter[i] = length;
  }
  return pattern;
}

void StopMatcher::advance(Pattern& pattern, char byte) {
  std::uint32_t& length = pattern.length;
  while (length > 0 && pattern.string[length] != byte) length = pattern.shorter[length - 1];
  if (pattern.string[length] == byte) ++length;
}

std::string StopMatcher::add(std::string_view text) {
  if (matched_ != nullptr) return {};
  if (patterns_.empty()) return std::string(text);
  std::uint32_t possible = 0;  // bytes at the end that may be the beginning of a stop string
  for (const char byte : text) {
    held_ += byte;
    possible = 0;
    for (Pattern& pattern : patterns_) {
      advance(pattern, byte);
      if (pattern.length == pattern.string.size() &&
          (matched_ == nullptr || matched_->size() < pattern.string.size())) {
        matched_ = &pattern.string;
      }
      possible = std::max(possible, pattern.length);
    }
    if (matched_ != nullptr) break;
  }
  if (matched_ != nullptr) {
    held_.resize(held_.size() - matched_->size());
    return std::exchange(held_, {});
  }
  if (text.empty()) return {};
  std::string shown = held_.substr(0, held_.size() - possible);
  held_.erase(0, shown.size());
  return shown;
}

std::string StopMatcher::finish() {
  if (matched_ != nullptr) return {};
  for (Pattern& pattern : patterns_) pattern.length = 0;
  return std::exchange(held_, {});
}

}  // namespace freehold::engine
