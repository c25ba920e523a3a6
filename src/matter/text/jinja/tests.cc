// Jinja's tests: x is defined, x is divisibleby 3, ….
#include <unordered_map>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/filters.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {
namespace {

template <bool (*holds)(const Value&)>
Result<Value> simple(Workspace&, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "test", {}, 0));
  return Value::boolean(holds(input));
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_boolean(const Value& value) {
  return value.is(Kind::boolean);
}
bool is_true(const Value& value) {
  return value.is(Kind::boolean) && value.integer() != 0;
}
bool is_false(const Value& value) {
  return value.is(Kind::boolean) && value.integer() == 0;
}
bool is_integer(const Value& value) {
  return value.is(Kind::integer);
}
bool is_float(const Value& value) {
  return value.is(Kind::real);
}
bool is_number(const Value& value) {
  return value.is_number();
}
bool is_string(const Value& value) {
  return value.is_string();
}
bool is_mapping(const Value& value) {
  return value.is(Kind::dict);
}
bool is_escaped(const Value& value) {
  return value.is_string() && value.string().markup;
}
bool is_filter(const Value& value) {
  return value.is_string() && find_filter(value.text()) != nullptr;
}
bool is_test(const Value& value) {
  return value.is_string() && find_test(value.text()) != nullptr;
}

bool is_sequence(const Value& value) {
  return value.is_any({Kind::undefined, Kind::forbidden, Kind::string, Kind::list, Kind::tuple,
                       Kind::dict, Kind::range});
}

bool is_callable(const Value& value) {
  return value.is_any({Kind::undefined, Kind::forbidden, Kind::function, Kind::closure,
                       Kind::method, Kind::loop, Kind::joiner});
}

template <bool upper>
Result<Value> has_case_test(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "case test", {}, 0));
  const Value text = TRY(to_text(workspace, input));
  TRY(workspace.spend_on_bytes(text.text().size()));
  return Value::boolean(has_case(text.text(), upper));
}

Result<bool> divides(Workspace& workspace, const Value& value, const Value& divisor,
                     std::int64_t rest) {
  const Value result = TRY(apply(workspace, BinaryOperator::modulo, value, divisor));
  return equal(workspace, result, Value::integer(rest));
}

Result<Value> odd(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "odd", {}, 0));
  return Value::boolean(TRY(divides(workspace, input, Value::integer(2), 1)));
}

Result<Value> even(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "even", {}, 0));
  return Value::boolean(TRY(divides(workspace, input, Value::integer(2), 0)));
}

Result<Value> divisible_by(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "divisibleby", {"num"}, 1));
  return Value::boolean(TRY(divides(workspace, input, given[0], 0)));
}

template <Comparator comparator>
Result<Value> compares(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "comparison", {"other"}, 1));
  return Value::boolean(TRY(compare(workspace, comparator, input, given[0])));
}

Result<Value> same_as(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "sameas", {"other"}, 1));
  const Value& other = given[0];
  if (input.kind() != other.kind()) return Value::boolean(false);
  if (input.is_number() || input.is_none() || input.is_undefined() || input.is(Kind::function)) {
    return Value::boolean(TRY(equal(workspace, input, other)));
  }
  return Value::boolean(input.thing() == other.thing());
}

constexpr Method table[] = {{"!=", compares<Comparator::not_equal>},
                            {"<", compares<Comparator::less>},
                            {"<=", compares<Comparator::less_equal>},
                            {"==", compares<Comparator::equal>},
                            {">", compares<Comparator::greater>},
                            {">=", compares<Comparator::greater_equal>},
                            {"boolean", simple<is_boolean>},
                            {"callable", simple<is_callable>},
                            {"defined", simple<is_defined>},
                            {"divisibleby", divisible_by},
                            {"eq", compares<Comparator::equal>},
                            {"equalto", compares<Comparator::equal>},
                            {"escaped", simple<is_escaped>},
                            {"even", even},
                            {"false", simple<is_false>},
                            {"filter", simple<is_filter>},
                            {"float", simple<is_float>},
                            {"ge", compares<Comparator::greater_equal>},
                            {"greaterthan", compares<Comparator::greater>},
                            {"gt", compares<Comparator::greater>},
                            {"in", compares<Comparator::in>},
                            {"integer", simple<is_integer>},
                            {"iterable", simple<is_iterable>},
                            {"le", compares<Comparator::less_equal>},
                            {"lessthan", compares<Comparator::less>},
                            {"lower", has_case_test<false>},
                            {"lt", compares<Comparator::less>},
                            {"mapping", simple<is_mapping>},
                            {"ne", compares<Comparator::not_equal>},
                            {"none", simple<is_none>},
                            {"number", simple<is_number>},
                            {"odd", odd},
                            {"sameas", same_as},
                            {"sequence", simple<is_sequence>},
                            {"string", simple<is_string>},
                            {"test", simple<is_test>},
                            {"true", simple<is_true>},
                            {"undefined", simple<is_undefined>},
                            {"upper", has_case_test<true>}};

}  // namespace

const Method* find_test(std::string_view name) {
  static const auto tests = [] {
    std::unordered_map<std::string_view, const Method*> result;
    for (const Method& test : table) result.emplace(test.name, &test);
    return result;
  }();
  const auto found = tests.find(name);
  return found == tests.end() ? nullptr : found->second;
}

}  // namespace freehold::text::jinja
