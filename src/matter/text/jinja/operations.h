// Python's operators on values: arithmetic, comparison, look-up, iteration. Errors say what Python
// would; the evaluator adds where.
#pragma once

#include <compare>
#include <optional>
#include <string_view>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/value.h"

namespace freehold::text::jinja {

bool truth(const Value& value);

Result<bool> equal(Workspace& workspace, const Value& a, const Value& b);
// a < b; `invalid` for values that have no order.
Result<bool> less(Workspace& workspace, const Value& a, const Value& b);
Result<bool> compare(Workspace& workspace, Comparator comparator, const Value& a, const Value& b);
Result<bool> contains(Workspace& workspace, const Value& container, const Value& item);
// Of what can be a dict's key.
Result<std::size_t> hash(const Value& value);
std::size_t hash(std::string_view text);

Result<Value> apply(Workspace& workspace, BinaryOperator operation, const Value& a, const Value& b);
Result<Value> negate(const Value& value);

// object.name: attributes and methods first, then members.
Result<Value> attribute(Workspace& workspace, const Value& object, std::string_view name);
// object[index]: members first, then attributes.
Result<Value> subscript(Workspace& workspace, const Value& object, const Value& index);
// A method or data attribute of a built-in type; nothing when it has none of that name.
Result<std::optional<Value>> own_attribute(Workspace& workspace, const Value& object,
                                           std::string_view name);

struct SliceBounds {
  std::optional<std::int64_t> start, stop, step;
};
Result<Value> slice(Workspace& workspace, const Value& object, const SliceBounds& bounds);

// len(value); `invalid` when it has none.
Result<std::size_t> length(const Value& value);
bool is_iterable(const Value& value);
// All items in order. Takes what is left out of a generator.
Result<std::vector<Value>> items_of(Workspace& workspace, const Value& value);

// A whole number; `what` is named in the error.
Result<std::int64_t> whole(const Value& value, std::string_view what);

std::unexpected<Error> type_error(std::string message);
std::unexpected<Error> undefined_error(const Value& value, std::string_view what);

}  // namespace freehold::text::jinja
