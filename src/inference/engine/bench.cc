#include "engine/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/random.h"

namespace freehold::engine {
namespace {

constexpr std::uint32_t block = model::KvCache::block_positions;

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

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

Result<double> timed(model::Decoder& decoder, const model::Plan& plan, model::KvCache& cache) {
  const Duration started = Clock::system().now();
  TRY(decoder.forward(plan, cache));
  return seconds(Clock::system().now() - started);
}

Result<double> prefill_rate(model::Decoder& decoder, const BenchPlan& plan) {
  Sequences sequences(1, plan.prompt, decoder.recipe().vocabulary);
  auto cache = TRY(model::KvCache::make(decoder.recipe(), plan.kv, sequences.blocks()));
  std::vector<double> rates;
  for (std::uint32_t run = 0; run < plan.repeat; ++run) {
    const double took = TRY(timed(decoder, {{sequences.span(0, 0, plan.prompt)}}, cache));
    rates.push_back(plan.prompt / took);
  }
  return median(std::move(rates));
}

Result<double> decode_rate(model::Decoder& decoder, const BenchPlan& plan) {
  Sequences sequences(plan.batch, plan.depth + plan.generate, decoder.recipe().vocabulary);
  auto cache = TRY(model::KvCache::make(decoder.recipe(), plan.kv, sequences.blocks()));
  for (std::uint32_t s = 0; plan.depth > 0 && s < plan.batch; ++s) {
    TRY(decoder.forward({{sequences.span(s, 0, plan.depth)}}, cache));
  }
  std::vector<double> rates;
  for (std::uint32_t run = 0; run < plan.repeat; ++run) {
    double took = 0;
    for (std::uint32_t step = 0; step < plan.generate; ++step) {
      model::Plan batch;
      for (std::uint32_t s = 0; s < plan.batch; ++s) {
        batch.spans.push_back(sequences.span(s, plan.depth + step, 1));
      }
      took += TRY(timed(decoder, batch, cache));
    }
    rates.push_back(plan.batch * plan.generate / took);
  }
  return median(std::move(rates));
}

Result<void> check(const BenchPlan& plan, const model::Recipe& recipe) {
  const std::uint64_t longest =
      std::max<std::uint64_t>(plan.prompt, std::uint64_t{plan.depth} + plan.generate);
  if (recipe.context_length > 0 && longest > recipe.context_length) {
    return fail(ErrorCode::invalid,
                fmt::format("{} positions are more than the model's context of {}", longest,
                            recipe.context_length));
  }
  if (plan.repeat == 0 || plan.batch == 0) {
    return fail(ErrorCode::usage, "repeat and batch must be at least 1");
  }
  return {};
}

}  // namespace

Result<BenchReport> run_bench(model::Decoder& decoder, const BenchPlan& plan) {
  const model::Recipe& recipe = decoder.recipe();
  TRY(check(plan, recipe));
  BenchReport report;
  if (plan.prompt > 0) report.prefill_tokens_per_s = TRY(prefill_rate(decoder, plan));
  if (plan.generate > 0) {
    report.decode_tokens_per_s = TRY(decode_rate(decoder, plan));
    const double positions = plan.depth + (plan.generate + 1) / 2.0;
    report.kv_bytes_per_step =
        static_cast<double>(model::KvCache::bytes_per_block(recipe, plan.kv)) / block * positions *
        plan.batch;
  }
  return report;
}

}  // namespace freehold::engine
