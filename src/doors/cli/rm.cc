// freehold rm: remove models and what only they needed.
#include <fmt/format.h>

#include "base/progress.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "hub/store.h"

namespace freehold::cli {
namespace {

class Rm : public Command {
 public:
  void declare(Options& options) override {
    options.add("models", &models_, "MODEL", "names in the store").positional();
    options.flag("garbage", garbage_, "no model: only stored files that no model needs");
  }

  Result<int> run(const Context& context) override {
    if (models_.empty() != garbage_) {
      return fail(ErrorCode::usage, "name the models to remove, or give --garbage",
                  "freehold list");
    }
    hub::Store store(context.home);
    for (const std::string& model : models_) TRY(store.find(model));  // all or none
    for (const std::string& model : models_) TRY(store.remove(model));
    const hub::Store::Freed freed = TRY(store.collect_garbage());
    if (context.json) {
      print_json(Object{{"removed", std::uint64_t{models_.size()}},
                        {"freed_files", freed.files},
                        {"freed_bytes", freed.bytes}});
    } else {
      print(fmt::format("{} freed.\n", human_bytes(freed.bytes)));
    }
    return 0;
  }

 private:
  std::vector<std::string> models_;
  bool garbage_ = false;
};

}  // namespace

const Verb rm_verb = {"rm", "Models", "Remove models, and stored files that no other model needs",
                      "  freehold rm smollm2-135m-instruct\n  freehold rm --garbage\n",
                      make_command<Rm>};

}  // namespace freehold::cli
