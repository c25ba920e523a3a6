// What can follow a value in an expression: members, calls, filters, tests.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/expression_parser.h"

namespace freehold::text::jinja {

Result<ExpressionPtr> ExpressionParser::postfix(ExpressionPtr object) {
  while (true) {
    if (at_symbol(".")) {
      object = TRY(member(std::move(object)));
    } else if (at_symbol("[")) {
      object = TRY(bracketed(std::move(object)));
    } else if (at_symbol("(")) {
      object = TRY(call(std::move(object)));
    } else {
      return object;
    }
  }
}

Result<ExpressionPtr> ExpressionParser::filters_and_tests(ExpressionPtr input) {
  while (true) {
    if (at_symbol("|")) {
      input = TRY(filters(std::move(input), false));
    } else if (at_name("is")) {
      input = TRY(test(std::move(input)));
    } else if (at_symbol("(")) {
      input = TRY(call(std::move(input)));
    } else {
      return input;
    }
  }
}

Result<ExpressionPtr> ExpressionParser::member(ExpressionPtr object) {
  const Position at = take().at;
  const std::uint32_t below = depth(object);
  if (current().kind == TokenKind::integer) {
    ExpressionPtr index = TRY(number());
    return make(at, Subscript{std::move(object), std::move(index)}, below + 1);
  }
  const Token name = TRY(expect_any_name());
  return make(at, Attribute{std::move(object), std::string(name.text)}, below);
}

// object[…]: an index, a slice, or several indices, which make a tuple.
Result<ExpressionPtr> ExpressionParser::bracketed(ExpressionPtr object) {
  const Position at = take().at;
  ExpressionPtr parts[3];
  std::size_t part = 0;
  std::vector<ExpressionPtr> indices;
  while (!at_symbol("]")) {
    if (!indices.empty()) TRY(expect_symbol(","));
    if (!at_symbol(":")) parts[0] = TRY(expression());
    while (part < 2 && take_symbol(":")) {
      ++part;
      if (!at_symbol(":") && !at_symbol("]") && !at_symbol(",")) parts[part] = TRY(expression());
    }
    if (part > 0) break;
    indices.push_back(std::move(parts[0]));
  }
  if (part > 0 && !indices.empty()) return wrong("a slice cannot be one of several indices");
  TRY(expect_symbol("]"));
  std::uint32_t below =
      std::max({depth(object), depth(parts[0]), depth(parts[1]), depth(parts[2]), depth(indices)});
  if (part > 0) {
    return make(
        at, Slice{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])},
        below);
  }
  ExpressionPtr index;
  if (indices.size() == 1) {
    index = std::move(indices[0]);
  } else {
    index = TRY(make(at, TupleDisplay{std::move(indices)}, below));
    ++below;
  }
  return make(at, Subscript{std::move(object), std::move(index)}, below);
}

Result<ExpressionPtr> ExpressionParser::call(ExpressionPtr callee) {
  const Position at = current().at;
  CallArguments given = TRY(arguments());
  const std::uint32_t below = std::max(depth(callee), depth(given));
  return make(at, Call{std::move(callee), std::move(given)}, below);
}

Result<CallArguments> ExpressionParser::arguments() {
  const Position open = current().at;
  TRY(expect_symbol("("));
  CallArguments arguments;
  for (bool first = true; !at_symbol(")"); first = false) {
    if (!first) {
      TRY(expect_symbol(","));
      if (at_symbol(")")) break;
    }
    TRY(argument(arguments, open));
  }
  TRY(expect_symbol(")"));
  return arguments;
}

Result<void> ExpressionParser::argument(CallArguments& arguments, Position open) {
  const auto misplaced = [&] { return wrong(open, "invalid order of a call's arguments"); };
  if (take_symbol("*")) {
    if (arguments.rest != nullptr || arguments.named_rest != nullptr) return misplaced();
    arguments.rest = TRY(expression());
  } else if (take_symbol("**")) {
    if (arguments.named_rest != nullptr) return misplaced();
    arguments.named_rest = TRY(expression());
  } else if (current().kind == TokenKind::name && ahead().kind == TokenKind::symbol &&
             ahead().text == "=") {
    if (arguments.named_rest != nullptr) return misplaced();
    const Token name = take();
    for (const auto& [given, value] : arguments.named) {
      if (given == name.text) {
        return wrong(name.at, fmt::format("the argument '{}' is given twice", name.text));
      }
    }
    take();
    arguments.named.emplace_back(std::string(name.text), TRY(expression()));
  } else {
    const bool last = arguments.rest != nullptr || arguments.named_rest != nullptr;
    if (last || !arguments.named.empty()) return misplaced();
    arguments.positional.push_back(TRY(expression()));
  }
  return {};
}

Result<std::string> ExpressionParser::dotted_name() {
  std::string name(TRY(expect_any_name()).text);
  while (take_symbol(".")) name += "." + std::string(TRY(expect_any_name()).text);
  return name;
}

// x|first|second(argument). A filter block's own chain starts without a bar.
Result<ExpressionPtr> ExpressionParser::filters(ExpressionPtr input, bool starts_inline) {
  while (starts_inline || take_symbol("|")) {
    starts_inline = false;
    const Position at = current().at;
    std::string name = TRY(dotted_name());
    CallArguments given;
    if (at_symbol("(")) given = TRY(arguments());
    const std::uint32_t below = std::max(depth(input), depth(given));
    input = TRY(make(at, Filter{std::move(input), std::move(name), std::move(given)}, below));
  }
  return input;
}

// x is test, x is not test, with one argument that may lack brackets: x is divisibleby 3.
Result<ExpressionPtr> ExpressionParser::test(ExpressionPtr input) {
  const Position at = take().at;
  const bool negated = take_name("not");
  std::string name = TRY(dotted_name());
  CallArguments given;
  const bool value_follows = current().kind == TokenKind::name ||
                             current().kind == TokenKind::string ||
                             current().kind == TokenKind::integer ||
                             current().kind == TokenKind::real || at_symbol("[") || at_symbol("{");
  if (at_symbol("(")) {
    given = TRY(arguments());
  } else if (value_follows && !at_name("else") && !at_name("or") && !at_name("and")) {
    if (at_name("is")) return wrong("tests cannot be chained with 'is'");
    ExpressionPtr argument = TRY(primary());
    given.positional.push_back(TRY(postfix(std::move(argument))));
  }
  const std::uint32_t below = std::max(depth(input), depth(given));
  ExpressionPtr result =
      TRY(make(at, Test{std::move(input), std::move(name), std::move(given)}, below));
  if (!negated) return result;
  return make(at, Unary{UnaryOperator::logical_not, std::move(result)}, below + 1);
}

}  // namespace freehold::text::jinja
