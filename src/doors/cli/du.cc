// freehold du: the disk that the store takes.
#include <fmt/format.h>

#include "base/progress.h"
#include "base/table.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "hub/store.h"

namespace freehold::cli {
namespace {

Value as_json(const hub::Store::Usage& usage) {
  List models;
  for (const auto& model : usage.models) {
    models.push_back(
        Object{{"name", model.name}, {"bytes", model.bytes}, {"alone_bytes", model.alone_bytes}});
  }
  return Object{{"models", std::move(models)},
                {"blob_bytes", usage.blob_bytes},
                {"garbage_bytes", usage.garbage_bytes},
                {"partial_bytes", usage.partial_bytes},
                {"packed_bytes", usage.packed_bytes}};
}

std::string as_text(const hub::Store::Usage& usage) {
  Table table({{"model"}, {"size", Table::Align::right}, {"rm would free", Table::Align::right}});
  for (const auto& model : usage.models) {
    table.add({model.name, human_bytes(model.bytes), human_bytes(model.alone_bytes)});
  }
  return table.text() +
         fmt::format("{} in all, {} of it unused, {} of unfinished pulls, {} of packed weights\n",
                     human_bytes(usage.blob_bytes + usage.partial_bytes + usage.packed_bytes),
                     human_bytes(usage.garbage_bytes), human_bytes(usage.partial_bytes),
                     human_bytes(usage.packed_bytes));
}

class Du : public Command {
 public:
  void declare(Options&) override {}

  Result<int> run(const Context& context) override {
    const hub::Store::Usage usage = TRY(hub::Store(context.home).usage());
    if (context.json) {
      print_json(as_json(usage));
    } else {
      print(as_text(usage));
    }
    return 0;
  }
};

}  // namespace

const Verb du_verb = {"du", "Models", "Show the disk that the store takes", "  freehold du\n",
                      make_command<Du>};

}  // namespace freehold::cli
