// freehold list: the models on this machine, or those that can be pulled.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/progress.h"
#include "base/table.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "hub/catalogue.h"
#include "hub/store.h"

namespace freehold::cli {
namespace {

std::string date(std::int64_t unix_s) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

std::string parameters(const hub::CatalogueEntry& entry) {
  const std::string all = human_count(entry.parameters);
  if (entry.active_parameters == entry.parameters) return all;
  return fmt::format("{} ({} active)", all, human_count(entry.active_parameters));
}

Value as_json(const hub::CatalogueEntry& entry) {
  List sources;
  for (const std::string& source : entry.sources) sources.emplace_back(source);
  return Object{{"name", entry.name},
                {"title", entry.title},
                {"family", entry.family},
                {"maker", entry.maker},
                {"origin", entry.origin},
                {"license", entry.license},
                {"architecture", entry.architecture},
                {"parameters", entry.parameters},
                {"active_parameters", entry.active_parameters},
                {"context_length", entry.context_length},
                {"sha256", entry.sha256},
                {"gated", entry.gated},
                {"runs", entry.runs},
                {"sources", std::move(sources)}};
}

class ListVerb : public Command {
 public:
  void declare(Options& options) override {
    options.flag("available", available_, "what the catalogue offers instead of what is here");
  }

  Result<int> run(const Context& context) override {
    return available_ ? list_catalogue(context) : list_store(context);
  }

 private:
  static Result<int> list_store(const Context& context) {
    const std::vector<hub::Receipt> receipts = TRY(hub::Store(context.home).list());
    if (context.json) {
      List models;
      for (const hub::Receipt& receipt : receipts) models.push_back(hub::to_value(receipt));
      print_json(Object{{"models", std::move(models)}});
      return 0;
    }
    if (receipts.empty()) {
      print("No models yet. `freehold list --available` shows what can be pulled.\n");
      return 0;
    }
    Table table({{"model"}, {"size", Table::Align::right}, {"license"}, {"pulled"}, {"source"}});
    for (const hub::Receipt& receipt : receipts) {
      table.add({receipt.model, human_bytes(receipt.bytes()), receipt.license,
                 date(receipt.pulled_unix_s), receipt.source});
    }
    print(table.text());
    return 0;
  }

  static Result<int> list_catalogue(const Context& context) {
    const auto& entries = hub::Catalogue::builtin().entries();
    if (context.json) {
      List models;
      for (const hub::CatalogueEntry& entry : entries) models.push_back(as_json(entry));
      print_json(Object{{"models", std::move(models)}});
      return 0;
    }
    Table table({{"name"},
                 {"maker"},
                 {"from"},
                 {"parameters", Table::Align::right},
                 {"context", Table::Align::right},
                 {"license"},
                 {"runs"}});
    for (const hub::CatalogueEntry& entry : entries) {
      table.add({entry.name, entry.maker, entry.origin, parameters(entry),
                 std::to_string(entry.context_length), entry.license,
                 entry.runs ? "yes" : "not yet"});
    }
    print(table.text());
    return 0;
  }

  bool available_ = false;
};

}  // namespace

const Verb list_verb = {"list", "Models",
                        "List the models on this machine, or those that can be pulled",
                        "  freehold list\n  freehold list --available\n", make_command<ListVerb>};

}  // namespace freehold::cli
