// freehold serve: models behind the OpenAI API.
#include <fmt/format.h>

#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "engine/cache_size.h"
#include "hub/store.h"
#include "server/server.h"

namespace freehold::cli {
namespace {

class Serve : public Command {
 public:
  void declare(Options& options) override {
    options
        .add("model", &models_, "MODEL", std::string(model_help) + "; may be given several times")
        .short_name('m');
    options.add("host", &server_.host, "HOST", "address to listen on");
    options.add("port", &server_.port, "PORT", "port to listen on; 0: any free one")
        .short_name('p');
    options.add("threads", &threads_, "N", threads_help).short_name('t');
    options.flag("pin-threads", pin_threads_, pin_threads_help);
    options.add("context", &context_, "TOKENS", "context length; 0: the model's own")
        .short_name('c');
    options.add("kv", &kv_, "TYPE", "type of the key-value cache").one_of(kv_type_names());
    options.add("max-sequences", &max_sequences_, "N", "answers computed at the same time");
    options.add("max-request-bytes", &server_.max_request_bytes, "BYTES", "longest request body");
    options.add("drain-seconds", &server_.drain_seconds, "S",
                "how long a stop waits for answers under way");
    options.add("cors-origin", &server_.cors_origin, "ORIGIN",
                "who may call from a browser; empty: nobody else's pages");
  }

  Result<int> run(const Context& context) override {
    log::set_level(log::Level::info);
    TRY(open_models(context));
    std::vector<Generator*> generators;
    for (const auto& model : opened_) generators.push_back(model.get());
    server_.responses_folder = context.home / "responses";
    const auto server = TRY(server::Server::open(server_, generators));
    const Interrupt interrupt([&] { server->stop(); });
    announce(context, server->port());
    TRY(server->run());
    log::info("serve.stopped");
    return 0;
  }

 private:
  Result<void> open_models(const Context& context) {
    if (models_.empty()) models_.push_back(TRY(model_or_default(context, "")));
    const std::uint64_t cache_bytes = TRY(cache_bytes_each(context));
    for (const std::string& name : models_) {
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
      opened_.push_back(std::move(generator));
    }
    return {};
  }

  // Of one model's, its engine decides; several share what is free before the first is opened.
  Result<std::uint64_t> cache_bytes_each(const Context& context) const {
    if (models_.size() == 1) return 0;
    std::vector<std::uint64_t> weights;
    for (const std::string& name : models_) {
      const auto path = TRY(find_model(context, name));
      weights.push_back(engine::weights_bytes(TRY_IN(name, formats::Checkpoint::open(path))));
    }
    return engine::cache_share(weights, engine::free_memory_bytes());
  }

  void announce(const Context& context, std::uint16_t port) const {
    const std::string host = server_.host.contains(':') ? "[" + server_.host + "]" : server_.host;
    const std::string url = fmt::format("http://{}:{}", host, port);
    log::info("serve.ready", {{"url", url}});
    if (context.json) {
      print_json(Object{{"url", url}});
    } else {
      print(fmt::format("Serving on {} (OpenAI API under {}/v1). Ctrl-C stops.\n", url, url));
    }
  }

  std::vector<std::string> models_;
  server::ServerOptions server_;
  std::uint32_t threads_ = 0;
  bool pin_threads_ = false;
  std::uint32_t context_ = 0;
  std::uint32_t max_sequences_ = 16;
  std::string kv_ = "f16";
  std::vector<std::unique_ptr<engine::LocalGenerator>> opened_;
};

}  // namespace

const Verb serve_verb = {
    "serve", "Run", "Serve models over the OpenAI API, with a page to chat at /",
    "  freehold serve --model smollm2-135m-instruct --port 8080\n"
    "  curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\\n"
    "    -d '{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}'\n"
    "SIGTERM or Ctrl-C lets the answers under way finish, then ends.\n",
    make_command<Serve>};

}  // namespace freehold::cli
