#include "server/responses_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/response_items.h"
#include "server/stored_response.h"

namespace freehold::server {
namespace {

constexpr double max_tools = 1024;
constexpr double max_new_tokens = 4294967294;
constexpr double max_top_logprobs = 20;
constexpr double max_token = 2147483647;
constexpr double max_included = 32;

constexpr Field common[] = {
    {"model", FieldKind::string, 0, 0, "what /v1/models lists; may be left out when it is one"},
    {"input", FieldKind::any, 0, 0,
     "a text, or items: messages, calls of functions, their results"},
    {"instructions", FieldKind::string, 0, 0, "what stands before the conversation, this time"},
    {"previous_response_id", FieldKind::string, 0, 0, "go on from this stored response"},
    {"tools", FieldKind::list, 0, max_tools, "functions that the model's template is told of"},
    {"tool_choice", FieldKind::any, 0, 0, "\"auto\" or \"none\""},
    {"parallel_tool_calls", FieldKind::boolean, 0, 0, "said back, else ignored"},
    {"reasoning", FieldKind::object, 0, 0, "effort: told to the template"},
    {"text", FieldKind::object, 0, 0, "format: only {\"type\":\"text\"}"},
    {"truncation", FieldKind::string, 0, 0, "only \"disabled\": nothing is cut silently"},
};
constexpr Field of_answers[] = {
    {"max_output_tokens", FieldKind::integer, 1, max_new_tokens, "thoughts included"},
    {"temperature", FieldKind::number, 0, 2, "0 is greedy"},
    {"top_p", FieldKind::number, 0, 1,
     "sample from the likeliest tokens of this total probability"},
    {"top_k", FieldKind::integer, -1, max_token, "sample from this many; 0 or -1: all"},
    {"top_logprobs", FieldKind::integer, 0, max_top_logprobs,
     "with include message.output_text.logprobs: so many alternatives a token"},
    {"include", FieldKind::strings, 0, max_included, "message.output_text.logprobs"},
    {"stream", FieldKind::boolean, 0, 0, "send the answer as server-sent events"},
    {"store", FieldKind::boolean, 0, 0, "keep the response, so that it can be gone on from"},
    {"cache_salt", FieldKind::string, 0, 0,
     "share the cache of prompts only with requests that have the same"},
    {"metadata", FieldKind::object, 0, 0, "said back"},
    {"user", FieldKind::any, 0, 0, "ignored"},
};

constexpr Unsupported unsupported[] = {
    {"background", "false"},
    {"conversation", "null", "and use 'previous_response_id'"},
    {"prompt", "null", "and use 'instructions' and 'input'"},
};

ApiError not_yet(std::string param, std::string message) {
  ApiError error = invalid_field(std::move(param), std::move(message));
  error.code = "unsupported_parameter";
  return error;
}

std::optional<float> narrow(std::optional<double> value) {
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

Value or_null(bool is_there, Value value) {
  return is_there ? std::move(value) : Value();
}

// From the flat form to the one that templates know.
Parsed<List> parse_tools(const List* tools, const Value* choice) {
  const std::string* how = choice != nullptr ? choice->as_string() : nullptr;
  if (choice != nullptr && (how == nullptr || (*how != "auto" && *how != "none"))) {
    return fail(not_yet("tool_choice",
                        "'tool_choice' other than \"auto\" and \"none\" is not supported yet"));
  }
  List parsed;
  for (std::size_t i = 0; tools != nullptr && i < tools->size(); ++i) {
    const Value& tool = (*tools)[i];
    const Value* type = tool.find("type");
    const Value* name = tool.find("name");
    const std::string place = fmt::format("tools[{}]", i);
    if (type == nullptr || *type != Value("function")) {
      return fail(not_yet(place, fmt::format("'{}' is no function: this server brings no tools of "
                                             "its own",
                                             place)));
    }
    if (name == nullptr || name->as_string() == nullptr) {
      return fail(invalid_field(place + ".name", fmt::format("'{}.name' must be a string", place)));
    }
    Object function{{"name", *name}};
    for (const char* key : {"description", "parameters"}) {
      const Value* member = tool.find(key);
      if (member != nullptr && !member->is_null()) function.emplace_back(key, *member);
    }
    parsed.push_back(Object{{"type", "function"}, {"function", std::move(function)}});
  }
  if (how != nullptr && *how == "none") parsed.clear();
  return parsed;
}

Parsed<void> check_text(const Object* text) {
  const Value wrapped = text != nullptr ? Value(*text) : Value();
  const Value* format = wrapped.find("format");
  const Value* type = format != nullptr ? format->find("type") : nullptr;
  if (type == nullptr || *type == Value("text")) return {};
  return fail(
      not_yet("text.format", "'text.format' other than {\"type\":\"text\"} is not supported yet"));
}

// How hard to think, and whether at all.
Parsed<Value> read_reasoning(const Object* reasoning, Chat& chat) {
  const Value wrapped = reasoning != nullptr ? Value(*reasoning) : Value();
  const Value* effort = wrapped.find("effort");
  if (effort == nullptr || effort->is_null()) {
    return Value(Object{{"effort", nullptr}, {"summary", nullptr}});
  }
  if (effort->as_string() == nullptr) {
    return fail(invalid_field("reasoning.effort", "'reasoning.effort' must be a string"));
  }
  const bool thinks = *effort != Value("none");
  if (!thinks) chat.template_arguments.emplace_back("enable_thinking", false);
  if (thinks) chat.template_arguments.emplace_back("reasoning_effort", *effort);
  return Value(Object{{"effort", *effort}, {"summary", nullptr}});
}

// What is referred to, in its place.
Parsed<List> resolved(List items, const ResponseStore& store) {
  for (Value& item : items) {
    const Value* type = item.find("type");
    if (type == nullptr || *type != Value("item_reference")) continue;
    const std::string id = *item.find("id")->as_string();
    auto found = find_item(store, id);
    if (!found) {
      return fail(
          invalid_field("input", fmt::format("Item with id '{}' not found.", id.substr(0, 64))));
    }
    item = *std::move(found);
  }
  return items;
}

Parsed<List> conversation(const Value* input, const std::string& previous,
                          const ResponseStore& store) {
  List items;
  if (!previous.empty()) {
    const auto before = store.get(previous);
    if (!before) {
      ApiError error = invalid_field(
          "previous_response_id",
          fmt::format("Previous response with id '{}' not found.", previous.substr(0, 64)));
      error.code = "previous_response_not_found";
      return fail(std::move(error));
    }
    items = conversation_of(*before);
  }
  if (input != nullptr) {
    List given = TRY(parse_items(*input, "input"));
    for (Value& item : TRY(resolved(std::move(given), store))) items.push_back(std::move(item));
  }
  if (items.empty()) return fail(invalid_field("input", "'input' is missing"));
  return items;
}

void read_answer_fields(FieldReader& reader, ResponsesRequest& request) {
  const auto limit = reader.integer("max_output_tokens");
  if (limit) request.stop.max_tokens = static_cast<std::uint32_t>(*limit);
  const auto temperature = reader.number("temperature");
  const auto top_p = reader.number("top_p");
  request.sampling.temperature = narrow(temperature);
  request.sampling.top_p = narrow(top_p);
  if (const auto top_k = reader.integer("top_k")) {
    request.sampling.top_k = static_cast<std::int32_t>(std::max<std::int64_t>(*top_k, 0));
  }
  const std::vector<std::string> included = reader.strings("include");
  request.logprobs = std::ranges::find(included, "message.output_text.logprobs") != included.end();
  const auto top = reader.integer("top_logprobs").value_or(0);
  if (request.logprobs) request.sampling.logprobs = static_cast<std::uint32_t>(top);
  request.stream = reader.boolean("stream", false);
  request.store = reader.boolean("store", true);
  request.cache_salt = reader.string("cache_salt");
  const Object* metadata = reader.object("metadata");
  request.settings = {{"max_output_tokens", or_null(limit.has_value(), limit.value_or(0))},
                      {"temperature", or_null(temperature.has_value(), temperature.value_or(0))},
                      {"top_p", or_null(top_p.has_value(), top_p.value_or(0))},
                      {"top_logprobs", top},
                      {"store", request.store},
                      {"metadata", metadata != nullptr ? Value(*metadata) : Value(Object{})}};
}

}  // namespace

Parsed<ResponsesRequest> parse_responses_request(const Value& body, const ResponseStore& store,
                                                 ResponsesUse use) {
  FieldReader reader(body, {common, of_answers});
  ResponsesRequest request;
  request.model = reader.string("model");
  if (use == ResponsesUse::answer) read_answer_fields(reader, request);
  const Value* input = reader.any("input");
  const std::string instructions = reader.string("instructions");
  const std::string previous = reader.string("previous_response_id");
  const List* tools = reader.list("tools");
  const Value* choice = reader.any("tool_choice");
  const bool parallel = reader.boolean("parallel_tool_calls", true);
  const Object* reasoning = reader.object("reasoning");
  const Object* text = reader.object("text");
  if (const std::string cut = reader.string("truncation"); !cut.empty() && cut != "disabled") {
    reader.complain(not_yet("truncation",
                            "'truncation' other than \"disabled\" is not supported: "
                            "nothing is cut silently here"));
  }
  reader.refuse(unsupported);
  TRY(reader.verdict());
  TRY(check_text(text));
  Value effort = TRY(read_reasoning(reasoning, request.chat));
  request.chat.tools = TRY(parse_tools(tools, choice));
  request.items = TRY(conversation(input, previous, store));
  request.chat.messages = messages_of(request.items);
  if (!instructions.empty()) {
    request.chat.messages.insert(request.chat.messages.begin(), message("system", instructions));
  }
  Object& told = request.settings;
  told.emplace_back("instructions", or_null(!instructions.empty(), instructions));
  told.emplace_back("previous_response_id", or_null(!previous.empty(), previous));
  told.emplace_back("reasoning", std::move(effort));
  told.emplace_back(
      "text", text != nullptr ? Value(*text) : Value(Object{{"format", Object{{"type", "text"}}}}));
  told.emplace_back("tools", tools != nullptr ? Value(*tools) : Value(List{}));
  told.emplace_back("tool_choice", choice != nullptr ? *choice : Value("auto"));
  told.emplace_back("parallel_tool_calls", parallel);
  told.emplace_back("truncation", "disabled");
  return request;
}

Object responses_request_schema(ResponsesUse use) {
  if (use == ResponsesUse::count) return schema_of({common}, {"input"});
  return schema_of({common, of_answers}, {"input"});
}

}  // namespace freehold::server
