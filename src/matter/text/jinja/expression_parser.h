// The expressions of a template's tags, by recursive descent with Jinja's precedences. The base of
// the parser for whole templates, which adds the statements.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "freehold/result.h"
#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"
#include "text/template.h"

namespace freehold::text::jinja {

class ExpressionParser {
 protected:
  ExpressionParser(std::vector<Token> tokens, const TemplateLimits& limits);

  // How deep recursive descent may go; counts while it lives.
  class Level {
   public:
    explicit Level(ExpressionParser& parser) : parser_(parser) { ++parser_.level_; }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ExpressionParser& parser_;
  };
  Result<void> check_level() const;

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  Token take();
  bool at_symbol(std::string_view symbol) const;
  bool at_name(std::string_view name) const;
  bool take_symbol(std::string_view symbol);
  bool take_name(std::string_view name);
  Result<void> expect_symbol(std::string_view symbol);
  Result<void> expect_name(std::string_view name);
  Result<void> expect(TokenKind kind, std::string_view what);
  Result<Token> expect_any_name();
  std::unexpected<Error> wrong(std::string_view message) const {
    return wrong(current().at, message);
  }
  std::unexpected<Error> wrong(Position at, std::string_view message) const;
  std::string describe_current() const;

  // Whether a list of expressions without brackets ends here; `end_name` is one more word that
  // ends it ("in", "recursive").
  bool at_tuple_end(std::string_view end_name) const;

  Result<ExpressionPtr> expression(bool conditional = true);
  Result<ExpressionPtr> tuple(bool conditional, std::string_view end_name, bool in_brackets);
  Result<ExpressionPtr> filters(ExpressionPtr input, bool starts_inline);

  Symbol intern(std::string_view name);
  // The macros being parsed, innermost last: which of the special names their bodies use.
  std::vector<MacroDefinition*> macros_;
  Program program_;
  // Whether the top level itself is being parsed, and which names it has read or set so far.
  std::size_t frames_ = 0;
  std::unordered_set<Symbol> known_;

 private:
  template <class Node>
  Result<ExpressionPtr> make(Position at, Node node, std::uint32_t depth_below) {
    if (depth_below >= max_depth_) return too_deep(at);
    return std::make_unique<Expression>(Expression{at, depth_below + 1, std::move(node)});
  }
  std::unexpected<Error> too_deep(Position at) const;
  static std::uint32_t depth(const ExpressionPtr& expression);
  static std::uint32_t depth(const std::vector<ExpressionPtr>& expressions);
  static std::uint32_t depth(const CallArguments& arguments);

  Result<ExpressionPtr> conditional();
  Result<ExpressionPtr> logical(bool conjunction);
  Result<ExpressionPtr> logical_not();
  Result<ExpressionPtr> comparison();
  bool take_comparator(Comparator& comparator);
  Result<ExpressionPtr> sum();
  Result<ExpressionPtr> concatenation();
  Result<ExpressionPtr> product();
  Result<ExpressionPtr> power();
  Result<ExpressionPtr> unary(bool with_filters);
  Result<ExpressionPtr> primary();
  Result<ExpressionPtr> name();
  Result<ExpressionPtr> strings();
  Result<ExpressionPtr> number();
  Result<ExpressionPtr> list();
  Result<ExpressionPtr> dict();
  Result<ExpressionPtr> postfix(ExpressionPtr object);
  Result<ExpressionPtr> filters_and_tests(ExpressionPtr input);
  Result<ExpressionPtr> test(ExpressionPtr input);
  Result<ExpressionPtr> member(ExpressionPtr object);
  Result<ExpressionPtr> bracketed(ExpressionPtr object);
  Result<ExpressionPtr> call(ExpressionPtr callee);
  Result<CallArguments> arguments();
  Result<void> argument(CallArguments& arguments, Position open);
  Result<std::string> dotted_name();
  Result<ExpressionPtr> constant(Position at, freehold::Value value);

  const std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t level_ = 0;
  const std::size_t max_level_;
  const std::uint32_t max_depth_;
  std::unordered_map<std::string, Symbol> symbols_;
};

}  // namespace freehold::text::jinja
