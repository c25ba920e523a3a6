// Grouped-query self-attention over the paged cache: project, place, attend, project back.
#include "model/attend.h"
#include "model/pass.h"
#include "model/place.h"

namespace freehold::model {
namespace {

void project(Pass& pass, const LayerWeights& weights) {
  const Activations& memory = pass.memory;
  CHECK(weights.query.columns == pass.recipe.width && weights.key.rows == weights.value.rows);
  const Product products[] = {
      {&weights.query, pass.input, memory.query, weights.query.rows},
      {&weights.key, pass.input, memory.key, weights.key.rows},
      {&weights.value, pass.input, memory.value, weights.value.rows},
  };
  multiply(pass.workers, products);
}

}  // namespace

void attention(Pass& pass, const LayerWeights& weights, std::uint32_t layer) {
  CHECK(pass.tokens == pass.batch.size() && pass.tokens <= pass.memory.capacity());
  CHECK(layer < pass.recipe.layers && pass.cache.holds(pass.recipe));
  project(pass, weights);
  const Placement placement(pass, weights, layer);
  const Operand attended = pass.memory.attended.of(pass.tokens, forms_of(weights.output));
  attend(pass, layer, &placement, attended);
  const Product back{&weights.output, attended, pass.memory.out, pass.recipe.width};
  multiply(pass.workers, {&back, 1});
}

}  // namespace freehold::model
