#include "text/jinja/evaluator.h"

#include <fmt/format.h>

#include "text/jinja/filters.h"
#include "text/jinja/globals.h"
#include "text/jinja/lexer.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {
namespace {

// Evaluation nests in a chain of calls, and within each call as deep as the template's source.
constexpr std::size_t nesting_per_call = 16;

}  // namespace

Result<std::string> Evaluator::render(const Object& context) {
  TRY(prepare(context));
  TextBuilder out(workspace_);
  const Place place(*this, {}, &out);
  static_cast<void>(TRY(run(program_.body)));
  return out.finish();
}

Result<void> Evaluator::prepare(const Object& context) {
  for (const auto& constant : program_.constants) {
    constants_.push_back(TRY(make_value(workspace_, constant)));
  }
  for (std::size_t i = 0; i < root_.size(); ++i) {
    for (const Function& function : global_functions()) {
      if (program_.names[i] == function.name) root_[i] = Value::function(function);
    }
    for (const auto& [name, value] : context) {
      if (program_.names[i] == name) root_[i] = TRY(make_value(workspace_, value));
    }
  }
  for (const Symbol symbol : program_.hidden) root_[symbol] = Value();
  return {};
}

Result<void> Evaluator::step() {
  if (workspace_.nesting > workspace_.limits().max_depth * nesting_per_call) {
    return fail(ErrorCode::invalid, "evaluation nests too deeply");
  }
  return workspace_.spend(1);
}

Error Evaluator::locate(Position at, Error error) {
  if (std::exchange(located_, true)) return error;
  error.message = located(at, error.message);
  return error;
}

Value Evaluator::look_up(Symbol symbol) const {
  for (Scope* scope = scope_.get(); scope != nullptr; scope = scope->outer()) {
    if (const Value* found = scope->find(symbol)) return *found;
  }
  return root_[symbol];
}

Result<void> Evaluator::set(Symbol symbol, Value value) {
  if (scope_) return scope_->set(workspace_, symbol, std::move(value));
  root_[symbol] = std::move(value);
  return {};
}

Result<Ref<Scope>> Evaluator::inner_scope(const Ref<Scope>& outer) {
  return workspace_.adopt(std::make_unique<Scope>(outer), 0);
}

Result<void> Evaluator::check_members(const Target& target) const {
  if (const auto* member = std::get_if<Target::Member>(&target.node)) {
    if (!look_up(member->symbol).is(Kind::name_space)) {
      return type_error("cannot assign attribute on non-namespace object");
    }
    if (member->attribute.starts_with('_')) {
      return type_error("a namespace's attribute cannot start with an underscore");
    }
  } else if (const auto* several = std::get_if<std::vector<Target>>(&target.node)) {
    for (const Target& one : *several) TRY(check_members(one));
  }
  return {};
}

Result<void> Evaluator::assign(const Target& target, Value value) {
  if (const auto* symbol = std::get_if<Symbol>(&target.node)) return set(*symbol, std::move(value));
  if (const auto* member = std::get_if<Target::Member>(&target.node)) {
    const Value owner = look_up(member->symbol);
    if (!owner.is(Kind::name_space)) return type_error("the namespace is gone");
    Value key = TRY(make_string(workspace_, member->attribute));
    return owner.as<Namespace>().attributes->set(workspace_, std::move(key), std::move(value));
  }
  const auto& targets = std::get<std::vector<Target>>(target.node);
  const std::vector<Value> items = TRY(items_of(workspace_, value));
  if (items.size() != targets.size()) {
    return type_error(
        fmt::format("{} values cannot be unpacked into {} names", items.size(), targets.size()));
  }
  for (std::size_t i = 0; i < items.size(); ++i) TRY(assign(targets[i], items[i]));
  return {};
}

Result<Value> Evaluator::evaluate(const Expression& expression) {
  const Level level(workspace_);
  Result<Value> result = Value();
  if (Result<void> counted = step(); !counted) {
    result = fail(std::move(counted).error());
  } else {
    result = std::visit([this](const auto& node) { return evaluate(node); }, expression.node);
  }
  if (!result) [[unlikely]]
    return fail(locate(expression.at, std::move(result).error()));
  return result;
}

Result<Value> Evaluator::evaluate(const Literal& literal) {
  return constants_[literal.constant];
}

Result<Value> Evaluator::evaluate(const Name& name) {
  return look_up(name.symbol);
}

Result<Value> Evaluator::evaluate(const Attribute& node) {
  const Value object = TRY(evaluate(node.object));
  if (object.is_undefined()) return undefined_use(object, *node.object);
  return attribute(workspace_, object, node.name);
}

Result<Value> Evaluator::evaluate(const Subscript& node) {
  const Value object = TRY(evaluate(node.object));
  const Value index = TRY(evaluate(node.index));
  if (object.is_undefined()) return undefined_use(object, *node.object);
  return subscript(workspace_, object, index);
}

Result<Value> Evaluator::evaluate(const Slice& node) {
  const Value object = TRY(evaluate(node.object));
  const auto bound = [this](const ExpressionPtr& part) -> Result<std::optional<std::int64_t>> {
    if (part == nullptr) return std::nullopt;
    const Value value = TRY(evaluate(part));
    if (value.is_none()) return std::nullopt;
    return TRY(whole(value, "a slice index"));
  };
  SliceBounds bounds;
  bounds.start = TRY(bound(node.start));
  bounds.stop = TRY(bound(node.stop));
  bounds.step = TRY(bound(node.step));
  if (object.is_undefined()) return undefined_use(object, *node.object);
  return slice(workspace_, object, bounds);
}

Result<Value> Evaluator::evaluate(const Filter& node) {
  const Value input = node.input == nullptr ? captured_ : TRY(evaluate(node.input));
  const Arguments arguments = TRY(evaluate(node.arguments));
  const Method* filter = find_filter(node.name);
  if (filter == nullptr) return type_error(fmt::format("there is no filter '{}'", node.name));
  return filter->call(workspace_, input, arguments);
}

Result<Value> Evaluator::evaluate(const Test& node) {
  const Value input = TRY(evaluate(node.input));
  const Arguments arguments = TRY(evaluate(node.arguments));
  const Method* test = find_test(node.name);
  if (test == nullptr) return type_error(fmt::format("there is no test '{}'", node.name));
  return test->call(workspace_, input, arguments);
}

Result<Value> Evaluator::evaluate(const Unary& node) {
  const Value operand = TRY(evaluate(node.operand));
  if (node.operation == UnaryOperator::logical_not) return Value::boolean(!truth(operand));
  if (operand.is_undefined()) return undefined_use(operand, *node.operand);
  if (node.operation == UnaryOperator::minus) return negate(operand);
  if (operand.is_integral()) return Value::integer(operand.integer());
  if (operand.is_number()) return operand;
  return type_error(fmt::format("bad operand type for unary +: '{}'", type_name(operand)));
}

Result<Value> Evaluator::evaluate(const Binary& node) {
  const Value left = TRY(evaluate(node.left));
  const Value right = TRY(evaluate(node.right));
  const bool formats = node.operation == BinaryOperator::modulo && left.is_string();
  if (left.is_undefined()) return undefined_use(left, *node.left);
  if (right.is_undefined() && !formats) return undefined_use(right, *node.right);
  return apply(workspace_, node.operation, left, right);
}

Result<Value> Evaluator::evaluate(const Comparison& node) {
  Value left = TRY(evaluate(node.first));
  for (const auto& [comparator, operand] : node.rest) {
    Value right = TRY(evaluate(operand));
    if (!TRY(compare(workspace_, comparator, left, right))) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Result<Value> Evaluator::evaluate(const Logical& node) {
  Value value;
  for (const auto& operand : node.operands) {
    value = TRY(evaluate(operand));
    if (truth(value) != node.conjunction) break;
  }
  return value;
}

Result<Value> Evaluator::evaluate(const Concatenation& node) {
  TextBuilder text(workspace_);
  for (const auto& operand : node.operands) {
    const Value value = TRY(evaluate(operand));
    TRY(print(workspace_, value, text));
  }
  return make_string(workspace_, TRY(text.finish()));
}

Result<Value> Evaluator::evaluate(const Conditional& node) {
  if (truth(TRY(evaluate(node.condition)))) return evaluate(node.then);
  if (node.otherwise == nullptr) return Value();
  return evaluate(node.otherwise);
}

Result<std::vector<Value>> Evaluator::evaluate_all(const std::vector<ExpressionPtr>& expressions) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const auto& expression : expressions) values.push_back(TRY(evaluate(expression)));
  return values;
}

Result<Value> Evaluator::evaluate(const ListDisplay& node) {
  return make_list(workspace_, TRY(evaluate_all(node.items)));
}

Result<Value> Evaluator::evaluate(const TupleDisplay& node) {
  return make_tuple(workspace_, TRY(evaluate_all(node.items)));
}

Result<Value> Evaluator::evaluate(const DictDisplay& node) {
  const Ref<Dict> dict = TRY(make_dict(workspace_));
  for (const auto& [key, value] : node.items) {
    Value name = TRY(evaluate(key));
    Value member = TRY(evaluate(value));
    TRY(dict->set(workspace_, std::move(name), std::move(member)));
  }
  return value_of(dict);
}

// The source of an expression as far as an error message needs it.
std::string Evaluator::describe(const Expression& expression) const {
  if (const auto* name = std::get_if<Name>(&expression.node)) return program_.names[name->symbol];
  if (const auto* member = std::get_if<Attribute>(&expression.node)) {
    return describe(*member->object) + "." + member->name;
  }
  if (const auto* element = std::get_if<Subscript>(&expression.node)) {
    return describe(*element->object) + "[…]";
  }
  return "the value";
}

Result<Value> Evaluator::undefined_use(const Value& value, const Expression& expression) const {
  return undefined_error(value, fmt::format("'{}'", describe(expression)));
}

}  // namespace freehold::text::jinja
