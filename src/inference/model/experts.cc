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
  const std::size_t tokens = pass.tokens;
  Routing& routing = pass.memory.routing;
  CHECK(weights.router.rows == experts.count && tokens <= pass.memory.capacity());
  routing.chosen.resize(tokens * experts.active);
  routing.share.resize(tokens * experts.active);
  const Product product{&weights.router, pass.input, pass.memory.router, experts.count};
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

// Experts that have tokens, the busiest first, so that the largest pieces of work are not the last.
void order_by_load(Routing& routing) {
  const auto load = [&](std::uint32_t expert) {
    return routing.begin[expert + 1] - routing.begin[expert];
  };
  routing.busiest.clear();
  for (std::uint32_t i = 0; i + 1 < routing.begin.size(); ++i) {
    if (load(i) > 0) routing.busiest.push_back(i);
  }
  std::ranges::sort(routing.busiest, [&](std::uint32_t a, std::uint32_t b) {
    return load(a) != load(b) ? load(a) > load(b) : a < b;
  });
}

// Every token's activations, as they are, to each of its experts.
void gather(Pass& pass, const Operand& pairs) {
  const std::size_t active = pass.recipe.feedforward.experts.active;
  const Routing& routing = pass.memory.routing;
  CHECK(routing.pair.size() == pass.tokens * active);
  pass.workers.split(pass.tokens, 8, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t choice = begin * active; choice < end * active; ++choice) {
      const std::uint32_t expert = routing.chosen[choice];
      const std::size_t first = routing.begin[expert];
      pairs.part(first, routing.begin[expert + 1] - first)
          .copy(routing.pair[choice] - first, pass.input, choice / active);
    }
  });
}

// The products of every expert with the rows that chose it. A single token's experts all read the
// token itself.
void list_products(Pass& pass, const LayerWeights& weights, const Operand& pairs) {
  static const Vector no_bias;
  Activations& memory = pass.memory;
  Routing& routing = memory.routing;
  const std::size_t width = pass.recipe.width;
  const Operand gated = memory.pair_gated.of(pairs.tokens, forms_of(weights.expert_down));
  routing.apart.clear();
  routing.together.clear();
  for (const std::uint32_t i : routing.busiest) {
    const std::size_t first = routing.begin[i], count = routing.begin[i + 1] - first;
    const Operand in = pass.tokens == 1 ? pass.input : pairs.part(first, count);
    const Operand between = gated.part(first, count);
    routing.apart.push_back(
        {&weights.expert_gate[i], &weights.expert_up[i], &no_bias, &no_bias, in, between});
    routing.together.push_back(
        {&weights.expert_down[i], between, memory.pair_out + first * width, width});
  }
}

}  // namespace

void experts(Pass& pass, const LayerWeights& weights) {
  const Experts& experts = pass.recipe.feedforward.experts;
  CHECK(pass.tokens > 0 && pass.tokens <= pass.memory.capacity());
  CHECK(weights.expert_gate.size() == experts.count);
  Routing& routing = pass.memory.routing;
  route(pass, weights);
  sort_by_expert(experts, routing);
  order_by_load(routing);
  const Operand pairs = pass.memory.pair_in.of(
      pass.tokens * experts.active, forms_of(weights.expert_gate) | forms_of(weights.expert_up));
  if (pass.tokens > 1) gather(pass, pairs);
  list_products(pass, weights, pairs);
  multiply_gated(pass.workers, routing.apart);
  multiply(pass.workers, routing.together);
}

void add_up_experts(const Pass& pass, std::size_t token, float* sum) {
  const std::size_t active = pass.recipe.feedforward.experts.active;
  const std::size_t width = pass.recipe.width;
  const Routing& routing = pass.memory.routing;
  CHECK(routing.share.size() == routing.pair.size() && (token + 1) * active <= routing.pair.size());
  std::fill_n(sum, width, 0.0f);
  for (std::size_t i = token * active; i < (token + 1) * active; ++i) {
    kernels::kernels().add_scaled(pass.memory.pair_out + routing.pair[i] * width, routing.share[i],
                                  sum, width);
  }
}

}  // namespace freehold::model
