// freehold bench: how fast a model runs here, beside what the machine can do.
#include "engine/bench.h"

#include "base/clock.h"
#include "cli/bench_compare.h"
#include "cli/bench_report.h"
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
    options.add("name", &word_, "MODEL", "the same without the flag").positional();
    options.add("prompt", &plan_.prompt, "P", "tokens of the prefill; 0: none");
    options.add("generate", &plan_.generate, "G", "decode steps; 0: none");
    options.add("depth", &plan_.depth, "D", "positions in the cache when decoding begins");
    options.add("batch", &plan_.batch, "B", "sequences decoded together");
    options.add("repeat", &plan_.repeat, "R", "runs; the median counts");
    options.add("threads", &threads_, "T", threads_help).short_name('t');
    options.flag("pin-threads", pin_threads_, pin_threads_help);
    options.add("kv", &kv_, "TYPE", "type of the key-value cache").one_of(kv_type_names());
    options.add("compare", &compare_, "FILE",
                "an earlier result of bench --json; exit code 1 when this one is slower, 2 when it "
                "is of another kind of processor or other settings");
    options.add("tolerance", &tolerance_, "PERCENT", "how much slower is not slower yet");
  }

  Result<int> run(const Context& context) override {
    if (!(tolerance_ >= 0 && tolerance_ <= 100)) {
      return fail(ErrorCode::usage, "--tolerance: must be from 0 to 100 (percent)");
    }
    if (!word_.empty() && !model_.empty()) {
      return fail(ErrorCode::usage, "name one model, with --model or without",
                  "freehold help bench");
    }
    if (!word_.empty()) model_ = word_;
    Value before;
    if (!compare_.empty()) before = TRY(read_bench_document(compare_));
    const BenchOutcome outcome = TRY(measure(context));
    Value document = bench_json(outcome);
    std::string text = bench_text(outcome);
    BenchComparison comparison;
    if (!compare_.empty()) {
      comparison = compare_bench(before, document, tolerance_);
      document.set("comparison", comparison_json(comparison));
      text += comparison_text(comparison);
    }
    if (context.json) {
      print_json(document);
    } else {
      print(text);
    }
    return exit_code(comparison.decision);
  }

 private:
  Result<BenchOutcome> measure(const Context& context) {
    plan_.kv = kv_type_named(kv_);
    const auto path = TRY(find_model(context, model_));
    ThreadPool pool(tuned_threads(context, threads_), pin_threads_ ? Pinning::on : Pinning::off);
    BenchOutcome outcome;
    outcome.model = model_.empty() ? path.string() : model_;
    outcome.kv = kv_;
    outcome.threads = pool.threads();
    outcome.plan = plan_;
    outcome.machine = engine::machine_facts();
    outcome.limits = engine::measure_machine(pool);
    engine::forget_peak_resident();
    const Duration started = Clock::system().now();
    const auto checkpoint =
        std::make_shared<const formats::Checkpoint>(TRY(formats::Checkpoint::open(path)));
    const auto decoder =
        TRY(model::open_decoder(checkpoint, pool, hub::Store(context.home).packed_folder()));
    outcome.load_s = seconds(Clock::system().now() - started);
    const model::Recipe& recipe = decoder->recipe();
    outcome.weights_bytes = static_cast<double>(model::bytes_per_token(*checkpoint, recipe));
    outcome.weights_bytes_per_step =
        engine::weights_bytes_per_step(*checkpoint, recipe, plan_.batch);
    outcome.matmul_parameters = static_cast<double>(model::matmul_parameters(recipe));
    outcome.report = TRY(engine::run_bench(*decoder, plan_));
    outcome.peak_rss_bytes = engine::peak_resident_bytes();
    return outcome;
  }

  std::string model_, word_;
  std::uint32_t threads_ = 0;
  bool pin_threads_ = false;
  std::string kv_ = "f16";
  std::string compare_;
  double tolerance_ = 10;
  engine::BenchPlan plan_;
};

}  // namespace

const Verb bench_verb = {
    "bench", "This machine", "Measure prefill and decode beside the machine's limits",
    "  freehold bench --model smollm2-135m-instruct --prompt 512 --generate 64\n"
    "  freehold bench --model model.gguf --compare before.json --tolerance 5\n",
    make_command<Bench>};

}  // namespace freehold::cli
