#include "server/structured_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"

namespace freehold::server {
namespace {

constexpr Field fields[] = {
    {"guided_json", FieldKind::any, 0, 0, "the answer is JSON of this schema"},
    {"guided_regex", FieldKind::string, 0, 0, "the answer matches this regular expression"},
    {"guided_choice", FieldKind::list, 1, 1000, "the answer is one of these texts"},
    {"guided_grammar", FieldKind::string, 0, 0, "the answer is of this grammar, in GBNF"},
    {"structured_outputs", FieldKind::object, 0, 0, "json, regex, choice, grammar or json_object"},
    {"grammar", FieldKind::string, 0, 0, "the answer is of this grammar, in GBNF"},
    {"json_schema", FieldKind::any, 0, 0, "the answer is JSON of this schema"},
};

bool is_none(const Constraint& constraint) {
  return std::holds_alternative<std::monostate>(constraint);
}

// A schema, or one that is written in a string.
Parsed<Constraint> json_schema_of(const Value& value, const std::string& place) {
  if (const std::string* text = value.as_string()) {
    auto parsed = parse_json(*text);
    if (!parsed) {
      return fail(
          invalid_field(place, fmt::format("'{}' is no JSON: {}", place, parsed.error().message)));
    }
    if (parsed->as_string() == nullptr) return json_schema_of(*parsed, place);
    return fail(invalid_field(place, fmt::format("'{}' must be a JSON schema", place)));
  }
  if (value.as_object() == nullptr && value.as_bool() == nullptr) {
    return fail(invalid_field(place, fmt::format("'{}' must be a JSON schema", place)));
  }
  return JsonSchema{value};
}

Parsed<Constraint> choice_of(const Value& value, const std::string& place) {
  const List* list = value.as_list();
  Choice choice;
  for (const Value& item : list != nullptr ? *list : List{}) {
    if (item.as_string() == nullptr) {
      return fail(invalid_field(place, fmt::format("'{}' must be an array of strings", place)));
    }
    choice.texts.push_back(*item.as_string());
  }
  if (choice.texts.empty()) {
    return fail(invalid_field(place, fmt::format("'{}' must be an array of strings", place)));
  }
  return choice;
}

Parsed<Constraint> named(std::string_view kind, const Value& value, const std::string& place) {
  if (kind == "json") return json_schema_of(value, place);
  if (kind == "choice") return choice_of(value, place);
  if (kind == "json_object") {
    if (value == Value(true)) return JsonObject{};
    if (value == Value(false)) return Constraint();
    return fail(invalid_field(place, fmt::format("'{}' must be a boolean", place)));
  }
  const std::string* text = value.as_string();
  if (text == nullptr) {
    return fail(invalid_field(place, fmt::format("'{}' must be a string", place)));
  }
  if (kind == "regex") return Pattern{*text};
  return Gbnf{*text};
}

Parsed<Constraint> structured_outputs(const Object& outputs) {
  Constraint result;
  for (const auto& [key, value] : outputs) {
    const std::string place = "structured_outputs." + key.substr(0, 64);
    if (value.is_null()) continue;
    constexpr std::array<std::string_view, 5> kinds = {"json", "regex", "choice", "grammar",
                                                       "json_object"};
    if (std::ranges::find(kinds, key) == kinds.end()) {
      if (value == Value(false)) continue;
      ApiError error = invalid_field(place, fmt::format("'{}' is not supported", place));
      error.code = "unsupported_parameter";
      return fail(std::move(error));
    }
    Constraint own = TRY(named(key, value, place));
    result = TRY(either(std::move(result), std::move(own)));
  }
  return result;
}

bool is_name(const std::string& name) {
  constexpr std::size_t longest = 64;
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
  });
}

Parsed<Constraint> named_schema(const Value& format) {
  const Value* described = format.find("json_schema");
  const std::string place = "response_format.json_schema";
  if (described == nullptr || described->as_object() == nullptr) {
    return fail(invalid_field(place, fmt::format("'{}' must be an object", place)));
  }
  const Value* name = described->find("name");
  if (name == nullptr || name->as_string() == nullptr || !is_name(*name->as_string())) {
    return fail(
        invalid_field(place + ".name",
                      fmt::format("'{}.name' must be 1 to 64 letters, digits, '_' or '-'", place)));
  }
  const Value* strict = described->find("strict");
  if (strict != nullptr && !strict->is_null() && strict->as_bool() == nullptr) {
    return fail(
        invalid_field(place + ".strict", fmt::format("'{}.strict' must be a boolean", place)));
  }
  // Every schema is enforced, strict or not.
  const Value* schema = described->find("schema");
  if (schema == nullptr || schema->is_null()) return JsonObject{};
  if (schema->as_object() == nullptr) {
    return fail(
        invalid_field(place + ".schema", fmt::format("'{}.schema' must be an object", place)));
  }
  return JsonSchema{*schema};
}

}  // namespace

Parsed<Constraint> either(Constraint a, Constraint b) {
  if (is_none(a)) return b;
  if (is_none(b) || a == b) return a;
  return fail(invalid_field("response_format",
                            "the answer cannot be held to two forms: send one of "
                            "'response_format', 'structured_outputs', 'grammar' and their like"));
}

std::span<const Field> structured_fields() {
  return fields;
}

Constraint read_structured(FieldReader& reader) {
  Constraint result;
  const auto add = [&](Parsed<Constraint> asked) {
    auto both = asked ? either(std::move(result), *std::move(asked)) : std::move(asked);
    result = both ? *std::move(both) : Constraint();
    if (!both) reader.complain(std::move(both).error());
  };
  for (const std::string_view name : {"guided_json", "json_schema"}) {
    const Value* value = reader.any(name);
    if (value != nullptr) add(json_schema_of(*value, std::string(name)));
  }
  if (std::string text = reader.string("guided_regex"); !text.empty()) add(Pattern{text});
  if (std::string text = reader.string("guided_grammar"); !text.empty()) add(Gbnf{text});
  if (std::string text = reader.string("grammar"); !text.empty()) add(Gbnf{text});
  if (const List* list = reader.list("guided_choice")) add(choice_of(*list, "guided_choice"));
  if (const Object* outputs = reader.object("structured_outputs")) {
    add(structured_outputs(*outputs));
  }
  return result;
}

Parsed<Constraint> read_response_format(const Object* format) {
  if (format == nullptr) return Constraint();
  const Value wrapped(*format);
  const Value* type = wrapped.find("type");
  if (type != nullptr && *type == Value("text")) return Constraint();
  if (type != nullptr && *type == Value("json_schema")) return named_schema(wrapped);
  if (type != nullptr && *type == Value("json_object")) {
    // llama.cpp lets a schema stand beside it.
    const Value* schema = wrapped.find("schema");
    if (schema == nullptr || schema->is_null()) return JsonObject{};
    return json_schema_of(*schema, "response_format.schema");
  }
  return fail(
      invalid_field("response_format.type",
                    "'response_format.type' must be \"text\", \"json_object\" or \"json_schema\""));
}

Parsed<Constraint> read_ollama_format(const Value* format) {
  if (format == nullptr || format->is_null() || *format == Value("")) return Constraint();
  if (*format == Value("json")) return JsonObject{};
  if (format->as_object() != nullptr) return JsonSchema{*format};
  return fail(invalid_field("format", "'format' must be \"json\" or a JSON schema"));
}

Parsed<Constraint> read_output_format(const Object* config, const Object* format) {
  const Value wrapped = config != nullptr ? Value(*config) : Value();
  const Value* within = wrapped.find("format");
  const Value older = format != nullptr ? Value(*format) : Value();
  const bool is_within = within != nullptr && !within->is_null();
  const Value& asked = is_within ? *within : older;
  const std::string place = is_within ? "output_config.format" : "output_format";
  if (asked.is_null()) return Constraint();
  const Value* type = asked.find("type");
  const Value* schema = asked.find("schema");
  if (type == nullptr || *type != Value("json_schema")) {
    return fail(invalid_field(place + ".type", place + ".type: must be json_schema"));
  }
  if (schema == nullptr || schema->as_object() == nullptr) {
    return fail(invalid_field(place + ".schema", place + ".schema: must be an object"));
  }
  return JsonSchema{*schema};
}

}  // namespace freehold::server
