#include "grammar/number_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace freehold::grammar {
namespace {

constexpr std::size_t most_whole_digits = 18;
constexpr std::size_t fraction_digits = 12;
constexpr std::uint64_t largest_multiple = 2000;

// A number without sign, in decimal: no zeros before the whole part nor behind the fraction.
struct Decimal {
  std::string whole;
  std::string fraction;
  bool zero() const { return whole.empty() && fraction.empty(); }
};

Result<Decimal> decimal_of(double value) {
  std::array<char, 400> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::fixed);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const std::size_t point = std::min(text.find('.'), text.size());
  Decimal result{.whole = std::string(text.substr(0, point)),
                 .fraction = std::string(text.substr(std::min(point + 1, text.size())))};
  if (result.whole == "0") result.whole.clear();
  if (result.whole.size() > most_whole_digits || result.fraction.size() > fraction_digits) {
    return fail(ErrorCode::invalid, fmt::format("{} has too many digits", value));
  }
  return result;
}

enum class Order : std::uint8_t { less, equal, greater };

// Where one is in a number without sign: how it compares with both bounds so far as digits of the
// same place, how many digits there were, and the remainder.
struct Reading {
  enum class Part : std::uint8_t { begin, zero, whole, point, fraction } part = Part::begin;
  std::uint8_t digits = 0;  // of the part
  Order low = Order::equal;
  Order high = Order::equal;
  std::uint64_t remainder = 0;
  auto operator<=>(const Reading&) const = default;
};

Order compare(Order before, char digit, char bound) {
  if (before != Order::equal || digit == bound) return before;
  return digit < bound ? Order::less : Order::greater;
}

struct Limits {
  std::optional<Decimal> low, high;
  bool low_exclusive = false;
  bool high_exclusive = false;
  bool whole = false;
  std::uint64_t multiple = 0;  // of ten to the power of -places; 0: none
  std::size_t places = fraction_digits;
};

// Once the whole part is over: more digits are greater, fewer less.
Order after_whole(Order digits, std::size_t count, const Decimal& bound) {
  if (count != bound.whole.size()) {
    return count < bound.whole.size() ? Order::less : Order::greater;
  }
  return digits;
}

// Digits of the bound beyond its own are zeros.
char digit_at(const std::string& digits, std::size_t at) {
  return at < digits.size() ? digits[at] : '0';
}

class NumberAutomaton {
 public:
  explicit NumberAutomaton(const Limits& limits) : limits_(limits) {}

  Result<Dfa> build() {
    std::array<std::uint8_t, 256> classes{};
    for (unsigned digit = 0; digit < 10; ++digit) {
      classes['0' + digit] = static_cast<std::uint8_t>(1 + digit);
    }
    classes['.'] = 11;
    state_of({});
    std::vector<Dfa::State> next;
    std::vector<bool> accepting;
    for (std::size_t i = 0; i < readings_.size(); ++i) {
      if (readings_.size() > Dfa::most_states) {
        return fail(ErrorCode::invalid, "bounds and multiples need too many states");
      }
      const Reading reading = readings_[i];
      accepting.push_back(accepts(reading));
      next.push_back(Dfa::dead);
      for (char digit = '0'; digit <= '9'; ++digit) next.push_back(take(reading, digit));
      next.push_back(take_point(reading));
    }
    return Dfa(classes, std::move(next), std::move(accepting));
  }

 private:
  using Part = Reading::Part;

  Dfa::State state_of(const Reading& reading) {
    const auto [at, fresh] = known_.try_emplace(reading, static_cast<Dfa::State>(readings_.size()));
    if (fresh) readings_.push_back(reading);
    return at->second;
  }

  Dfa::State take(Reading reading, char digit) {
    const bool fraction = reading.part == Part::point || reading.part == Part::fraction;
    if (reading.part == Part::zero) return Dfa::dead;
    if (reading.part == Part::begin) reading.part = digit == '0' ? Part::zero : Part::whole;
    if (fraction) reading.part = Part::fraction;
    const std::size_t at = reading.digits;
    if (at >= (fraction ? limits_.places : most_whole_digits)) return Dfa::dead;
    if (reading.part != Part::zero) {
      ++reading.digits;
      const auto bound = [&](const std::optional<Decimal>& decimal) {
        return digit_at(fraction ? decimal->fraction : decimal->whole, at);
      };
      if (limits_.low) reading.low = compare(reading.low, digit, bound(limits_.low));
      if (limits_.high) reading.high = compare(reading.high, digit, bound(limits_.high));
      if (limits_.multiple > 0) {
        const auto worth = static_cast<std::uint64_t>(digit - '0');
        reading.remainder = (reading.remainder * 10 + worth) % limits_.multiple;
      }
    }
    return state_of(reading);
  }

  Dfa::State take_point(Reading reading) {
    const bool whole = reading.part == Part::zero || reading.part == Part::whole;
    if (!whole || limits_.whole || limits_.places == 0) return Dfa::dead;
    if (limits_.low) reading.low = after_whole(reading.low, reading.digits, *limits_.low);
    if (limits_.high) reading.high = after_whole(reading.high, reading.digits, *limits_.high);
    reading.part = Part::point;
    reading.digits = 0;
    return state_of(reading);
  }

  bool accepts(Reading reading) const {
    if (reading.part == Part::begin || reading.part == Part::point) return false;
    std::size_t fraction = reading.digits;
    if (reading.part != Part::fraction) {
      if (limits_.low) reading.low = after_whole(reading.low, reading.digits, *limits_.low);
      if (limits_.high) reading.high = after_whole(reading.high, reading.digits, *limits_.high);
      fraction = 0;
    }
    // What the bound still has is more than the nothing that is written.
    const auto finish = [&](Order& order, const std::optional<Decimal>& bound) {
      if (bound && order == Order::equal && bound->fraction.size() > fraction) order = Order::less;
    };
    finish(reading.low, limits_.low);
    finish(reading.high, limits_.high);
    if (limits_.multiple > 0) {
      std::uint64_t remainder = reading.remainder;
      for (std::size_t i = fraction; i < limits_.places; ++i) {
        remainder = remainder * 10 % limits_.multiple;
      }
      if (remainder != 0) return false;
    }
    const bool high_enough = !limits_.low || reading.low == Order::greater ||
                             (reading.low == Order::equal && !limits_.low_exclusive);
    const bool low_enough = !limits_.high || reading.high == Order::less ||
                            (reading.high == Order::equal && !limits_.high_exclusive);
    return high_enough && low_enough;
  }

  const Limits& limits_;
  std::map<Reading, Dfa::State> known_;
  std::vector<Reading> readings_;
};

Result<void> set_multiple(double multiple, Limits& limits) {
  if (!(multiple > 0)) return fail(ErrorCode::invalid, "multipleOf must be above 0");
  const Decimal decimal = TRY(decimal_of(multiple));
  const std::string all = decimal.whole + decimal.fraction;
  std::uint64_t value = 0;
  if (all.size() > 18) return fail(ErrorCode::invalid, "multipleOf has too many digits");
  std::from_chars(all.data(), all.data() + all.size(), value);
  if (value > largest_multiple) {
    return fail(ErrorCode::invalid,
                fmt::format("multipleOf {} has more than can be enforced (at most {} of its last "
                            "decimal place)",
                            multiple, largest_multiple));
  }
  limits.multiple = value;
  limits.places = decimal.fraction.size();
  return {};
}

}  // namespace

Result<NodeId> numbers_in(Nodes& nodes, const NumberRange& range) {
  Limits base{
      .low = {}, .high = {}, .whole = range.whole, .places = range.whole ? 0 : fraction_digits};
  if (range.multiple_of) TRY(set_multiple(*range.multiple_of, base));
  if (range.whole && base.places > 0) {
    return fail(ErrorCode::invalid, "a multipleOf that is not whole, of integers");
  }
  std::vector<NodeId> choices;
  const bool any_positive =
      !range.high || range.high->value > 0 || (range.high->value == 0 && !range.high->exclusive);
  if (any_positive) {
    Limits limits = base;
    if (range.low && range.low->value >= 0) {
      limits.low = TRY(decimal_of(range.low->value));
      limits.low_exclusive = range.low->exclusive;
    }
    if (range.high) {
      limits.high = TRY(decimal_of(range.high->value));
      limits.high_exclusive = range.high->exclusive;
    }
    choices.push_back(nodes.dfa(TRY(NumberAutomaton(limits).build())));
  }
  if (!range.low || range.low->value < 0) {  // mirrored: the low bound is the high one
    Limits limits = base;
    limits.low = Decimal{};
    limits.low_exclusive = true;  // no -0
    if (range.high && range.high->value < 0) {
      limits.low = TRY(decimal_of(range.high->value));
      limits.low_exclusive = range.high->exclusive;
    }
    if (range.low) {
      limits.high = TRY(decimal_of(range.low->value));
      limits.high_exclusive = range.low->exclusive;
    }
    choices.push_back(
        nodes.sequence({nodes.literal("-"), nodes.dfa(TRY(NumberAutomaton(limits).build()))}));
  }
  return nodes.choice(std::move(choices));
}

}  // namespace freehold::grammar
