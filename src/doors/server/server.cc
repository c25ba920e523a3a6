#include "server/server.h"

#include "server/endpoints.h"
#include "server/transport.h"

namespace freehold::server {
namespace {

class LiveServer : public Server {
 public:
  LiveServer(const ServerOptions& options, std::vector<Generator*> models)
      : options_(options), router_(options_) {
    service_.models = std::move(models);
    for (const Generator* model : service_.models) service_.metrics.model(model->card().name);
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
    router_.add(metrics_route(service_));
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
  }

  Result<void> listen() {
    if (!options_.responses_folder.empty()) {
      TRY(service_.responses.open(options_.responses_folder));
    }
    transport_ = TRY(Transport::open(options_, router_));
    return {};
  }

  std::uint16_t port() const override { return transport_->port(); }
  Result<void> run() override { return transport_->run(); }
  void stop() override { transport_->stop(); }

 private:
  const ServerOptions options_;
  Service service_;
  Router router_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const ServerOptions& options,
                                             std::vector<Generator*> models) {
  if (models.empty()) return fail(ErrorCode::usage, "a server needs at least one model");
  auto server = std::make_unique<LiveServer>(options, std::move(models));
  TRY(server->listen());
  return server;
}

}  // namespace freehold::server
