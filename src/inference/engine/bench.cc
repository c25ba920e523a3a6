#include "engine/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/random.h"
#include "model/footprint.h"
#include "model/model.h"

namespace freehold::engine {
namespace {

constexpr std::uint32_t block = model::KvCache::block_positions;
constexpr std::uint32_t most_sequences = 4096;
constexpr std::uint32_t most_positions = 1u << 24;

std::uint32_t blocks_for(std::uint32_t positions) {
  return (positions + block - 1) / block;
}

// Sequences with tokens drawn by seed, each with its own blocks of one cache.
class Sequences {
 public:
  Sequences(std::uint32_t count, std::uint32_t positions, std::uint32_t vocabulary)
      : blocks_each_(blocks_for(positions)), count_(count), vocabulary_(vocabulary) {}

  std::uint32_t blocks() const { return blocks_each_ * count_; }

  model::Span span(std::uint32_t sequence, std::uint32_t position, std::uint32_t tokens) {
    model::Span made;
    made.position = position;
    for (std::uint32_t i = 0; i < tokens; ++i) {
      made.tokens.push_back(static_cast<Token>(random_.below(vocabulary_)));
    }
    for (std::uint32_t i = 0; i < blocks_for(position + tokens); ++i) {
      made.blocks.push_back(sequence * blocks_each_ + i);
    }
    made.wanted_logits = 1;
    return made;
  }

 private:
  std::uint32_t blocks_each_;
  std::uint32_t count_;
  std::uint32_t vocabulary_;
  Random random_{1};
};

Result<double> timed(model::Decoder& decoder, const model::Plan& plan, model::KvCache& cache) {
  const Duration started = Clock::system().now();
  TRY(decoder.forward(plan, cache));
  return seconds(Clock::system().now() - started);
}

Result<std::vector<double>> prefill_rates(model::Decoder& decoder, const BenchPlan& plan) {
  Sequences sequences(1, plan.prompt, decoder.recipe().vocabulary);
  auto cache = TRY(model::KvCache::make(decoder.recipe(), plan.kv, sequences.blocks()));
  TRY(decoder.forward({{sequences.span(0, 0, std::min(plan.prompt, 2 * block))}}, cache));
  std::vector<double> rates;
  for (std::uint32_t run = 0; run < plan.repeat; ++run) {
    rates.push_back(plan.prompt /
                    TRY(timed(decoder, {{sequences.span(0, 0, plan.prompt)}}, cache)));
  }
  return rates;
}

Result<std::vector<double>> decode_rates(model::Decoder& decoder, const BenchPlan& plan) {
  Sequences sequences(plan.batch, plan.depth + plan.generate, decoder.recipe().vocabulary);
  auto cache = TRY(model::KvCache::make(decoder.recipe(), plan.kv, sequences.blocks()));
  for (std::uint32_t s = 0; plan.depth > 0 && s < plan.batch; ++s) {
    TRY(decoder.forward({{sequences.span(s, 0, plan.depth)}}, cache));
  }
  const auto step = [&](std::uint32_t index) {
    model::Plan batch;
    for (std::uint32_t s = 0; s < plan.batch; ++s) {
      batch.spans.push_back(sequences.span(s, plan.depth + index, 1));
    }
    return batch;
  };
  TRY(decoder.forward(step(0), cache));
  std::vector<double> rates;
  for (std::uint32_t run = 0; run < plan.repeat; ++run) {
    double took = 0;
    for (std::uint32_t index = 0; index < plan.generate; ++index) {
      took += TRY(timed(decoder, step(index), cache));
    }
    rates.push_back(1.0 * plan.batch * plan.generate / took);
  }
  return rates;
}

// Positions of one layer that a step reads, on average over the steps; a window hides the rest.
double positions_read(const BenchPlan& plan, std::uint32_t window) {
  double sum = 0;
  for (std::uint32_t step = 0; step < plan.generate; ++step) {
    const std::uint32_t seen = plan.depth + step + 1;
    sum += window == 0 ? seen : std::min(seen, window);
  }
  return sum / plan.generate;
}

double kv_bytes_per_step(const BenchPlan& plan, const model::Recipe& recipe) {
  const double bytes_per_position =
      static_cast<double>(model::KvCache::bytes_per_block(recipe, plan.kv)) / block /
      recipe.layers;  // of one layer
  double bytes = 0;
  for (std::uint32_t layer = 0; layer < recipe.layers; ++layer) {
    bytes += bytes_per_position * positions_read(plan, recipe.kind(layer).sliding_window);
  }
  return bytes * plan.batch;
}

Result<void> check(const BenchPlan& plan, const model::Recipe& recipe) {
  if (plan.repeat == 0 || plan.batch == 0) {
    return fail(ErrorCode::usage, "repeat and batch must be at least 1");
  }
  if (plan.prompt == 0 && plan.generate == 0) {
    return fail(ErrorCode::usage, "prompt and generate are both 0: there is nothing to measure");
  }
  if (plan.batch > most_sequences) {
    return fail(ErrorCode::usage,
                fmt::format("a batch of {} is more than {}", plan.batch, most_sequences));
  }
  const std::uint64_t longest =
      std::max<std::uint64_t>(plan.prompt, std::uint64_t{plan.depth} + plan.generate);
  const std::uint32_t most =
      recipe.context_length > 0 ? std::min(recipe.context_length, most_positions) : most_positions;
  if (longest > most) {
    return fail(ErrorCode::invalid,
                fmt::format("{} positions are more than the model's context of {}", longest, most));
  }
  return {};
}

}  // namespace

Result<BenchReport> run_bench(model::Decoder& decoder, const BenchPlan& plan) {
  const model::Recipe& recipe = decoder.recipe();
  TRY(check(plan, recipe));
  BenchReport report;
  {
    Sequences first(1, 1, recipe.vocabulary);
    auto cache = TRY(model::KvCache::make(recipe, plan.kv, first.blocks()));
    report.first_pass_s = TRY(timed(decoder, {{first.span(0, 0, 1)}}, cache));
  }
  if (plan.prompt > 0) report.prefill_tokens_per_s = TRY(prefill_rates(decoder, plan));
  if (plan.generate > 0) {
    report.decode_tokens_per_s = TRY(decode_rates(decoder, plan));
    report.kv_bytes_per_step = kv_bytes_per_step(plan, recipe);
  }
  return report;
}

double weights_bytes_per_step(const formats::Checkpoint& checkpoint, const model::Recipe& recipe,
                              std::uint32_t batch) {
  const model::Experts& experts = recipe.feedforward.experts;
  if (experts.count == 0 || batch <= 1) {
    return static_cast<double>(model::bytes_per_token(checkpoint, recipe));
  }
  // An expert is missed by one sequence with probability 1 - active/count.
  const double missed = std::pow(1 - static_cast<double>(experts.active) / experts.count, batch);
  model::Recipe touched = recipe;
  touched.feedforward.experts.active =
      static_cast<std::uint32_t>(std::lround(experts.count * (1 - missed)));
  return static_cast<double>(model::bytes_per_token(checkpoint, touched));
}

}  // namespace freehold::engine
