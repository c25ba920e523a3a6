#include "engine/blocks.h"

namespace freehold::engine {

Blocks::Blocks(std::uint32_t count) : states_(count) {
  for (std::uint32_t block = count; block > 0; --block) put(block - 1);
}

// Into the list of free blocks.
void Blocks::put(std::uint32_t block) {
  State& state = states_[block];
  if (prefixes_.holds(block)) {
    state = {.before = last_, .after = none};
    (last_ == none ? first_ : states_[last_].after) = block;
    last_ = block;
  } else {
    state = {.before = none, .after = first_};
    (first_ == none ? last_ : states_[first_].before) = block;
    first_ = block;
  }
  ++free_;
}

void Blocks::pull(std::uint32_t block) {
  State& state = states_[block];
  (state.before == none ? first_ : states_[state.before].after) = state.after;
  (state.after == none ? last_ : states_[state.after].before) = state.before;
  state = {.holders = 1};
  --free_;
}

std::optional<std::uint32_t> Blocks::take() {
  if (free_ == 0) return std::nullopt;
  const std::uint32_t block = first_;
  pull(block);
  prefixes_.forget(block);
  return block;
}

// The last first: of a prefix its end is forgotten before its beginning.
void Blocks::give_back(std::vector<std::uint32_t>& table) {
  while (!table.empty()) {
    const std::uint32_t block = table.back();
    table.pop_back();
    CHECK(block < states_.size() && states_[block].holders > 0);
    if (--states_[block].holders == 0) put(block);
  }
}

std::vector<Prefixes::Known> Blocks::known(PrefixId from, std::span<const Token> tokens) const {
  constexpr std::size_t each = Prefixes::block_tokens;
  std::vector<Prefixes::Known> found;
  for (; tokens.size() >= each; tokens = tokens.subspan(each)) {
    const auto next = prefixes_.find(from, tokens.first<each>());
    if (!next) break;
    found.push_back(*next);
    from = next->id;
  }
  return found;
}

void Blocks::hold(std::uint32_t block) {
  CHECK(prefixes_.holds(block));
  if (states_[block].holders == 0) {
    pull(block);
  } else {
    ++states_[block].holders;
  }
}

PrefixId Blocks::remember(PrefixId before, Prefixes::BlockTokens tokens, std::uint32_t block) {
  CHECK(states_[block].holders > 0);
  return prefixes_.remember(before, tokens, block).id;
}

}  // namespace freehold::engine
