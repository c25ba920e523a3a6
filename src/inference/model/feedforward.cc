// The gated feed-forward: down(silu(gate x) * up x).
#include "kernels/kernels.h"
#include "model/pass.h"
#include "model/product.h"

namespace freehold::model {

void feedforward(Pass& pass, const LayerWeights& weights) {
  const std::size_t tokens = pass.batch.size();
  const std::size_t width = pass.recipe.width;
  const std::size_t hidden = pass.recipe.feedforward.hidden;
  CHECK(tokens > 0 && tokens <= pass.memory.capacity());
  CHECK(weights.gate.rows == hidden && weights.down.columns == hidden);
  float* gate = pass.memory.gate;
  float* up = pass.memory.up;
  const Product apart[] = {
      {&weights.gate, pass.memory.normed, width, tokens, gate, hidden},
      {&weights.up, pass.memory.normed, width, tokens, up, hidden},
  };
  multiply(pass.workers, apart);
  pass.workers.split(tokens, 4, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t at = begin * hidden; at < end * hidden; at += hidden) {
      add_bias(weights.gate_bias, gate + at);
      add_bias(weights.up_bias, up + at);
      kernels::kernels().silu_multiply(gate + at, up + at, gate + at, hidden);
    }
  });
  const Product together{&weights.down, gate, hidden, tokens, pass.memory.out, width};
  multiply(pass.workers, {&together, 1});
  for (std::size_t row = 0; row < tokens; ++row) {
    add_bias(weights.down_bias, pass.memory.out + row * width);
  }
}

}  // namespace freehold::model
