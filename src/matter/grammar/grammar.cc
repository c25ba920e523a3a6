#include "grammar/grammar.h"

#include <fmt/format.h>

#include <utility>

#include "grammar/gbnf.h"
#include "grammar/json_text.h"
#include "grammar/regex.h"
#include "grammar/schema.h"

namespace freehold::grammar {
namespace {

constexpr std::size_t most_choices = 100'000;
constexpr std::size_t most_choice_bytes = 1024 * 1024;

}  // namespace

Result<Grammar> Grammar::json() {
  Nodes nodes;
  const NodeId root = any_json(nodes).object;
  return Grammar(TRY(Program::compile(std::move(nodes), root)), true);
}

Result<Grammar> Grammar::json_schema(const Value& schema) {
  Nodes nodes;
  const NodeId root = TRY(compile_schema(nodes, schema));
  return Grammar(TRY_IN("the JSON schema", Program::compile(std::move(nodes), root)), true);
}

Result<Grammar> Grammar::regex(std::string_view pattern) {
  Nodes nodes;
  const NodeId root = TRY(parse_regex(nodes, pattern, Spelling::plain, Anchoring::whole));
  const NodeId automaton = nodes.dfa(TRY_IN("the regular expression", automaton_of(nodes, root)));
  return Grammar(TRY_IN("the regular expression", Program::compile(std::move(nodes), automaton)),
                 false);
}

Result<Grammar> Grammar::gbnf(std::string_view text) {
  Nodes nodes;
  const NodeId root = TRY(parse_gbnf(nodes, text));
  return Grammar(TRY_IN("the grammar", Program::compile(std::move(nodes), root)), false);
}

Result<Grammar> Grammar::choice(const std::vector<std::string>& texts) {
  Nodes nodes;
  std::vector<NodeId> choices;
  std::size_t bytes = 0;
  for (const std::string& text : texts) {
    if (text.empty()) return fail(ErrorCode::invalid, "one of the choices is empty");
    bytes += text.size();
    choices.push_back(nodes.literal(text));
  }
  if (choices.empty()) return fail(ErrorCode::invalid, "there are no choices");
  if (choices.size() > most_choices || bytes > most_choice_bytes) {
    return fail(ErrorCode::invalid,
                fmt::format("{} choices of {} bytes are too many", choices.size(), bytes));
  }
  const NodeId root = nodes.choice(std::move(choices));
  return Grammar(TRY_IN("the choices", Program::compile(std::move(nodes), root)), false);
}

Result<Grammar> Grammar::of(const Constraint& constraint) {
  if (const auto* asked = std::get_if<JsonSchema>(&constraint)) return json_schema(asked->schema);
  if (const auto* asked = std::get_if<Pattern>(&constraint)) return regex(asked->regex);
  if (const auto* asked = std::get_if<Gbnf>(&constraint)) return gbnf(asked->text);
  if (const auto* asked = std::get_if<Choice>(&constraint)) return choice(asked->texts);
  return json();
}

}  // namespace freehold::grammar
