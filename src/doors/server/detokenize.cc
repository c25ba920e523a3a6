// POST /detokenize: what tokens say, special ones by name. vLLM calls it `prompt`, llama.cpp
// `content`; both ask in the same words, so both are answered.
#include "server/endpoints.h"
#include "server/fields.h"
#include "server/value_answer.h"

namespace freehold::server {
namespace {

constexpr double max_token = 2147483647;

constexpr Field fields[] = {
    {"model", FieldKind::string, 0, 0, "what /v1/models lists; may be left out when it is one"},
    {"tokens", FieldKind::integers, 0, max_token, "what is to be spelled"},
};

Parsed<Value> answer(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  FieldReader reader(body, {fields});
  const std::string model = reader.string("model");
  const std::vector<std::int64_t> numbers = reader.integers("tokens");
  TRY(reader.verdict());
  if (body.find("tokens") == nullptr) return fail(invalid_field("tokens", "'tokens' is missing"));
  const Generator* generator = TRY(service.find(model));
  std::vector<Token> tokens;
  tokens.reserve(numbers.size());
  for (const std::int64_t number : numbers) tokens.push_back(static_cast<Token>(number));
  auto text = generator->detokenize(tokens);
  if (!text) {
    ApiError error = from_error(text.error());
    if (error.status == 400) error.param = "tokens";
    return fail(std::move(error));
  }
  return Object{{"prompt", *text}, {"content", *text}};
}

}  // namespace

Route detokenize_route(Service& service) {
  return {.method = "POST",
          .pattern = "/detokenize",
          .summary = "Tokens as text",
          .handler = value_handler(service, answer),
          .request_schema = schema_of({fields}, {"tokens"}),
          .answer_schema = {{"$ref", "#/components/schemas/DetokenizedText"}}};
}

}  // namespace freehold::server
