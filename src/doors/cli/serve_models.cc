#include "cli/serve_models.h"

#include "base/log.h"
#include "cli/open.h"
#include "engine/cache_size.h"
#include "hub/store.h"

namespace freehold::cli {

void ServeModels::declare(Options& options) {
  options.add("model", &names_, "MODEL", std::string(model_help) + "; may be given several times")
      .short_name('m');
  options.add("threads", &threads_, "N", threads_help).short_name('t');
  options.flag("pin-threads", pin_threads_, pin_threads_help);
  options.add("context", &context_, "TOKENS", "context length; 0: the model's own").short_name('c');
  options.add("kv", &kv_, "TYPE", "type of the key-value cache").one_of(kv_type_names());
  options.add("max-sequences", &max_sequences_, "N", "answers computed at the same time");
}

Result<std::vector<Generator*>> ServeModels::open(const Context& context) {
  if (names_.empty()) names_.push_back(TRY(model_or_default(context, "")));
  const std::uint64_t cache_bytes = TRY(cache_bytes_each(context));
  std::vector<Generator*> generators;
  for (const std::string& name : names_) {
    engine::LocalOptions local;
    const auto path = TRY(find_model(context, name));
    local.name = std::filesystem::exists(name) ? path.stem().string() : name;
    local.threads = tuned_threads(context, threads_);
    local.pin_threads = pin_threads_;
    local.context_length = context_;
    local.max_sequences = max_sequences_;
    local.kv_bytes = cache_bytes;
    local.kv_type = kv_type_named(kv_);
    local.packed_folder = hub::Store(context.home).packed_folder();
    auto generator = TRY_IN(name, engine::LocalGenerator::open(path, local));
    log::info("serve.model", {{"name", local.name},
                              {"architecture", generator->card().architecture},
                              {"context_length", generator->card().context_length}});
    generators.push_back(generator.get());
    opened_.push_back(std::move(generator));
  }
  return generators;
}

// Of one model's, its engine decides; several share what is free before the first is opened.
Result<std::uint64_t> ServeModels::cache_bytes_each(const Context& context) const {
  if (names_.size() == 1) return 0;
  std::vector<std::uint64_t> weights;
  for (const std::string& name : names_) {
    const auto path = TRY(find_model(context, name));
    weights.push_back(engine::weights_bytes(TRY_IN(name, formats::Checkpoint::open(path))));
  }
  return engine::cache_share(weights, engine::free_memory_bytes());
}

}  // namespace freehold::cli
