// The gated feed-forward: down(silu(gate x) * up x).
#include "model/pass.h"
#include "model/product.h"

namespace freehold::model {

void feedforward(Pass& pass, const LayerWeights& weights) {
  const std::size_t hidden = pass.recipe.feedforward.hidden;
  CHECK(pass.tokens > 0 && pass.tokens <= pass.memory.capacity());
  CHECK(weights.gate.rows == hidden && weights.down.columns == hidden);
  const Operand gated = pass.memory.gated.of(pass.tokens, forms_of(weights.down));
  const GatedProduct apart{&weights.gate,    &weights.up, &weights.gate_bias,
                           &weights.up_bias, pass.input,  gated};
  multiply_gated(pass.workers, {&apart, 1});
  const Product together{&weights.down, gated, pass.memory.out, pass.recipe.width};
  multiply(pass.workers, {&together, 1});
}

}  // namespace freehold::model
