// freehold inspect: what a model is, told from its files without running it.
#include <fmt/format.h>

#include "cli/inspect_report.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/verbs.h"

namespace freehold::cli {
namespace {

class Inspect : public Command {
 public:
  void declare(Options& options) override {
    options.add("path", &path_, "MODEL", model_help).positional();
    options.add("context", &context_, "TOKENS", "context length for the memory; 0: the model's own")
        .short_name('c');
    options.flag("verify", verify_, "compare the digests with the receipt of the pull");
    options.flag("brief", brief_, "one line");
  }

  Result<int> run(const Context& context) override {
    const std::string name = TRY(model_or_default(context, path_));
    const auto path = TRY(find_model(context, name));
    if (verify_) TRY(verify(context, name));
    Inspection inspection = TRY(inspect(path, context_));
    inspection.packed_bytes =
        hub::Store(context.home).packed_bytes_of(inspection.description.files);
    if (context.json) {
      print_json(inspection_json(inspection));
    } else {
      print(brief_ ? inspection_line(name, inspection, verify_) : inspection_text(inspection));
    }
    return 0;
  }

 private:
  static Result<void> verify(const Context& context, const std::string& name) {
    const hub::Store store(context.home);
    const hub::Receipt receipt = TRY(store.find(name));
    return verify_digests(store, receipt);
  }

  std::string path_;
  std::uint32_t context_ = 0;
  bool verify_ = false;
  bool brief_ = false;
};

}  // namespace

const Verb inspect_verb = {"inspect", "Look inside", "Show what a model is without running it",
                           "  freehold inspect model.gguf\n"
                           "  freehold inspect smollm2-135m-instruct --json\n"
                           "  freehold inspect smollm2-135m-instruct --verify\n",
                           make_command<Inspect>};

}  // namespace freehold::cli
