#include "engine/cache_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "engine/machine.h"
#include "engine/scheduler.h"
#include "model/kv_cache.h"

namespace freehold::engine {
namespace {

constexpr std::uint32_t unknown_context_length = 4096;  // when the model does not say
constexpr std::uint32_t shortest_context_length = 256;  // less is no use to anybody

std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;  // no such file, or "max"
}

std::uint64_t mebibytes(std::uint64_t bytes) {
  return bytes >> 20;
}

}  // namespace

Result<CacheSize> size_cache(const model::Recipe& recipe, const CacheWish& wish,
                             std::uint64_t weights_bytes, std::uint64_t free_bytes) {
  const std::uint32_t longest =
      recipe.context_length > 0 ? recipe.context_length : unknown_context_length;
  if (recipe.context_length > 0 && wish.context_length > longest) {
    return fail(ErrorCode::usage,
                fmt::format("a context of {} tokens was asked for, the model was trained for {}",
                            wish.context_length, longest));
  }
  const std::uint32_t context = wish.context_length > 0 ? wish.context_length : longest;
  const std::uint64_t bytes =
      wish.kv_bytes > 0 ? wish.kv_bytes : (free_bytes - std::min(free_bytes, weights_bytes)) / 2;
  const std::uint64_t block_bytes = model::KvCache::bytes_per_block(recipe, wish.type);
  const std::uint64_t wanted =
      std::uint64_t{Scheduler::blocks_for(context)} * std::max(wish.sequences, 1u);
  const std::uint64_t blocks = std::min({wanted, bytes / block_bytes, std::uint64_t{UINT32_MAX}});
  const std::uint64_t positions = blocks * model::KvCache::block_positions;
  const std::uint64_t needed =
      wish.context_length > 0 ? context : std::min(context, shortest_context_length);
  if (positions < needed) {
    return fail(
        ErrorCode::absent,
        fmt::format(
            "a context of {} tokens needs {} MiB of cache, {} MiB are there for it", needed,
            mebibytes(Scheduler::blocks_for(static_cast<std::uint32_t>(needed)) * block_bytes),
            mebibytes(bytes)),
        "ask for a shorter context, or free memory");
  }
  return CacheSize{
      .context_length = static_cast<std::uint32_t>(std::min<std::uint64_t>(context, positions)),
      .blocks = static_cast<std::uint32_t>(blocks)};
}

std::uint64_t cache_share(std::span<const std::uint64_t> weights_bytes, std::uint64_t free_bytes) {
  CHECK(!weights_bytes.empty());
  std::uint64_t left = free_bytes;
  for (const std::uint64_t bytes : weights_bytes) left -= std::min(left, bytes);
  return std::max<std::uint64_t>(left / 2 / weights_bytes.size(), 1);
}

std::uint64_t weights_bytes(const formats::Checkpoint& checkpoint) {
  std::uint64_t sum = 0;
  for (const NamedTensor& tensor : checkpoint.tensors()) sum += tensor.bytes;
  return sum;
}

std::uint64_t free_memory_bytes() {
  const std::uint64_t system = machine_facts().memory_available_bytes;
  const auto limit = number_in("/sys/fs/cgroup/memory.max");
  const auto used = number_in("/sys/fs/cgroup/memory.current");
  if (!limit || !used) return system;
  return std::min(system, *limit - std::min(*limit, *used));
}

}  // namespace freehold::engine
