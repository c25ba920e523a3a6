#include "model/footprint.h"

#include <algorithm>

#include "model/architecture.h"
#include "model/kv_cache.h"
#include "model/model.h"
#include "model/pass.h"
#include "model/quantized_tensors.h"
#include "model/schema.h"

namespace freehold::model {
namespace {

const Architecture& architecture_of(const Recipe& recipe) {
  const auto all = architectures();
  const auto found = std::ranges::find(all, recipe.architecture, &Architecture::name);
  CHECK(found != all.end());
  return **found;
}

// Calls visit(tensor, role) for every tensor that a decoder of this recipe reads.
template <class Visit>
void for_each_read(const formats::Checkpoint& checkpoint, const Recipe& recipe, Visit&& visit) {
  const auto see = [&](Role role, const std::string& name) {
    if (const NamedTensor* tensor = checkpoint.find(name)) visit(*tensor, role);
    for_each_part(checkpoint, name, [&](const NamedTensor& part) { visit(part, role); });
  };
  for (const TensorName& each : architecture_of(recipe).tensors()) {
    const bool gguf = checkpoint.container() == formats::Container::gguf;
    const std::string_view pattern = gguf ? each.gguf : each.hugging_face;
    if (pattern.empty()) continue;
    const std::uint32_t layers = in_layers(each.role) ? recipe.layers : 1;
    const std::uint32_t experts = names_experts(pattern) ? recipe.feedforward.experts.count : 1;
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      if (each.role != Role::rope_factors && !needs(recipe, each.role, layer)) continue;
      for (std::uint32_t expert = 0; expert < experts; ++expert) {
        see(each.role, filled(pattern, layer, expert));
      }
    }
  }
}

}  // namespace

std::uint64_t matmul_parameters(const Recipe& recipe) {
  const Attention& attention = recipe.attention;
  const std::uint64_t width = recipe.width;
  const std::uint64_t heads = 2 * std::uint64_t{attention.heads} + 2 * attention.kv_heads;
  const Experts& experts = recipe.feedforward.experts;
  std::uint64_t sum = 0;
  for (std::uint32_t layer = 0; layer < recipe.layers; ++layer) {
    sum += width * attention.head_dim * heads;
    sum += recipe.kind(layer).experts
               ? width * experts.count + 3 * width * experts.hidden * experts.active
               : 3 * width * recipe.feedforward.hidden;
  }
  return sum;
}

std::uint32_t blocks_for(std::uint64_t positions) {
  const std::uint64_t blocks =
      positions / KvCache::block_positions + (positions % KvCache::block_positions != 0);
  CHECK(blocks <= UINT32_MAX);
  return static_cast<std::uint32_t>(blocks);
}

Footprint footprint(const formats::Checkpoint& checkpoint, const Recipe& recipe,
                    std::uint32_t context_length, KvType kv_type) {
  CHECK(recipe.layers > 0 && !recipe.pattern.empty());
  Footprint result;
  for_each_read(checkpoint, recipe,
                [&](const NamedTensor& tensor, Role) { result.weights_bytes += tensor.bytes; });
  result.kv_bytes = blocks_for(context_length) * KvCache::bytes_per_block(recipe, kv_type);
  result.activation_bytes =
      Activations::capacity_for(recipe) * Activations::bytes_per_token(recipe) +
      AttentionParts::bytes(recipe);
  return result;
}

std::uint64_t bytes_per_token(const formats::Checkpoint& checkpoint, const Recipe& recipe) {
  std::uint64_t bytes = 0;
  for_each_read(checkpoint, recipe, [&](const NamedTensor& tensor, Role role) {
    const Experts& experts = recipe.feedforward.experts;
    if (role == Role::embedding && !recipe.head.tied) {
      bytes += tensor.bytes / std::max(recipe.vocabulary, 1u);  // one row
    } else if (in_experts(role)) {
      CHECK(experts.count > 0 && experts.active <= experts.count);
      bytes += tensor.bytes * experts.active / experts.count;
    } else {
      bytes += tensor.bytes;
    }
  });
  return bytes;
}

}  // namespace freehold::model
