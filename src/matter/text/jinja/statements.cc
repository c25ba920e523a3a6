// The statements of evaluator.h.
#include <fmt/format.h>

#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {

Result<Evaluator::Flow> Evaluator::run(const Body& body) {
  const Level level(workspace_);
  for (const Statement& statement : body) {
    const Flow flow = TRY(run(statement));
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const Statement& statement) {
  Result<Flow> result = Flow::next;
  if (Result<void> counted = step(); !counted) {
    result = fail(std::move(counted).error());
  } else {
    result = std::visit([this](const auto& node) { return run(node); }, statement.node);
  }
  if (!result) [[unlikely]]
    return fail(locate(statement.at, std::move(result).error()));
  return result;
}

Result<Evaluator::Flow> Evaluator::run(const Text& node) {
  out_->append(node.text);
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const Print& node) {
  const Value value = TRY(evaluate(node.value));
  TRY(print(workspace_, value, *out_));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const If& node) {
  for (const auto& [condition, body] : node.branches) {
    if (truth(TRY(evaluate(condition)))) return run(body);
  }
  return run(node.otherwise);
}

Result<Evaluator::Flow> Evaluator::run(const For& node) {
  const Value iterable = TRY(evaluate(node.iterable));
  std::vector<Value> items = TRY(items_of(workspace_, iterable));
  if (!node.recursive) return run_loop(node, std::move(items), 0);
  // A recursive loop is a function of its own, which no break leaves.
  static_cast<void>(TRY(run_loop(node, std::move(items), 0)));
  return Flow::next;
}

// The items for which the loop's own condition holds.
Result<std::vector<Value>> Evaluator::chosen(const For& node, std::vector<Value> items) {
  std::vector<Value> result;
  for (Value& item : items) {
    const Place place(*this, TRY(inner_scope(scope_)), out_);
    TRY(assign(node.target, item));
    if (truth(TRY(evaluate(node.condition)))) result.push_back(std::move(item));
  }
  return result;
}

Result<Evaluator::Flow> Evaluator::run_loop(const For& node, std::vector<Value> items,
                                            std::size_t depth) {
  if (node.condition != nullptr) items = TRY(chosen(node, std::move(items)));
  const std::size_t bytes = items.size() * sizeof(Value);
  auto state = std::make_unique<Loop>();
  state->items = std::move(items);
  state->depth = depth;
  state->scope = scope_;
  if (node.recursive) state->statement = &node;
  const Ref<Loop> loop = TRY(workspace_.adopt(std::move(state), bytes));
  // Python's generated code notes a finished turn at its end, which break and continue skip.
  bool finished_turn = false;
  for (; loop->index < loop->items.size(); ++loop->index) {
    const Place place(*this, TRY(inner_scope(scope_)), out_);
    TRY(set(symbol_loop, Value(Kind::loop, loop.get())));
    TRY(assign(node.target, loop->items[loop->index]));
    const Flow flow = TRY(run(node.body));
    if (flow == Flow::break_loop) break;
    if (flow == Flow::next) finished_turn = true;
  }
  if (finished_turn || node.otherwise.empty()) return Flow::next;
  const Place place(*this, TRY(inner_scope(scope_)), out_);
  return run(node.otherwise);
}

Result<Evaluator::Flow> Evaluator::run(const Set& node) {
  TRY(check_members(node.target));
  Value value = TRY(evaluate(node.value));
  TRY(assign(node.target, std::move(value)));
  return Flow::next;
}

Result<std::optional<Value>> Evaluator::capture(const Body& body, Flow& flow,
                                                const ExpressionPtr& filter) {
  TextBuilder text(workspace_);
  const Place place(*this, TRY(inner_scope(scope_)), &text);
  flow = TRY(run(body));
  if (flow != Flow::next) return std::nullopt;
  std::string written = TRY(text.finish());
  Value result = TRY(make_string(workspace_, std::move(written)));
  if (filter == nullptr) return result;
  captured_ = std::move(result);
  return TRY(evaluate(filter));
}

Result<Evaluator::Flow> Evaluator::run(const SetBlock& node) {
  Flow flow = Flow::next;
  std::optional<Value> value = TRY(capture(node.body, flow, node.filter));
  if (!value) return flow;
  TRY(check_members(node.target));
  TRY(assign(node.target, *std::move(value)));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const FilterBlock& node) {
  Flow flow = Flow::next;
  const std::optional<Value> value = TRY(capture(node.body, flow, node.filter));
  if (value) TRY(print(workspace_, *value, *out_));
  return flow;
}

Result<Value> Evaluator::closure(const MacroDefinition& definition) {
  auto thing = std::make_unique<Closure>();
  thing->definition = &definition;
  thing->scope = scope_;
  const Ref<Closure> made = TRY(workspace_.adopt(std::move(thing), 0));
  return Value(Kind::closure, made.get());
}

Result<Evaluator::Flow> Evaluator::run(const Macro& node) {
  Value macro = TRY(closure(node.definition));
  TRY(set(node.symbol, std::move(macro)));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const CallBlock& node) {
  const Value caller = TRY(closure(node.caller));
  const Value result = TRY(evaluate_call(std::get<Call>(node.call->node), &caller));
  TRY(print(workspace_, result, *out_));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const With& node) {
  const Ref<Scope> inner = TRY(inner_scope(scope_));
  for (const auto& [target, expression] : node.assignments) {
    Value value = TRY(evaluate(expression));
    const Place place(*this, inner, out_);
    TRY(assign(target, std::move(value)));
  }
  const Place place(*this, inner, out_);
  return run(node.body);
}

Result<Evaluator::Flow> Evaluator::run(const Block& node) {
  const Ref<Scope> outer = node.sees_locals ? scope_ : Ref<Scope>();
  const Place place(*this, TRY(inner_scope(outer)), out_);
  return run(node.body);
}

Result<Evaluator::Flow> Evaluator::run(const Refused& node) {
  return type_error(fmt::format("'{}' is refused: a chat template stands alone", node.what));
}

}  // namespace freehold::text::jinja
