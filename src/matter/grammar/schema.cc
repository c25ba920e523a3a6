#include "grammar/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/json.h"
#include "grammar/code_points.h"
#include "grammar/formats.h"
#include "grammar/json_text.h"
#include "grammar/number_range.h"
#include "grammar/regex.h"
#include "grammar/schema_compiler.h"
#include "grammar/schema_keywords.h"
#include "grammar/schema_merge.h"

namespace freehold::grammar {
namespace {

constexpr int deepest = 64;
constexpr std::size_t most_schemas = 20'000;  // merged and referred ones included

}  // namespace

Result<NodeId> SchemaCompiler::compile() {
  const NodeId root = TRY(schema(root_, "", 0));
  while (!waiting_.empty()) {
    const auto [pointer, declared] = waiting_.back();
    waiting_.pop_back();
    const Value* meaning = TRY(resolve(pointer, pointer));
    nodes_.define(declared, TRY(schema(*meaning, pointer.substr(1), 0)));
  }
  return root;
}

// What a reference within the document means.
Result<const Value*> SchemaCompiler::resolve(const std::string& reference,
                                             const std::string& place) const {
  if (!reference.starts_with('#') || (reference.size() > 1 && reference[1] != '/')) {
    return wrong(place, fmt::format("$ref '{}' is no JSON pointer into this schema",
                                    reference.substr(0, 100)));
  }
  const Value* at = &root_;
  std::string_view rest = std::string_view(reference).substr(1);
  while (!rest.empty() && at != nullptr) {
    rest.remove_prefix(1);
    const std::size_t length = std::min(rest.find('/'), rest.size());
    at = member(*at, unescaped(rest.substr(0, length)));
    rest.remove_prefix(length);
  }
  if (at == nullptr) {
    return wrong(place, fmt::format("$ref '{}' leads nowhere", reference.substr(0, 100)));
  }
  return at;
}

Result<NodeId> SchemaCompiler::schema(const Value& given, const std::string& place, int depth) {
  if (const bool* flag = given.as_bool()) {
    return *flag ? any().value : nodes_.choice({});  // nothing is valid
  }
  if (given.as_object() == nullptr) return wrong(place, "must be an object or a boolean");
  if (depth > deepest) return wrong(place, "schemas are nested too deeply");
  if (++schemas_ > most_schemas || nodes_.full()) return wrong(place, "the schema is too large");
  TRY(check_keywords(given, place));
  if (const Value* reference = given.find("$ref")) {
    return referred(given, *reference, place, depth);
  }
  if (given.find("allOf") != nullptr) return schema(TRY(all_of(given, place, 0)), place, depth + 1);
  for (const std::string_view key : {"anyOf", "oneOf"}) {
    if (given.find(key) != nullptr) return alternatives(given, key, place, depth);
  }
  if (const Value* value = given.find("const")) return enumerated(given, {*value}, place);
  if (const Value* values = given.find("enum")) {
    if (values->as_list() == nullptr || values->as_list()->empty()) {
      return wrong(place + "/enum", "must be a list that is not empty");
    }
    return enumerated(given, *values->as_list(), place);
  }
  return typed(given, place, depth);
}

Result<void> SchemaCompiler::check_keywords(const Value& given, const std::string& place) const {
  for (const auto& [key, value] : *given.as_object()) {
    if (is_known_keyword(key) || is_neutral(key, value)) continue;
    return wrong(fmt::format("{}/{}", place, escaped(key)),
                 fmt::format("'{}' cannot be enforced", key.substr(0, 100)));
  }
  return {};
}

// Compiled once, later: definitions may refer to themselves.
Result<NodeId> SchemaCompiler::referred(const Value& given, const Value& reference,
                                        const std::string& place, int depth) {
  const std::string* text = reference.as_string();
  if (text == nullptr) return wrong(place + "/$ref", "must be a string");
  const Value* target = TRY(resolve(*text, place + "/$ref"));
  if (has_constraints_beside(given, {"$ref"})) {
    return schema(TRY(inlined(given, *target, place, 0)), place, depth + 1);
  }
  const auto [at, fresh] = definitions_.try_emplace(*text, 0);
  if (fresh) {
    at->second = nodes_.declare();
    waiting_.emplace_back(*text, at->second);
  }
  return at->second;
}

// A reference with other keywords beside it: both hold.
Result<Value> SchemaCompiler::inlined(const Value& given, const Value& target,
                                      const std::string& place, int times) {
  if (times > deepest) return wrong(place + "/$ref", "references refer to references too deeply");
  const Value beside = without(given, "$ref");
  if (target.as_bool() != nullptr) return *target.as_bool() ? beside : Value(false);
  if (target.as_object() == nullptr) return wrong(place + "/$ref", "leads to what is no schema");
  Value known = target;
  if (const Value* further = target.find("$ref")) {
    const std::string* text = further->as_string();
    if (text == nullptr) return wrong(place + "/$ref", "must be a string");
    const Value* meaning = TRY(resolve(*text, place + "/$ref"));
    known = TRY(inlined(target, *meaning, place, times + 1));
    if (known.as_bool() != nullptr) return *known.as_bool() ? beside : Value(false);
  }
  auto both = merged(beside, known);
  if (!both) return wrong(place + "/$ref", std::move(both).error());
  return both;
}

Result<Value> SchemaCompiler::all_of(const Value& given, const std::string& place, int depth) {
  if (depth > deepest) return wrong(place, "allOf is nested too deeply");
  const List* parts = given.find("allOf")->as_list();
  if (parts == nullptr || parts->empty()) {
    return wrong(place + "/allOf", "must be a list that is not empty");
  }
  Value result = without(given, "allOf");
  for (std::size_t i = 0; i < parts->size(); ++i) {
    if (++schemas_ > most_schemas) return wrong(place, "the schema is too large");
    const std::string own = fmt::format("{}/allOf/{}", place, i);
    Value part = (*parts)[i];
    if (const bool* flag = part.as_bool()) {
      if (*flag) continue;
      return Value(false);
    }
    if (part.as_object() == nullptr) return wrong(own, "must be an object or a boolean");
    TRY(check_keywords(part, own));
    if (const Value* reference = part.find("$ref")) {
      const std::string* text = reference->as_string();
      if (text == nullptr) return wrong(own + "/$ref", "must be a string");
      const Value* meaning = TRY(resolve(*text, own + "/$ref"));
      part = TRY(inlined(part, *meaning, own, 0));
    }
    if (part.find("allOf") != nullptr) part = TRY(all_of(part, own, depth + 1));
    if (part.as_bool() != nullptr) {
      if (*part.as_bool()) continue;
      return Value(false);
    }
    auto both = merged(result, part);
    if (!both) return wrong(own, std::move(both).error());
    result = *std::move(both);
  }
  return result;
}

// anyOf and oneOf. What stands beside them holds in each of them.
Result<NodeId> SchemaCompiler::alternatives(const Value& given, std::string_view key,
                                            const std::string& place, int depth) {
  const std::string own = fmt::format("{}/{}", place, key);
  const List* parts = given.find(key)->as_list();
  if (parts == nullptr || parts->empty()) return wrong(own, "must be a list that is not empty");
  const Value beside = without(given, key);
  const bool constrained = has_constraints_beside(given, {key});
  if (key == "oneOf") TRY(check_disjoint(*parts, own));
  std::vector<NodeId> choices;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    Value part = (*parts)[i];
    if (constrained) part = Object{{"allOf", List{std::move(part), beside}}};
    choices.push_back(TRY(schema(part, fmt::format("{}/{}", own, i), depth + 1)));
  }
  return nodes_.choice(std::move(choices));
}

Result<void> SchemaCompiler::check_disjoint(const List& parts, const std::string& place) const {
  if (parts.size() > 200) return wrong(place, "more than 200 alternatives");
  std::vector<Value> known;
  for (const Value& part : parts) known.push_back(TRY(followed(part, place)));
  for (std::size_t i = 0; i < known.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (are_disjoint(known[i], known[j])) continue;
      return wrong(place, fmt::format("alternatives {} and {} may both be valid; "
                                      "with anyOf that may be",
                                      j, i));
    }
  }
  return {};
}

// The schema that a mere reference means.
Result<Value> SchemaCompiler::followed(const Value& part, const std::string& place) const {
  const Value* at = &part;
  for (int i = 0; i < deepest; ++i) {
    const Value* reference = at->find("$ref");
    if (reference == nullptr || reference->as_string() == nullptr) break;
    at = TRY(resolve(*reference->as_string(), place));
  }
  return *at;
}

Result<NodeId> SchemaCompiler::enumerated(const Value& given, const List& values,
                                          const std::string& place) {
  if (has_constraints_beside(given, {"const", "enum", "type", "nullable"})) {
    return wrong(place, "enum and const cannot be enforced beside other keywords than type");
  }
  const std::vector<std::string> types = TRY(types_of(given, place));
  const Value* fixed = given.find("const");
  const Value* listed = given.find("enum");
  std::vector<NodeId> choices;
  for (const Value& value : values) {
    if (!is_of_type(value, types)) continue;
    if (fixed != nullptr && listed != nullptr && listed->as_list() != nullptr &&
        std::ranges::find(*listed->as_list(), value) == listed->as_list()->end()) {
      continue;
    }
    choices.push_back(exactly(nodes_, value));
  }
  if (choices.empty()) return wrong(place, "none of the values is of the type");
  return nodes_.choice(std::move(choices));
}

Result<std::vector<std::string>> SchemaCompiler::types_of(const Value& given,
                                                          const std::string& place) const {
  const Value* type = given.find("type");
  std::vector<std::string> types;
  const List one{type != nullptr ? *type : Value()};
  const List* list = type != nullptr && type->as_list() != nullptr ? type->as_list() : &one;
  for (const Value& name : type != nullptr ? *list : List{}) {
    const std::string* text = name.as_string();
    if (text == nullptr || !is_type(*text)) {
      return wrong(place + "/type", "must be names of types");
    }
    types.push_back(*text);
  }
  if (type != nullptr && types.empty()) return wrong(place + "/type", "no type is left");
  if (types.empty()) types = implied_types(given);
  const Value* nullable = given.find("nullable");
  if (nullable != nullptr && *nullable == Value(true)) types.emplace_back("null");
  return types;
}

// A schema that says nothing of a type allows any value of it.
Result<NodeId> SchemaCompiler::typed(const Value& given, const std::string& place, int depth) {
  const std::vector<std::string> types = TRY(types_of(given, place));
  if (types.empty()) return any().value;
  std::vector<NodeId> choices;
  for (const std::string& type : types) {
    if (type == "object") choices.push_back(TRY(object(given, place, depth)));
    if (type == "array") choices.push_back(TRY(array(given, place, depth)));
    if (type == "string") choices.push_back(TRY(string(given, place)));
    if (type == "number") choices.push_back(TRY(number(given, place, false)));
    if (type == "integer" && std::ranges::find(types, "number") == types.end()) {
      choices.push_back(TRY(number(given, place, true)));
    }
    if (type == "null") choices.push_back(nodes_.literal("null"));
    if (type == "boolean") {
      choices.push_back(nodes_.choice({nodes_.literal("true"), nodes_.literal("false")}));
    }
  }
  return nodes_.choice(std::move(choices));
}

Result<std::uint32_t> SchemaCompiler::count(const Value& given, std::string_view key,
                                            std::uint32_t otherwise,
                                            const std::string& place) const {
  const Value* value = given.find(key);
  if (value == nullptr) return otherwise;
  const double number = value->number_or(-1);
  if (number < 0 ||
      number != static_cast<double>(static_cast<std::int64_t>(std::min(number, 9e15)))) {
    return wrong(fmt::format("{}/{}", place, key), "must be a whole number of at least 0");
  }
  if (number >= 2147483648.0) {
    if (key.starts_with("max")) return unlimited - 1;  // no answer is that long
    return wrong(fmt::format("{}/{}", place, key), "is more than any answer holds");
  }
  return static_cast<std::uint32_t>(number);
}

Result<NodeId> SchemaCompiler::string(const Value& given, const std::string& place) {
  const std::uint32_t min = TRY(count(given, "minLength", 0, place));
  const std::uint32_t max = TRY(count(given, "maxLength", unlimited, place));
  if (max < min) return nodes_.choice({});
  std::optional<Dfa> content;
  const auto must_match = [&](std::string_view regex, Anchoring anchoring) -> Result<void> {
    const NodeId node = TRY(parse_regex(nodes_, regex, Spelling::json, anchoring));
    Dfa automaton = TRY(automaton_of(nodes_, node));
    content = content ? TRY(intersection(*content, automaton)) : std::move(automaton);
    return {};
  };
  if (const Value* pattern = given.find("pattern")) {
    if (pattern->as_string() == nullptr) return wrong(place + "/pattern", "must be a string");
    if (auto done = must_match(*pattern->as_string(), Anchoring::search); !done) {
      return wrong(place + "/pattern", std::move(done).error());
    }
  }
  if (const Value* format = given.find("format")) {
    const std::string* name = format->as_string();
    const auto regex = name != nullptr ? regex_of_format(*name) : std::nullopt;
    if (!regex) return wrong(place + "/format", "this format cannot be enforced");
    if (auto done = must_match(*regex, Anchoring::whole); !done) {
      return wrong(place + "/format", std::move(done).error());
    }
  }
  if (!content) return quoted(nodes_, nodes_.text(min, max));
  if (min > 0 || max != unlimited) {
    const NodeId length =
        nodes_.repeat(characters(nodes_, {{0, last_code_point}}, Spelling::json), min, max);
    auto automaton = automaton_of(nodes_, length);
    auto both = automaton ? intersection(*content, *automaton) : std::move(automaton);
    if (!both)
      return wrong(place + (max != unlimited ? "/maxLength" : "/minLength"),
                   std::move(both).error());
    content = *std::move(both);
  }
  return quoted(nodes_, nodes_.dfa(*std::move(content)));
}

Result<NodeId> SchemaCompiler::number(const Value& given, const std::string& place, bool whole) {
  NumberRange range{.low = {}, .high = {}, .multiple_of = {}, .whole = whole};
  bool any = false;
  const auto bound = [&](std::string_view key, bool exclusive, bool low) -> Result<void> {
    const Value* value = given.find(key);
    if (value == nullptr) return {};
    if (!value->is_number()) return wrong(fmt::format("{}/{}", place, key), "must be a number");
    any = true;
    const Bound own{value->number_or(0), exclusive};
    std::optional<Bound>& known = low ? range.low : range.high;
    const bool tighter = !known || (low ? own.value > known->value : own.value < known->value) ||
                         (own.value == known->value && exclusive);
    if (tighter) known = own;
    return {};
  };
  TRY(bound("minimum", false, true));
  TRY(bound("exclusiveMinimum", true, true));
  TRY(bound("maximum", false, false));
  TRY(bound("exclusiveMaximum", true, false));
  if (const Value* multiple = given.find("multipleOf")) {
    if (!multiple->is_number()) return wrong(place + "/multipleOf", "must be a number");
    range.multiple_of = multiple->number_or(0);
    any = true;
  }
  if (!any) return whole ? any_integer(nodes_) : any_number(nodes_);
  auto numbers = numbers_in(nodes_, range);
  if (!numbers) return wrong(place, std::move(numbers).error());
  return numbers;
}

Result<NodeId> SchemaCompiler::array(const Value& given, const std::string& place, int depth) {
  const std::uint32_t min = TRY(count(given, "minItems", 0, place));
  std::uint32_t max = TRY(count(given, "maxItems", unlimited, place));
  if (max < min) return nodes_.choice({});
  std::vector<NodeId> first;
  if (const Value* prefix = given.find("prefixItems")) {
    const List* list = prefix->as_list();
    if (list == nullptr) return wrong(place + "/prefixItems", "must be a list");
    for (std::size_t i = 0; i < list->size(); ++i) {
      first.push_back(
          TRY(schema((*list)[i], fmt::format("{}/prefixItems/{}", place, i), depth + 1)));
    }
  }
  const Value* items = given.find("items");
  if (items != nullptr && *items == Value(false)) {
    max = std::min(max, static_cast<std::uint32_t>(first.size()));
    if (max < min) return nodes_.choice({});
  }
  NodeId item = items != nullptr ? TRY(schema(*items, place + "/items", depth + 1)) : any().value;
  return nodes_.sequence({nodes_.literal("["), listed(first, item, min, max), nodes_.literal("]")});
}

// `min` to `max` items, of which the first ones are what they are.
NodeId SchemaCompiler::listed(const std::vector<NodeId>& first, NodeId item, std::uint32_t min,
                              std::uint32_t max) {
  const auto fixed = static_cast<std::uint32_t>(first.size());
  const auto less = [](std::uint32_t from, std::uint32_t by) {
    return from == unlimited ? unlimited : from - std::min(from, by);
  };
  const NodeId more = nodes_.sequence({comma(nodes_), item});
  if (fixed == 0) {
    if (max == 0) return nodes_.literal("");
    const NodeId some = nodes_.sequence({item, nodes_.repeat(more, less(min, 1), less(max, 1))});
    return min == 0 ? nodes_.optional(some) : some;
  }
  // From the last one backwards: each may be the last, if there are enough.
  NodeId rest =
      max > fixed ? nodes_.repeat(more, less(min, fixed), less(max, fixed)) : nodes_.literal("");
  for (std::uint32_t i = std::min(fixed, max); i-- > 0;) {
    const NodeId from = i > 0 ? nodes_.sequence({comma(nodes_), first[i], rest})
                              : nodes_.sequence({first[i], rest});
    rest = min > i ? from : nodes_.optional(from);
  }
  return rest;
}
Result<NodeId> compile_schema(Nodes& nodes, const Value& schema) {
  return SchemaCompiler(nodes, schema).compile();
}

}  // namespace freehold::grammar
