#include "engine/prefixes.h"

#include <algorithm>
#include <charconv>

#include "base/digest.h"
#include "base/random.h"

namespace freehold::engine {
namespace {

constexpr std::uint64_t salted = std::uint64_t{1} << 63;  // no number from counting has this bit

std::uint64_t from_hexadecimal(std::string_view digits) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  CHECK(read.ec == std::errc());
  return value;
}

}  // namespace

PrefixId empty_prefix(std::string_view salt) {
  if (salt.empty()) return {};
  const std::string digest = sha256(salt);
  return {.high = from_hexadecimal(std::string_view(digest).substr(0, 16)) | salted,
          .low = from_hexadecimal(std::string_view(digest).substr(16, 16))};
}

// The seed is the process's own: whoever chooses tokens cannot make all of them meet in one place.
Prefixes::Prefixes() : known_(0, Hash{Random::fresh_seed()}) {}

std::size_t Prefixes::Hash::operator()(const Key& key) const {
  std::uint64_t hash = seed;
  const auto mix = [&](std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  };
  mix(key.before.high);
  mix(key.before.low);
  for (const Token token : key.tokens) mix(static_cast<std::uint32_t>(token));
  return hash;
}

Prefixes::Key Prefixes::key_of(PrefixId before, BlockTokens tokens) {
  Key key{.before = before, .tokens = {}};
  std::ranges::copy(tokens, key.tokens.begin());
  return key;
}

std::optional<Prefixes::Known> Prefixes::find(PrefixId before, BlockTokens tokens) const {
  const auto found = known_.find(key_of(before, tokens));
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

Prefixes::Known Prefixes::remember(PrefixId before, BlockTokens tokens, std::uint32_t block) {
  CHECK(!holds(block));
  const auto [entry, fresh] =
      known_.try_emplace(key_of(before, tokens), Known{.id = {.low = next_}, .block = block});
  if (fresh) {
    ++next_;
    keys_.emplace(block, &entry->first);
  }
  return entry->second;
}

void Prefixes::forget(std::uint32_t block) {
  const auto key = keys_.find(block);
  if (key == keys_.end()) return;
  known_.erase(known_.find(*key->second));
  keys_.erase(key);
}

}  // namespace freehold::engine
