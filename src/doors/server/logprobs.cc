#include "server/logprobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace freehold::server {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Whether the bytes are whole characters. Lengths alone are looked at: JSON's writer repairs what
// is encoded wrongly otherwise.
bool is_whole(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc0 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                                             : 4;
    if (length == 0 || bytes.size() - at < length) return false;
    if (!std::ranges::all_of(bytes.substr(at + 1, length - 1), continues)) return false;
    at += length;
  }
  return true;
}

// A token as a key of its own: those that are parts of characters must not all read U+FFFD.
std::string legible(std::string_view bytes) {
  if (is_whole(bytes)) return std::string(bytes);
  std::string text = "bytes:";
  for (const char c : bytes) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return text;
}

Object token_value(std::string_view bytes, float logprob) {
  List numbers;
  for (const char c : bytes) numbers.push_back(static_cast<int>(static_cast<unsigned char>(c)));
  return {{"token", bytes}, {"logprob", double{logprob}}, {"bytes", std::move(numbers)}};
}

Value alternatives(const TokenInfo& token) {
  if (std::isnan(token.logprob)) return {};  // the very first token: nothing it could follow from
  Value likeliest(Object{});
  const auto add = [&](std::string_view bytes, float logprob) {
    const std::string key = legible(bytes);
    if (likeliest.find(key) == nullptr) likeliest.set(key, double{logprob});
  };
  for (const Alternative& other : token.top) add(other.bytes, other.logprob);
  add(token.bytes, token.logprob);
  return likeliest;
}

}  // namespace

Value chat_logprobs(const std::vector<TokenInfo>& tokens) {
  List content;
  for (const TokenInfo& token : tokens) {
    List top;
    for (const Alternative& other : token.top) {
      top.push_back(token_value(other.bytes, other.logprob));
    }
    Object described = token_value(token.bytes, token.logprob);
    described.emplace_back("top_logprobs", std::move(top));
    content.push_back(std::move(described));
  }
  return Object{{"content", std::move(content)}, {"refusal", nullptr}};
}

Value completion_logprobs(const std::vector<TokenInfo>& tokens, std::size_t& offset) {
  List texts;
  List logprobs;
  List top;
  List offsets;
  for (const TokenInfo& token : tokens) {
    texts.push_back(legible(token.bytes));
    logprobs.push_back(std::isnan(token.logprob) ? Value() : Value(double{token.logprob}));
    top.push_back(alternatives(token));
    offsets.push_back(static_cast<std::int64_t>(offset));
    offset += count_characters(token.bytes);
  }
  return Object{{"tokens", std::move(texts)},
                {"token_logprobs", std::move(logprobs)},
                {"top_logprobs", std::move(top)},
                {"text_offset", std::move(offsets)}};
}

std::size_t count_characters(std::string_view bytes) {
  return bytes.size() - static_cast<std::size_t>(std::ranges::count_if(bytes, continues));
}

}  // namespace freehold::server
