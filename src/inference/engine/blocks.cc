#include "engine/blocks.h"

namespace freehold::engine {

Blocks::Blocks(std::uint32_t count) : taken_(count, false) {
  free_.reserve(count);
  for (std::uint32_t block = count; block > 0; --block) free_.push_back(block - 1);
}

std::optional<std::uint32_t> Blocks::take() {
  if (free_.empty()) return std::nullopt;
  const std::uint32_t block = free_.back();
  free_.pop_back();
  taken_[block] = true;
  return block;
}

void Blocks::give_back(std::vector<std::uint32_t>& table) {
  while (!table.empty()) {
    const std::uint32_t block = table.back();
    table.pop_back();
    CHECK(block < taken_.size() && taken_[block]);
    taken_[block] = false;
    free_.push_back(block);
  }
}

}  // namespace freehold::engine
