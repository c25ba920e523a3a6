// Which tensors a recipe needs, and of what shape. Not where they are (weights).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/recipe.h"
#include "model/tensor_names.h"

namespace freehold::model {

struct Extent {
  std::uint64_t size;
  std::string_view key;  // what says so, in config.json's words
};

// Whether a decoder of this recipe reads this tensor; `layer` matters for those that layers have.
// The head is not read when it is tied to the embedding; rope factors are never needed, only used.
bool needs(const Recipe& recipe, Role role, std::uint32_t layer);

// Outermost first; of one expert, where experts have it.
std::vector<Extent> shape_of(const Recipe& recipe, Role role);

// Whether every layer has one, and whether every expert has one.
bool in_layers(Role role);
bool in_experts(Role role);

}  // namespace freehold::model
