// Methods of str that make new strings.
#include <fmt/format.h>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/escape.h"
#include "text/jinja/format.h"
#include "text/jinja/methods.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"
#include "text/jinja/string_cases.h"
#include "text/jinja/text_search.h"

namespace freehold::text::jinja {
namespace {

// A new string that is markup when its origin is.
Result<Value> like(Workspace& workspace, const Value& self, std::string text) {
  return make_string(workspace, std::move(text), self.string().markup);
}

template <bool left, bool right>
Result<Value> strip_method(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "strip", {"chars"}, 0));
  if (!given.sets(0)) {
    return like(workspace, self, std::string(strip(self.text(), nullptr, left, right)));
  }
  const std::string_view set = TRY(given.text(0));
  TRY(workspace.spend_on_bytes(self.text().size() / 64 * set.size()));
  return like(workspace, self, std::string(strip(self.text(), &set, left, right)));
}

template <std::string (*mapping)(std::string_view)>
Result<Value> case_method(Workspace& workspace, const Value& self, const Arguments& arguments) {
  TRY(bind(arguments, "case mapping", {}, 0));
  TRY(workspace.room_for_text(self.text().size()));
  return like(workspace, self, mapping(self.text()));
}

Result<Value> replace(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "replace", {"old", "new", "count"}, 2));
  TextBuilder fresh(workspace);
  if (self.string().markup && given[1].is_string() && !given[1].string().markup) {
    escape_into(given[1].text(), fresh);
  } else {
    fresh.append(TRY(given.text(1)));
  }
  TextBuilder text(workspace);
  replace_into(self.text(), TRY(given.text(0)), TRY(fresh.finish()), TRY(given.integer(2, -1)),
               text);
  return like(workspace, self, TRY(text.finish()));
}

Result<Value> join(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "join", {"iterable"}, 1));
  if (given[0].is_undefined()) return like(workspace, self, "");
  TextBuilder text(workspace);
  bool first = true;
  for (const Value& item : TRY(items_of(workspace, given[0]))) {
    if (!item.is_string()) {
      return type_error(fmt::format("join() expects strings, found '{}'", type_name(item)));
    }
    if (!std::exchange(first, false)) text.append(self.text());
    if (self.string().markup && !item.string().markup) {
      escape_into(item.text(), text);
    } else {
      text.append(item.text());
    }
  }
  return like(workspace, self, TRY(text.finish()));
}

template <bool prefix>
Result<Value> remove_affix(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "remove", {"affix"}, 1));
  const std::string_view affix = TRY(given.text(0));
  std::string_view text = self.text();
  if (prefix && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (!prefix && text.ends_with(affix)) text.remove_suffix(affix.size());
  return like(workspace, self, std::string(text));
}

template <char align>
Result<Value> justify(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "justify", {"width", "fillchar"}, 1));
  const std::int64_t width = TRY(whole(given[0], "a width"));
  const std::string_view fill = TRY(given.text(1, " "));
  if (count_characters(fill) != 1) return type_error("the fill character must be one character");
  const auto size = static_cast<std::int64_t>(self.string().count());
  const auto space = static_cast<std::size_t>(width > size ? width - size : 0);
  // Python puts the odd character of a centred text left when the width is odd.
  const std::size_t before = align == '>' ? space
                             : align == '^'
                                 ? space / 2 + (space & static_cast<std::size_t>(width) & 1)
                                 : 0;
  TextBuilder text(workspace);
  text.repeat(before, fill);
  text.append(self.text());
  text.repeat(space - before, fill);
  return like(workspace, self, TRY(text.finish()));
}

Result<Value> zfill(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "zfill", {"width"}, 1));
  const std::int64_t width = TRY(whole(given[0], "a width"));
  const auto size = static_cast<std::int64_t>(self.string().count());
  const std::string_view whole_text = self.text();
  const bool sign = whole_text.starts_with('+') || whole_text.starts_with('-');
  TextBuilder text(workspace);
  text.append(whole_text.substr(0, sign ? 1 : 0));
  if (width > size) text.append(static_cast<std::size_t>(width - size), '0');
  text.append(whole_text.substr(sign ? 1 : 0));
  return like(workspace, self, TRY(text.finish()));
}

Result<Value> expand_tabs(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "expandtabs", {"tabsize"}, 0));
  const std::int64_t size = std::max<std::int64_t>(TRY(given.integer(0, 8)), 0);
  TextBuilder text(workspace);
  std::int64_t column = 0;
  for (std::size_t at = 0; at < self.text().size() && !text.failed();) {
    const std::size_t begin = at;
    const char32_t c = next_character(self.text(), at);
    if (c == '\t') {
      const std::int64_t spaces = size == 0 ? 0 : size - column % size;
      text.append(static_cast<std::size_t>(spaces), ' ');
      column += spaces;
    } else {
      text.append(self.text().substr(begin, at - begin));
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
  }
  return like(workspace, self, TRY(text.finish()));
}

Result<Value> format_map(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "format_map", {"mapping"}, 1));
  if (!given[0].is(Kind::dict)) return type_error("format_map() needs a dict");
  Arguments named;
  for (const auto& [key, value] : given[0].dict().entries) {
    if (key.is_string()) named.named.emplace_back(key.text(), value);
  }
  return format_braces(workspace, self, named);
}

constexpr Method table[] = {{"strip", strip_method<true, true>},
                            {"lstrip", strip_method<true, false>},
                            {"rstrip", strip_method<false, true>},
                            {"upper", case_method<to_upper>},
                            {"lower", case_method<to_lower>},
                            {"casefold", case_method<fold_case>},
                            {"title", case_method<title_words>},
                            {"capitalize", case_method<capitalize>},
                            {"swapcase", case_method<swap_case>},
                            {"replace", replace},
                            {"join", join},
                            {"removeprefix", remove_affix<true>},
                            {"removesuffix", remove_affix<false>},
                            {"center", justify<'^'>},
                            {"ljust", justify<'<'>},
                            {"rjust", justify<'>'>},
                            {"zfill", zfill},
                            {"expandtabs", expand_tabs},
                            {"format", format_braces},
                            {"format_map", format_map}};

}  // namespace

std::span<const Method> string_methods() {
  return table;
}

}  // namespace freehold::text::jinja
