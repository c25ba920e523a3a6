// Filters that choose or look up: |map, |select and their kin, |default, |attr.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/filters.h"
#include "text/jinja/operations.h"
#include "text/jinja/selection.h"

namespace freehold::text::jinja {
namespace {

Result<Value> default_value(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "default", {"default_value", "boolean"}, 0));
  const bool replaces = input.is_undefined() || (given.flag(1, false) && !truth(input));
  if (!replaces) return input;
  return given.has(0) ? given[0] : make_string(workspace, "");
}

Result<Value> attr(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "attr", {"name"}, 1));
  const std::string_view name = TRY(given.text(0));
  if (input.is_undefined()) return undefined_error(input, "the object");
  return TRY(own_attribute(workspace, input, name)).value_or(Value());
}

Result<Value> map_attribute(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "map", {"attribute", "default"}, 1));
  const AttributePath path = TRY(AttributePath::parse(workspace, given[0]));
  std::vector<Value> results;
  for (const Value& item : TRY(items_of(workspace, input))) {
    results.push_back(given.sets(1) ? TRY(path.get(workspace, item, given[1]))
                                    : TRY(path.get(workspace, item)));
  }
  return make_generator(workspace, std::move(results));
}

Result<Value> map(Workspace& workspace, const Value& input, const Arguments& arguments) {
  if (!truth(input)) return make_generator(workspace, {});
  const auto names_attribute = [](const auto& named) { return named.first == "attribute"; };
  if (arguments.positional.empty() && std::ranges::any_of(arguments.named, names_attribute)) {
    return map_attribute(workspace, input, arguments);
  }
  if (arguments.positional.empty()) return type_error("map requires a filter argument");
  const Value& name = arguments.positional[0];
  const Method* filter = name.is_string() ? find_filter(name.text()) : nullptr;
  if (filter == nullptr) return type_error("map names no filter");
  Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
  std::vector<Value> results;
  for (const Value& item : TRY(items_of(workspace, input))) {
    results.push_back(TRY(filter->call(workspace, item, rest)));
  }
  return make_generator(workspace, std::move(results));
}

// |select, |reject, |selectattr, |rejectattr
template <bool wanted, bool of_attribute>
Result<Value> select(Workspace& workspace, const Value& input, const Arguments& arguments) {
  if (!truth(input)) return make_generator(workspace, {});
  auto next = arguments.positional.begin();
  Value attribute = Value::none();
  if (of_attribute) {
    if (next == arguments.positional.end())
      return type_error("missing parameter for attribute name");
    attribute = *next++;
  }
  const AttributePath path = TRY(AttributePath::parse(workspace, attribute));
  const Method* test = nullptr;
  Arguments rest;
  if (next != arguments.positional.end()) {
    test = next->is_string() ? find_test(next->text()) : nullptr;
    if (test == nullptr) return type_error("a selection names no test");
    rest = {{next + 1, arguments.positional.end()}, arguments.named};
  }
  std::vector<Value> results;
  for (Value& item : TRY(items_of(workspace, input))) {
    const Value tested = TRY(path.get(workspace, item));
    const bool holds = truth(test == nullptr ? tested : TRY(test->call(workspace, tested, rest)));
    if (holds == wanted) results.push_back(std::move(item));
  }
  return make_generator(workspace, std::move(results));
}

constexpr Method table[] = {{"attr", attr},
                            {"d", default_value},
                            {"default", default_value},
                            {"map", map},
                            {"reject", select<false, false>},
                            {"rejectattr", select<false, true>},
                            {"select", select<true, false>},
                            {"selectattr", select<true, true>}};

}  // namespace

Result<AttributePath> AttributePath::parse(Workspace& workspace, const Value& attribute) {
  AttributePath path;
  if (attribute.is_none()) return path;
  if (!attribute.is_string()) {
    path.parts_.push_back(attribute);
    return path;
  }
  std::string_view text = attribute.text();
  TRY(workspace.spend_on_bytes(text.size()));
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    const bool number =
        !part.empty() && part.size() < 18 && part.find_first_not_of("0123456789") == part.npos;
    path.parts_.push_back(number ? Value::integer(std::stoll(std::string(part)))
                                 : TRY(make_string(workspace, std::string(part))));
    if (dot == text.npos) return path;
    text.remove_prefix(dot + 1);
  }
}

Result<Value> AttributePath::get(Workspace& workspace, const Value& item) const {
  Value value = item;
  for (const Value& part : parts_) value = TRY(subscript(workspace, value, part));
  return value;
}

Result<Value> AttributePath::get(Workspace& workspace, const Value& item,
                                 const Value& otherwise) const {
  Value value = item;
  for (const Value& part : parts_) {
    value = TRY(subscript(workspace, value, part));
    if (value.is_undefined()) value = otherwise;
  }
  return value;
}

Result<Value> fold(Workspace& workspace, const Value& value, bool case_sensitive) {
  if (case_sensitive || !value.is_string()) return value;
  return make_string(workspace, to_lower(value.text()));
}

std::span<const Method> selection_filters() {
  return table;
}

}  // namespace freehold::text::jinja
