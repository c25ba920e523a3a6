#include "text/vocabulary_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <utility>

#include "text/byte_alphabet.h"

namespace freehold::text {

void TokensByName::reserve(std::size_t count) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(16, count * 2));
  if (size <= slots_.size()) return;
  std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(size));
  for (const Slot& old : before) {
    if (old.id != no_token) slots_[slot(old.name, old.hash)] = old;
  }
}

// The slot that holds the name, or the free one where it would go.
std::size_t TokensByName::slot(std::string_view name, std::size_t hash) const {
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].id != no_token && (slots_[at].hash != hash || slots_[at].name != name)) {
    at = (at + 1) & (slots_.size() - 1);
  }
  return at;
}

bool TokensByName::add(std::string_view name, Token id) {
  if ((count_ + 1) * 2 > slots_.size()) reserve(count_ + 1);
  const std::size_t hash = std::hash<std::string_view>{}(name);
  Slot& place = slots_[slot(name, hash)];
  if (place.id != no_token) return false;
  place = {hash, id, name};
  ++count_;
  return true;
}

Token TokensByName::find(std::string_view name) const {
  if (slots_.empty()) return no_token;
  return slots_[slot(name, std::hash<std::string_view>{}(name))].id;
}

Result<void> add_merge(std::string_view left, std::string_view right, const TokensByName& ids,
                       std::vector<Merge>& merges) {
  const auto find = [&](std::string_view name) -> Result<Token> {
    const Token id = ids.find(name);
    if (id == no_token) {
      return fail(ErrorCode::invalid,
                  fmt::format("\"{}\" is no token of the vocabulary", name.substr(0, 80)));
    }
    return id;
  };
  if (left.empty() || right.empty()) {
    return fail(ErrorCode::invalid, "one of the two tokens is empty");
  }
  const Token a = TRY(find(left));
  const Token b = TRY(find(right));
  const Token ab = TRY(find(std::string(left).append(right)));
  merges.push_back({a, b, ab, static_cast<std::uint32_t>(merges.size())});
  return {};
}

Result<void> add_merge(std::string_view both, const TokensByName& ids, std::vector<Merge>& merges) {
  const std::size_t space = both.find(' ', 1);
  if (both.empty() || space == both.npos) {
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" is not two tokens with a space between", both.substr(0, 80)));
  }
  return add_merge(both.substr(0, space), both.substr(space + 1), ids, merges);
}

int byte_of_name(std::string_view name) {
  if (name.size() != 6 || !name.starts_with("<0x") || name[5] != '>') return -1;
  int byte = 0;
  for (const char c : name.substr(3, 2)) {
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (digit < 0) return -1;
    byte = byte * 16 + digit;
  }
  return byte;
}

void decode_byte_level(TokenizerData& data, const std::vector<bool>& added) {
  data.byte_level = true;
  data.bytes.fill(no_token);
  data.texts.resize(data.names.size());
  for (std::size_t id = 0; id < data.names.size(); ++id) {
    const auto bytes = added[id] ? std::nullopt : bytes_from_alphabet(data.names[id]);
    data.texts[id] = bytes.value_or(data.names[id]);
    if (!bytes || bytes->empty()) continue;
    data.mergeable.push_back(static_cast<Token>(id));
    if (bytes->size() == 1) {
      data.bytes[static_cast<unsigned char>((*bytes)[0])] = static_cast<Token>(id);
    }
  }
}

std::string replace_all(std::string_view text, std::string_view what, std::string_view with) {
  if (what.empty()) return std::string(text);
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t found = std::min(text.find(what, at), text.size());
    result.append(text.substr(at, found - at));
    if (found < text.size()) result.append(with);
    at = found + (found < text.size() ? what.size() : 0);
  }
  return result;
}

Result<Token> token_in(const Value& value, std::string_view field, std::size_t vocabulary) {
  const std::int64_t* id = value.as_integer();
  if (id == nullptr) return fail(ErrorCode::invalid, fmt::format("{} is no token id", field));
  if (*id < 0 || static_cast<std::uint64_t>(*id) >= vocabulary) {
    return fail(ErrorCode::invalid, fmt::format("{} is {}, outside the vocabulary of {} tokens",
                                                field, *id, vocabulary));
  }
  return static_cast<Token>(*id);
}

void complete_end_tokens(TokenizerData& data) {
  constexpr std::array<std::string_view, 16> names = {"<|im_end|>",
                                                      "<|eot_id|>",
                                                      "<|endoftext|>",
                                                      "<|end_of_text|>",
                                                      "<|eom_id|>",
                                                      "</s>",
                                                      "<end_of_turn>",
                                                      "<|end|>",
                                                      "<turn|>",
                                                      "<|end_of_turn|>",
                                                      "<|eot|>",
                                                      "<EOT>",
                                                      "<｜end▁of▁sentence｜>",
                                                      "[e~[",
                                                      "<|return|>",
                                                      "<|END_OF_TURN_TOKEN|>"};
  for (const AddedToken& token : data.added) {
    const bool known = std::find(names.begin(), names.end(), token.content) != names.end();
    if (token.special && known) data.ends.push_back(token.id);
  }
  std::vector<Token> unique;
  for (const Token id : data.ends) {
    if (std::find(unique.begin(), unique.end(), id) == unique.end()) unique.push_back(id);
  }
  data.ends = std::move(unique);
}

}  // namespace freehold::text
