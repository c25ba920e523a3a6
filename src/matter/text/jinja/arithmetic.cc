// The arithmetic operators of operations.h.
#include <fmt/format.h>

#include <cmath>

#include "text/jinja/escape.h"
#include "text/jinja/format.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {
namespace {

std::string_view sign_of(BinaryOperator operation) {
  switch (operation) {
    case BinaryOperator::add:
      return "+";
    case BinaryOperator::subtract:
      return "-";
    case BinaryOperator::multiply:
      return "*";
    case BinaryOperator::divide:
      return "/";
    case BinaryOperator::floor_divide:
      return "//";
    case BinaryOperator::modulo:
      return "%";
    case BinaryOperator::power:
      return "** or pow()";
  }
  return "?";
}

std::unexpected<Error> overflow() {
  return type_error("a whole number leaves the range of 64 bits");
}

std::unexpected<Error> division_by_zero() {
  return type_error("division by zero");
}

Result<Value> power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return type_error("0.0 cannot be raised to a negative power");
    return Value::real(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  std::int64_t result = 1;
  while (true) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return overflow();
    exponent >>= 1;
    if (exponent == 0) return Value::integer(result);
    if (__builtin_mul_overflow(base, base, &base)) return overflow();
  }
}

Result<Value> apply_integers(BinaryOperator operation, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (operation) {
    case BinaryOperator::add:
      if (__builtin_add_overflow(a, b, &result)) return overflow();
      return Value::integer(result);
    case BinaryOperator::subtract:
      if (__builtin_sub_overflow(a, b, &result)) return overflow();
      return Value::integer(result);
    case BinaryOperator::multiply:
      if (__builtin_mul_overflow(a, b, &result)) return overflow();
      return Value::integer(result);
    case BinaryOperator::divide:
      if (b == 0) return division_by_zero();
      return Value::real(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOperator::floor_divide:
    case BinaryOperator::modulo: {
      if (b == 0) return type_error("integer division or modulo by zero");
      if (b == -1) {  // the one case that can overflow, and that C++ leaves undefined
        if (operation == BinaryOperator::modulo) return Value::integer(0);
        return apply_integers(BinaryOperator::subtract, 0, a);
      }
      const bool rounds_up = a % b != 0 && (a % b < 0) != (b < 0);
      if (operation == BinaryOperator::modulo) return Value::integer(a % b + (rounds_up ? b : 0));
      return Value::integer(a / b - (rounds_up ? 1 : 0));
    }
    case BinaryOperator::power:
      return power(a, b);
  }
  return overflow();
}

Result<Value> apply_reals(BinaryOperator operation, double a, double b) {
  switch (operation) {
    case BinaryOperator::add:
      return Value::real(a + b);
    case BinaryOperator::subtract:
      return Value::real(a - b);
    case BinaryOperator::multiply:
      return Value::real(a * b);
    case BinaryOperator::divide:
      if (b == 0) return division_by_zero();
      return Value::real(a / b);
    case BinaryOperator::floor_divide:
    case BinaryOperator::modulo: {
      if (b == 0) return division_by_zero();
      double rest = std::fmod(a, b);
      double quotient = (a - rest) / b;
      if (rest != 0 && (rest < 0) != (b < 0)) {
        rest += b;
        quotient -= 1;
      }
      if (rest == 0) rest = std::copysign(0.0, b);
      if (operation == BinaryOperator::modulo) return Value::real(rest);
      double floor = std::floor(quotient);
      if (quotient - floor > 0.5) floor += 1;
      return Value::real(quotient == 0 ? std::copysign(0.0, a / b) : floor);
    }
    case BinaryOperator::power: {
      if (a == 0 && b < 0) return type_error("0.0 cannot be raised to a negative power");
      const double result = std::pow(a, b);
      if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) {
        return type_error("complex numbers are not supported");
      }
      if (std::isinf(result) && !std::isinf(a) && !std::isinf(b)) {
        return type_error("a number is too large");
      }
      return Value::real(result);
    }
  }
  return overflow();
}

Result<Value> repeat(Workspace& workspace, const Value& value, std::int64_t count) {
  const std::size_t times = count < 0 ? 0 : static_cast<std::size_t>(count);
  if (value.is_string()) {
    TextBuilder text(workspace);
    text.repeat(times, value.text());
    return make_string(workspace, TRY(text.finish()), value.string().markup);
  }
  const auto& items = value.items();
  if (!items.empty()) {
    TRY(workspace.room_for(times > SIZE_MAX / items.size() / sizeof(Value)
                               ? SIZE_MAX
                               : times * items.size() * sizeof(Value)));
  }
  std::vector<Value> result;
  result.reserve(times * items.size());
  for (std::size_t i = 0; i < times && !items.empty(); ++i) {
    result.insert(result.end(), items.begin(), items.end());
  }
  return value.is(Kind::list) ? make_list(workspace, std::move(result))
                              : make_tuple(workspace, std::move(result));
}

Result<Value> concatenate(Workspace& workspace, const Value& a, const Value& b) {
  if (a.is_string()) {
    const bool markup = a.string().markup || b.string().markup;
    TextBuilder text(workspace);
    for (const Value* part : {&a, &b}) {
      if (markup && !part->string().markup) {
        escape_into(part->text(), text);
      } else {
        text.append(part->text());
      }
    }
    return make_string(workspace, TRY(text.finish()), markup);
  }
  TRY(workspace.room_for((a.items().size() + b.items().size()) * sizeof(Value)));
  std::vector<Value> items;
  items.reserve(a.items().size() + b.items().size());
  items.insert(items.end(), a.items().begin(), a.items().end());
  items.insert(items.end(), b.items().begin(), b.items().end());
  return a.is(Kind::list) ? make_list(workspace, std::move(items))
                          : make_tuple(workspace, std::move(items));
}

}  // namespace

Result<Value> apply(Workspace& workspace, BinaryOperator operation, const Value& a,
                    const Value& b) {
  if (a.is_integral() && b.is_integral())
    return apply_integers(operation, a.integer(), b.integer());
  if (a.is_number() && b.is_number()) return apply_reals(operation, a.number(), b.number());
  if (a.is_undefined()) return undefined_error(a, "the left operand");
  const bool countable_a = a.is_string() || a.is_sequence();
  const bool countable_b = b.is_string() || b.is_sequence();
  if (operation == BinaryOperator::modulo && a.is_string()) return format_percent(workspace, a, b);
  if (b.is_undefined()) return undefined_error(b, "the right operand");
  if (operation == BinaryOperator::add && countable_a && a.kind() == b.kind()) {
    return concatenate(workspace, a, b);
  }
  if (operation == BinaryOperator::multiply && countable_a && b.is_integral()) {
    return repeat(workspace, a, b.integer());
  }
  if (operation == BinaryOperator::multiply && countable_b && a.is_integral()) {
    return repeat(workspace, b, a.integer());
  }
  if (operation == BinaryOperator::add && (a.is_string() || a.is_sequence())) {
    return type_error(
        fmt::format("can only concatenate {0} (not \"{1}\") to {0}", type_name(a), type_name(b)));
  }
  return type_error(fmt::format("unsupported operand types for {}: '{}' and '{}'",
                                sign_of(operation), type_name(a), type_name(b)));
}

Result<Value> negate(const Value& value) {
  if (value.is(Kind::real)) return Value::real(-value.real());
  if (value.is_integral()) return apply_integers(BinaryOperator::subtract, 0, value.integer());
  if (value.is_undefined()) return undefined_error(value, "the operand");
  return type_error(fmt::format("bad operand type for unary -: '{}'", type_name(value)));
}

}  // namespace freehold::text::jinja
