// What every decoder of the common build shares, read into a Recipe: sizes, norm, rotary embedding,
// tied head. An architecture's file starts from this and says what is different.
#pragma once

#include "model/keys.h"
#include "model/recipe.h"

namespace freehold::model {

// Beyond these no model is believed. They also keep every product of two extents within 64 bits.
namespace limits {
inline constexpr std::uint32_t layers = 4096;
inline constexpr std::uint32_t width = 1u << 20;
inline constexpr std::uint32_t vocabulary = 1u << 24;
inline constexpr std::uint32_t heads = 4096;
inline constexpr std::uint32_t head_dim = 4096;
inline constexpr std::uint32_t hidden = 1u << 22;
inline constexpr std::uint32_t experts = 4096;
inline constexpr std::uint32_t context = 1u << 30;
}  // namespace limits

Result<Recipe> read_decoder(const Keys& keys);

// The rotary embedding with its scaling. `head_dim` elements at most are rotated.
Result<Rope> read_rope(const Keys& keys, std::uint32_t head_dim, std::uint32_t context_length);

// `sliding_window`: 0 when null. Hugging Face's classes take 4096 when the key is missing
// altogether.
Result<std::uint32_t> read_window(const Keys& keys);

// The window of each layer where only some have one: `layer_types`, else all layers from
// `max_window_layers` on; none unless `use_sliding_window`.
Result<std::vector<LayerKind>> read_windows(const Keys& keys, std::uint32_t layers);

}  // namespace freehold::model
