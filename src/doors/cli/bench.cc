// freehold bench: how fast a model runs here, beside what the machine can do.
#include "engine/bench.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/progress.h"
#include "base/table.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "hub/store.h"
#include "model/footprint.h"
#include "model/model.h"

namespace freehold::cli {
namespace {

class Bench : public Command {
 public:
  void declare(Options& options) override {
    options.add("model", &model_, "MODEL", std::string(model_help) + "; default: pulled last")
        .short_name('m');
    options.add("prompt", &plan_.prompt, "P", "tokens of the prefill; 0: none");
    options.add("generate", &plan_.generate, "G", "decode steps; 0: none");
    options.add("depth", &plan_.depth, "D", "positions in the cache when decoding begins");
    options.add("batch", &plan_.batch, "B", "sequences decoded together");
    options.add("repeat", &plan_.repeat, "R", "runs; the median counts");
    options.add("threads", &threads_, "T", "threads for arithmetic; 0: all cores").short_name('t');
    options.add("kv", &kv_, "TYPE", "type of the key-value cache").one_of(kv_type_names());
  }

  Result<int> run(const Context& context) override {
    plan_.kv = kv_type_named(kv_);
    const auto path = TRY(find_model(context, model_));
    ThreadPool pool(threads_);
    limits_ = engine::measure_machine(pool);
    const Duration started = Clock::system().now();
    const auto checkpoint =
        std::make_shared<const formats::Checkpoint>(TRY(formats::Checkpoint::open(path)));
    const auto decoder =
        TRY(model::open_decoder(checkpoint, pool, hub::Store(context.home).packed_folder()));
    load_s_ = seconds(Clock::system().now() - started);
    weights_bytes_ = static_cast<double>(model::bytes_per_token(*checkpoint, decoder->recipe()));
    matmul_parameters_ = static_cast<double>(model::matmul_parameters(decoder->recipe()));
    report_ = TRY(engine::run_bench(*decoder, plan_));
    if (context.json) {
      print_json(as_json(path.string(), pool.threads()));
    } else {
      print(as_text());
    }
    return 0;
  }

 private:
  double prefill_share() const {
    return 2 * matmul_parameters_ * report_.prefill_tokens_per_s / (limits_.int8_gops * 1e9);
  }
  // A step reads the weights once for the whole batch, and every sequence's cache.
  double bytes_per_step() const { return weights_bytes_ + report_.kv_bytes_per_step; }
  double decode_gb_s() const {
    return bytes_per_step() * report_.decode_tokens_per_s / plan_.batch * 1e-9;
  }

  Value as_json(const std::string& path, std::uint32_t threads) const {
    const engine::MachineFacts facts = engine::machine_facts();
    Value document = Object{{"model", model_.empty() ? path : model_},
                            {"weights_bytes", weights_bytes_},
                            {"threads", threads},
                            {"machine", Object{{"cpu", facts.cpu},
                                               {"kernels", facts.kernels},
                                               {"read_gb_s", limits_.read_gb_s},
                                               {"int8_gops", limits_.int8_gops},
                                               {"fp32_gflops", limits_.fp32_gflops}}},
                            {"load_ms", load_s_ * 1e3},
                            {"peak_rss_bytes", engine::peak_resident_bytes()}};
    document.set("prefill", Object{{"tokens", plan_.prompt},
                                   {"tokens_per_s", report_.prefill_tokens_per_s},
                                   {"share_of_peak", prefill_share()}});
    document.set("decode", Object{{"batch", plan_.batch},
                                  {"depth", plan_.depth},
                                  {"tokens_per_s", report_.decode_tokens_per_s},
                                  {"bytes_per_token", bytes_per_step() / plan_.batch},
                                  {"gb_s", decode_gb_s()},
                                  {"share_of_bandwidth", decode_gb_s() / limits_.read_gb_s}});
    return document;
  }

  std::string as_text() const {
    Table table({{""}, {"tokens/s", Table::Align::right}, {"of the limit", Table::Align::right}});
    table.add({fmt::format("prefill {} tokens", plan_.prompt),
               fmt::format("{:.1f}", report_.prefill_tokens_per_s),
               fmt::format("{:.0f} % of {:.0f} GOPS", prefill_share() * 100, limits_.int8_gops)});
    table.add({fmt::format("decode {} × {} at depth {}", plan_.batch, plan_.generate, plan_.depth),
               fmt::format("{:.1f}", report_.decode_tokens_per_s),
               fmt::format("{:.0f} % of {:.1f} GB/s", decode_gb_s() / limits_.read_gb_s * 100,
                           limits_.read_gb_s)});
    return table.text() + fmt::format("loaded in {:.2f} s, at most {} resident\n", load_s_,
                                      human_bytes(engine::peak_resident_bytes()));
  }

  std::string model_;
  std::uint32_t threads_ = 0;
  std::string kv_ = "f16";
  engine::BenchPlan plan_;
  engine::MachineLimits limits_;
  engine::BenchReport report_;
  double load_s_ = 0, weights_bytes_ = 0, matmul_parameters_ = 0;
};

}  // namespace

const Verb bench_verb = {
    "bench", "This machine", "Measure prefill and decode beside the machine's limits",
    "  freehold bench --model smollm2-135m-instruct --prompt 512 --generate 64\n",
    make_command<Bench>};

}  // namespace freehold::cli
