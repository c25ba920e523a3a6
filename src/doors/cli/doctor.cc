// freehold doctor: what this machine has, what it can do, and which models would run on it.
#include <fmt/format.h>

#include "base/progress.h"
#include "base/table.h"
#include "base/thread_pool.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/tuning_report.h"
#include "cli/verbs.h"
#include "engine/machine.h"
#include "hub/catalogue.h"

namespace freehold::cli {
namespace {

// A 4-bit model in bytes per parameter, scales included.
constexpr double bytes_per_parameter = 0.6;
// Of the memory that is free, what weights may take; the rest is for the cache and everything else.
constexpr double weights_share = 0.8;

class Doctor : public Command {
 public:
  void declare(Options& options) override {
    options.add("threads", &threads_, "T", threads_help).short_name('t');
    options.flag("retune", retune_, "measure again which kernels and how many threads are fastest");
  }

  Result<int> run(const Context& context) override {
    const engine::TuningRequest request = {.folder = tuning_folder(context), .again = retune_};
    tuning_.kept = engine::tuning_for(request);
    tuning_.file = engine::tuning_path(request.folder, request.identity);
    ThreadPool pool(engine::settle(tuning_.kept.tuning, threads_));
    facts_ = engine::machine_facts();
    limits_ = engine::measure_machine(pool);
    for (const hub::CatalogueEntry& entry : hub::Catalogue::builtin().entries()) {
      if (entry.runs &&
          weights_of(entry) <= weights_share * static_cast<double>(facts_.memory_available_bytes)) {
        fitting_.push_back(&entry);
      }
    }
    if (context.json) {
      print_json(as_json());
    } else {
      print(as_text());
    }
    return 0;
  }

 private:
  static double weights_of(const hub::CatalogueEntry& entry) {
    return static_cast<double>(entry.parameters) * bytes_per_parameter;
  }
  // Decoding reads the active weights once a token.
  double tokens_per_s(const hub::CatalogueEntry& entry) const {
    const auto active = static_cast<double>(entry.active_parameters);
    return limits_.read_gb_s * 1e9 / (active * bytes_per_parameter);
  }

  Value as_json() const {
    List models;
    for (const hub::CatalogueEntry* entry : fitting_) {
      models.push_back(Object{{"name", entry->name},
                              {"weights_bytes_4bit", weights_of(*entry)},
                              {"decode_tokens_per_s_limit", tokens_per_s(*entry)}});
    }
    return Object{{"cpu", facts_.cpu},
                  {"kind", facts_.kind},
                  {"kernels", facts_.kernels},
                  {"cores", facts_.cores},
                  {"memory_bytes", facts_.memory_bytes},
                  {"memory_available_bytes", facts_.memory_available_bytes},
                  {"read_gb_s", limits_.read_gb_s},
                  {"int8_gops", limits_.int8_gops},
                  {"fp32_gflops", limits_.fp32_gflops},
                  {"tuning", tuning_json(tuning_)},
                  {"models", std::move(models)}};
  }

  std::string as_text() const {
    std::string text = fmt::format(
        "processor   {} ({}), {} cores, kernels: {}\n"
        "memory      {} of {} free\n"
        "reading     {:.1f} GB/s\n"
        "arithmetic  {:.0f} GOPS int8, {:.0f} GFLOPS fp32\n",
        facts_.cpu, facts_.kind, facts_.cores, facts_.kernels,
        human_bytes(facts_.memory_available_bytes), human_bytes(facts_.memory_bytes),
        limits_.read_gb_s, limits_.int8_gops, limits_.fp32_gflops);
    text += tuning_text(tuning_);
    Table table({{"would run here"},
                 {"4-bit size", Table::Align::right},
                 {"decode at most", Table::Align::right}});
    for (const hub::CatalogueEntry* entry : fitting_) {
      table.add({entry->name, human_bytes(static_cast<std::uint64_t>(weights_of(*entry))),
                 fmt::format("{:.0f} tokens/s", tokens_per_s(*entry))});
    }
    return text + "\n" + table.text();
  }

  std::uint32_t threads_ = 0;
  bool retune_ = false;
  TuningShown tuning_;
  engine::MachineFacts facts_;
  engine::MachineLimits limits_;
  std::vector<const hub::CatalogueEntry*> fitting_;
};

}  // namespace

const Verb doctor_verb = {"doctor", "This machine",
                          "Show what this machine has and which models would run on it",
                          "  freehold doctor\n  freehold doctor --retune\n", make_command<Doctor>};

}  // namespace freehold::cli
