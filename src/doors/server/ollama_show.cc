// POST /api/show: one model, in Ollama's dialect.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/fields.h"
#include "server/ollama_answer.h"
#include "server/ollama_models.h"

namespace freehold::server {
namespace {

constexpr Field fields[] = {
    {"model", FieldKind::string, 0, 0, "what /api/tags lists"},
    {"name", FieldKind::string, 0, 0, "the older name of the same"},
    {"verbose", FieldKind::boolean, 0, 0, "ignored"},
};

Parsed<Value> show(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  FieldReader reader(body, {fields});
  std::string name = reader.string("model");
  if (name.empty()) name = reader.string("name");
  TRY(reader.verdict());
  const Generator* generator = TRY(service.find(name));
  const ModelCard& card = generator->card();
  Object info{{"general.architecture", card.architecture},
              {"general.parameter_count", card.parameters}};
  if (card.context_length != 0) {
    info.emplace_back(card.architecture + ".context_length", card.context_length);
  }
  return Object{{"modelfile", ""},
                {"parameters", ""},
                {"template", ""},
                {"details", ollama_details(card)},
                {"model_info", std::move(info)},
                {"capabilities", List{"completion", "tools"}},
                {"modified_at", rfc3339(card.created_unix_s)}};
}

}  // namespace

Route ollama_show_route(Service& service) {
  return {.method = "POST",
          .pattern = "/api/show",
          .summary = "One model, in Ollama's dialect",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                const auto shown = show(service, exchange->request());
                exchange->send(shown ? HttpResponse{.body = to_json(*shown)}
                                     : to_response(shown.error(), ollama_errors));
              },
          .request_schema = schema_of({fields}, {"model"}),
          .errors = &ollama_errors};
}

}  // namespace freehold::server
