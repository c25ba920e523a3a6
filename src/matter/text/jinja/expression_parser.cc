#include "text/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace freehold::text::jinja {
namespace {

// Chains such as a + b + c nest to the left as often as they are long; they may be longer than
// brackets may be deep.
constexpr std::uint32_t chain_factor = 4;

std::string without_underscores(std::string_view text) {
  std::string result(text);
  std::erase(result, '_');
  return result;
}

}  // namespace

ExpressionParser::ExpressionParser(std::vector<Token> tokens, const TemplateLimits& limits)
    : tokens_(std::move(tokens)),
      max_level_(limits.max_depth),
      max_depth_(static_cast<std::uint32_t>(std::min<std::size_t>(limits.max_depth, 4096)) *
                 chain_factor) {
  for (const std::string_view name : {"loop", "caller", "varargs", "kwargs"}) intern(name);
}

Result<void> ExpressionParser::check_level() const {
  if (level_ <= max_level_) return {};
  return wrong(fmt::format("nested deeper than {} levels", max_level_));
}

Token ExpressionParser::take() {
  const Token token = current();
  if (token.kind != TokenKind::end) ++at_;
  return token;
}

bool ExpressionParser::at_symbol(std::string_view symbol) const {
  return current().kind == TokenKind::symbol && current().text == symbol;
}
bool ExpressionParser::at_name(std::string_view name) const {
  return current().kind == TokenKind::name && current().text == name;
}
bool ExpressionParser::take_symbol(std::string_view symbol) {
  if (!at_symbol(symbol)) return false;
  ++at_;
  return true;
}
bool ExpressionParser::take_name(std::string_view name) {
  if (!at_name(name)) return false;
  ++at_;
  return true;
}

Result<void> ExpressionParser::expect_symbol(std::string_view symbol) {
  if (take_symbol(symbol)) return {};
  return wrong(fmt::format("expected '{}', found {}", symbol, describe_current()));
}
Result<void> ExpressionParser::expect_name(std::string_view name) {
  if (take_name(name)) return {};
  return wrong(fmt::format("expected '{}', found {}", name, describe_current()));
}
Result<void> ExpressionParser::expect(TokenKind kind, std::string_view what) {
  if (current().kind != kind) {
    return wrong(fmt::format("expected {}, found {}", what, describe_current()));
  }
  take();
  return {};
}
Result<Token> ExpressionParser::expect_any_name() {
  if (current().kind == TokenKind::name) return take();
  return wrong(fmt::format("expected a name, found {}", describe_current()));
}

std::unexpected<Error> ExpressionParser::wrong(Position at, std::string_view message) const {
  return fail(ErrorCode::invalid, located(at, message));
}

std::string ExpressionParser::describe_current() const {
  switch (current().kind) {
    case TokenKind::text:
      return "text";
    case TokenKind::print_begin:
      return "'{{'";
    case TokenKind::print_end:
      return "'}}'";
    case TokenKind::block_begin:
      return "'{%'";
    case TokenKind::block_end:
      return "'%}'";
    case TokenKind::end:
      return "the end of the template";
    default:
      return fmt::format("'{}'", current().text.substr(0, 40));
  }
}

Symbol ExpressionParser::intern(std::string_view name) {
  const auto next = static_cast<Symbol>(program_.names.size());
  const auto [entry, is_new] = symbols_.try_emplace(std::string(name), next);
  if (is_new) program_.names.emplace_back(name);
  return entry->second;
}

std::uint32_t ExpressionParser::depth(const ExpressionPtr& expression) {
  return expression == nullptr ? 0 : expression->depth;
}
std::uint32_t ExpressionParser::depth(const std::vector<ExpressionPtr>& expressions) {
  std::uint32_t most = 0;
  for (const auto& expression : expressions) most = std::max(most, depth(expression));
  return most;
}
std::uint32_t ExpressionParser::depth(const CallArguments& arguments) {
  std::uint32_t most =
      std::max({depth(arguments.positional), depth(arguments.rest), depth(arguments.named_rest)});
  for (const auto& [name, value] : arguments.named) most = std::max(most, depth(value));
  return most;
}

std::unexpected<Error> ExpressionParser::too_deep(Position at) const {
  return wrong(at, fmt::format("an expression of more than {} levels", max_depth_));
}

Result<ExpressionPtr> ExpressionParser::constant(Position at, freehold::Value value) {
  program_.constants.push_back(std::move(value));
  return make(at, Literal{static_cast<std::uint32_t>(program_.constants.size() - 1)}, 0);
}

bool ExpressionParser::at_tuple_end(std::string_view end_name) const {
  return current().kind == TokenKind::print_end || current().kind == TokenKind::block_end ||
         at_symbol(")") || (!end_name.empty() && at_name(end_name));
}

Result<ExpressionPtr> ExpressionParser::tuple(bool conditional, std::string_view end_name,
                                              bool in_brackets) {
  const Position at = current().at;
  std::vector<ExpressionPtr> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) TRY(expect_symbol(","));
    if (at_tuple_end(end_name)) break;
    items.push_back(TRY(expression(conditional)));
    if (!at_symbol(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return std::move(items[0]);
  if (!is_tuple && !in_brackets) {
    return wrong(fmt::format("expected an expression, found {}", describe_current()));
  }
  const std::uint32_t below = depth(items);
  return make(at, TupleDisplay{std::move(items)}, below);
}

Result<ExpressionPtr> ExpressionParser::expression(bool with_conditional) {
  const Level level(*this);
  TRY(check_level());
  return with_conditional ? conditional() : logical(false);
}

Result<ExpressionPtr> ExpressionParser::conditional() {
  const Level level(*this);
  TRY(check_level());
  const Position at = current().at;
  ExpressionPtr then = TRY(logical(false));
  while (take_name("if")) {
    ExpressionPtr condition = TRY(logical(false));
    ExpressionPtr otherwise;
    if (take_name("else")) otherwise = TRY(conditional());
    const std::uint32_t below = std::max({depth(then), depth(condition), depth(otherwise)});
    then = TRY(
        make(at, Conditional{std::move(condition), std::move(then), std::move(otherwise)}, below));
  }
  return then;
}

Result<ExpressionPtr> ExpressionParser::logical(bool conjunction) {
  const Position at = current().at;
  std::vector<ExpressionPtr> operands;
  do {
    operands.push_back(conjunction ? TRY(logical_not()) : TRY(logical(true)));
  } while (take_name(conjunction ? "and" : "or"));
  if (operands.size() == 1) return std::move(operands[0]);
  const std::uint32_t below = depth(operands);
  return make(at, Logical{conjunction, std::move(operands)}, below);
}

Result<ExpressionPtr> ExpressionParser::logical_not() {
  if (!at_name("not")) return comparison();
  const Level level(*this);
  TRY(check_level());
  const Position at = take().at;
  ExpressionPtr operand = TRY(logical_not());
  const std::uint32_t below = depth(operand);
  return make(at, Unary{UnaryOperator::logical_not, std::move(operand)}, below);
}

bool ExpressionParser::take_comparator(Comparator& comparator) {
  constexpr std::pair<std::string_view, Comparator> symbols[] = {
      {"==", Comparator::equal},  {"!=", Comparator::not_equal},
      {"<", Comparator::less},    {"<=", Comparator::less_equal},
      {">", Comparator::greater}, {">=", Comparator::greater_equal}};
  for (const auto& [symbol, meaning] : symbols) {
    if (take_symbol(symbol)) {
      comparator = meaning;
      return true;
    }
  }
  comparator = Comparator::in;
  if (take_name("in")) return true;
  if (!at_name("not") || ahead().kind != TokenKind::name || ahead().text != "in") return false;
  comparator = Comparator::not_in;
  at_ += 2;
  return true;
}

Result<ExpressionPtr> ExpressionParser::comparison() {
  const Position at = current().at;
  ExpressionPtr first = TRY(sum());
  std::uint32_t below = depth(first);
  std::vector<std::pair<Comparator, ExpressionPtr>> rest;
  Comparator comparator = Comparator::equal;
  while (take_comparator(comparator)) {
    rest.emplace_back(comparator, TRY(sum()));
    below = std::max(below, depth(rest.back().second));
  }
  if (rest.empty()) return first;
  return make(at, Comparison{std::move(first), std::move(rest)}, below);
}

Result<ExpressionPtr> ExpressionParser::sum() {
  ExpressionPtr left = TRY(concatenation());
  while (at_symbol("+") || at_symbol("-")) {
    const Token symbol = take();
    ExpressionPtr right = TRY(concatenation());
    const std::uint32_t below = std::max(depth(left), depth(right));
    const auto operation = symbol.text == "+" ? BinaryOperator::add : BinaryOperator::subtract;
    left = TRY(make(symbol.at, Binary{operation, std::move(left), std::move(right)}, below));
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::concatenation() {
  const Position at = current().at;
  std::vector<ExpressionPtr> operands;
  do operands.push_back(TRY(product()));
  while (take_symbol("~"));
  if (operands.size() == 1) return std::move(operands[0]);
  const std::uint32_t below = depth(operands);
  return make(at, Concatenation{std::move(operands)}, below);
}

Result<ExpressionPtr> ExpressionParser::product() {
  ExpressionPtr left = TRY(power());
  while (at_symbol("*") || at_symbol("/") || at_symbol("//") || at_symbol("%")) {
    const Token symbol = take();
    const auto operation = symbol.text == "*"    ? BinaryOperator::multiply
                           : symbol.text == "/"  ? BinaryOperator::divide
                           : symbol.text == "//" ? BinaryOperator::floor_divide
                                                 : BinaryOperator::modulo;
    ExpressionPtr right = TRY(power());
    const std::uint32_t below = std::max(depth(left), depth(right));
    left = TRY(make(symbol.at, Binary{operation, std::move(left), std::move(right)}, below));
  }
  return left;
}

// Unlike Python's, Jinja's ** binds to the left.
Result<ExpressionPtr> ExpressionParser::power() {
  ExpressionPtr left = TRY(unary(true));
  while (at_symbol("**")) {
    const Position at = take().at;
    ExpressionPtr right = TRY(unary(true));
    const std::uint32_t below = std::max(depth(left), depth(right));
    left = TRY(make(at, Binary{BinaryOperator::power, std::move(left), std::move(right)}, below));
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::unary(bool with_filters) {
  const Level level(*this);
  TRY(check_level());
  ExpressionPtr result;
  if (at_symbol("-") || at_symbol("+")) {
    const Token symbol = take();
    ExpressionPtr operand = TRY(unary(false));
    const std::uint32_t below = depth(operand);
    const auto operation = symbol.text == "-" ? UnaryOperator::minus : UnaryOperator::plus;
    result = TRY(make(symbol.at, Unary{operation, std::move(operand)}, below));
  } else {
    result = TRY(primary());
  }
  result = TRY(postfix(std::move(result)));
  return with_filters ? filters_and_tests(std::move(result)) : std::move(result);
}

Result<ExpressionPtr> ExpressionParser::primary() {
  switch (current().kind) {
    case TokenKind::name:
      return name();
    case TokenKind::string:
      return strings();
    case TokenKind::integer:
    case TokenKind::real:
      return number();
    default:
      break;
  }
  if (at_symbol("[")) return list();
  if (at_symbol("{")) return dict();
  if (take_symbol("(")) {
    ExpressionPtr inner = TRY(tuple(true, "", true));
    TRY(expect_symbol(")"));
    return inner;
  }
  return wrong(fmt::format("expected an expression, found {}", describe_current()));
}

Result<ExpressionPtr> ExpressionParser::name() {
  const Token token = take();
  const std::string_view text = token.text;
  if (text == "true" || text == "True") return constant(token.at, true);
  if (text == "false" || text == "False") return constant(token.at, false);
  if (text == "none" || text == "None") return constant(token.at, nullptr);
  const Symbol symbol = intern(text);
  if (frames_ == 0) known_.insert(symbol);
  for (MacroDefinition* macro : macros_) {
    if (symbol == symbol_caller) macro->uses_caller = true;
    if (symbol == symbol_varargs) macro->uses_varargs = true;
    if (symbol == symbol_kwargs) macro->uses_kwargs = true;
  }
  return make(token.at, Name{symbol}, 0);
}

Result<ExpressionPtr> ExpressionParser::strings() {
  const Position at = current().at;
  std::string text;
  while (current().kind == TokenKind::string) {
    Result<std::string> part = unquote(current().text);
    if (!part) return wrong(std::move(part).error().message);
    text += *part;
    take();
  }
  return constant(at, std::move(text));
}

Result<ExpressionPtr> ExpressionParser::number() {
  const Token token = take();
  const std::string digits = without_underscores(token.text);
  const char* const end = digits.data() + digits.size();
  if (token.kind == TokenKind::real) {
    double value = 0;
    const auto read = std::from_chars(digits.data(), end, value);
    if (read.ec == std::errc::result_out_of_range) return wrong(token.at, "a number out of range");
    return constant(token.at, value);
  }
  const char letter = digits.size() > 1 ? static_cast<char>(digits[1] | 32) : '\0';
  const int base = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'x' ? 16 : 10;
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data() + (base == 10 ? 0 : 2), end, value, base);
  if (read.ec != std::errc()) return wrong(token.at, "a whole number beyond 64 bits");
  return constant(token.at, value);
}

Result<ExpressionPtr> ExpressionParser::list() {
  const Position at = take().at;
  std::vector<ExpressionPtr> items;
  while (!at_symbol("]")) {
    if (!items.empty()) TRY(expect_symbol(","));
    if (at_symbol("]")) break;
    items.push_back(TRY(expression()));
  }
  TRY(expect_symbol("]"));
  const std::uint32_t below = depth(items);
  return make(at, ListDisplay{std::move(items)}, below);
}

Result<ExpressionPtr> ExpressionParser::dict() {
  const Position at = take().at;
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> items;
  std::uint32_t below = 0;
  while (!at_symbol("}")) {
    if (!items.empty()) TRY(expect_symbol(","));
    if (at_symbol("}")) break;
    ExpressionPtr key = TRY(expression());
    TRY(expect_symbol(":"));
    ExpressionPtr value = TRY(expression());
    below = std::max({below, depth(key), depth(value)});
    items.emplace_back(std::move(key), std::move(value));
  }
  TRY(expect_symbol("}"));
  return make(at, DictDisplay{std::move(items)}, below);
}

}  // namespace freehold::text::jinja
