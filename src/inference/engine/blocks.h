// Which blocks of the key-value cache are free. Only numbers: the memory is model::KvCache.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "freehold/result.h"

namespace freehold::engine {

class Blocks {
 public:
  explicit Blocks(std::uint32_t count);

  std::uint32_t count() const { return static_cast<std::uint32_t>(taken_.size()); }
  std::uint32_t free() const { return static_cast<std::uint32_t>(free_.size()); }

  // A free block, which is then taken; nothing when none is free.
  std::optional<std::uint32_t> take();
  // Gives back every block of a table, which is empty afterwards. Giving back a block that is not
  // taken ends the process: two sequences would write into it.
  void give_back(std::vector<std::uint32_t>& table);

 private:
  std::vector<std::uint32_t>
      free_;  // the one given back last is taken first: it is still in caches
  std::vector<bool> taken_;
};

}  // namespace freehold::engine
