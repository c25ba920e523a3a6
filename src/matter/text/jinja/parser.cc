#include "text/jinja/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "text/codepoints.h"
#include "text/jinja/expression_parser.h"

namespace freehold::text::jinja {
namespace {

class Parser : private ExpressionParser {
 public:
  Parser(std::vector<Token> tokens, const TemplateLimits& limits)
      : ExpressionParser(std::move(tokens), limits) {}

  Result<Program> run() {
    program_.body = TRY(body({}));
    return std::move(program_);
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  Result<Body> body(Names end_names);
  Result<Body> block(Names end_names);
  Result<Body> last_block(std::string_view end_name);
  Result<Body> detached_block(std::string_view end_name);
  Result<Statement> statement();
  Result<Statement> if_statement(Position at);
  Result<Statement> for_statement(Position at);
  Result<Statement> set_statement(Position at);
  Result<Statement> macro_statement(Position at);
  Result<Statement> call_statement(Position at);
  Result<Statement> filter_statement(Position at);
  Result<Statement> with_statement(Position at);
  Result<Statement> print_statement(Position at);
  Result<Statement> block_statement(Position at);
  Result<Statement> generation_statement(Position at);
  Result<Statement> autoescape_statement(Position at);
  Result<Statement> loop_control(Position at, bool breaks);
  Result<Statement> refused(Position at, std::string_view tag);

  Result<Target> target(std::string_view end_name, bool members);
  Result<Target> single_target(bool members);
  Result<void> signature(MacroDefinition& definition);
  Result<void> definition(MacroDefinition& definition, std::string_view end_name);

  // A part of the template with names of its own.
  class Frame {
   public:
    explicit Frame(Parser& parser) : parser_(parser) { ++parser_.frames_; }
    ~Frame() { --parser_.frames_; }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

   private:
    Parser& parser_;
  };
  void note_assignment(const Target& target);
  void note_assignment(Symbol symbol);

  std::size_t loops_ = 0;     // around here, within this macro
  std::size_t branches_ = 0;  // of {% if %} around here
};

// Statements up to a tag that starts with one of `end_names`, whose name is the current token then;
// up to the end of the template when there are none.
Result<Body> Parser::body(Names end_names) {
  const Level level(*this);
  TRY(check_level());
  Body statements;
  while (true) {
    const Token token = current();
    if (token.kind == TokenKind::end) {
      if (end_names.size() == 0) return statements;
      return wrong(fmt::format("the template ends before {{% {} %}}",
                               std::data(end_names)[end_names.size() - 1]));
    }
    take();
    if (token.kind == TokenKind::text) {
      statements.push_back({token.at, Text{std::string(token.text)}});
    } else if (token.kind == TokenKind::print_begin) {
      ExpressionPtr value = TRY(tuple(true, "", false));
      TRY(expect(TokenKind::print_end, "'}}'"));
      statements.push_back({token.at, Print{std::move(value)}});
    } else {
      if (std::ranges::any_of(end_names, [&](auto name) { return at_name(name); })) {
        return statements;
      }
      statements.push_back(TRY(statement()));
      TRY(expect(TokenKind::block_end, "'%}'"));
    }
  }
}

// The rest of an opening tag, and the body behind it.
Result<Body> Parser::block(Names end_names) {
  take_symbol(":");
  TRY(expect(TokenKind::block_end, "'%}'"));
  return body(end_names);
}

Result<Body> Parser::last_block(std::string_view end_name) {
  Body content = TRY(block({end_name}));
  take();
  return content;
}

// A body that runs as a function of its own: no break or continue reaches the loops around it.
Result<Body> Parser::detached_block(std::string_view end_name) {
  const std::size_t loops = std::exchange(loops_, 0);
  Body content = TRY(last_block(end_name));
  loops_ = loops;
  return content;
}

Result<Statement> Parser::statement() {
  const Token tag = TRY(expect_any_name());
  const std::string_view name = tag.text;
  if (name == "if") return if_statement(tag.at);
  if (name == "for") return for_statement(tag.at);
  if (name == "set") return set_statement(tag.at);
  if (name == "macro") return macro_statement(tag.at);
  if (name == "call") return call_statement(tag.at);
  if (name == "filter") return filter_statement(tag.at);
  if (name == "with") return with_statement(tag.at);
  if (name == "print") return print_statement(tag.at);
  if (name == "break" || name == "continue") return loop_control(tag.at, name == "break");
  if (name == "block") return block_statement(tag.at);
  if (name == "generation") return generation_statement(tag.at);
  if (name == "autoescape") return autoescape_statement(tag.at);
  for (const std::string_view other : {"include", "import", "from", "extends"}) {
    if (name == other) return refused(tag.at, other);
  }
  return wrong(tag.at, fmt::format("unknown tag '{}'", name));
}

Result<Statement> Parser::if_statement(Position at) {
  If statement;
  while (true) {
    ExpressionPtr condition = TRY(tuple(false, "", false));
    ++branches_;
    Body content = TRY(block({"elif", "else", "endif"}));
    --branches_;
    statement.branches.emplace_back(std::move(condition), std::move(content));
    const Token tag = take();
    if (tag.text == "elif") continue;
    ++branches_;
    if (tag.text == "else") statement.otherwise = TRY(last_block("endif"));
    --branches_;
    return Statement{at, std::move(statement)};
  }
}

Result<Statement> Parser::for_statement(Position at) {
  For loop;
  loop.target = TRY(target("in", false));
  TRY(expect_name("in"));
  loop.iterable = TRY(tuple(false, "recursive", false));
  const Frame frame(*this);
  if (take_name("if")) loop.condition = TRY(expression());
  loop.recursive = take_name("recursive");
  ++loops_;
  loop.body = TRY(block({"endfor", "else"}));
  --loops_;
  if (take().text == "else") loop.otherwise = TRY(last_block("endfor"));
  return Statement{at, std::move(loop)};
}

Result<Statement> Parser::set_statement(Position at) {
  Target names = TRY(target("", true));
  if (take_symbol("=")) {
    ExpressionPtr value = TRY(tuple(true, "", false));
    note_assignment(names);
    return Statement{at, Set{std::move(names), std::move(value)}};
  }
  note_assignment(names);
  const Frame frame(*this);
  ExpressionPtr filter = TRY(filters(nullptr, false));
  Body content = TRY(last_block("endset"));
  return Statement{at, SetBlock{std::move(names), std::move(filter), std::move(content)}};
}

void Parser::note_assignment(const Target& names) {
  if (const auto* symbol = std::get_if<Symbol>(&names.node)) note_assignment(*symbol);
  if (const auto* several = std::get_if<std::vector<Target>>(&names.node)) {
    for (const Target& one : *several) note_assignment(one);
  }
}

void Parser::note_assignment(Symbol symbol) {
  if (frames_ > 0) return;
  const bool is_new = known_.insert(symbol).second;
  if (is_new && branches_ == 0) program_.hidden.push_back(symbol);
}

Result<Statement> Parser::macro_statement(Position at) {
  Macro macro;
  const Token name = TRY(expect_any_name());
  macro.symbol = intern(name.text);
  macro.definition.name = std::string(name.text);
  note_assignment(macro.symbol);
  const Frame frame(*this);
  TRY(signature(macro.definition));
  TRY(definition(macro.definition, "endmacro"));
  return Statement{at, std::move(macro)};
}

Result<Statement> Parser::call_statement(Position at) {
  CallBlock statement;
  if (at_symbol("(")) {
    const Frame frame(*this);
    TRY(signature(statement.caller));
  }
  const Position call_at = current().at;
  statement.call = TRY(expression());
  if (!std::holds_alternative<Call>(statement.call->node)) return wrong(call_at, "expected a call");
  const Frame frame(*this);
  TRY(definition(statement.caller, "endcall"));
  return Statement{at, std::move(statement)};
}

Result<void> Parser::signature(MacroDefinition& definition) {
  TRY(expect_symbol("("));
  while (!at_symbol(")")) {
    if (!definition.parameters.empty()) TRY(expect_symbol(","));
    const Token name = TRY(expect_any_name());
    const Symbol symbol = intern(name.text);
    if (std::ranges::find(definition.parameters, symbol) != definition.parameters.end()) {
      return wrong(name.at, fmt::format("the parameter '{}' appears twice", name.text));
    }
    definition.parameters.push_back(symbol);
    definition.parameter_names.emplace_back(name.text);
    if (take_symbol("=")) {
      definition.defaults.push_back(TRY(expression()));
    } else if (!definition.defaults.empty()) {
      return wrong(name.at, "a parameter without default follows one with default");
    }
  }
  return expect_symbol(")");
}

Result<void> Parser::definition(MacroDefinition& definition, std::string_view end_name) {
  macros_.push_back(&definition);
  definition.body = TRY(detached_block(end_name));
  macros_.pop_back();
  // A parameter of one of the special names is an ordinary parameter.
  for (const Symbol symbol : definition.parameters) {
    if (symbol == symbol_caller) definition.uses_caller = false;
    if (symbol == symbol_varargs) definition.uses_varargs = false;
    if (symbol == symbol_kwargs) definition.uses_kwargs = false;
  }
  return {};
}

Result<Statement> Parser::filter_statement(Position at) {
  ExpressionPtr filter = TRY(filters(nullptr, true));
  const Frame frame(*this);
  Body content = TRY(last_block("endfilter"));
  return Statement{at, FilterBlock{std::move(filter), std::move(content)}};
}

Result<Statement> Parser::with_statement(Position at) {
  With statement;
  while (current().kind != TokenKind::block_end) {
    if (!statement.assignments.empty()) TRY(expect_symbol(","));
    Target names = TRY(target("", false));
    TRY(expect_symbol("="));
    statement.assignments.emplace_back(std::move(names), TRY(expression()));
  }
  const Frame frame(*this);
  statement.body = TRY(last_block("endwith"));
  return Statement{at, std::move(statement)};
}

Result<Statement> Parser::print_statement(Position at) {
  ExpressionPtr value = TRY(tuple(true, "", false));
  if (auto* several = std::get_if<TupleDisplay>(&value->node)) {
    value->node = Concatenation{std::move(several->items)};
  }
  return Statement{at, Print{std::move(value)}};
}

Result<Statement> Parser::block_statement(Position at) {
  const Token name = TRY(expect_any_name());
  const bool scoped = take_name("scoped");
  take_name("required");
  const Frame frame(*this);
  Body content = TRY(detached_block("endblock"));
  take_name(name.text);
  return Statement{at, Block{std::move(content), scoped}};
}

Result<Statement> Parser::generation_statement(Position at) {
  const Frame frame(*this);
  return Statement{at, Block{TRY(detached_block("endgeneration")), true}};
}

Result<Statement> Parser::autoescape_statement(Position at) {
  if (!at_name("false") && !at_name("False")) {
    return wrong(at, "autoescape is not supported: prompts are not HTML");
  }
  take();
  const Frame frame(*this);
  return Statement{at, Block{TRY(last_block("endautoescape")), true}};
}

Result<Statement> Parser::loop_control(Position at, bool breaks) {
  if (loops_ == 0) return wrong(at, "'break' and 'continue' stand only in loops");
  if (breaks) return Statement{at, Break{}};
  return Statement{at, Continue{}};
}

Result<Statement> Parser::refused(Position at, std::string_view tag) {
  while (current().kind != TokenKind::block_end && current().kind != TokenKind::end) take();
  return Statement{at, Refused{std::string(tag)}};
}

Result<Target> Parser::target(std::string_view end_name, bool members) {
  const Level level(*this);
  TRY(check_level());
  const Position at = current().at;
  std::vector<Target> targets;
  bool is_tuple = false;
  while (!at_tuple_end(end_name) && !at_symbol("=")) {
    targets.push_back(TRY(single_target(members)));
    if (!take_symbol(",")) break;
    is_tuple = true;
  }
  if (targets.empty()) {
    return wrong(fmt::format("expected a name to assign to, found {}", describe_current()));
  }
  if (!is_tuple) return std::move(targets[0]);
  return Target{at, std::move(targets)};
}

Result<Target> Parser::single_target(bool members) {
  if (take_symbol("(")) {
    Target inner = TRY(target("", members));
    TRY(expect_symbol(")"));
    return inner;
  }
  const Token name = TRY(expect_any_name());
  for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
    if (name.text == constant) return wrong(name.at, "a constant cannot be assigned to");
  }
  const Symbol symbol = intern(name.text);
  if (members && take_symbol(".")) {
    return Target{name.at, Target::Member{symbol, std::string(TRY(expect_any_name()).text)}};
  }
  if (symbol == symbol_loop && loops_ > 0)
    return wrong(name.at, "'loop' cannot be assigned to in a loop");
  return Target{name.at, symbol};
}

}  // namespace

Result<Program> parse(std::string_view source, const TemplateLimits& limits) {
  if (source.size() > limits.max_source_bytes) {
    return fail(ErrorCode::invalid,
                fmt::format("a template of {} bytes is longer than the limit of {}", source.size(),
                            limits.max_source_bytes));
  }
  if (!is_valid_utf8(source)) return fail(ErrorCode::invalid, "the template is not valid UTF-8");
  const std::string normalized = normalize_newlines(source);
  return Parser(TRY(tokenize(normalized)), limits).run();
}

}  // namespace freehold::text::jinja
