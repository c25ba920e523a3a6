// What an object's keywords say of its members.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "grammar/code_points.h"
#include "grammar/regex.h"
#include "grammar/schema_compiler.h"
#include "grammar/schema_keywords.h"

namespace freehold::grammar {

Result<NodeId> SchemaCompiler::object(const Value& given, const std::string& place, int depth) {
  static const Value none{Object{}};
  const Value* properties = given.find("properties");
  if (properties == nullptr) properties = &none;
  if (properties->as_object() == nullptr) return wrong(place + "/properties", "must be an object");
  std::vector<std::string> required = TRY(required_of(given, place));
  std::vector<NodeId> members;
  std::vector<bool> needed;
  std::vector<std::string> names;
  for (const auto& [name, value] : *properties->as_object()) {
    const std::string own = fmt::format("{}/properties/{}", place, escaped(name));
    const NodeId meaning = TRY(schema(value, own, depth + 1));
    members.push_back(nodes_.sequence({exactly(nodes_, Value(name)), colon(nodes_), meaning}));
    needed.push_back(std::erase(required, name) > 0);
    names.push_back(name);
  }
  const Value* others = given.find("additionalProperties");
  const bool closed = others != nullptr && *others == Value(false);
  if (!required.empty()) {  // not listed: it comes before those that are free
    if (required.size() > 1000) return wrong(place + "/required", "too many names");
    for (const std::string& name : required) {
      if (closed) return nodes_.choice({});
      const NodeId meaning = others != nullptr
                                 ? TRY(schema(*others, place + "/additionalProperties", depth + 1))
                                 : any().value;
      members.push_back(nodes_.sequence({exactly(nodes_, Value(name)), colon(nodes_), meaning}));
      needed.push_back(true);
      names.push_back(name);
    }
  }
  std::vector<NodeId> free = TRY(free_members(given, names, place, depth));
  if (!free.empty()) {
    TRY(add_free(given, std::move(free), members, needed, place));
  } else {
    TRY(check_counts(given, needed, place));
  }
  return nodes_.sequence(
      {nodes_.literal("{"), nodes_.members(members, needed, comma(nodes_)), nodes_.literal("}")});
}

// How many members there may be can only be counted where all of them are free.
Result<void> SchemaCompiler::check_counts(const Value& given, const std::vector<bool>& needed,
                                          const std::string& place) const {
  const std::uint32_t min = TRY(count(given, "minProperties", 0, place));
  const std::uint32_t max = TRY(count(given, "maxProperties", unlimited, place));
  const auto always = static_cast<std::size_t>(std::ranges::count(needed, true));
  if (always < min) return wrong(place + "/minProperties", "cannot be enforced here");
  if (needed.size() > max) return wrong(place + "/maxProperties", "cannot be enforced here");
  return {};
}

Result<void> SchemaCompiler::add_free(const Value& given, std::vector<NodeId> free,
                                      std::vector<NodeId>& members, std::vector<bool>& needed,
                                      const std::string& place) {
  std::uint32_t min = TRY(count(given, "minProperties", 0, place));
  std::uint32_t max = TRY(count(given, "maxProperties", unlimited, place));
  const auto always = static_cast<std::uint32_t>(std::ranges::count(needed, true));
  const bool all_needed = always == needed.size();
  if (max != unlimited && !all_needed) {
    return wrong(place + "/maxProperties", "cannot be enforced beside optional properties");
  }
  if (max < std::max(always, min)) return wrong(place + "/maxProperties", "is too small");
  min = min - std::min(min, always);
  max = max == unlimited ? unlimited : max - always;
  if (max == 0) return {};
  const NodeId pair = nodes_.choice(std::move(free));
  const NodeId more = nodes_.sequence({comma(nodes_), pair});
  const std::uint32_t min_more = min - std::min(min, 1u);
  const std::uint32_t max_more = max == unlimited ? unlimited : max - 1;
  members.push_back(nodes_.sequence({pair, nodes_.repeat(more, min_more, max_more)}));
  needed.push_back(min > 0);
  return {};
}

Result<std::vector<std::string>> SchemaCompiler::required_of(const Value& given,
                                                             const std::string& place) const {
  std::vector<std::string> names;
  const Value* required = given.find("required");
  if (required == nullptr) return names;
  if (required->as_list() == nullptr) return wrong(place + "/required", "must be a list");
  for (const Value& name : *required->as_list()) {
    if (name.as_string() == nullptr) return wrong(place + "/required", "must be a list of names");
    if (std::ranges::find(names, *name.as_string()) == names.end()) {
      names.push_back(*name.as_string());
    }
  }
  return names;
}

Result<Dfa> SchemaCompiler::names_but(const std::vector<std::string>& names) {
  Dfa any = TRY(automaton_of(nodes_, any_name(nodes_)));
  if (names.empty()) return any;
  std::vector<NodeId> listed;
  for (const std::string& name : names) {
    listed.push_back(nodes_.literal(spelled(name, Spelling::json)));
  }
  const Dfa known = TRY(automaton_of(nodes_, nodes_.choice(std::move(listed))));
  return difference(any, known);
}

// Members whose names the schema does not list: by patterns, and all others. Empty: there are
// none.
Result<std::vector<NodeId>> SchemaCompiler::free_members(const Value& given,
                                                         const std::vector<std::string>& names,
                                                         const std::string& place, int depth) {
  std::vector<NodeId> free;
  const Value* others = given.find("additionalProperties");
  const Value* patterns = given.find("patternProperties");
  const bool closed = others != nullptr && *others == Value(false);
  if (closed && patterns == nullptr) return free;
  auto left = names_but(names);
  if (!left) return wrong(place + "/properties", std::move(left).error());
  const auto add = [&](Dfa name, NodeId meaning) {
    if (name.empty()) return;
    free.push_back(
        nodes_.sequence({quoted(nodes_, nodes_.dfa(std::move(name))), colon(nodes_), meaning}));
  };
  if (patterns != nullptr) {
    if (patterns->as_object() == nullptr) {
      return wrong(place + "/patternProperties", "must be an object");
    }
    for (const auto& [pattern, value] : *patterns->as_object()) {
      const std::string own = fmt::format("{}/patternProperties/{}", place, escaped(pattern));
      const NodeId meaning = TRY(schema(value, own, depth + 1));
      auto matching = TRY(pattern_names(pattern, names, *left, own));
      left = difference(*left, matching);
      if (!left) return wrong(own, std::move(left).error());
      add(std::move(matching), meaning);
    }
  }
  if (!closed) {
    add(*std::move(left), others != nullptr
                              ? TRY(schema(*others, place + "/additionalProperties", depth + 1))
                              : any().value);
  }
  return free;
}

// The names that match a pattern. A name must be subject to one rule only.
Result<Dfa> SchemaCompiler::pattern_names(std::string_view pattern,
                                          const std::vector<std::string>& names, const Dfa& left,
                                          const std::string& place) {
  auto node = parse_regex(nodes_, pattern, Spelling::json, Anchoring::search);
  auto all = node ? automaton_of(nodes_, *node) : fail(std::move(node).error());
  if (!all) return wrong(place, std::move(all).error());
  for (const std::string& name : names) {
    if (all->matches(spelled(name, Spelling::json))) {
      return wrong(place, fmt::format("matches the property '{}', which has a schema of its own",
                                      name.substr(0, 100)));
    }
  }
  const auto overlap = difference(*all, left);
  auto matching = intersection(*all, left);
  if (!overlap || !matching) return wrong(place, "needs too many states");
  if (!overlap->empty()) return wrong(place, "may match what another pattern matches");
  return matching;
}

}  // namespace freehold::grammar
