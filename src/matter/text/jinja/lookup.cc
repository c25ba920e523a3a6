// The look-ups of operations.h: attributes, members, slices, items.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/characters.h"
#include "text/jinja/methods.h"
#include "text/jinja/operations.h"

namespace freehold::text::jinja {
namespace {

bool is_private(std::string_view name) {
  return name.starts_with('_');
}

// The attributes of Python's own objects (__class__, __init__, …) are there for every object; the
// sandbox keeps them all.
bool is_internal(std::string_view name) {
  return name.starts_with("__") && name.ends_with("__");
}

Result<Value> bind(Workspace& workspace, const Value& self, const Method& method) {
  auto bound = std::make_unique<BoundMethod>();
  bound->method = &method;
  bound->self = self;
  const Ref<BoundMethod> made = TRY(workspace.adopt(std::move(bound), 0));
  return Value(Kind::method, made.get());
}

Value loop_attribute(const Loop& loop, std::string_view name, bool& found) {
  const auto number = [](std::size_t value) {
    return Value::integer(static_cast<std::int64_t>(value));
  };
  const std::size_t size = loop.items.size();
  found = true;
  if (name == "index") return number(loop.index + 1);
  if (name == "index0") return number(loop.index);
  if (name == "first") return Value::boolean(loop.index == 0);
  if (name == "last") return Value::boolean(loop.index + 1 >= size);
  if (name == "length") return number(size);
  if (name == "revindex") return number(size - loop.index);
  if (name == "revindex0") return number(size - loop.index - 1);
  if (name == "depth") return number(loop.depth + 1);
  if (name == "depth0") return number(loop.depth);
  if (name == "previtem") return loop.index == 0 ? Value() : loop.items[loop.index - 1];
  if (name == "nextitem") return loop.index + 1 < size ? loop.items[loop.index + 1] : Value();
  found = false;
  return {};
}

Result<std::optional<Value>> closure_attribute(Workspace& workspace, const Closure& closure,
                                               std::string_view name) {
  const MacroDefinition& macro = *closure.definition;
  if (name == "name") return TRY(make_string(workspace, macro.name));
  if (name == "arguments") {
    std::vector<Value> names;
    for (const std::string& parameter : macro.parameter_names) {
      names.push_back(TRY(make_string(workspace, parameter)));
    }
    return TRY(make_tuple(workspace, std::move(names)));
  }
  if (name == "catch_kwargs") return Value::boolean(macro.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(macro.uses_varargs);
  if (name == "caller") return Value::boolean(macro.uses_caller);
  return std::nullopt;
}

// The index that Python means, nothing when it is outside.
std::optional<std::size_t> normal_index(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index);
}

Result<Value> character_at(Workspace& workspace, const String& string, std::size_t index) {
  if (string.is_ascii()) return make_string(workspace, std::string(1, string.text[index]));
  TRY(workspace.spend_on_bytes(string.text.size()));
  const std::size_t begin = byte_of_character(string.text, index);
  std::size_t end = begin;
  next_character(string.text, end);
  return make_string(workspace, string.text.substr(begin, end - begin));
}

// The member that object[index] is, nothing when there is none.
Result<std::optional<Value>> member(Workspace& workspace, const Value& object, const Value& index) {
  if (object.is(Kind::dict)) {
    if (!hash(index)) return std::nullopt;
    const Value* found = TRY(object.dict().find(workspace, index));
    if (found == nullptr) return std::nullopt;
    return *found;
  }
  if (!index.is_integral()) return std::nullopt;
  if (object.is_sequence()) {
    const auto at = normal_index(index.integer(), object.items().size());
    if (!at) return std::nullopt;
    return object.items()[*at];
  }
  if (object.is_string()) {
    const auto at = normal_index(index.integer(), object.string().count());
    if (!at) return std::nullopt;
    return TRY(character_at(workspace, object.string(), *at));
  }
  if (object.is(Kind::range)) {
    const auto at = normal_index(index.integer(), object.as<Range>().size());
    if (!at) return std::nullopt;
    return Value::integer(object.as<Range>().at(*at));
  }
  return std::nullopt;
}

struct Steps {
  std::int64_t start, step;
  std::size_t count;
};

// Which of `size` items a slice takes.
Result<Steps> resolve(const SliceBounds& bounds, std::size_t size) {
  const std::int64_t step = bounds.step.value_or(1);
  if (step == 0) return type_error("slice step cannot be zero");
  const auto count = static_cast<std::int64_t>(size);
  const std::int64_t lowest = step > 0 ? 0 : -1;
  const std::int64_t highest = step > 0 ? count : count - 1;
  const auto place = [&](std::optional<std::int64_t> bound, std::int64_t otherwise) {
    if (!bound) return otherwise;
    if (*bound < 0) return *bound < -count ? lowest : std::max(*bound + count, lowest);
    return std::min(*bound, highest);
  };
  Range range;
  range.start = place(bounds.start, step > 0 ? 0 : count - 1);
  range.stop = place(bounds.stop, step > 0 ? count : -1);
  range.step = step;
  return Steps{range.start, step, range.size()};
}

Result<Value> slice_text(Workspace& workspace, const String& string, const Steps& steps) {
  TRY(workspace.spend_on_bytes(string.text.size()));
  if (steps.step == 1) {
    const auto first = static_cast<std::size_t>(steps.start);
    std::size_t begin = first;
    std::size_t size = steps.count;
    if (!string.is_ascii()) {
      begin = byte_of_character(string.text, first);
      size = byte_of_character(std::string_view(string.text).substr(begin), steps.count);
    }
    return make_string(workspace, steps.count == 0 ? "" : string.text.substr(begin, size),
                       string.markup);
  }
  if (string.is_ascii()) {
    std::string picked(steps.count, '\0');
    for (std::size_t i = 0; i < steps.count; ++i) {
      picked[i] = string.text[static_cast<std::size_t>(steps.start +
                                                       static_cast<std::int64_t>(i) * steps.step)];
    }
    return make_string(workspace, std::move(picked), string.markup);
  }
  std::vector<std::uint32_t> starts;  // of each character
  TRY(workspace.room_for(string.count() * sizeof(starts[0])));
  for (std::size_t at = 0; at < string.text.size(); next_character(string.text, at)) {
    starts.push_back(static_cast<std::uint32_t>(at));
  }
  std::string result;
  for (std::size_t i = 0; i < steps.count; ++i) {
    std::size_t end =
        starts[static_cast<std::size_t>(steps.start + static_cast<std::int64_t>(i) * steps.step)];
    const std::size_t begin = end;
    next_character(string.text, end);
    result.append(string.text, begin, end - begin);
  }
  return make_string(workspace, std::move(result), string.markup);
}

Result<std::vector<Value>> view_items(Workspace& workspace, const View& view) {
  std::vector<Value> items;
  for (const auto& [key, value] : view.dict->entries) {
    if (view.part == View::Part::keys) items.push_back(key);
    if (view.part == View::Part::values) items.push_back(value);
    if (view.part == View::Part::items) {
      items.push_back(TRY(make_tuple(workspace, {key, value})));
    }
  }
  return items;
}

Result<std::vector<Value>> characters_of(Workspace& workspace, const String& string) {
  std::vector<Value> items;
  for (std::size_t at = 0; at < string.text.size();) {
    const std::size_t begin = at;
    next_character(string.text, at);
    items.push_back(TRY(make_string(workspace, string.text.substr(begin, at - begin))));
  }
  return items;
}

}  // namespace

Result<std::optional<Value>> own_attribute(Workspace& workspace, const Value& object,
                                           std::string_view name) {
  if (is_internal(name)) return Value::forbidden();
  if (const Method* method = find_method(object, name)) {
    return TRY(bind(workspace, object, *method));
  }
  if (is_kept_method(object, name)) return Value::forbidden();
  if (object.is(Kind::name_space)) {
    const Value* found = object.as<Namespace>().attributes->find(name);
    if (found == nullptr) return std::nullopt;
    return is_private(name) ? Value::forbidden() : *found;
  }
  if (object.is(Kind::loop)) {
    bool found = false;
    Value value = loop_attribute(object.as<Loop>(), name, found);
    if (!found) return std::nullopt;
    return value;
  }
  if (object.is(Kind::closure)) return closure_attribute(workspace, object.as<Closure>(), name);
  if (object.is(Kind::tuple) && object.as<Sequence>().is_group) {
    if (name == "grouper") return object.items()[0];
    if (name == "list") return object.items()[1];
  }
  if (object.is(Kind::cycler) && name == "current") {
    return object.as<Cycler>().items[object.as<Cycler>().position];
  }
  return std::nullopt;
}

Result<Value> attribute(Workspace& workspace, const Value& object, std::string_view name) {
  if (object.is_undefined()) return undefined_error(object, "the object");
  if (auto found = TRY(own_attribute(workspace, object, name))) return *std::move(found);
  if (object.is(Kind::dict)) {
    if (const Value* found = object.dict().find(name)) return *found;
  }
  return Value();
}

Result<Value> subscript(Workspace& workspace, const Value& object, const Value& index) {
  if (object.is_undefined()) return undefined_error(object, "the object");
  if (auto found = TRY(member(workspace, object, index))) return *std::move(found);
  if (index.is_string()) {
    if (auto found = TRY(own_attribute(workspace, object, index.text()))) return *std::move(found);
  }
  return Value();
}

Result<Value> slice(Workspace& workspace, const Value& object, const SliceBounds& bounds) {
  if (object.is_undefined()) return undefined_error(object, "the object");
  if (object.is_string()) {
    const Steps steps = TRY(resolve(bounds, object.string().count()));
    return slice_text(workspace, object.string(), steps);
  }
  if (object.is_sequence()) {
    const Steps steps = TRY(resolve(bounds, object.items().size()));
    TRY(workspace.room_for(steps.count * sizeof(Value)));
    std::vector<Value> items;
    items.reserve(steps.count);
    for (std::size_t i = 0; i < steps.count; ++i) {
      const auto at = steps.start + static_cast<std::int64_t>(i) * steps.step;
      items.push_back(object.items()[static_cast<std::size_t>(at)]);
    }
    return object.is(Kind::list) ? make_list(workspace, std::move(items))
                                 : make_tuple(workspace, std::move(items));
  }
  if (object.is(Kind::range)) {
    const auto& range = object.as<Range>();
    const Steps steps = TRY(resolve(bounds, range.size()));
    auto part = std::make_unique<Range>();
    part->step = range.step * steps.step;
    part->start = range.start + steps.start * range.step;
    part->stop = part->start + static_cast<std::int64_t>(steps.count) * part->step;
    const Ref<Range> made = TRY(workspace.adopt(std::move(part), 0));
    return Value(Kind::range, made.get());
  }
  return type_error(fmt::format("'{}' object cannot be sliced", type_name(object)));
}

Result<std::vector<Value>> items_of(Workspace& workspace, const Value& value) {
  TRY(workspace.spend(1));
  std::vector<Value> items;
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::forbidden:
      break;
    case Kind::string:
      return characters_of(workspace, value.string());
    case Kind::list:
    case Kind::tuple:
      TRY(workspace.spend(value.items().size() / 4));
      TRY(workspace.room_for(value.items().size() * sizeof(Value)));
      items = value.items();
      break;
    case Kind::dict:
      TRY(workspace.spend(value.dict().entries.size() / 4));
      for (const auto& [key, member] : value.dict().entries) items.push_back(key);
      break;
    case Kind::view:
      TRY(workspace.spend(value.as<View>().dict->entries.size() / 4));
      return view_items(workspace, value.as<View>());
    case Kind::range: {
      const auto& range = value.as<Range>();
      TRY(workspace.spend(range.size() / 4));
      for (std::size_t i = 0; i < range.size(); ++i) items.push_back(Value::integer(range.at(i)));
      break;
    }
    case Kind::generator: {
      auto& generator = value.as<Generator>();
      TRY(workspace.spend(generator.items.size() / 4));
      items = std::exchange(generator.items, {});
      break;
    }
    case Kind::loop:
      items = value.as<Loop>().items;
      break;
    default:
      return type_error(fmt::format("'{}' object is not iterable", type_name(value)));
  }
  return items;
}

}  // namespace freehold::text::jinja
