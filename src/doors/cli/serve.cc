// freehold serve: models behind the OpenAI API.
#include <fmt/format.h>

#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/serve_access.h"
#include "cli/serve_models.h"
#include "cli/verbs.h"
#include "server/server.h"

namespace freehold::cli {
namespace {

class Serve : public Command {
 public:
  void declare(Options& options) override {
    models_.declare(options);
    options.add("host", &server_.host, "HOST", "address to listen on");
    options.add("port", &server_.port, "PORT", "port to listen on; 0: any free one")
        .short_name('p');
    options.add("max-request-bytes", &server_.max_request_bytes, "BYTES", "longest request body");
    options.add("drain-seconds", &server_.drain_seconds, "S",
                "how long a stop waits for answers under way");
    options.add("cors-origin", &server_.cors_origin, "ORIGIN",
                "who may call from a browser; empty: nobody else's pages");
    access_.declare(options);
    options.flag("closed-metrics", server_.closed_metrics, "/metrics asks for an admin's key");
  }

  Result<int> run(const Context& context) override {
    log::set_level(log::Level::info);
    TRY(access_.apply(server_));
    server_.responses_folder = context.home / "responses";
    std::unique_ptr<server::Server> server;
    std::unique_ptr<Interrupt> interrupt;  // only now: before, a signal ends the loading at once
    const auto load = [&]() -> Result<std::vector<Generator*>> {
      log::info("serve.loading", {{"url", url(server->port())}});
      auto models = TRY(models_.open(context));
      interrupt =
          std::make_unique<Interrupt>([&] { server->stop(); }, [&] { reload_keys(*server); });
      return models;
    };
    server = TRY(server::Server::open_then_load(server_, load,
                                                [&] { announce(context, url(server->port())); }));
    TRY(server->run());
    log::info("serve.stopped");
    return 0;
  }

 private:
  // Keys that cannot be read leave those before them in force.
  void reload_keys(server::Server& server) const {
    auto keys = access_.read_keys();
    if (!keys) {
      log::error("serve.keys_unreadable", {{"reason", keys.error().message}});
    } else if (keys->empty() && !server_.keys.empty()) {
      log::error("serve.keys_unreadable", {{"reason", "there are none any more"}});
    } else {
      log::info("serve.keys", {{"count", keys->size()}});
      server.set_keys(*std::move(keys));
    }
  }

  std::string url(std::uint16_t port) const {
    const std::string host = server_.host.contains(':') ? "[" + server_.host + "]" : server_.host;
    return fmt::format("http://{}:{}", host, port);
  }

  static void announce(const Context& context, const std::string& url) {
    log::info("serve.ready", {{"url", url}});
    if (context.json) {
      print_json(Object{{"url", url}});
    } else {
      print(fmt::format("Serving on {} (OpenAI API under {}/v1). Ctrl-C stops.\n", url, url));
    }
  }

  ServeModels models_;
  ServeAccess access_;
  server::ServerOptions server_;
};

}  // namespace

const Verb serve_verb = {
    "serve", "Run", "Serve models over the OpenAI API, with a page to chat at /",
    "  freehold serve --model smollm2-135m-instruct --port 8080\n"
    "  curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\\n"
    "    -d '{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}'\n"
    "SIGTERM or Ctrl-C lets the answers under way finish, then ends. SIGHUP reads the keys anew.\n",
    make_command<Serve>};

}  // namespace freehold::cli
