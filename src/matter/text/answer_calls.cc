#include "text/answer_calls.h"

#include <utility>

#include "base/json.h"

namespace freehold::text {
namespace {

using Calls = std::optional<std::vector<ToolCall>>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// What follows `mark`, and what stands before it; nothing when it is not there.
std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view text,
                                                                 std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == text.npos) return std::nullopt;
  return std::pair{text.substr(0, at), text.substr(at + mark.size())};
}

// The text of a JSON object, on one line.
std::optional<std::string> object_text(std::string_view text) {
  auto parsed = parse_json(trimmed(text));
  if (!parsed || parsed->as_object() == nullptr) return std::nullopt;
  return to_json(*parsed);
}

std::optional<ToolCall> call_of(const Value& value) {
  const Value* name = value.find("name");
  if (name == nullptr || name->as_string() == nullptr || name->as_string()->empty()) return {};
  for (const char* key : {"arguments", "parameters"}) {
    const Value* arguments = value.find(key);
    if (arguments == nullptr) continue;
    if (arguments->as_object() != nullptr) return ToolCall{*name->as_string(), to_json(*arguments)};
    const std::string* quoted = arguments->as_string();
    if (quoted == nullptr) return {};
    auto text = object_text(*quoted);
    return text ? std::optional(ToolCall{*name->as_string(), *std::move(text)}) : std::nullopt;
  }
  return {};
}

Calls read_json(std::string_view body) {
  auto parsed = parse_json(trimmed(body));
  if (!parsed) return std::nullopt;
  const List* list = parsed->as_list();
  std::vector<ToolCall> calls;
  const List one = list == nullptr ? List{*std::move(parsed)} : List{};
  for (const Value& each : list == nullptr ? one : *list) {
    auto call = call_of(each);
    if (!call) return std::nullopt;
    calls.push_back(*std::move(call));
  }
  return calls.empty() ? std::nullopt : Calls(std::move(calls));
}

// The type that the tool's schema gives an argument; empty when it says nothing.
std::string_view type_of(const List& tools, std::string_view name, std::string_view key) {
  for (const Value& tool : tools) {
    const Value* function = tool.find("function");
    if (function == nullptr) function = &tool;
    const Value* named = function->find("name");
    if (named == nullptr || *named != Value(name)) continue;
    const Value* found = function->find("parameters");
    for (const std::string_view member : {std::string_view("properties"), key}) {
      if (found != nullptr) found = found->find(member);
    }
    const Value* type = found != nullptr ? found->find("type") : nullptr;
    if (type != nullptr && type->as_string() != nullptr) return *type->as_string();
  }
  return {};
}

class ArgumentWriter {
 public:
  ArgumentWriter(const List& tools, std::string_view name) : tools_(tools), name_(name) {}

  // Text is text where the schema says so; elsewhere what reads as JSON is that.
  void add(std::string_view key, std::string_view text) {
    Value value(text);
    if (type_of(tools_, name_, key) != "string") {
      if (auto parsed = parse_json(trimmed(text))) value = *std::move(parsed);
    }
    arguments_.set(key, std::move(value));
  }
  ToolCall call() const { return {std::string(name_), to_json(arguments_)}; }

 private:
  const List& tools_;
  const std::string_view name_;
  Value arguments_ = Object{};
};

// Values stand on lines of their own; those line breaks are not theirs.
std::string_view without_own_lines(std::string_view text) {
  if (text.starts_with('\n')) text.remove_prefix(1);
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

// KEY, `after_key`, VALUE, </parameter>, one after the other, each behind `open`.
bool read_parameters(std::string_view body, std::string_view open, std::string_view after_key,
                     ArgumentWriter& writer) {
  while (const auto opened = cut(body, open)) {
    if (!trimmed(opened->first).empty()) return false;
    const auto key = cut(opened->second, after_key);
    const auto value = key ? cut(key->second, "</parameter>") : std::nullopt;
    if (!value) return false;
    writer.add(trimmed(key->first), without_own_lines(value->first));
    body = value->second;
  }
  return trimmed(body).empty();
}

struct TagForm {
  std::string_view open, after_name, close;          // of the call
  std::string_view parameter_open, after_parameter;  // of an argument
};
constexpr TagForm function_form = {"<function=", ">", "</function>", "<parameter=", ">"};
constexpr TagForm invoke_form = {"<invoke name=\"", "\">", "</invoke>", "<parameter name=\"",
                                 "\">"};

Calls read_tags(std::string_view body, const TagForm& form, const List& tools) {
  std::vector<ToolCall> calls;
  while (const auto opened = cut(body, form.open)) {
    const auto name = cut(opened->second, form.after_name);
    const auto inside = name ? cut(name->second, form.close) : std::nullopt;
    if (!inside || trimmed(name->first).empty()) return std::nullopt;
    ArgumentWriter writer(tools, trimmed(name->first));
    if (!read_parameters(inside->first, form.parameter_open, form.after_parameter, writer)) {
      return std::nullopt;
    }
    calls.push_back(writer.call());
    body = inside->second;
  }
  if (calls.empty() || !trimmed(body).empty()) return std::nullopt;
  return calls;
}

Calls read_argument_tags(std::string_view body, const List& tools) {
  constexpr std::string_view key_open = "<arg_key>";
  const std::string_view name = trimmed(body.substr(0, body.find(key_open)));
  if (name.empty() || name.find_first_of("<>{}\n") != name.npos) return std::nullopt;
  ArgumentWriter writer(tools, name);
  std::string_view rest = body.substr(std::min(body.find(key_open), body.size()));
  while (const auto opened = cut(rest, key_open)) {
    const auto key = cut(opened->second, "</arg_key>");
    const auto value_opened = key ? cut(key->second, "<arg_value>") : std::nullopt;
    const auto value = value_opened ? cut(value_opened->second, "</arg_value>") : std::nullopt;
    if (!value) return std::nullopt;
    writer.add(trimmed(key->first), value->first);
    rest = value->second;
  }
  if (!trimmed(rest).empty()) return std::nullopt;
  return std::vector{writer.call()};
}

// "functions.NAME:3" is how Kimi numbers its calls.
std::string_view without_number(std::string_view name) {
  constexpr std::string_view prefix = "functions.";
  if (!name.starts_with(prefix)) return name;
  name.remove_prefix(prefix.size());
  return name.substr(0, name.rfind(':'));
}

Calls read_separated(std::string_view body, std::string_view separator) {
  const auto parts = cut(body, separator);
  if (!parts) return std::nullopt;
  std::string_view name = trimmed(parts->first), arguments = trimmed(parts->second);
  constexpr std::string_view fence = "```";
  if (const auto fenced = cut(arguments, fence); fenced && !arguments.starts_with('{')) {
    name = trimmed(fenced->first);
    arguments = fenced->second;
    if (arguments.starts_with("json")) arguments.remove_prefix(4);
    arguments = arguments.substr(0, arguments.rfind(fence));
  }
  auto text = object_text(arguments);
  name = without_number(name);
  if (!text || name.empty()) return std::nullopt;
  return std::vector{ToolCall{std::string(name), *std::move(text)}};
}

}  // namespace

std::optional<std::vector<ToolCall>> read_calls(const AnswerFormat& format, std::string_view body,
                                                const List& tools) {
  switch (format.syntax) {
    case CallSyntax::json:
      return read_json(body);
    case CallSyntax::function_tags:
      return read_tags(body, function_form, tools);
    case CallSyntax::invoke_tags:
      return read_tags(body, invoke_form, tools);
    case CallSyntax::argument_tags:
      return read_argument_tags(body, tools);
    case CallSyntax::separated:
      return read_separated(body, format.separator);
  }
  return std::nullopt;
}

}  // namespace freehold::text
