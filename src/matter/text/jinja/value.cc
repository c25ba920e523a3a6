#include "text/jinja/value.h"

#include <algorithm>

#include "text/jinja/characters.h"
#include "text/jinja/operations.h"
#include "text/jinja/scope.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_data_depth = 256;
constexpr std::size_t entries_without_index = 8;

template <class T>
Result<Value> make_items(Workspace& workspace, Kind kind, std::vector<Value> items) {
  auto thing = std::make_unique<T>();
  const std::size_t bytes = items.size() * sizeof(Value);
  thing->items = std::move(items);
  TRY(workspace.spend(bytes / 64));
  const Ref<T> made = TRY(workspace.adopt(std::move(thing), bytes));
  return Value(kind, made.get());
}

Result<Value> convert(Workspace& workspace, const freehold::Value& value, std::size_t depth) {
  if (depth > max_data_depth) {
    return fail(ErrorCode::invalid, "the template's data nests too deeply");
  }
  TRY(workspace.spend(1));
  if (const auto* flag = value.as_bool()) return Value::boolean(*flag);
  if (const auto* integer = value.as_integer()) return Value::integer(*integer);
  if (const auto* real = value.as_double()) return Value::real(*real);
  if (const auto* text = value.as_string()) return make_string(workspace, *text);
  if (const auto* list = value.as_list()) {
    std::vector<Value> items;
    items.reserve(list->size());
    for (const auto& item : *list) items.push_back(TRY(convert(workspace, item, depth + 1)));
    return make_list(workspace, std::move(items));
  }
  if (const auto* object = value.as_object()) {
    const Ref<Dict> dict = TRY(make_dict(workspace));
    for (const auto& [name, member] : *object) {
      Value key = TRY(make_string(workspace, name));
      Value content = TRY(convert(workspace, member, depth + 1));
      TRY(dict->set(workspace, std::move(key), std::move(content)));
    }
    return value_of(dict);
  }
  return Value::none();
}

}  // namespace

std::size_t String::count() const {
  if (characters == SIZE_MAX) characters = count_characters(text);
  return characters;
}

Result<const Value*> Dict::find(Workspace& workspace, const Value& key) const {
  if (index_.empty()) {
    static_cast<void>(TRY(hash(key)));
    for (const auto& [name, value] : entries) {
      if (TRY(equal(workspace, name, key))) return &value;
    }
    return nullptr;
  }
  const auto [begin, end] = index_.equal_range(TRY(hash(key)));
  for (auto entry = begin; entry != end; ++entry) {
    const auto& [name, value] = entries[entry->second];
    if (TRY(equal(workspace, name, key))) return &value;
  }
  return nullptr;
}

const Value* Dict::find(std::string_view key) const {
  const auto matches = [&](const Value& name) { return name.is_string() && name.text() == key; };
  if (index_.empty()) {
    for (const auto& [name, value] : entries) {
      if (matches(name)) return &value;
    }
    return nullptr;
  }
  const auto [begin, end] = index_.equal_range(hash(key));
  for (auto entry = begin; entry != end; ++entry) {
    if (matches(entries[entry->second].first)) return &entries[entry->second].second;
  }
  return nullptr;
}

Result<void> Dict::set(Workspace& workspace, Value key, Value value) {
  if (const Value* old = TRY(find(workspace, key))) {
    const_cast<Value&>(*old) = std::move(value);
    return {};
  }
  TRY(workspace.grow(*this, 6 * sizeof(Value)));  // with its share of the index
  entries.emplace_back(std::move(key), std::move(value));
  if (entries.size() <= entries_without_index) return {};
  for (std::size_t i = index_.empty() ? 0 : entries.size() - 1; i < entries.size(); ++i) {
    index_.emplace(TRY(hash(entries[i].first)), static_cast<std::uint32_t>(i));
  }
  return {};
}

std::size_t Range::size() const {
  if (step > 0 ? start >= stop : start <= stop) return 0;
  const auto span = step > 0 ? static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start)
                             : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop);
  const auto stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  return (span - 1) / stride + 1;
}

Closure::~Closure() = default;
void Closure::forget() {
  scope = {};
}

Loop::~Loop() = default;
void Loop::forget() {
  items.clear();
  last_changed.clear();
  scope = {};
}

Result<Value> make_string(Workspace& workspace, std::string text, bool markup) {
  TRY(workspace.fits_text(text.size()));
  auto thing = std::make_unique<String>();
  const std::size_t bytes = text.size();
  thing->text = std::move(text);
  thing->markup = markup;
  TRY(workspace.spend_on_bytes(bytes));
  const Ref<String> made = TRY(workspace.adopt(std::move(thing), bytes));
  return Value(Kind::string, made.get());
}

Result<Value> make_list(Workspace& workspace, std::vector<Value> items) {
  return make_items<Sequence>(workspace, Kind::list, std::move(items));
}
Result<Value> make_tuple(Workspace& workspace, std::vector<Value> items) {
  return make_items<Sequence>(workspace, Kind::tuple, std::move(items));
}
Result<Value> make_generator(Workspace& workspace, std::vector<Value> items) {
  return make_items<Generator>(workspace, Kind::generator, std::move(items));
}

Result<Ref<Dict>> make_dict(Workspace& workspace) {
  return workspace.adopt(std::make_unique<Dict>(), 0);
}

Result<Value> make_view(Workspace& workspace, const Value& dict, View::Part part) {
  auto thing = std::make_unique<View>();
  thing->part = part;
  thing->dict = Ref<Dict>(&dict.as<Dict>());
  const Ref<View> made = TRY(workspace.adopt(std::move(thing), 0));
  return Value(Kind::view, made.get());
}

Result<Value> make_value(Workspace& workspace, const freehold::Value& value) {
  return convert(workspace, value, 0);
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::forbidden:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::real:
      return "float";
    case Kind::function:
      return "function";
    case Kind::string:
      return value.string().markup ? "Markup" : "str";
    case Kind::list:
      return "list";
    case Kind::tuple:
      return "tuple";
    case Kind::dict:
      return "dict";
    case Kind::range:
      return "range";
    case Kind::view: {
      const auto part = value.as<View>().part;
      return part == View::Part::keys     ? "dict_keys"
             : part == View::Part::values ? "dict_values"
                                          : "dict_items";
    }
    case Kind::generator:
      return "generator";
    case Kind::name_space:
      return "Namespace";
    case Kind::closure:
      return "Macro";
    case Kind::method:
      return "builtin_function_or_method";
    case Kind::loop:
      return "LoopContext";
    case Kind::cycler:
      return "Cycler";
    case Kind::joiner:
      return "Joiner";
  }
  return "object";
}

}  // namespace freehold::text::jinja
