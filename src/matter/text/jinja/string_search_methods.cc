// Methods of str that look for text or cut at it.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/methods.h"
#include "text/jinja/operations.h"
#include "text/jinja/text_search.h"

namespace freehold::text::jinja {
namespace {

Result<Value> strings_to_list(Workspace& workspace, const Value& self,
                              const std::vector<std::string_view>& parts) {
  TRY(workspace.room_for(parts.size() * (sizeof(Value) + sizeof(String))));
  std::vector<Value> items;
  items.reserve(parts.size());
  for (const std::string_view part : parts) {
    items.push_back(TRY(make_string(workspace, std::string(part), self.string().markup)));
  }
  return make_list(workspace, std::move(items));
}

// Cuts at runs of white space, which are never at the ends of a part.
std::vector<std::string_view> split_at_space(std::string_view text, std::int64_t most,
                                             bool from_right, std::size_t limit) {
  std::vector<std::string_view> parts;
  text = strip(text, nullptr, !from_right, from_right);
  while (!text.empty() && parts.size() <= limit) {
    if (most-- == 0) {
      parts.push_back(text);
      break;
    }
    std::size_t cut = from_right ? text.size() : 0;
    while (from_right ? cut > 0 : cut < text.size()) {
      std::size_t next = from_right ? previous_character(text, cut) : cut;
      const std::size_t start = next;
      if (is_space(next_character(text, next))) break;
      cut = from_right ? start : next;
    }
    parts.push_back(from_right ? text.substr(cut) : text.substr(0, cut));
    text = from_right ? text.substr(0, cut) : text.substr(cut);
    text = strip(text, nullptr, !from_right, from_right);
  }
  return parts;
}

// From the right, by going through the reversed text: parts are found in linear time.
std::vector<std::string_view> split_from_right(std::string_view text, std::string_view separator,
                                               std::int64_t most, std::size_t limit) {
  const std::string reversed(text.rbegin(), text.rend());
  const std::string reversed_separator(separator.rbegin(), separator.rend());
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  for (; most != 0 && parts.size() <= limit; --most) {
    const std::size_t found = find_text(reversed, reversed_separator, at);
    if (found == text.npos) break;
    parts.push_back(text.substr(text.size() - found, found - at));
    at = found + separator.size();
  }
  parts.push_back(text.substr(0, text.size() - at));
  return parts;
}

std::vector<std::string_view> split_from_left(std::string_view text, std::string_view separator,
                                              std::int64_t most, std::size_t limit) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  for (; most != 0 && parts.size() <= limit; --most) {
    const std::size_t found = find_text(text, separator, at);
    if (found == text.npos) break;
    parts.push_back(text.substr(at, found - at));
    at = found + separator.size();
  }
  parts.push_back(text.substr(at));
  return parts;
}

template <bool from_right>
Result<Value> split(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "split", {"sep", "maxsplit"}, 0));
  const std::int64_t most = TRY(given.integer(1, -1));
  TRY(workspace.spend_on_bytes(self.text().size()));
  // More parts than memory is left for are not looked for: making strings of them will fail.
  const std::size_t limit = workspace.room() / (sizeof(Value) + sizeof(String));
  std::vector<std::string_view> parts;
  if (!given.sets(0)) {
    parts = split_at_space(self.text(), most, from_right, limit);
  } else {
    const std::string_view separator = TRY(given.text(0));
    if (separator.empty()) return type_error("empty separator");
    parts = from_right ? split_from_right(self.text(), separator, most, limit)
                       : split_from_left(self.text(), separator, most, limit);
  }
  if (from_right) std::ranges::reverse(parts);
  return strings_to_list(workspace, self, parts);
}

Result<Value> split_lines(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "splitlines", {"keepends"}, 0));
  TRY(workspace.spend_on_bytes(self.text().size()));
  std::vector<Value> lines;
  for (std::string_view rest = self.text(); !rest.empty();) {
    std::string line(take_line(rest, given.flag(0, false)));
    lines.push_back(TRY(make_string(workspace, std::move(line), self.string().markup)));
  }
  return make_list(workspace, std::move(lines));
}

template <bool from_right>
Result<Value> partition(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "partition", {"sep"}, 1));
  const std::string_view text = self.text();
  const std::string_view separator = TRY(given.text(0));
  if (separator.empty()) return type_error("empty separator");
  TRY(workspace.spend_on_bytes(text.size()));
  const std::size_t found =
      from_right ? find_last_text(text, separator) : find_text(text, separator);
  std::vector<Value> parts;
  for (int i = 0; i < 3; ++i) {
    std::string_view part;
    if (found == text.npos) {
      part = i == (from_right ? 2 : 0) ? text : std::string_view();
    } else {
      part = i == 0   ? text.substr(0, found)
             : i == 1 ? separator
                      : text.substr(found + separator.size());
    }
    parts.push_back(TRY(make_string(workspace, std::string(part), self.string().markup)));
  }
  return make_tuple(workspace, std::move(parts));
}

// The part of a string that the optional arguments `start` and `end` choose.
struct Window {
  std::string_view text;
  std::size_t first_character;
  bool possible;  // false: start lies behind the end, where not even "" is found
};

Result<Window> window_of(Workspace& workspace, const Value& self, const Bound& given) {
  TRY(workspace.spend_on_bytes(self.text().size()));
  if (!given.sets(1) && !given.sets(2)) return Window{self.text(), 0, true};
  const auto size = static_cast<std::int64_t>(self.string().count());
  const auto place = [&](std::size_t at, std::int64_t otherwise) -> Result<std::int64_t> {
    if (!given.sets(at)) return otherwise;
    const std::int64_t bound = TRY(whole(given[at], "a bound"));
    return bound < 0 ? std::max<std::int64_t>(bound < -size ? 0 : bound + size, 0) : bound;
  };
  const std::int64_t start = TRY(place(1, 0));
  const std::int64_t end = std::min(TRY(place(2, size)), size);
  if (start > end) return Window{{}, 0, false};
  const std::size_t begin = byte_of_character(self.text(), static_cast<std::size_t>(start));
  const std::string_view rest = self.text().substr(begin);
  const std::size_t bytes = byte_of_character(rest, static_cast<std::size_t>(end - start));
  return Window{rest.substr(0, bytes), static_cast<std::size_t>(start), true};
}

template <bool last, bool must>
Result<Value> find(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "find", {"sub", "start", "end"}, 1));
  const std::string_view what = TRY(given.text(0));
  const Window window = TRY(window_of(workspace, self, given));
  std::size_t found = std::string_view::npos;
  if (window.possible) {
    found = last ? find_last_text(window.text, what) : find_text(window.text, what);
  }
  if (found != std::string_view::npos) {
    const std::size_t index =
        window.first_character + count_characters(window.text.substr(0, found));
    return Value::integer(static_cast<std::int64_t>(index));
  }
  if (must) return type_error("substring not found");
  return Value::integer(-1);
}

Result<Value> count(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "count", {"sub", "start", "end"}, 1));
  const std::string_view what = TRY(given.text(0));
  const Window window = TRY(window_of(workspace, self, given));
  if (!window.possible) return Value::integer(0);
  if (what.empty()) {
    return Value::integer(static_cast<std::int64_t>(count_characters(window.text)) + 1);
  }
  std::int64_t count = 0;
  for (std::size_t at = find_text(window.text, what); at != std::string_view::npos; ++count) {
    at = find_text(window.text, what, at + what.size());
  }
  return Value::integer(count);
}

template <bool start>
Result<Value> touches(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given =
      TRY(bind(arguments, start ? "startswith" : "endswith", {"affix", "start", "end"}, 1));
  const std::vector<Value> several =
      given[0].is(Kind::tuple) ? given[0].items() : std::vector<Value>{given[0]};
  const bool bounded = given.sets(1) || given.sets(2);
  const Window window =
      bounded ? TRY(window_of(workspace, self, given)) : Window{self.text(), 0, true};
  for (const Value& affix : several) {
    if (!affix.is_string()) {
      return type_error(fmt::format("{}() needs a string or a tuple of strings, not '{}'",
                                    start ? "startswith" : "endswith", type_name(affix)));
    }
    TRY(workspace.spend_on_bytes(affix.text().size()));
    if (!window.possible) continue;
    if (start ? window.text.starts_with(affix.text()) : window.text.ends_with(affix.text())) {
      return Value::boolean(true);
    }
  }
  return Value::boolean(false);
}

constexpr Method table[] = {{"split", split<false>},         {"rsplit", split<true>},
                            {"splitlines", split_lines},     {"partition", partition<false>},
                            {"rpartition", partition<true>}, {"find", find<false, false>},
                            {"rfind", find<true, false>},    {"index", find<false, true>},
                            {"rindex", find<true, true>},    {"count", count},
                            {"startswith", touches<true>},   {"endswith", touches<false>}};

}  // namespace

std::span<const Method> string_search_methods() {
  return table;
}

}  // namespace freehold::text::jinja
