#include "server/response_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "freehold/chat.h"
#include "server/request_id.h"

namespace freehold::server {
namespace {

constexpr std::array<std::string_view, 4> roles = {"user", "assistant", "system", "developer"};
constexpr std::size_t max_items = 100'000;
constexpr std::size_t max_quoted_bytes = 64;

std::string_view text_member(const Value& value, std::string_view name) {
  const Value* member = value.find(name);
  const std::string* text = member != nullptr ? member->as_string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

ApiError wrong(const std::string& place, std::string_view wanted) {
  return invalid_field(place, fmt::format("'{}' {}", place, wanted));
}

// Parts that are text, each with its type and its text; a string is one part.
Parsed<List> parse_parts(const Value* content, const std::string& place, std::string_view type) {
  if (content != nullptr && content->as_string() != nullptr) {
    return List{Object{{"type", type}, {"text", *content}}};
  }
  const List* parts = content != nullptr ? content->as_list() : nullptr;
  if (parts == nullptr) return fail(wrong(place, "must be a string or an array of parts"));
  List parsed;
  for (const Value& part : *parts) {
    const std::string here = fmt::format("{}[{}]", place, parsed.size());
    const std::string_view kind = text_member(part, "type");
    const std::string_view field = kind == "refusal" ? "refusal" : "text";
    if (!kind.ends_with("_text") && kind != "text" && kind != "refusal") {
      return fail(wrong(here, fmt::format("is of type '{}': this server reads text, not images or "
                                          "files",
                                          kind.substr(0, max_quoted_bytes))));
    }
    const Value* text = part.find(field);
    if (text == nullptr || text->as_string() == nullptr) {
      return fail(wrong(fmt::format("{}.{}", here, field), "must be a string"));
    }
    parsed.push_back(Object{{"type", kind == "text" ? type : kind}, {std::string(field), *text}});
  }
  return parsed;
}

std::string id_of(const Value& item, std::string_view prefix) {
  const std::string_view given = text_member(item, "id");
  return given.empty() ? fresh_id(prefix) : std::string(given);
}

Parsed<Value> parse_message(const Value& item, const std::string& place) {
  const std::string_view role = text_member(item, "role");
  if (std::ranges::find(roles, role) == roles.end()) {
    return fail(wrong(place + ".role", fmt::format("must be one of {}", fmt::join(roles, ", "))));
  }
  const std::string_view part = role == "assistant" ? "output_text" : "input_text";
  return Object{{"id", id_of(item, "msg_")},
                {"type", "message"},
                {"status", "completed"},
                {"role", role},
                {"content", TRY(parse_parts(item.find("content"), place + ".content", part))}};
}

Parsed<Value> parse_call(const Value& item, const std::string& place) {
  for (const char* name : {"call_id", "name"}) {
    if (text_member(item, name).empty()) {
      return fail(wrong(fmt::format("{}.{}", place, name), "must be a string that is not empty"));
    }
  }
  const Value* arguments = item.find("arguments");
  if (arguments == nullptr || arguments->as_string() == nullptr) {
    return fail(wrong(place + ".arguments", "must be a string"));
  }
  return Object{{"id", id_of(item, "fc_")},
                {"type", "function_call"},
                {"status", "completed"},
                {"call_id", text_member(item, "call_id")},
                {"name", text_member(item, "name")},
                {"arguments", *arguments}};
}

Parsed<Value> parse_result(const Value& item, const std::string& place) {
  if (text_member(item, "call_id").empty()) {
    return fail(wrong(place + ".call_id", "must be a string that is not empty"));
  }
  const Value* output = item.find("output");
  if (output == nullptr || output->as_string() == nullptr) {
    TRY(parse_parts(output, place + ".output", "input_text"));
  }
  return Object{{"id", id_of(item, "fco_")},
                {"type", "function_call_output"},
                {"status", "completed"},
                {"call_id", text_member(item, "call_id")},
                {"output", *output}};
}

// What only its author can read is passed over.
Parsed<Value> parse_reasoning(const Value& item, const std::string& place) {
  const auto parts = [&](const char* name, std::string_view type) -> Parsed<List> {
    const Value* given = item.find(name);
    if (given == nullptr || given->is_null()) return List{};
    return parse_parts(given, fmt::format("{}.{}", place, name), type);
  };
  return Object{{"id", id_of(item, "rs_")},
                {"type", "reasoning"},
                {"summary", TRY(parts("summary", "summary_text"))},
                {"content", TRY(parts("content", "reasoning_text"))}};
}

Parsed<Value> parse_item(const Value& item, const std::string& place) {
  if (item.as_object() == nullptr) return fail(wrong(place, "must be an object"));
  const std::string_view type = text_member(item, "type");
  if (type == "message" || (type.empty() && item.find("role") != nullptr)) {
    return parse_message(item, place);
  }
  if (type == "function_call") return parse_call(item, place);
  if (type == "function_call_output") return parse_result(item, place);
  if (type == "reasoning") return parse_reasoning(item, place);
  if (type == "item_reference" && !text_member(item, "id").empty()) return item;
  return fail(wrong(place, fmt::format("is of type '{}', which this server does not know",
                                       type.substr(0, max_quoted_bytes))));
}

std::string joined_text(const Value* parts) {
  if (parts == nullptr) return {};
  if (const std::string* text = parts->as_string()) return *text;
  std::string text;
  for (std::size_t i = 0; parts->as_list() != nullptr && i < parts->as_list()->size(); ++i) {
    const Value& part = (*parts->as_list())[i];
    if (i > 0) text += '\n';
    text += text_member(part, text_member(part, "type") == "refusal" ? "refusal" : "text");
  }
  return text;
}

// Templates print arguments as objects. What is no object stays the string it was.
Value arguments_of(const Value& item) {
  auto parsed = parse_json(text_member(item, "arguments"));
  if (parsed && parsed->as_object() != nullptr) return *std::move(parsed);
  return text_member(item, "arguments");
}

// The assistant's turn as it grows.
class Turn {
 public:
  explicit Turn(List& messages) : messages_(messages) {}

  void think(std::string thought) {
    if (!text_.empty() || !calls_.empty()) end();
    reasoning_ += thought;
  }
  void say(const std::string& text) {
    if (!text_.empty() || !calls_.empty()) end();
    text_ = text;
    spoken_ = true;
  }
  void call(const Value& item) {
    calls_.push_back(Object{{"id", text_member(item, "call_id")},
                            {"type", "function"},
                            {"function", Object{{"name", text_member(item, "name")},
                                                {"arguments", arguments_of(item)}}}});
  }
  void end() {
    if (spoken_ || !reasoning_.empty() || !calls_.empty()) {
      Object message{{"role", "assistant"}, {"content", std::exchange(text_, {})}};
      if (!reasoning_.empty()) {
        message.emplace_back("reasoning_content", std::exchange(reasoning_, {}));
      }
      if (!calls_.empty()) message.emplace_back("tool_calls", std::exchange(calls_, {}));
      messages_.push_back(std::move(message));
    }
    spoken_ = false;
  }

 private:
  List& messages_;
  std::string reasoning_, text_;
  List calls_;
  bool spoken_ = false;
};

}  // namespace

Parsed<List> parse_items(const Value& input, const std::string& place) {
  if (const std::string* text = input.as_string()) {
    return List{TRY(parse_message(Object{{"role", "user"}, {"content", *text}}, place))};
  }
  const List* list = input.as_list();
  if (list == nullptr || list->size() > max_items) {
    return fail(
        wrong(place, fmt::format("must be a string or an array of at most {} items", max_items)));
  }
  List items;
  for (const Value& item : *list) {
    items.push_back(TRY(parse_item(item, fmt::format("{}[{}]", place, items.size()))));
  }
  return items;
}

List messages_of(const List& items) {
  List messages;
  Turn turn(messages);
  for (const Value& item : items) {
    const std::string_view type = text_member(item, "type");
    const std::string_view role = text_member(item, "role");
    if (type == "reasoning") {
      const std::string thought = joined_text(item.find("content"));
      turn.think(thought.empty() ? joined_text(item.find("summary")) : thought);
    } else if (type == "function_call") {
      turn.call(item);
    } else if (role == "assistant") {
      turn.say(joined_text(item.find("content")));
    } else if (type == "function_call_output") {
      turn.end();
      messages.push_back(Object{{"role", "tool"},
                                {"tool_call_id", text_member(item, "call_id")},
                                {"content", joined_text(item.find("output"))}});
    } else {
      turn.end();
      messages.push_back(message(role == "developer" ? "system" : std::string(role),
                                 joined_text(item.find("content"))));
    }
  }
  turn.end();
  return messages;
}

}  // namespace freehold::server
