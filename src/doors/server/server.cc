#include "server/server.h"

#include <thread>

#include "server/endpoints.h"
#include "server/transport.h"

namespace freehold::server {
namespace {

Access metrics_access(const ServerOptions& options) {
  return options.closed_metrics ? Access::admin : Access::anyone;
}

class LiveServer : public Server {
 public:
  LiveServer(const ServerOptions& options, Loader load, std::function<void()> loaded)
      : options_(options),
        load_(std::move(load)),
        loaded_(std::move(loaded)),
        router_(options_, keys_) {
    set_keys(options_.keys);
    router_.add(health_route());
    router_.add(models_route(service_));
    router_.add(model_route(service_));
    router_.add(chat_completions_route(service_));
    router_.add(completions_route(service_));
    router_.add(messages_route(service_));
    router_.add(count_tokens_route(service_));
    router_.add(ollama_chat_route(service_));
    router_.add(ollama_generate_route(service_));
    router_.add(ollama_tags_route(service_));
    router_.add(ollama_ps_route(service_));
    router_.add(ollama_show_route(service_));
    router_.add(ollama_version_route());
    router_.add(metrics_route(service_, metrics_access(options_)));
    router_.add(version_route());
    router_.add(tokenize_route(service_));
    router_.add(detokenize_route(service_));
    router_.add(apply_template_route(service_));
    router_.add(responses_route(service_));
    router_.add(responses_input_tokens_route(service_));
    router_.add(stored_response_route(service_));
    router_.add(forget_response_route(service_));
    router_.add(response_input_route(service_));
    router_.add(openapi_route(router_));
    router_.add(page_route());
    add_operation();
  }

  Result<void> listen() {
    if (!options_.responses_folder.empty()) {
      TRY(service_.responses.open(options_.responses_folder));
    }
    transport_ = TRY(Transport::open(options_, router_));
    return {};
  }

  // What the routes read is complete before the router lets the first request through to them.
  void publish(std::vector<Generator*> models) {
    service_.models = std::move(models);
    for (const Generator* model : service_.models) service_.metrics.model(model->card().name);
    router_.set_loaded();
  }

  std::uint16_t port() const override { return transport_->port(); }
  Result<void> run() override;
  void stop() override { transport_->stop(); }
  void set_keys(std::vector<ApiKey> keys) override {
    if (!options_.api_key.empty()) {
      keys.push_back(key_of_secret("api_key", options_.api_key, Role::admin, {}));
    }
    keys_.set(std::move(keys));
  }

 private:
  void add_operation() {
    router_.add(ready_route());
    router_.add(ping_route());
    router_.add(load_route(service_));
    router_.add(is_sleeping_route());
    router_.add(model_info_route(service_));
    router_.add(server_info_route(service_, "/get_server_info"));
    router_.add(server_info_route(service_, "/server_info"));
    router_.add(props_route(service_));
    router_.add(slots_route(service_));
  }

  const ServerOptions options_;
  const Loader load_;  // empty: the models are there
  const std::function<void()> loaded_;
  Service service_;
  KeyRing keys_;
  Router router_;
  std::unique_ptr<Transport> transport_;
};

const Error no_models{ErrorCode::usage, "a server needs at least one model", {}};

Result<void> LiveServer::run() {
  if (!load_) return transport_->run();
  Result<void> served;
  std::thread serving([&] { served = transport_->run(); });
  auto models = load_();
  if (models && models->empty()) models = fail(no_models);
  if (models) {
    publish(*std::move(models));
    loaded_();
  } else {
    transport_->stop();
  }
  serving.join();
  if (!models) return fail(std::move(models).error());
  return served;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const ServerOptions& options,
                                             std::vector<Generator*> models) {
  if (models.empty()) return fail(no_models);
  auto server = std::make_unique<LiveServer>(options, Loader(), nullptr);
  server->publish(std::move(models));
  TRY(server->listen());
  return server;
}

Result<std::unique_ptr<Server>> Server::open_then_load(const ServerOptions& options, Loader load,
                                                       std::function<void()> loaded) {
  auto server = std::make_unique<LiveServer>(options, std::move(load), std::move(loaded));
  TRY(server->listen());
  return server;
}

}  // namespace freehold::server
