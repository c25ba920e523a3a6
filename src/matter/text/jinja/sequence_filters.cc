// Filters over sequences as a whole.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/filters.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"
#include "text/jinja/selection.h"
#include "text/jinja/sorting.h"

namespace freehold::text::jinja {
namespace {

struct Keyed {
  Value key;
  Value item;
};

// Every item with what it is compared by.
Result<std::vector<Keyed>> keyed(Workspace& workspace, const Value& input, const Value& attribute,
                                 bool case_sensitive) {
  const AttributePath path = TRY(AttributePath::parse(workspace, attribute));
  std::vector<Value> items = TRY(items_of(workspace, input));
  TRY(workspace.room_for(items.size() * sizeof(Keyed)));
  std::vector<Keyed> result;
  result.reserve(items.size());
  for (Value& item : items) {
    const Value own = TRY(path.get(workspace, item));
    Value key = TRY(fold(workspace, own, case_sensitive));
    result.push_back({std::move(key), std::move(item)});
  }
  return result;
}

Result<void> sort_keyed(Workspace& workspace, std::vector<Keyed>& items, bool reverse) {
  return sort_by(items, [&](const Keyed& a, const Keyed& b) {
    return reverse ? less(workspace, b.key, a.key) : less(workspace, a.key, b.key);
  });
}

Value argument_or_none(const Bound& given, std::size_t index) {
  return given.has(index) ? given[index] : Value::none();
}

Result<Value> length_of(Workspace&, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "length", {}, 0));
  return Value::integer(static_cast<std::int64_t>(TRY(length(input))));
}

Result<Value> list(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "list", {}, 0));
  return make_list(workspace, TRY(items_of(workspace, input)));
}

Result<Value> first(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "first", {}, 0));
  if (input.is_string()) {
    std::size_t end = 0;
    if (input.text().empty()) return Value();
    next_character(input.text(), end);
    return make_string(workspace, std::string(input.text().substr(0, end)));
  }
  if (input.is(Kind::generator)) {  // takes one and leaves the rest
    auto& items = input.as<Generator>().items;
    if (items.empty()) return Value();
    Value item = std::move(items.front());
    items.erase(items.begin());
    return item;
  }
  const std::vector<Value> items = TRY(items_of(workspace, input));
  return items.empty() ? Value() : items.front();
}

Result<Value> last(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "last", {}, 0));
  if (input.is(Kind::generator)) return type_error("'generator' object is not reversible");
  if (input.is_string()) {
    if (input.text().empty()) return Value();
    return make_string(
        workspace,
        std::string(input.text().substr(previous_character(input.text(), input.text().size()))));
  }
  const std::vector<Value> items = TRY(items_of(workspace, input));
  return items.empty() ? Value() : items.back();
}

Result<Value> join(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "join", {"d", "attribute"}, 0));
  const Value separator =
      given.has(0) ? TRY(to_text(workspace, given[0])) : TRY(make_string(workspace, ""));
  const AttributePath path = TRY(AttributePath::parse(workspace, argument_or_none(given, 1)));
  TextBuilder text(workspace);
  bool first = true;
  for (const Value& item : TRY(items_of(workspace, input))) {
    if (!std::exchange(first, false)) text.append(separator.text());
    const Value shown = TRY(path.get(workspace, item));
    TRY(print(workspace, shown, text));
  }
  return make_string(workspace, TRY(text.finish()));
}

Result<Value> reverse(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "reverse", {}, 0));
  if (input.is_string()) return slice(workspace, input, {{}, {}, -1});
  std::vector<Value> items = TRY(items_of(workspace, input));
  std::ranges::reverse(items);
  return input.is(Kind::generator) ? make_list(workspace, std::move(items))
                                   : make_generator(workspace, std::move(items));
}

Result<Value> sort(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "sort", {"reverse", "case_sensitive", "attribute"}, 0));
  std::vector<AttributePath> paths;  // "age,name" compares by one after the other
  if (given.sets(2) && given[2].is_string()) {
    for (std::string_view text = given[2].text();;) {
      const std::size_t comma = text.find(',');
      const Value part = TRY(make_string(workspace, std::string(text.substr(0, comma))));
      paths.push_back(TRY(AttributePath::parse(workspace, part)));
      if (comma == text.npos) break;
      text.remove_prefix(comma + 1);
    }
  } else {
    paths.push_back(TRY(AttributePath::parse(workspace, argument_or_none(given, 2))));
  }
  std::vector<Keyed> items;
  for (Value& item : TRY(items_of(workspace, input))) {
    std::vector<Value> keys;
    for (const AttributePath& path : paths) {
      const Value own = TRY(path.get(workspace, item));
      keys.push_back(TRY(fold(workspace, own, given.flag(1, false))));
    }
    Value key = TRY(make_list(workspace, std::move(keys)));
    items.push_back({std::move(key), std::move(item)});
  }
  TRY(sort_keyed(workspace, items, given.flag(0, false)));
  std::vector<Value> sorted;
  for (Keyed& entry : items) sorted.push_back(std::move(entry.item));
  return make_list(workspace, std::move(sorted));
}

Result<Value> unique(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "unique", {"case_sensitive", "attribute"}, 0));
  const Ref<Dict> seen = TRY(make_dict(workspace));
  std::vector<Value> results;
  for (Keyed& entry :
       TRY(keyed(workspace, input, argument_or_none(given, 1), given.flag(0, false)))) {
    if (TRY(seen->find(workspace, entry.key)) != nullptr) continue;
    TRY(seen->set(workspace, std::move(entry.key), Value::none()));
    results.push_back(std::move(entry.item));
  }
  return make_generator(workspace, std::move(results));
}

template <bool largest>
Result<Value> extreme(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "min", {"case_sensitive", "attribute"}, 0));
  std::vector<Keyed> items =
      TRY(keyed(workspace, input, argument_or_none(given, 1), given.flag(0, false)));
  if (items.empty()) return Value();
  std::size_t best = 0;
  for (std::size_t i = 1; i < items.size(); ++i) {
    const bool better = largest ? TRY(less(workspace, items[best].key, items[i].key))
                                : TRY(less(workspace, items[i].key, items[best].key));
    if (better) best = i;
  }
  return items[best].item;
}

Result<Value> dict_sort(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "dictsort", {"case_sensitive", "by", "reverse"}, 0));
  const std::string_view by = TRY(given.text(1, "key"));
  if (by != "key" && by != "value") return type_error("dictsort goes by \"key\" or \"value\"");
  if (!input.is(Kind::dict)) {
    return type_error(fmt::format("dictsort needs a dict, not '{}'", type_name(input)));
  }
  std::vector<Keyed> items;
  for (const auto& [key, value] : input.dict().entries) {
    items.push_back({TRY(fold(workspace, by == "key" ? key : value, given.flag(0, false))),
                     TRY(make_tuple(workspace, {key, value}))});
  }
  TRY(sort_keyed(workspace, items, given.flag(2, false)));
  std::vector<Value> sorted;
  for (Keyed& entry : items) sorted.push_back(std::move(entry.item));
  return make_list(workspace, std::move(sorted));
}

Result<Value> group_by(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given =
      TRY(bind(arguments, "groupby", {"attribute", "default", "case_sensitive"}, 1));
  const AttributePath path = TRY(AttributePath::parse(workspace, given[0]));
  const auto key_of = [&](const Value& item) {
    return given.sets(1) ? path.get(workspace, item, given[1]) : path.get(workspace, item);
  };
  std::vector<Keyed> items;
  for (Value& item : TRY(items_of(workspace, input))) {
    const Value own = TRY(key_of(item));
    Value key = TRY(fold(workspace, own, given.flag(2, false)));
    items.push_back({std::move(key), std::move(item)});
  }
  TRY(sort_keyed(workspace, items, false));
  std::vector<Value> groups;
  for (std::size_t begin = 0; begin < items.size();) {
    std::vector<Value> members;
    std::size_t end = begin;
    for (; end < items.size() && TRY(equal(workspace, items[end].key, items[begin].key)); ++end) {
      members.push_back(items[end].item);
    }
    if (end == begin) end = begin + 1;  // not a number: equal to nothing
    Value grouper = TRY(key_of(items[begin].item));
    Value list_of_members = TRY(make_list(workspace, std::move(members)));
    groups.push_back(TRY(make_tuple(workspace, {grouper, list_of_members})));
    groups.back().as<Sequence>().is_group = true;
    begin = end;
  }
  return make_list(workspace, std::move(groups));
}

Result<Value> batch(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "batch", {"linecount", "fill_with"}, 1));
  const std::int64_t count = TRY(whole(given[0], "linecount"));
  std::vector<Value> lines;
  std::vector<Value> line;
  for (Value& item : TRY(items_of(workspace, input))) {
    if (static_cast<std::int64_t>(line.size()) == count) {
      lines.push_back(TRY(make_list(workspace, std::exchange(line, {}))));
    }
    line.push_back(std::move(item));
  }
  if (!line.empty()) {
    if (given.sets(1) && count > static_cast<std::int64_t>(line.size())) {
      TRY(workspace.room_for(static_cast<std::size_t>(std::min<std::int64_t>(count, 1LL << 50)) *
                             sizeof(Value)));
      line.resize(static_cast<std::size_t>(count), given[1]);
    }
    lines.push_back(TRY(make_list(workspace, std::move(line))));
  }
  return make_generator(workspace, std::move(lines));
}

Result<Value> slices(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "slice", {"slices", "fill_with"}, 1));
  const std::int64_t count = TRY(whole(given[0], "slices"));
  if (count == 0) return type_error("integer division or modulo by zero");
  const std::vector<Value> items = TRY(items_of(workspace, input));
  if (count < 0) return make_generator(workspace, {});
  const auto total = static_cast<std::size_t>(count);
  const std::size_t each = items.size() / total;
  const std::size_t with_extra = items.size() % total;
  std::vector<Value> results;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < total; ++i) {
    const std::size_t end = begin + each + (i < with_extra ? 1 : 0);
    std::vector<Value> part(items.begin() + static_cast<std::ptrdiff_t>(begin),
                            items.begin() + static_cast<std::ptrdiff_t>(end));
    if (given.sets(1) && i >= with_extra) part.push_back(given[1]);
    results.push_back(TRY(make_list(workspace, std::move(part))));
    begin = end;
  }
  return make_generator(workspace, std::move(results));
}

Result<Value> pairs(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "items", {}, 0));
  if (input.is_undefined()) return make_generator(workspace, {});
  if (!input.is(Kind::dict)) return type_error("items can only be had from a mapping");
  const Value view = TRY(make_view(workspace, input, View::Part::items));
  return make_generator(workspace, TRY(items_of(workspace, view)));
}

Result<Value> random(Workspace&, const Value&, const Arguments&) {
  return type_error("'random' is refused: a prompt is the same for the same conversation");
}

constexpr Method table[] = {{"batch", batch},   {"count", length_of},   {"dictsort", dict_sort},
                            {"first", first},   {"groupby", group_by},  {"items", pairs},
                            {"join", join},     {"last", last},         {"length", length_of},
                            {"list", list},     {"max", extreme<true>}, {"min", extreme<false>},
                            {"random", random}, {"reverse", reverse},   {"slice", slices},
                            {"sort", sort},     {"unique", unique}};

}  // namespace

std::span<const Method> sequence_filters() {
  return table;
}

}  // namespace freehold::text::jinja
