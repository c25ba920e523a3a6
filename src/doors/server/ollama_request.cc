#include "server/ollama_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/structured_output.h"

namespace freehold::server {
namespace {

constexpr double max_messages = 100'000;
constexpr double max_tools = 1024;
constexpr double max_images = 64;
constexpr double max_new_tokens = 4294967294;
constexpr double max_stop_strings = 64;
constexpr double max_token = 2147483647;
constexpr double max_seed = 9.2e18;

constexpr Field common[] = {
    {"model", FieldKind::string, 0, 0, "what /api/tags lists"},
    {"stream", FieldKind::boolean, 0, 0, "send the answer line by line; true when left out"},
    {"options", FieldKind::object, 0, 0, "temperature, num_predict, seed, stop and others"},
    {"think", FieldKind::any, 0, 0, "whether to think first, or how hard; told to the template"},
    {"format", FieldKind::any, 0, 0, "\"json\" or a JSON schema that the answer keeps to"},
    {"keep_alive", FieldKind::any, 0, 0, "ignored: models stay until the server ends"},
};
constexpr Field chat_fields[] = {
    {"messages", FieldKind::list, 0, max_messages, "the conversation: role and content"},
    {"tools", FieldKind::list, 0, max_tools, "functions that the model's template is told of"},
};
constexpr Field generate_fields[] = {
    {"prompt", FieldKind::string, 0, 0, "what the user says; nothing: the model is only loaded"},
    {"system", FieldKind::string, 0, 0, "what stands before it"},
    {"raw", FieldKind::boolean, 0, 0, "take the prompt as it is, without the template"},
    {"images", FieldKind::list, 0, max_images, "none: this server reads text"},
    {"suffix", FieldKind::string, 0, 0, "not supported"},
    {"template", FieldKind::string, 0, 0, "not supported: the model's own is used"},
};
constexpr Field options[] = {
    {"temperature", FieldKind::number, 0, 100, ""},
    {"top_k", FieldKind::integer, -1, max_token, ""},
    {"top_p", FieldKind::number, 0, 1, ""},
    {"min_p", FieldKind::number, 0, 1, ""},
    {"repeat_penalty", FieldKind::number, 0.01, 100, ""},
    {"presence_penalty", FieldKind::number, -100, 100, ""},
    {"frequency_penalty", FieldKind::number, -100, 100, ""},
    {"seed", FieldKind::integer, -max_seed, max_seed, ""},
    {"num_predict", FieldKind::integer, -2, max_new_tokens, "tokens of the answer; below 0: any"},
    {"stop", FieldKind::strings, 0, max_stop_strings, ""},
};

constexpr std::array<std::string_view, 4> roles = {"system", "user", "assistant", "tool"};

std::optional<float> narrow(std::optional<double> value) {
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

Parsed<void> read_options(const Object* given, OllamaRequest& request) {
  if (given == nullptr) return {};
  const Value wrapped(*given);
  FieldReader reader(wrapped, {options});
  request.sampling.temperature = narrow(reader.number("temperature"));
  if (const auto top_k = reader.integer("top_k")) {
    request.sampling.top_k = static_cast<std::int32_t>(std::max<std::int64_t>(*top_k, 0));
  }
  request.sampling.top_p = narrow(reader.number("top_p"));
  request.sampling.min_p = narrow(reader.number("min_p"));
  request.sampling.repetition_penalty = narrow(reader.number("repeat_penalty"));
  request.sampling.presence_penalty =
      static_cast<float>(reader.number("presence_penalty").value_or(0));
  request.sampling.frequency_penalty =
      static_cast<float>(reader.number("frequency_penalty").value_or(0));
  if (const auto seed = reader.integer("seed")) {
    request.sampling.seed = static_cast<std::uint64_t>(*seed);
  }
  const auto limit = reader.integer("num_predict");
  if (limit && *limit >= 0) request.stop.max_tokens = static_cast<std::uint32_t>(*limit);
  for (std::string& text : reader.strings("stop")) {
    if (!text.empty()) request.stop.strings.push_back(std::move(text));
  }
  return reader.verdict();
}

void read_thinking(const Value* think, Chat& chat) {
  if (think == nullptr || think->is_null()) return;
  if (const std::string* effort = think->as_string()) {
    chat.template_arguments.emplace_back("reasoning_effort", *effort);
  }
  const bool* flag = think->as_bool();
  chat.template_arguments.emplace_back("enable_thinking", flag == nullptr || *flag);
}

Parsed<OllamaRequest> read_common(FieldReader& reader) {
  OllamaRequest request;
  request.model = reader.string("model");
  request.stream = reader.boolean("stream", true);
  const Object* given = reader.object("options");
  const Value* think = reader.any("think");
  const Value* format = reader.any("format");
  TRY(reader.verdict());
  TRY(read_options(given, request));
  read_thinking(think, request.chat);
  request.constraint = TRY(read_ollama_format(format));
  return request;
}

// Templates know messages as they are here, but for the name of the thought.
Parsed<Value> parse_message(const Value& message, std::size_t index) {
  const std::string place = fmt::format("messages[{}]", index);
  const Value* role = message.find("role");
  const std::string* name = role != nullptr ? role->as_string() : nullptr;
  if (name == nullptr || std::ranges::find(roles, *name) == roles.end()) {
    return fail(invalid_field(place + ".role", fmt::format("'{}.role' must be one of {}", place,
                                                           fmt::join(roles, ", "))));
  }
  const Value* images = message.find("images");
  if (images != nullptr && images->as_list() != nullptr && !images->as_list()->empty()) {
    return fail(invalid_field(place + ".images", "this server reads text, not images"));
  }
  const Value* content = message.find("content");
  if (content != nullptr && !content->is_null() && content->as_string() == nullptr) {
    return fail(
        invalid_field(place + ".content", fmt::format("'{}.content' must be a string", place)));
  }
  Object parsed{{"role", *name}, {"content", content != nullptr ? *content : Value("")}};
  for (const auto& [key, value] : *message.as_object()) {
    if (key == "role" || key == "content" || key == "images" || value.is_null()) continue;
    parsed.emplace_back(key == "thinking" ? "reasoning_content" : key, value);
  }
  return Value(std::move(parsed));
}

}  // namespace

Parsed<OllamaRequest> parse_ollama_chat(const Value& body) {
  FieldReader reader(body, {common, chat_fields});
  OllamaRequest request = TRY(read_common(reader));
  const List* messages = reader.list("messages");
  const List* tools = reader.list("tools");
  TRY(reader.verdict());
  for (std::size_t i = 0; messages != nullptr && i < messages->size(); ++i) {
    request.chat.messages.push_back(TRY(parse_message((*messages)[i], i)));
  }
  if (tools != nullptr) request.chat.tools = *tools;
  return request;
}

Parsed<OllamaRequest> parse_ollama_generate(const Value& body) {
  FieldReader reader(body, {common, generate_fields});
  OllamaRequest request = TRY(read_common(reader));
  request.text = reader.string("prompt");
  request.raw = reader.boolean("raw", false);
  std::string system = reader.string("system");
  const List* images = reader.list("images");
  if (images != nullptr && !images->empty()) {
    reader.complain(invalid_field("images", "this server reads text, not images"));
  }
  for (const std::string_view name : {"suffix", "template"}) {
    if (reader.string(name).empty()) continue;
    reader.complain(invalid_field(std::string(name), fmt::format("'{}' is not supported", name)));
  }
  TRY(reader.verdict());
  if (!system.empty()) request.chat.messages.push_back(message("system", std::move(system)));
  if (!request.text.empty()) request.chat.messages.push_back(message("user", request.text));
  return request;
}

Object ollama_chat_schema() {
  return schema_of({common, chat_fields}, {"model", "messages"});
}

Object ollama_generate_schema() {
  return schema_of({common, generate_fields}, {"model"});
}

}  // namespace freehold::server
