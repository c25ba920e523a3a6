// Element types of the key-value cache and how a block of it lies in memory. Not the cache itself
// (model/kv_cache.h) and not its arithmetic (kernels).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freehold {

// int8: whole numbers of -127..127 with one scale per token and head.
enum class KvType : std::uint8_t { f32, f16, bf16, int8 };

struct KvTypeTraits {
  KvType type;
  const char* name;           // as --kv takes it
  std::size_t element_bytes;  // of an element of a vector
  std::size_t scale_bytes;    // of what is kept for a whole vector
};

inline constexpr std::array<KvTypeTraits, 4> kv_types = {{
    {KvType::f32, "f32", 4, 0},
    {KvType::f16, "f16", 2, 0},
    {KvType::bf16, "bf16", 2, 0},
    {KvType::int8, "int8", 1, sizeof(float)},
}};

constexpr const KvTypeTraits& traits(KvType type) {
  return kv_types[static_cast<std::size_t>(type)];
}

// f16 for a name that is none: the command line checks names before it asks.
constexpr KvType kv_type_named(std::string_view name) {
  for (const KvTypeTraits& each : kv_types) {
    if (name == each.name) return each.type;
  }
  return KvType::f16;
}

// Positions of one block: a tile of the attention kernels, which read whole blocks.
inline constexpr std::size_t kv_block_positions = 32;

// Keys or values of one head in one block: (kv_block_positions, head_dim) elements, then
// (kv_block_positions) scales, filled up to whole cache lines.
constexpr std::uint64_t kv_head_bytes(KvType type, std::uint64_t head_dim) {
  const std::uint64_t vector = head_dim * traits(type).element_bytes + traits(type).scale_bytes;
  return (kv_block_positions * vector + 63) / 64 * 64;
}

}  // namespace freehold
