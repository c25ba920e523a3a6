// The calls of evaluator.h.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/evaluator.h"
#include "text/jinja/methods.h"
#include "text/jinja/operations.h"

namespace freehold::text::jinja {

Result<Arguments> Evaluator::evaluate(const CallArguments& node) {
  Arguments arguments;
  arguments.positional = TRY(evaluate_all(node.positional));
  if (node.rest != nullptr) {
    const Value rest = TRY(evaluate(node.rest));
    for (Value& item : TRY(items_of(workspace_, rest))) {
      arguments.positional.push_back(std::move(item));
    }
  }
  for (const auto& [name, value] : node.named) {
    arguments.named.emplace_back(name, TRY(evaluate(value)));
  }
  if (node.named_rest == nullptr) return arguments;
  const Value rest = TRY(evaluate(node.named_rest));
  if (!rest.is(Kind::dict)) return type_error("the argument after ** must be a mapping");
  for (const auto& [key, value] : rest.dict().entries) {
    if (!key.is_string()) return type_error("keywords must be strings");
    for (const auto& [name, given] : arguments.named) {
      if (name == key.text())
        return type_error(fmt::format("the argument '{}' is given twice", name));
    }
    arguments.named.emplace_back(key.text(), value);
  }
  return arguments;
}

// A call; of a call block when there is a caller.
Result<Value> Evaluator::evaluate_call(const Call& node, const Value* caller) {
  const auto arguments = [&]() -> Result<Arguments> {
    Arguments given = TRY(evaluate(node.arguments));
    if (caller != nullptr) given.named.emplace_back("caller", *caller);
    return given;
  };
  const auto* member = std::get_if<Attribute>(&node.callee->node);
  if (member == nullptr) {
    const Value callee = TRY(evaluate(node.callee));
    if (callee.is_undefined()) return undefined_use(callee, *node.callee);
    return call(callee, TRY(arguments()));
  }
  // object.method(…) without a bound method in between.
  const Value object = TRY(evaluate(member->object));
  if (object.is_undefined()) return undefined_use(object, *member->object);
  if (const Method* method = find_method(object, member->name)) {
    return method->call(workspace_, object, TRY(arguments()));
  }
  const Value callee = TRY(attribute(workspace_, object, member->name));
  if (callee.is_undefined()) return undefined_use(callee, *node.callee);
  return call(callee, TRY(arguments()));
}

Result<Value> Evaluator::call(const Value& callee, Arguments arguments) {
  switch (callee.kind()) {
    case Kind::function:
      return callee.function().call(workspace_, arguments);
    case Kind::closure:
      return call_closure(callee.as<Closure>(), std::move(arguments));
    case Kind::loop:
      return call_loop(callee.as<Loop>(), arguments);
    case Kind::method: {
      const auto& bound = callee.as<BoundMethod>();
      return bound.method->call(workspace_, bound.self, arguments);
    }
    case Kind::joiner: {
      auto& joiner = callee.as<Joiner>();
      if (std::exchange(joiner.used, true)) return joiner.separator;
      return make_string(workspace_, "");
    }
    default:
      return type_error(fmt::format("'{}' object is not callable", type_name(callee)));
  }
}

Result<Value> Evaluator::call_closure(const Closure& closure, Arguments arguments) {
  if (workspace_.calls >= workspace_.limits().max_depth) {
    return type_error(fmt::format("more than {} calls within each other", workspace_.calls));
  }
  ++workspace_.calls;
  TextBuilder text(workspace_);
  const auto body = [&]() -> Result<Value> {
    const Place place(*this, TRY(inner_scope(closure.scope)), &text);
    TRY(bind_parameters(*closure.definition, std::move(arguments)));
    static_cast<void>(TRY(run(closure.definition->body)));
    return make_string(workspace_, TRY(text.finish()));
  };
  Result<Value> result = body();
  --workspace_.calls;
  return result;
}

// Sets a macro's parameters in the current scope.
Result<void> Evaluator::bind_parameters(const MacroDefinition& macro, Arguments arguments) {
  const std::size_t count = macro.parameters.size();
  const std::size_t first_default = count - macro.defaults.size();
  const auto take_named = [&](std::string_view name) -> std::optional<Value> {
    for (auto given = arguments.named.begin(); given != arguments.named.end(); ++given) {
      if (given->first != name) continue;
      Value value = std::move(given->second);
      arguments.named.erase(given);
      return value;
    }
    return std::nullopt;
  };
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < count; ++i) {
    const Symbol symbol = macro.parameters[i];
    if (i < arguments.positional.size()) {
      TRY(set(symbol, arguments.positional[i]));
    } else if (auto named = take_named(program_.names[symbol])) {
      TRY(set(symbol, *std::move(named)));
    } else {
      missing.push_back(i);
      TRY(set(symbol, Value()));  // hides what is called so outside
    }
  }
  if (macro.uses_caller) TRY(set(symbol_caller, take_named("caller").value_or(Value())));
  if (macro.uses_kwargs) {
    const Ref<Dict> rest = TRY(make_dict(workspace_));
    for (auto& [name, value] : arguments.named) {
      Value key = TRY(make_string(workspace_, name));
      TRY(rest->set(workspace_, std::move(key), std::move(value)));
    }
    TRY(set(symbol_kwargs, value_of(rest)));
  } else if (!arguments.named.empty()) {
    return type_error(fmt::format("macro '{}' takes no keyword argument '{}'", macro.name,
                                  arguments.named[0].first));
  }
  if (macro.uses_varargs) {
    const auto begin = arguments.positional.begin();
    const auto used = static_cast<std::ptrdiff_t>(std::min(count, arguments.positional.size()));
    Value rest = TRY(make_tuple(workspace_, {begin + used, arguments.positional.end()}));
    TRY(set(symbol_varargs, std::move(rest)));
  } else if (arguments.positional.size() > count) {
    return type_error(
        fmt::format("macro '{}' takes not more than {} arguments", macro.name, count));
  }
  for (const std::size_t i : missing) {  // defaults may refer to the parameters before them
    Value value = i < first_default ? Value() : TRY(evaluate(macro.defaults[i - first_default]));
    TRY(set(macro.parameters[i], std::move(value)));
  }
  return {};
}

// loop(children): the loop's body once more, over other items.
Result<Value> Evaluator::call_loop(const Loop& loop, const Arguments& arguments) {
  if (loop.statement == nullptr) {
    return type_error("the loop must be marked 'recursive' to be called");
  }
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    return type_error("loop() takes one argument");
  }
  if (workspace_.calls >= workspace_.limits().max_depth) {
    return type_error(fmt::format("more than {} calls within each other", workspace_.calls));
  }
  ++workspace_.calls;
  TextBuilder text(workspace_);
  const auto body = [&]() -> Result<Value> {
    const Place place(*this, loop.scope, &text);
    std::vector<Value> items = TRY(items_of(workspace_, arguments.positional[0]));
    static_cast<void>(TRY(run_loop(*loop.statement, std::move(items), loop.depth + 1)));
    return make_string(workspace_, TRY(text.finish()));
  };
  Result<Value> result = body();
  --workspace_.calls;
  return result;
}

}  // namespace freehold::text::jinja
