#include "server/messages_request.h"

#include <fmt/format.h>

#include "base/json.h"
#include "server/fields.h"
#include "server/structured_output.h"

namespace freehold::server {
namespace {

constexpr double max_messages = 100'000;
constexpr double max_tools = 1024;
constexpr double max_new_tokens = 4294967294;
constexpr double max_stop_sequences = 64;
constexpr double max_token = 2147483647;

constexpr Field fields[] = {
    {"model", FieldKind::string, 0, 0, "what /v1/models lists; may be left out when it is one"},
    {"messages", FieldKind::list, 1, max_messages, "the conversation: role and content"},
    {"max_tokens", FieldKind::integer, 1, max_new_tokens, "of the answer"},
    {"system", FieldKind::any, 0, 0, "a text, or blocks of text"},
    {"stop_sequences", FieldKind::strings, 0, max_stop_sequences, "end before the first of these"},
    {"stream", FieldKind::boolean, 0, 0, "send the answer as server-sent events"},
    {"temperature", FieldKind::number, 0, 2, "0 is greedy"},
    {"top_p", FieldKind::number, 0, 1, "sample from the likeliest of this total probability"},
    {"top_k", FieldKind::integer, 0, max_token, "sample from this many; 0: all"},
    {"tools", FieldKind::list, 0, max_tools, "tools that the model's template is told of"},
    {"tool_choice", FieldKind::object, 0, 0, "only {\"type\":\"auto\"} and {\"type\":\"none\"}"},
    {"thinking", FieldKind::object, 0, 0, "enabled or disabled: told to the template"},
    {"output_config", FieldKind::object, 0, 0, "format: json_schema that the answer keeps to"},
    {"output_format", FieldKind::object, 0, 0, "the older name of the same"},
    {"metadata", FieldKind::any, 0, 0, "ignored"},
    {"service_tier", FieldKind::any, 0, 0, "ignored"},
};

ApiError wrong(const std::string& place, std::string_view wanted) {
  return invalid_field(place, fmt::format("{}: {}", place, wanted));
}

std::string_view text_member(const Value& value, std::string_view name) {
  const Value* member = value.find(name);
  const std::string* text = member != nullptr ? member->as_string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

void add_line(std::string& text, std::string_view more) {
  if (!text.empty()) text += '\n';
  text += more;
}

// The text of a string, or of blocks that are all text.
Parsed<std::string> text_of(const Value* content, const std::string& place) {
  if (content == nullptr || content->is_null()) return std::string();
  if (const std::string* text = content->as_string()) return *text;
  const List* blocks = content->as_list();
  if (blocks == nullptr) return fail(wrong(place, "must be a string or an array of blocks"));
  std::string text;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const Value* part = (*blocks)[i].find("text");
    if (text_member((*blocks)[i], "type") != "text" || part == nullptr ||
        part->as_string() == nullptr) {
      return fail(wrong(fmt::format("{}.{}", place, i),
                        "must be a block of text: this server reads no images or documents"));
    }
    add_line(text, *part->as_string());
  }
  return text;
}

// One message becomes several where it carries results of tools: templates know those as messages
// of their own, before what the user says to them.
class MessageReader {
 public:
  MessageReader(std::string role, std::string place)
      : role_(std::move(role)), place_(std::move(place)) {}

  Parsed<void> read(const Value* content) {
    const List* blocks = content != nullptr ? content->as_list() : nullptr;
    if (blocks == nullptr) {
      if (content == nullptr || content->as_string() == nullptr) {
        return fail(wrong(place_ + ".content", "must be a string or an array of blocks"));
      }
      text_ = *content->as_string();
      return {};
    }
    for (std::size_t i = 0; i < blocks->size(); ++i) {
      TRY(read_block((*blocks)[i], fmt::format("{}.content.{}", place_, i)));
    }
    return {};
  }

  void append_to(List& messages) {
    for (Value& result : results_) messages.push_back(std::move(result));
    if (!results_.empty() && text_.empty()) return;
    Object message{{"role", role_}, {"content", std::move(text_)}};
    if (!reasoning_.empty()) message.emplace_back("reasoning_content", std::move(reasoning_));
    if (!calls_.empty()) message.emplace_back("tool_calls", std::move(calls_));
    messages.push_back(std::move(message));
  }

 private:
  Parsed<void> read_block(const Value& block, const std::string& place) {
    const std::string_view type = text_member(block, "type");
    if (type == "text") {
      add_line(text_, text_member(block, "text"));
    } else if (type == "thinking") {
      add_line(reasoning_, text_member(block, "thinking"));
    } else if (type == "redacted_thinking") {
      // Nobody but its author can read it.
    } else if (type == "tool_use") {
      return read_call(block, place);
    } else if (type == "tool_result") {
      return read_result(block, place);
    } else {
      return fail(wrong(place, fmt::format("is of type '{}': this server reads text, not images or "
                                           "documents",
                                           type.substr(0, 64))));
    }
    return {};
  }

  Parsed<void> read_call(const Value& block, const std::string& place) {
    const Value* input = block.find("input");
    if (role_ != "assistant") return fail(wrong(place, "only the assistant uses tools"));
    if (text_member(block, "name").empty()) return fail(wrong(place + ".name", "is missing"));
    calls_.push_back(
        Object{{"id", text_member(block, "id")},
               {"type", "function"},
               {"function", Object{{"name", text_member(block, "name")},
                                   {"arguments", input != nullptr ? *input : Value(Object{})}}}});
    return {};
  }

  Parsed<void> read_result(const Value& block, const std::string& place) {
    if (role_ != "user") return fail(wrong(place, "results of tools come from the user"));
    results_.push_back(
        Object{{"role", "tool"},
               {"tool_call_id", text_member(block, "tool_use_id")},
               {"content", TRY(text_of(block.find("content"), place + ".content"))}});
    return {};
  }

  const std::string role_;
  const std::string place_;
  std::string text_;
  std::string reasoning_;
  List calls_;
  List results_;
};

Parsed<List> parse_messages(const Value* system, const List* messages) {
  if (messages == nullptr || messages->empty()) {
    return fail(wrong("messages", "must be an array of at least one message"));
  }
  List parsed;
  if (std::string text = TRY(text_of(system, "system")); !text.empty()) {
    parsed.push_back(message("system", std::move(text)));
  }
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const std::string place = fmt::format("messages.{}", i);
    const Value& each = (*messages)[i];
    const std::string_view role = text_member(each, "role");
    if (role != "user" && role != "assistant" && role != "system") {
      return fail(wrong(place + ".role", "must be user or assistant"));
    }
    MessageReader reader{std::string(role), place};
    TRY(reader.read(each.find("content")));
    reader.append_to(parsed);
  }
  return parsed;
}

// As templates know tools: OpenAI's form.
Parsed<List> parse_tools(const List* tools, const Value& choice) {
  const std::string_view how = text_member(choice, "type");
  if (!how.empty() && how != "auto" && how != "none") {
    return fail(wrong("tool_choice", "other than auto and none is not supported yet"));
  }
  List parsed;
  for (std::size_t i = 0; tools != nullptr && i < tools->size() && how != "none"; ++i) {
    const Value& tool = (*tools)[i];
    const std::string place = fmt::format("tools.{}", i);
    const Value* schema = tool.find("input_schema");
    if (text_member(tool, "name").empty()) return fail(wrong(place + ".name", "is missing"));
    if (schema == nullptr || schema->as_object() == nullptr) {
      return fail(wrong(place + ".input_schema",
                        "must be an object: tools that a server brings "
                        "itself do not exist here"));
    }
    parsed.push_back(Object{{"type", "function"},
                            {"function", Object{{"name", text_member(tool, "name")},
                                                {"description", text_member(tool, "description")},
                                                {"parameters", *schema}}}});
  }
  return parsed;
}

void read_thinking(const Value& thinking, Chat& chat) {
  const std::string_view type = text_member(thinking, "type");
  if (!type.empty()) chat.template_arguments.emplace_back("enable_thinking", type != "disabled");
}

std::optional<float> narrow(std::optional<double> value) {
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

}  // namespace

Parsed<MessagesRequest> parse_messages_request(const Value& body, MessagesUse use) {
  FieldReader reader(body, {fields});
  MessagesRequest request;
  request.model = reader.string("model");
  request.stream = reader.boolean("stream", false);
  request.sampling.temperature = narrow(reader.number("temperature"));
  request.sampling.top_p = narrow(reader.number("top_p"));
  if (const auto top_k = reader.integer("top_k")) {
    request.sampling.top_k = static_cast<std::int32_t>(*top_k);
  }
  const auto limit = reader.integer("max_tokens");
  for (std::string& text : reader.strings("stop_sequences")) {
    if (!text.empty()) request.stop.strings.push_back(std::move(text));
  }
  const Value* system = reader.any("system");
  const List* messages = reader.list("messages");
  const List* tools = reader.list("tools");
  const Object* choice = reader.object("tool_choice");
  const Object* thinking = reader.object("thinking");
  const Object* output = reader.object("output_config");
  const Object* format = reader.object("output_format");
  TRY(reader.verdict());
  if (use == MessagesUse::answer && !limit) return fail(wrong("max_tokens", "Field required"));
  if (limit) request.stop.max_tokens = static_cast<std::uint32_t>(*limit);
  request.constraint = TRY(read_output_format(output, format));
  request.chat.messages = TRY(parse_messages(system, messages));
  request.chat.tools = TRY(parse_tools(tools, choice != nullptr ? Value(*choice) : Value()));
  if (thinking != nullptr) read_thinking(Value(*thinking), request.chat);
  if (text_member(request.chat.messages.back(), "role") == "assistant") {
    request.chat.continue_final_message = true;
  }
  return request;
}

Object messages_request_schema(MessagesUse use) {
  if (use == MessagesUse::count) return schema_of({fields}, {"messages"});
  return schema_of({fields}, {"messages", "max_tokens"});
}

}  // namespace freehold::server
