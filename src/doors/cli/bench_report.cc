#include "cli/bench_report.h"

#include <fmt/format.h>

#include "base/progress.h"
#include "base/table.h"
#include "engine/median.h"

namespace freehold::cli {
namespace {

struct Prefill {
  double tokens_per_s, share_of_peak;
};

Prefill prefill_of(const BenchOutcome& outcome) {
  const double rate = engine::median(outcome.report.prefill_tokens_per_s);
  return {rate, 2 * outcome.matmul_parameters * rate / (outcome.limits.int8_gops * 1e9)};
}

struct Decode {
  double tokens_per_s, bytes_per_token, gb_s, share_of_bandwidth;
};

// A step reads the weights once for the whole batch, and every sequence's cache.
Decode decode_of(const BenchOutcome& outcome) {
  const double rate = engine::median(outcome.report.decode_tokens_per_s);
  const double bytes =
      (outcome.weights_bytes_per_step + outcome.report.kv_bytes_per_step) / outcome.plan.batch;
  const double gb_s = bytes * rate * 1e-9;
  return {rate, bytes, gb_s, gb_s / outcome.limits.read_gb_s};
}

Value list_of(const std::vector<double>& numbers) {
  return List(numbers.begin(), numbers.end());
}

Value prefill_json(const BenchOutcome& outcome) {
  if (outcome.report.prefill_tokens_per_s.empty()) return nullptr;
  const Prefill prefill = prefill_of(outcome);
  return Object{{"tokens", outcome.plan.prompt},
                {"tokens_per_s", prefill.tokens_per_s},
                {"share_of_peak", prefill.share_of_peak},
                {"runs", list_of(outcome.report.prefill_tokens_per_s)}};
}

Value decode_json(const BenchOutcome& outcome) {
  if (outcome.report.decode_tokens_per_s.empty()) return nullptr;
  const Decode decode = decode_of(outcome);
  return Object{{"batch", outcome.plan.batch},
                {"depth", outcome.plan.depth},
                {"tokens", outcome.plan.generate},
                {"tokens_per_s", decode.tokens_per_s},
                {"bytes_per_token", decode.bytes_per_token},
                {"gb_s", decode.gb_s},
                {"share_of_bandwidth", decode.share_of_bandwidth},
                {"runs", list_of(outcome.report.decode_tokens_per_s)}};
}

}  // namespace

Value bench_json(const BenchOutcome& outcome) {
  const Object machine = {{"cpu", outcome.machine.cpu},
                          {"kind", outcome.machine.kind},
                          {"kernels", outcome.machine.kernels},
                          {"read_gb_s", outcome.limits.read_gb_s},
                          {"int8_gops", outcome.limits.int8_gops},
                          {"fp32_gflops", outcome.limits.fp32_gflops}};
  return Object{{"model", outcome.model},
                {"weights_bytes", static_cast<std::uint64_t>(outcome.weights_bytes)},
                {"threads", outcome.threads},
                {"kv", outcome.kv},
                {"machine", machine},
                {"load_ms", outcome.load_s * 1e3},
                {"first_pass_ms", outcome.report.first_pass_s * 1e3},
                {"peak_rss_bytes", outcome.peak_rss_bytes},
                {"prefill", prefill_json(outcome)},
                {"decode", decode_json(outcome)}};
}

std::string bench_text(const BenchOutcome& outcome) {
  const engine::BenchPlan& plan = outcome.plan;
  const engine::MachineLimits& limits = outcome.limits;
  Table table({{""}, {"tokens/s", Table::Align::right}, {"of the limit", Table::Align::right}});
  if (!outcome.report.prefill_tokens_per_s.empty()) {
    const Prefill prefill = prefill_of(outcome);
    table.add(
        {fmt::format("prefill {} tokens", plan.prompt), fmt::format("{:.1f}", prefill.tokens_per_s),
         fmt::format("{:.0f} % of {:.0f} GOPS", prefill.share_of_peak * 100, limits.int8_gops)});
  }
  if (!outcome.report.decode_tokens_per_s.empty()) {
    const Decode decode = decode_of(outcome);
    table.add({fmt::format("decode {} × {} at depth {}", plan.batch, plan.generate, plan.depth),
               fmt::format("{:.1f}", decode.tokens_per_s),
               fmt::format("{:.0f} % of {:.1f} GB/s", decode.share_of_bandwidth * 100,
                           limits.read_gb_s)});
  }
  return table.text() + fmt::format("loaded in {:.2f} s, at most {} resident\n", outcome.load_s,
                                    human_bytes(outcome.peak_rss_bytes));
}

}  // namespace freehold::cli
