#include "text/jinja/operations.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "text/jinja/characters.h"
#include "text/jinja/methods.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_compare_depth = 200;

std::partial_ordering order_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.integer() <=> b.integer();
  return a.number() <=> b.number();
}

Result<bool> equal_at(Workspace& workspace, const Value& a, const Value& b, std::size_t depth);

Result<bool> equal_items(Workspace& workspace, const std::vector<Value>& a,
                         const std::vector<Value>& b, std::size_t depth) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!TRY(equal_at(workspace, a[i], b[i], depth + 1))) return false;
  }
  return true;
}

Result<bool> equal_dicts(Workspace& workspace, const Dict& a, const Dict& b, std::size_t depth) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = TRY(b.find(workspace, key));
    if (other == nullptr || !TRY(equal_at(workspace, value, *other, depth + 1))) return false;
  }
  return true;
}

Result<bool> equal_at(Workspace& workspace, const Value& a, const Value& b, std::size_t depth) {
  if (depth > max_compare_depth) return type_error("values nest too deeply to be compared");
  TRY(workspace.spend(1));
  if (a.is_number() && b.is_number()) return order_numbers(a, b) == 0;
  if (a.is_undefined() && b.is_undefined()) return true;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::none:
      return true;
    case Kind::function:
      return &a.function() == &b.function();
    case Kind::string:
      if (a.thing() == b.thing()) return true;
      TRY(workspace.spend_on_bytes(std::min(a.text().size(), b.text().size())));
      return a.text() == b.text();
    case Kind::list:
    case Kind::tuple:
      return a.thing() == b.thing() ? true : equal_items(workspace, a.items(), b.items(), depth);
    case Kind::dict:
      return equal_dicts(workspace, a.dict(), b.dict(), depth);
    case Kind::range: {
      const auto &x = a.as<Range>(), &y = b.as<Range>();
      if (x.size() != y.size()) return false;
      return x.size() == 0 || (x.start == y.start && (x.size() == 1 || x.step == y.step));
    }
    default:
      return a.thing() == b.thing();
  }
}

Result<bool> less_at(Workspace& workspace, const Value& a, const Value& b, std::size_t depth) {
  if (depth > max_compare_depth) return type_error("values nest too deeply to be compared");
  TRY(workspace.spend(1));
  if (a.is_number() && b.is_number()) return order_numbers(a, b) < 0;
  if (a.is_undefined()) return undefined_error(a, "a value");
  if (b.is_undefined()) return undefined_error(b, "a value");
  if (a.is_string() && b.is_string()) {  // UTF-8 is in the order of its code points
    TRY(workspace.spend_on_bytes(std::min(a.text().size(), b.text().size())));
    return a.text() < b.text();
  }
  if (a.is_sequence() && a.kind() == b.kind()) {
    const auto &x = a.items(), &y = b.items();
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      if (!TRY(equal_at(workspace, x[i], y[i], depth + 1))) {
        return less_at(workspace, x[i], y[i], depth + 1);
      }
    }
    return x.size() < y.size();
  }
  return type_error(fmt::format("'<' not supported between instances of '{}' and '{}'",
                                type_name(a), type_name(b)));
}

Result<bool> less_or_equal(Workspace& workspace, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return order_numbers(a, b) <= 0;
  if (TRY(less(workspace, a, b))) return true;
  return equal(workspace, a, b);
}

Result<bool> any_equal(Workspace& workspace, const std::vector<Value>& items, const Value& item) {
  for (const Value& candidate : items) {
    if (TRY(equal(workspace, candidate, item))) return true;
  }
  return false;
}

std::size_t combine(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9E3779B97F4A7C15 + (seed << 6) + (seed >> 2));
}

Result<std::size_t> hash_at(const Value& value, std::size_t depth) {
  if (depth > max_compare_depth) return type_error("a key nests too deeply");
  switch (value.kind()) {
    case Kind::string:
      return hash(value.text());
    case Kind::boolean:
    case Kind::integer:
      return std::hash<std::int64_t>()(value.integer());
    case Kind::real: {
      const double real = value.real();
      const bool whole = real == std::floor(real) && std::abs(real) < 9.2e18;
      return whole ? std::hash<std::int64_t>()(static_cast<std::int64_t>(real))
                   : std::hash<double>()(real);
    }
    case Kind::tuple: {
      std::size_t result = value.items().size();
      for (const Value& item : value.items())
        result = combine(result, TRY(hash_at(item, depth + 1)));
      return result;
    }
    case Kind::list:
    case Kind::dict:
      return type_error(fmt::format("unhashable type: '{}'", type_name(value)));
    case Kind::undefined:
    case Kind::forbidden:
    case Kind::none:
      return static_cast<std::size_t>(value.kind());
    case Kind::function:
      return std::hash<const void*>()(&value.function());
    case Kind::range:
      return value.as<Range>().size();
    default:
      return std::hash<const void*>()(value.thing());
  }
}

}  // namespace

std::unexpected<Error> type_error(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

std::unexpected<Error> undefined_error(const Value& value, std::string_view what) {
  if (value.is(Kind::forbidden)) {
    return type_error(fmt::format("{} is not accessible in a template", what));
  }
  return type_error(fmt::format("{} is undefined", what));
}

bool truth(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::forbidden:
    case Kind::none:
      return false;
    case Kind::boolean:
    case Kind::integer:
      return value.integer() != 0;
    case Kind::real:
      return value.real() != 0;
    case Kind::string:
      return !value.text().empty();
    case Kind::list:
    case Kind::tuple:
      return !value.items().empty();
    case Kind::dict:
      return !value.dict().entries.empty();
    case Kind::range:
      return value.as<Range>().size() != 0;
    case Kind::view:
      return !value.as<View>().dict->entries.empty();
    case Kind::loop:
      return !value.as<Loop>().items.empty();
    default:
      return true;
  }
}

Result<bool> equal(Workspace& workspace, const Value& a, const Value& b) {
  return equal_at(workspace, a, b, 0);
}

Result<bool> less(Workspace& workspace, const Value& a, const Value& b) {
  return less_at(workspace, a, b, 0);
}

Result<bool> compare(Workspace& workspace, Comparator comparator, const Value& a, const Value& b) {
  switch (comparator) {
    case Comparator::equal:
      return equal(workspace, a, b);
    case Comparator::not_equal:
      return !TRY(equal(workspace, a, b));
    case Comparator::less:
      return less(workspace, a, b);
    case Comparator::less_equal:
      return less_or_equal(workspace, a, b);
    case Comparator::greater:
      return less(workspace, b, a);
    case Comparator::greater_equal:
      return less_or_equal(workspace, b, a);
    case Comparator::in:
      return contains(workspace, b, a);
    case Comparator::not_in:
      return !TRY(contains(workspace, b, a));
  }
  return false;
}

Result<bool> contains(Workspace& workspace, const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::undefined:
    case Kind::forbidden:
      return false;
    case Kind::string: {
      if (!item.is_string()) {
        return type_error(
            fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
      }
      const std::string_view text = container.text();
      TRY(workspace.spend_on_bytes(text.size()));
      // memmem is linear for every text, std::string_view::find is not.
      return ::memmem(text.data(), text.size(), item.text().data(), item.text().size()) != nullptr;
    }
    case Kind::list:
    case Kind::tuple:
      return any_equal(workspace, container.items(), item);
    case Kind::dict:
      return TRY(container.dict().find(workspace, item)) != nullptr;
    case Kind::view:
      if (container.as<View>().part == View::Part::keys) {
        return TRY(container.as<View>().dict->find(workspace, item)) != nullptr;
      }
      [[fallthrough]];
    case Kind::range:
    case Kind::generator:
    case Kind::loop:
      return any_equal(workspace, TRY(items_of(workspace, container)), item);
    default:
      return type_error(fmt::format("argument of type '{}' is not iterable", type_name(container)));
  }
}

std::size_t hash(std::string_view text) {
  return std::hash<std::string_view>()(text);
}
Result<std::size_t> hash(const Value& value) {
  return hash_at(value, 0);
}

Result<std::size_t> length(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::forbidden:
      return 0;
    case Kind::string:
      return value.string().count();
    case Kind::list:
    case Kind::tuple:
      return value.items().size();
    case Kind::dict:
      return value.dict().entries.size();
    case Kind::range:
      return value.as<Range>().size();
    case Kind::view:
      return value.as<View>().dict->entries.size();
    case Kind::loop:
      return value.as<Loop>().items.size();
    default:
      return type_error(fmt::format("object of type '{}' has no len()", type_name(value)));
  }
}

bool is_iterable(const Value& value) {
  return value.is_any({Kind::undefined, Kind::forbidden, Kind::string, Kind::list, Kind::tuple,
                       Kind::dict, Kind::range, Kind::view, Kind::generator, Kind::loop});
}

Result<std::int64_t> whole(const Value& value, std::string_view what) {
  if (value.is_integral()) return value.integer();
  return type_error(fmt::format("{} must be an integer, not '{}'", what, type_name(value)));
}

}  // namespace freehold::text::jinja
