// Filters that make numbers.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/filters.h"
#include "text/jinja/operations.h"
#include "text/jinja/selection.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_digits = 4300;  // as Python has it for whole numbers
constexpr double largest_whole = 9223372036854775807.0;

// Without white space around, and without the single underscores that Python allows in numbers.
// Nothing when an underscore stands elsewhere.
std::optional<std::string> number_text(std::string_view text) {
  text = strip(text, nullptr, true, true);
  if (text.size() > max_digits) return std::nullopt;
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      result += text[i];
      continue;
    }
    const bool inside = i > 0 && i + 1 < text.size() && text[i - 1] != '_' && text[i + 1] != '_';
    if (!inside) return std::nullopt;
  }
  return result;
}

std::optional<double> parse_real(std::string_view text) {
  const auto number = number_text(text);
  if (!number || number->empty()) return std::nullopt;
  std::string digits = to_lower(*number);
  double sign = 1;
  if (digits[0] == '+' || digits[0] == '-') {
    sign = digits[0] == '-' ? -1 : 1;
    digits.erase(0, 1);
  }
  if (digits == "inf" || digits == "infinity") return sign * HUGE_VAL;
  if (digits == "nan") return std::nan("");
  if (digits.empty() || digits.find_first_not_of("0123456789.e+-") != digits.npos) {
    return std::nullopt;
  }
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (read.ptr != end) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {
    return sign * (digits.find("e-") == digits.npos ? HUGE_VAL : 0.0);
  }
  return read.ec == std::errc() ? std::optional(sign * value) : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  const auto number = number_text(text);
  if (!number || number->empty()) return std::nullopt;
  std::string digits = to_lower(*number);
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') digits.erase(0, 1);
  const std::string_view prefix = std::string_view(digits).substr(0, 2);
  const int prefixed = prefix == "0x" ? 16 : prefix == "0o" ? 8 : prefix == "0b" ? 2 : 0;
  if (prefixed != 0 && (base == 0 || base == prefixed)) {
    digits.erase(0, 2);
    base = prefixed;
  }
  if (base == 0) base = 10;
  if (digits.empty() || digits[0] == '-') return std::nullopt;
  if (negative) digits.insert(0, "-");
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (read.ptr != end || read.ec != std::errc()) return std::nullopt;
  return value;
}

Result<Value> whole_of(double value) {
  if (std::abs(value) >= largest_whole) return type_error("a number is too large for 64 bits");
  return Value::integer(static_cast<std::int64_t>(value));
}

Result<Value> to_integer(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "int", {"default", "base"}, 0));
  const Value otherwise = given.has(0) ? given[0] : Value::integer(0);
  const std::int64_t base = TRY(given.integer(1, 10));
  if (input.is_undefined()) return undefined_error(input, "the number");
  if (input.is_integral()) return Value::integer(input.integer());
  std::optional<double> real;
  if (input.is_string()) {
    TRY(workspace.spend_on_bytes(input.text().size()));
    const bool valid_base = base == 0 || (base >= 2 && base <= 36);
    if (valid_base) {
      if (const auto value = parse_integer(input.text(), static_cast<int>(base))) {
        return Value::integer(*value);
      }
    }
    real = parse_real(input.text());
    if (real && std::isinf(*real)) real.reset();
  } else if (input.is(Kind::real)) {
    real = input.real();
    if (std::isinf(*real)) return type_error("cannot convert float infinity to integer");
  }
  if (!real || std::isnan(*real)) return otherwise;
  return whole_of(*real);
}

Result<Value> to_real(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "float", {"default"}, 0));
  if (input.is_undefined()) return undefined_error(input, "the number");
  if (input.is_number()) return Value::real(input.number());
  if (input.is_string()) {
    TRY(workspace.spend_on_bytes(input.text().size()));
    if (const auto value = parse_real(input.text())) return Value::real(*value);
  }
  return given.has(0) ? given[0] : Value::real(0);
}

Result<Value> absolute(Workspace&, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "abs", {}, 0));
  if (input.is(Kind::real)) return Value::real(std::abs(input.real()));
  if (!input.is_integral()) {
    return type_error(fmt::format("bad operand type for abs(): '{}'", type_name(input)));
  }
  return input.integer() < 0 ? negate(input) : Value::integer(input.integer());
}

// To the nearest, and to the even one of two as near: of the number's exact decimal expansion.
double round_real(double value, std::int64_t digits) {
  if (!std::isfinite(value) || digits > 300) return value;
  if (digits < 0) {
    if (digits < -308) return std::copysign(0.0, value);
    const double unit = std::pow(10.0, static_cast<double>(-digits));
    return std::nearbyint(value / unit) * unit;
  }
  const std::string text = fmt::format("{:.{}f}", value, digits);
  double result = value;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

Result<Value> round_integer(std::int64_t value, std::int64_t digits) {
  if (digits >= 0) return Value::integer(value);
  if (digits < -18) return Value::integer(0);
  std::int64_t unit = 1;
  for (; digits < 0; ++digits) unit *= 10;
  std::int64_t rest = value % unit;
  if (rest < 0) rest += unit;
  const std::int64_t below = value - rest;  // cannot leave 64 bits by more than the check finds
  const bool up = rest > unit - rest || (rest == unit - rest && (below / unit) % 2 != 0);
  std::int64_t result = below;
  if (up && __builtin_add_overflow(below, unit, &result)) {
    return type_error("a number is too large for 64 bits");
  }
  return Value::integer(result);
}

Result<Value> round(Workspace&, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "round", {"precision", "method"}, 0));
  const std::int64_t digits = TRY(given.integer(0, 0));
  const std::string_view method = TRY(given.text(1, "common"));
  if (!input.is_number()) {
    return type_error(fmt::format("type {} cannot be rounded", type_name(input)));
  }
  if (method == "common") {
    if (input.is_integral()) return round_integer(input.integer(), digits);
    return Value::real(round_real(input.real(), digits));
  }
  if (method != "ceil" && method != "floor")
    return type_error("method must be common, ceil or floor");
  const double unit = std::pow(10.0, static_cast<double>(digits));
  const double scaled = input.number() * unit;
  if (!std::isfinite(scaled)) return type_error("cannot round an infinite number");
  return Value::real((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit);
}

Result<Value> file_size(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "filesizeformat", {"binary"}, 0));
  const bool binary = given.flag(0, false);
  const Value number = TRY(to_real(workspace, input, {}));
  const double base = binary ? 1024 : 1000;
  double bytes = number.real();
  if (bytes == 1) return make_string(workspace, "1 Byte");
  if (!(bytes >= base)) {
    return make_string(
        workspace,
        fmt::format("{} Bytes", static_cast<std::int64_t>(std::max(bytes, -largest_whole / 2))));
  }
  std::size_t prefix = 0;
  constexpr std::string_view prefixes = "kMGTPEZY";
  for (bytes /= base; bytes >= base && prefix + 1 < prefixes.size(); ++prefix) bytes /= base;
  const char letter = binary && prefix == 0 ? 'K' : prefixes[prefix];
  return make_string(workspace, fmt::format("{:.1f} {}{}", bytes, letter, binary ? "iB" : "B"));
}

Result<Value> sum(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "sum", {"attribute", "start"}, 0));
  const AttributePath path =
      TRY(AttributePath::parse(workspace, given.has(0) ? given[0] : Value::none()));
  Value total = given.has(1) ? given[1] : Value::integer(0);
  if (total.is_string()) return type_error("sum() cannot sum strings");
  for (const Value& item : TRY(items_of(workspace, input))) {
    const Value part = TRY(path.get(workspace, item));
    total = TRY(apply(workspace, BinaryOperator::add, total, part));
  }
  return total;
}

constexpr Method table[] = {{"abs", absolute},  {"filesizeformat", file_size},
                            {"float", to_real}, {"int", to_integer},
                            {"round", round},   {"sum", sum}};

}  // namespace

std::span<const Method> number_filters() {
  return table;
}

}  // namespace freehold::text::jinja
