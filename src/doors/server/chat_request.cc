#include "server/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "server/structured_output.h"

namespace freehold::server {
namespace {

constexpr double max_messages = 16384;
constexpr double max_tools = 1024;
constexpr double max_new_tokens = 4294967294;
constexpr double max_top_logprobs = 20;

constexpr Field fields[] = {
    {"messages", FieldKind::list, 1, max_messages, "the conversation: role and content"},
    {"max_tokens", FieldKind::integer, 1, max_new_tokens, "of the answer"},
    {"max_completion_tokens", FieldKind::integer, 1, max_new_tokens, "the newer name of the same"},
    {"logprobs", FieldKind::boolean, 0, 0, "report log-probabilities"},
    {"top_logprobs", FieldKind::integer, 0, max_top_logprobs,
     "with this many alternatives a token"},
    {"tools", FieldKind::list, 0, max_tools, "functions that the model's template is told of"},
    {"tool_choice", FieldKind::any, 0, 0, "\"auto\" or \"none\""},
    {"response_format", FieldKind::object, 0, 0, "text, json_object or json_schema"},
    {"add_generation_prompt", FieldKind::boolean, 0, 0, "end the prompt with the answer's opening"},
    {"continue_final_message", FieldKind::boolean, 0, 0, "go on with the last message's text"},
    {"chat_template_kwargs", FieldKind::object, 0, 0, "further names that the template sees"},
    {"reasoning_effort", FieldKind::string, 0, 0, "passed to the template"},
};

constexpr Unsupported unsupported[] = {
    {"functions", "[]", "and use 'tools'"},
    {"function_call", "\"none\"", "and use 'tools'"},
    {"modalities", "[\"text\"]"},
    {"audio", "null"},
    {"echo", "false", "and use /v1/completions"},
    {"best_of", "1", "and use 'n'"},
    {"chat_template", "null", "and use the model's own"},
    {"documents", "null"},
    {"web_search_options", "null"},
};

constexpr std::array<std::string_view, 6> roles = {"system",    "developer", "user",
                                                   "assistant", "tool",      "function"};

Parsed<std::string> text_of_part(const Value& part, const std::string& place) {
  const Value* type = part.find("type");
  const std::string* name = type != nullptr ? type->as_string() : nullptr;
  if (name == nullptr) {
    return fail(invalid_field(place + ".type", fmt::format("'{}.type' must be a string", place)));
  }
  if (*name != "text" && *name != "refusal") {
    return fail(invalid_field(
        place, fmt::format("'{}' is of type '{}': this server reads text, not images, audio or "
                           "files",
                           place, name->substr(0, 64))));
  }
  const Value* text = part.find(*name);
  if (text == nullptr || text->as_string() == nullptr) {
    return fail(invalid_field(fmt::format("{}.{}", place, *name),
                              fmt::format("'{}.{}' must be a string", place, *name)));
  }
  return *text->as_string();
}

// Text parts are joined by line breaks: templates of text models expect one string.
Parsed<Value> parse_content(const Value* content, const std::string& role,
                            const std::string& place) {
  if (content == nullptr || content->is_null()) {
    if (role == "assistant" || role == "function") return Value();
    return fail(
        invalid_field(place, fmt::format("'{}' is missing: a {} message needs it", place, role)));
  }
  if (content->as_string() != nullptr) return *content;
  const List* parts = content->as_list();
  if (parts == nullptr) {
    return fail(
        invalid_field(place, fmt::format("'{}' must be a string or an array of parts", place)));
  }
  std::string text;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    if (i > 0) text += '\n';
    text += TRY(text_of_part((*parts)[i], fmt::format("{}[{}]", place, i)));
  }
  return Value(std::move(text));
}

// Arguments come as JSON in a string; templates print them as objects. What is no object stays the
// string it was: a model's own malformed call must not make its conversation unusable.
Value with_parsed_arguments(Value call) {
  const Value* function = call.find("function");
  const Value* arguments = function != nullptr ? function->find("arguments") : nullptr;
  const std::string* text = arguments != nullptr ? arguments->as_string() : nullptr;
  if (text == nullptr) return call;
  auto parsed = parse_json(*text);
  if (!parsed || parsed->as_object() == nullptr) return call;
  Value changed = *function;
  changed.set("arguments", *std::move(parsed));
  call.set("function", std::move(changed));
  return call;
}

Parsed<Value> parse_tool_calls(const Value& calls, const std::string& place) {
  const List* list = calls.as_list();
  if (list == nullptr) {
    return fail(invalid_field(place, fmt::format("'{}' must be an array", place)));
  }
  List parsed;
  for (const Value& call : *list) {
    const Value* function = call.find("function");
    if (function == nullptr || function->as_object() == nullptr) {
      return fail(
          invalid_field(place, fmt::format("'{}[{}]' has no function", place, parsed.size())));
    }
    parsed.push_back(with_parsed_arguments(call));
  }
  return Value(std::move(parsed));
}

Parsed<Value> parse_message(const Value& message, std::size_t index) {
  const std::string place = fmt::format("messages[{}]", index);
  if (message.as_object() == nullptr) {
    return fail(invalid_field(place, fmt::format("'{}' must be an object", place)));
  }
  const Value* role = message.find("role");
  const std::string* name = role != nullptr ? role->as_string() : nullptr;
  if (name == nullptr || std::ranges::find(roles, *name) == roles.end()) {
    return fail(invalid_field(place + ".role", fmt::format("'{}.role' must be one of {}", place,
                                                           fmt::join(roles, ", "))));
  }
  // `developer` is the newer name of `system`, which is the one that templates know.
  Object parsed{
      {"role", *name == "developer" ? "system" : *name},
      {"content", TRY(parse_content(message.find("content"), *name, place + ".content"))}};
  for (const auto& [key, value] : *message.as_object()) {
    if (key == "role" || key == "content" || value.is_null()) continue;
    parsed.emplace_back(
        key, key == "tool_calls" ? TRY(parse_tool_calls(value, place + ".tool_calls")) : value);
  }
  return Value(std::move(parsed));
}

Parsed<List> parse_messages(const List* messages) {
  if (messages == nullptr || messages->empty()) {
    return fail(invalid_field("messages", "'messages' must be an array of at least one message"));
  }
  List parsed;
  for (const Value& message : *messages) {
    parsed.push_back(TRY(parse_message(message, parsed.size())));
  }
  return parsed;
}

Parsed<List> parse_tools(const List* tools, const Value* choice) {
  const std::string* how = choice != nullptr ? choice->as_string() : nullptr;
  if (choice != nullptr && (how == nullptr || (*how != "auto" && *how != "none"))) {
    ApiError error = invalid_field("tool_choice",
                                   "'tool_choice' other than \"auto\" and \"none\" "
                                   "is not supported yet");
    error.code = "unsupported_parameter";
    return fail(std::move(error));
  }
  List parsed;
  for (std::size_t i = 0; tools != nullptr && i < tools->size(); ++i) {
    const Value* function = (*tools)[i].find("function");
    const Value* name = function != nullptr ? function->find("name") : nullptr;
    if (name == nullptr || name->as_string() == nullptr) {
      return fail(invalid_field(fmt::format("tools[{}]", i),
                                fmt::format("'tools[{}].function.name' must be a string", i)));
    }
    parsed.push_back((*tools)[i]);
  }
  if (how != nullptr && *how == "none") parsed.clear();
  return parsed;
}

}  // namespace

Parsed<ChatRequest> parse_chat_request(const Value& body) {
  FieldReader reader(body, {generation_fields(), structured_fields(), fields});
  ChatRequest request{read_generation(reader), {}, false};
  const auto newer = reader.integer("max_completion_tokens");
  const auto limit = newer ? newer : reader.integer("max_tokens");
  if (limit) request.stop.max_tokens = static_cast<std::uint32_t>(*limit);
  request.logprobs = reader.boolean("logprobs", false);
  const auto top = reader.integer("top_logprobs");
  if (top && !request.logprobs) {
    reader.complain(
        invalid_field("top_logprobs", "'top_logprobs' goes only with 'logprobs': true"));
  }
  if (request.logprobs) request.sampling.logprobs = static_cast<std::uint32_t>(top.value_or(0));
  request.chat.add_generation_prompt = reader.boolean("add_generation_prompt", true);
  request.chat.continue_final_message = reader.boolean("continue_final_message", false);
  if (const Object* names = reader.object("chat_template_kwargs")) {
    request.chat.template_arguments = *names;
  }
  if (std::string effort = reader.string("reasoning_effort"); !effort.empty()) {
    request.chat.template_arguments.emplace_back("reasoning_effort", std::move(effort));
  }
  const List* messages = reader.list("messages");
  const List* tools = reader.list("tools");
  const Value* choice = reader.any("tool_choice");
  const Object* format = reader.object("response_format");
  reader.refuse(unsupported);
  TRY(reader.verdict());
  Constraint form = TRY(read_response_format(format));
  request.constraint = TRY(either(std::move(request.constraint), std::move(form)));
  request.chat.messages = TRY(parse_messages(messages));
  request.chat.tools = TRY(parse_tools(tools, choice));
  return request;
}

Object chat_request_schema() {
  return schema_of({generation_fields(), structured_fields(), fields}, {"messages"});
}

}  // namespace freehold::server
