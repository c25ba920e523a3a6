#include "text/jinja/methods.h"

#include <algorithm>

#include "text/jinja/arguments.h"
#include "text/jinja/operations.h"

namespace freehold::text::jinja {
namespace {

const Method* find_in(std::span<const Method> methods, std::string_view name) {
  const auto found = std::ranges::find(methods, name, &Method::name);
  return found == methods.end() ? nullptr : &*found;
}

Result<Value> dict_get(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "get", {"key", "default"}, 1));
  const Value* found = TRY(self.dict().find(workspace, given[0]));
  if (found != nullptr) return *found;
  return given.has(1) ? given[1] : Value::none();
}

template <View::Part part>
Result<Value> dict_view(Workspace& workspace, const Value& self, const Arguments& arguments) {
  TRY(bind(arguments, "dict view", {}, 0));
  return make_view(workspace, self, part);
}

Result<Value> dict_copy(Workspace& workspace, const Value& self, const Arguments& arguments) {
  TRY(bind(arguments, "copy", {}, 0));
  const Ref<Dict> copy = TRY(make_dict(workspace));
  for (const auto& [key, value] : self.dict().entries) TRY(copy->set(workspace, key, value));
  return value_of(copy);
}

Result<Value> sequence_copy(Workspace& workspace, const Value& self, const Arguments& arguments) {
  TRY(bind(arguments, "copy", {}, 0));
  return make_list(workspace, TRY(items_of(workspace, self)));
}

Result<Value> sequence_count(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "count", {"value"}, 1));
  std::int64_t count = 0;
  for (const Value& item : TRY(items_of(workspace, self))) {
    if (TRY(equal(workspace, item, given[0]))) ++count;
  }
  return Value::integer(count);
}

Result<Value> sequence_index(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "index", {"value", "start", "stop"}, 1));
  const std::vector<Value> items = TRY(items_of(workspace, self));
  const auto size = static_cast<std::int64_t>(items.size());
  const auto place = [&](std::size_t at, std::int64_t otherwise) -> Result<std::int64_t> {
    if (!given.has(at)) return otherwise;
    const std::int64_t bound = TRY(whole(given[at], "a bound"));
    return std::clamp<std::int64_t>(bound < 0 ? bound + size : bound, 0, size);
  };
  const std::int64_t stop = TRY(place(2, size));
  for (std::int64_t i = TRY(place(1, 0)); i < stop; ++i) {
    if (TRY(equal(workspace, items[static_cast<std::size_t>(i)], given[0]))) {
      return Value::integer(i);
    }
  }
  return type_error("the value is not in the list");
}

Result<Value> loop_cycle(Workspace&, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) return type_error("no items for cycling given");
  const auto& loop = self.as<Loop>();
  return arguments.positional[loop.index % arguments.positional.size()];
}

Result<Value> loop_changed(Workspace& workspace, const Value& self, const Arguments& arguments) {
  auto& loop = self.as<Loop>();
  bool same = loop.has_changed && loop.last_changed.size() == arguments.positional.size();
  for (std::size_t i = 0; same && i < arguments.positional.size(); ++i) {
    same = TRY(equal(workspace, loop.last_changed[i], arguments.positional[i]));
  }
  loop.has_changed = true;
  loop.last_changed = arguments.positional;
  return Value::boolean(!same);
}

Result<Value> cycler_next(Workspace&, const Value& self, const Arguments&) {
  auto& cycler = self.as<Cycler>();
  const std::size_t at = cycler.position;
  cycler.position = (at + 1) % cycler.items.size();
  return cycler.items[at];
}

Result<Value> cycler_reset(Workspace&, const Value& self, const Arguments&) {
  self.as<Cycler>().position = 0;
  return Value::none();
}

Result<Value> number_is_integer(Workspace&, const Value& self, const Arguments&) {
  return Value::boolean(self.real() == static_cast<double>(static_cast<std::int64_t>(
                                           std::clamp(self.real(), -9e18, 9e18))) ||
                        std::abs(self.real()) > 9e18);
}

constexpr Method dict_table[] = {{"get", dict_get},
                                 {"items", dict_view<View::Part::items>},
                                 {"keys", dict_view<View::Part::keys>},
                                 {"values", dict_view<View::Part::values>},
                                 {"copy", dict_copy}};
constexpr Method list_table[] = {
    {"count", sequence_count}, {"index", sequence_index}, {"copy", sequence_copy}};
constexpr Method tuple_table[] = {{"count", sequence_count}, {"index", sequence_index}};
constexpr Method loop_table[] = {{"cycle", loop_cycle}, {"changed", loop_changed}};
constexpr Method cycler_table[] = {{"next", cycler_next}, {"reset", cycler_reset}};
constexpr Method real_table[] = {{"is_integer", number_is_integer}};

constexpr std::string_view list_kept[] = {"append", "clear",  "extend",  "insert",
                                          "pop",    "remove", "reverse", "sort"};
constexpr std::string_view dict_kept[] = {"clear",      "pop",    "popitem",
                                          "setdefault", "update", "fromkeys"};
constexpr std::string_view string_kept[] = {"encode", "translate", "maketrans"};

}  // namespace

std::span<const Method> container_methods(Kind kind) {
  switch (kind) {
    case Kind::dict:
      return dict_table;
    case Kind::list:
      return list_table;
    case Kind::tuple:
    case Kind::range:
      return tuple_table;
    case Kind::loop:
      return loop_table;
    case Kind::cycler:
      return cycler_table;
    case Kind::real:
      return real_table;
    default:
      return {};
  }
}

const Method* find_method(const Value& self, std::string_view name) {
  if (!self.is_string()) return find_in(container_methods(self.kind()), name);
  for (const auto& methods : {string_methods(), string_search_methods(), string_class_methods()}) {
    if (const Method* method = find_in(methods, name)) return method;
  }
  return nullptr;
}

bool is_kept_method(const Value& self, std::string_view name) {
  const auto keeps = [&](std::span<const std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
  };
  if (self.is(Kind::list)) return keeps(list_kept);
  if (self.is(Kind::dict)) return keeps(dict_kept);
  return self.is_string() && keeps(string_kept);
}

}  // namespace freehold::text::jinja
