// GET /openapi.json: the route table as an OpenAPI 3.1 document. Requests are described by the
// tables that parse them; answers by the shapes below, which the conformance dialogues show.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/fingerprint.h"

namespace freehold::server {
namespace {

constexpr std::string_view answer_shapes = R"({
"Error":{"type":"object","required":["error"],"properties":{"error":{"type":"object",
  "required":["message","type","param","code"],"properties":{"message":{"type":"string"},
  "type":{"type":"string"},"param":{"type":["string","null"]},"code":{"type":["string","null"]}}}}},
"Usage":{"type":"object","properties":{"prompt_tokens":{"type":"integer"},
  "completion_tokens":{"type":"integer"},"total_tokens":{"type":"integer"},
  "prompt_tokens_details":{"type":"object","properties":{"cached_tokens":{"type":"integer"}}}}},
"Model":{"type":"object","required":["id","object","created","owned_by"],"properties":{
  "id":{"type":"string"},"object":{"const":"model"},"created":{"type":"integer"},
  "owned_by":{"type":"string"},"root":{"type":"string"},"parent":{"type":["string","null"]},
  "max_model_len":{"type":"integer"},"architecture":{"type":"string"},
  "parameters":{"type":"integer"}}},
"Models":{"type":"object","properties":{"object":{"const":"list"},
  "data":{"type":"array","items":{"$ref":"#/components/schemas/Model"}}}},
"ChatCompletion":{"type":"object","properties":{"id":{"type":"string"},
  "object":{"enum":["chat.completion","chat.completion.chunk"]},"created":{"type":"integer"},
  "model":{"type":"string"},"system_fingerprint":{"type":"string"},
  "choices":{"type":"array","items":{"type":"object","properties":{"index":{"type":"integer"},
    "message":{"type":"object","description":"of an answer that is not streamed"},
    "delta":{"type":"object","description":"of an event of a stream"},
    "logprobs":{"type":["object","null"]},
    "finish_reason":{"enum":["stop","length","tool_calls",null]}}}},
  "usage":{"oneOf":[{"$ref":"#/components/schemas/Usage"},{"type":"null"}]}}},
"Message":{"type":"object","properties":{"id":{"type":"string"},"type":{"const":"message"},
  "role":{"const":"assistant"},"model":{"type":"string"},
  "content":{"type":"array","items":{"type":"object"}},
  "stop_reason":{"enum":["end_turn","max_tokens","stop_sequence","tool_use",null]},
  "stop_sequence":{"type":["string","null"]},"usage":{"type":"object"}}},
"Tokens":{"type":"object","required":["tokens"],"properties":{
  "tokens":{"type":"array","items":{"oneOf":[{"type":"integer"},
    {"type":"object","description":"with_pieces: id and piece"}]}},
  "count":{"type":"integer"},"max_model_len":{"type":"integer"},
  "token_strs":{"type":["array","null"],"items":{"type":"string"}}}},
"DetokenizedText":{"type":"object","properties":{"prompt":{"type":"string"},
  "content":{"type":"string"}}},
"RenderedPrompt":{"type":"object","properties":{"prompt":{"type":"string"}}},
"Response":{"type":"object","properties":{"id":{"type":"string"},"object":{"const":"response"},
  "created_at":{"type":"integer"},"model":{"type":"string"},
  "status":{"enum":["in_progress","completed","incomplete","failed"]},
  "error":{"type":["object","null"]},"incomplete_details":{"type":["object","null"]},
  "output":{"type":"array","items":{"type":"object","properties":{
    "type":{"enum":["message","reasoning","function_call"]},"id":{"type":"string"},
    "status":{"type":"string"}}}},
  "previous_response_id":{"type":["string","null"]},"store":{"type":"boolean"},
  "usage":{"type":["object","null"],"properties":{"input_tokens":{"type":"integer"},
    "output_tokens":{"type":"integer"},"total_tokens":{"type":"integer"}}}}},
"Completion":{"type":"object","properties":{"id":{"type":"string"},
  "object":{"const":"text_completion"},"created":{"type":"integer"},"model":{"type":"string"},
  "system_fingerprint":{"type":"string"},
  "choices":{"type":"array","items":{"type":"object","properties":{"index":{"type":"integer"},
    "text":{"type":"string"},"logprobs":{"type":["object","null"]},
    "finish_reason":{"enum":["stop","length",null]}}}},
  "usage":{"oneOf":[{"$ref":"#/components/schemas/Usage"},{"type":"null"}]}}}
})";

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

Object content(std::string_view type, Object schema) {
  Object described;
  if (!schema.empty()) described.emplace_back("schema", std::move(schema));
  return {{std::string(type), std::move(described)}};
}

// A streamed answer is the same objects as events.
Object answers(const Route& route) {
  Object ok = content(route.answer_type, route.answer_schema);
  for (const auto& [name, property] : route.request_schema) {
    if (name != "properties" || property.find("stream") == nullptr) continue;
    ok.emplace_back("text/event-stream", Object{{"schema", route.answer_schema}});
  }
  return {
      {"200", Object{{"description", "The answer"}, {"content", std::move(ok)}}},
      {"default",
       Object{{"description", "What went wrong"},
              {"content", content("application/json", {{"$ref", "#/components/schemas/Error"}})}}}};
}

Object operation(const Route& route) {
  Object described{{"summary", route.summary}};
  const std::size_t brace = route.pattern.find('{');
  if (brace != std::string::npos) {
    const std::string name = route.pattern.substr(brace + 1, route.pattern.find('}') - brace - 1);
    described.emplace_back("parameters", List{Object{{"name", name},
                                                     {"in", "path"},
                                                     {"required", true},
                                                     {"schema", Object{{"type", "string"}}}}});
  }
  if (!route.request_schema.empty()) {
    described.emplace_back(
        "requestBody",
        Object{{"required", true}, {"content", content("application/json", route.request_schema)}});
  }
  described.emplace_back("responses", answers(route));
  return described;
}

Value document(const Router& router) {
  Value paths(Object{});
  for (const Route& route : router.routes()) {
    const Value* before = paths.find(route.pattern);
    Value path = before != nullptr ? *before : Value(Object{});
    path.set(lower(route.method), operation(route));
    paths.set(route.pattern, std::move(path));
  }
  auto shapes = parse_json(answer_shapes);
  CHECK(shapes.has_value());
  return Object{
      {"openapi", "3.1.0"},
      {"info", Object{{"title", "Freehold"},
                      {"version", version()},
                      {"license", Object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"paths", std::move(paths)},
      {"components", Object{{"schemas", *std::move(shapes)},
                            {"securitySchemes",
                             Object{{"key", Object{{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

}  // namespace

Route openapi_route(const Router& router) {
  return {.method = "GET",
          .pattern = "/openapi.json",
          .summary = "This document",
          .handler = [&router](
                         const std::shared_ptr<Exchange>& exchange,
                         std::string_view) { exchange->send({.body = to_json(document(router))}); },
          .access = Access::anyone,
          .while_loading = true};
}

}  // namespace freehold::server
