// Who holds which blocks of the key-value cache. Only numbers: the memory is model::KvCache. A
// block that nobody holds is free; if what it holds is known it is kept until no other is left, the
// one that was given back longest ago going first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/prefixes.h"
#include "freehold/result.h"

namespace freehold::engine {

class Blocks {
 public:
  explicit Blocks(std::uint32_t count);

  std::uint32_t count() const { return static_cast<std::uint32_t>(states_.size()); }
  // Blocks that could be taken.
  std::uint32_t free() const { return free_; }
  std::uint32_t holders(std::uint32_t block) const { return states_.at(block).holders; }

  // A free block, which is then held; nothing when none is free.
  std::optional<std::uint32_t> take();
  // Gives back every block of a table, which is empty afterwards. Giving back a block that is not
  // held ends the process: two sequences would write into it.
  void give_back(std::vector<std::uint32_t>& table);

  // The longest known beginning of `tokens`, block by block, nothing taken yet.
  std::vector<Prefixes::Known> known(PrefixId from, std::span<const Token> tokens) const;
  // One more holder of a known block.
  void hold(std::uint32_t block);
  // What a held block holds from now on; no holder changes it any more.
  PrefixId remember(PrefixId before, Prefixes::BlockTokens tokens, std::uint32_t block);

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct State {
    std::uint32_t holders = 0;
    std::uint32_t before = none, after = none;  // in the list of free blocks
  };

  void put(std::uint32_t block);
  void pull(std::uint32_t block);

  std::vector<State> states_;
  std::uint32_t free_ = 0;
  // Free blocks: those that hold nothing known first, the one given back last before the others,
  // for it is still in the processor's caches.
  std::uint32_t first_ = none, last_ = none;
  Prefixes prefixes_;
};

}  // namespace freehold::engine
