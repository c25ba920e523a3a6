// What is in the blocks of the key-value cache, so that a sequence which begins as another did
// takes its blocks over instead of computing them. A prefix is whole blocks of tokens from a
// sequence's beginning; it is known by the prefix before its last block and that block's own
// tokens, compared one by one, so that no digest of somebody's choosing can stand for another text.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "freehold/result.h"
#include "freehold/sampling.h"
#include "model/kv_cache.h"

namespace freehold::engine {

// A prefix that was known once. Numbers are never used again, so that what was built on a forgotten
// prefix is not mistaken for something else.
struct PrefixId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const PrefixId&) const = default;
};

// The empty prefix of everybody who has this salt: others' blocks are never taken over, and so
// nobody learns from the time an answer takes what somebody else has asked.
PrefixId empty_prefix(std::string_view salt);

class Prefixes {
 public:
  static constexpr std::size_t block_tokens = model::KvCache::block_positions;
  using BlockTokens = std::span<const Token, block_tokens>;

  struct Known {
    PrefixId id;
    std::uint32_t block;
  };

  Prefixes();

  std::optional<Known> find(PrefixId before, BlockTokens tokens) const;
  // The prefix that ends with these tokens, in this block unless it is known already in another.
  Known remember(PrefixId before, BlockTokens tokens, std::uint32_t block);
  // The block will hold something else. Nothing when it held no known prefix.
  void forget(std::uint32_t block);
  bool holds(std::uint32_t block) const { return keys_.contains(block); }

 private:
  struct Key {
    PrefixId before;
    std::array<Token, block_tokens> tokens;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(const Key& key) const;
  };
  static Key key_of(PrefixId before, BlockTokens tokens);

  std::unordered_map<Key, Known, Hash> known_;
  std::unordered_map<std::uint32_t, const Key*> keys_;  // of known_, by the block
  std::uint64_t next_ = 1;
};

}  // namespace freehold::engine
