// The feed-forward as a choice of experts: softmax over all of them, the likeliest few compute,
// their results are added in that proportion. Tokens are sorted by expert, so that an expert's
// weights are read once for all its tokens; a token's sum runs over its experts in ascending order,
// so that it does not depend on who else is in the batch.
#include <algorithm>

#include "kernels/kernels.h"
#include "model/pass.h"
#include "model/product.h"

namespace freehold::model {
namespace {

constexpr float taken = -1;  // no probability

// The likeliest experts of one token, ascending, and their shares. Equal ones: the lower first.
void choose(const Experts& experts, float* probabilities /* (count) */,
            std::uint32_t* chosen /* (active) */, float* share /* (active) */) {
  CHECK(experts.active > 0 && experts.active <= experts.count);
  for (std::uint32_t i = 0; i < experts.active; ++i) {
    std::uint32_t best = experts.count;
    for (std::uint32_t each = 0; each < experts.count; ++each) {
      if (probabilities[each] == taken) continue;
      if (best == experts.count || probabilities[each] > probabilities[best]) best = each;
    }
    CHECK(best < experts.count);
    const std::uint32_t place =
        static_cast<std::uint32_t>(std::upper_bound(chosen, chosen + i, best) - chosen);
    std::move_backward(chosen + place, chosen + i, chosen + i + 1);
    std::move_backward(share + place, share + i, share + i + 1);
    chosen[place] = best;
    share[place] = probabilities[best];
    probabilities[best] = taken;
  }
  if (!experts.renormalize) return;
  float sum = 0;
  for (std::uint32_t i = 0; i < experts.active; ++i) sum += share[i];
  for (std::uint32_t i = 0; i < experts.active; ++i) share[i] /= sum;
}

void route(Pass& pass, const LayerWeights& weights) {
  const Experts& experts = pass.recipe.feedforward.experts;
  const std::size_t tokens = pass.batch.size();
  Routing& routing = pass.memory.routing;
  CHECK(weights.router.rows == experts.count && tokens <= pass.memory.capacity());
  routing.chosen.resize(tokens * experts.active);
  routing.share.resize(tokens * experts.active);
  const Product product{&weights.router, pass.memory.normed, pass.recipe.width,
                        tokens,          pass.memory.router, experts.count};
  multiply(pass.workers, {&product, 1});
  pass.workers.split(tokens, 8, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t row = begin; row < end; ++row) {
      float* probabilities = pass.memory.router + row * experts.count;
      kernels::kernels().softmax(probabilities, experts.count);
      choose(experts, probabilities, routing.chosen.data() + row * experts.active,
             routing.share.data() + row * experts.active);
    }
  });
}

// Counting sort of (row, choice) by expert: the pairs of one expert lie together, rows ascending.
void sort_by_expert(const Experts& experts, Routing& routing) {
  CHECK(routing.chosen.size() % experts.active == 0);
  routing.begin.assign(experts.count + 1, 0);
  for (const std::uint32_t expert : routing.chosen) ++routing.begin[expert + 1];
  for (std::size_t i = 0; i < experts.count; ++i) routing.begin[i + 1] += routing.begin[i];
  CHECK(routing.begin.back() == routing.chosen.size());
  std::vector<std::size_t>& next = routing.next;
  next.assign(routing.begin.begin(), routing.begin.end() - 1);
  routing.pair.resize(routing.chosen.size());
  for (std::size_t i = 0; i < routing.chosen.size(); ++i)
    routing.pair[i] = next[routing.chosen[i]]++;
}

void gather(Pass& pass) {
  const std::size_t active = pass.recipe.feedforward.experts.active;
  const std::size_t width = pass.recipe.width;
  CHECK(pass.memory.routing.pair.size() == pass.batch.size() * active);
  pass.workers.split(pass.batch.size(), 8, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t choice = begin * active; choice < end * active; ++choice) {
      std::copy_n(pass.memory.normed + choice / active * width, width,
                  pass.memory.pair_in + pass.memory.routing.pair[choice] * width);
    }
  });
}

void compute(Pass& pass, const LayerWeights& weights) {
  const Experts& experts = pass.recipe.feedforward.experts;
  const std::size_t width = pass.recipe.width;
  const Activations& memory = pass.memory;
  CHECK(memory.routing.begin.size() == experts.count + 1);
  std::vector<Product> apart, together;
  for (std::size_t i = 0; i < experts.count; ++i) {
    const std::size_t begin = memory.routing.begin[i];
    const std::size_t pairs = memory.routing.begin[i + 1] - begin;
    if (pairs == 0) continue;
    const float* in = memory.pair_in + begin * width;
    float* gate = memory.pair_gate + begin * experts.hidden;
    float* up = memory.pair_up + begin * experts.hidden;
    apart.push_back({&weights.expert_gate[i], in, width, pairs, gate, experts.hidden});
    apart.push_back({&weights.expert_up[i], in, width, pairs, up, experts.hidden});
    together.push_back({&weights.expert_down[i], gate, experts.hidden, pairs,
                        memory.pair_out + begin * width, width});
  }
  CHECK(!together.empty() && apart.size() == 2 * together.size());
  multiply(pass.workers, apart);
  const std::size_t pairs = memory.routing.chosen.size();
  pass.workers.split(pairs, 16, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t at = begin * experts.hidden; at < end * experts.hidden; at += experts.hidden) {
      kernels::kernels().silu_multiply(memory.pair_gate + at, memory.pair_up + at,
                                       memory.pair_gate + at, experts.hidden);
    }
  });
  multiply(pass.workers, together);
}

void add_up(Pass& pass) {
  const std::size_t active = pass.recipe.feedforward.experts.active;
  const std::size_t width = pass.recipe.width;
  const Routing& routing = pass.memory.routing;
  CHECK(routing.share.size() == routing.pair.size());
  pass.workers.split(pass.batch.size(), 8, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t row = begin; row < end; ++row) {
      float* sum = pass.memory.out + row * width;
      std::fill_n(sum, width, 0.0f);
      for (std::size_t i = row * active; i < (row + 1) * active; ++i) {
        kernels::kernels().add_scaled(pass.memory.pair_out + routing.pair[i] * width,
                                      routing.share[i], sum, width);
      }
    }
  });
}

}  // namespace

void experts(Pass& pass, const LayerWeights& weights) {
  CHECK(pass.batch.size() > 0 && pass.batch.size() <= pass.memory.capacity());
  CHECK(weights.expert_gate.size() == pass.recipe.feedforward.experts.count);
  route(pass, weights);
  sort_by_expert(pass.recipe.feedforward.experts, pass.memory.routing);
  gather(pass);
  compute(pass, weights);
  add_up(pass);
}

}  // namespace freehold::model
