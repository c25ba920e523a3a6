#include "cli/open.h"

#include <algorithm>

#include "engine/tuning_file.h"
#include "hub/store.h"

namespace freehold::cli {

void ModelOptions::declare(Options& options) {
  options.add("model", &model, "MODEL", std::string(model_help) + "; default: pulled last")
      .short_name('m');
  options.add("threads", &threads, "N", threads_help).short_name('t');
  options.add("context", &context, "TOKENS", "context length; 0: the model's own").short_name('c');
  options.add("kv", &kv, "TYPE", "type of the key-value cache").one_of(kv_type_names());
}

std::vector<std::string> kv_type_names() {
  std::vector<std::string> names;
  for (const KvTypeTraits& each : kv_types) names.emplace_back(each.name);
  return names;
}

Result<std::string> model_or_default(const Context& context, const std::string& name) {
  if (!name.empty()) return name;
  const std::vector<hub::Receipt> receipts = TRY(hub::Store(context.home).list());
  if (receipts.empty()) {
    return fail(ErrorCode::absent, "no model was named and the store is empty",
                "freehold pull smollm2-135m-instruct");
  }
  return std::ranges::max_element(receipts, {}, &hub::Receipt::pulled_unix_s)->model;
}

std::filesystem::path tuning_folder(const Context& context) {
  return context.home / "tuning";
}

std::uint32_t tuned_threads(const Context& context, std::uint32_t threads) {
  if (kernels::kernels_are_forced()) return threads;
  return engine::settle(engine::tuning_for({.folder = tuning_folder(context)}).tuning, threads);
}

Result<std::filesystem::path> find_model(const Context& context, const std::string& name) {
  const std::string model = TRY(model_or_default(context, name));
  return hub::resolve_model(hub::Store(context.home), model);
}

Result<std::unique_ptr<engine::LocalGenerator>> open_generator(const Context& context,
                                                               const ModelOptions& options) {
  engine::LocalOptions local;
  local.name = TRY(model_or_default(context, options.model));
  local.threads = tuned_threads(context, options.threads);
  local.context_length = options.context;
  local.kv_type = kv_type_named(options.kv);
  local.packed_folder = hub::Store(context.home).packed_folder();
  const std::filesystem::path path = TRY(find_model(context, local.name));
  if (std::filesystem::exists(local.name)) local.name = path.stem().string();
  return engine::LocalGenerator::open(path, local);
}

}  // namespace freehold::cli
