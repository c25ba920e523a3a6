// Filters that make text.
#include <fmt/format.h>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/escape.h"
#include "text/jinja/filters.h"
#include "text/jinja/format.h"
#include "text/jinja/methods.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"
#include "text/jinja/string_cases.h"
#include "text/jinja/text_search.h"

namespace freehold::text::jinja {
namespace {

// A filter that is str(value).method(…).
template <const char* method>
Result<Value> as_method(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Value text = TRY(to_text(workspace, input));
  return find_method(text, method)->call(workspace, text, arguments);
}

constexpr char upper[] = "upper";
constexpr char lower[] = "lower";
constexpr char strip_name[] = "strip";
constexpr char capitalize_name[] = "capitalize";

Result<Value> center(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "center", {"width"}, 0));
  Arguments width;
  width.positional.push_back(given.has(0) ? given[0] : Value::integer(80));
  const Value text = TRY(to_text(workspace, input));
  return find_method(text, "center")->call(workspace, text, width);
}

Result<Value> title(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "title", {}, 0));
  const Value shown = TRY(to_text(workspace, input));
  const std::string_view text = shown.text();
  TextBuilder result(workspace);
  bool word_starts = true;
  bool in_separator = false;
  for (std::size_t at = 0; at < text.size() && !result.failed();) {
    const std::size_t begin = at;
    const char32_t c = next_character(text, at);
    const bool separator =
        is_space(c) ||
        (c < 0x80 && std::string_view("-({[<").find(static_cast<char>(c)) != text.npos);
    if (separator != in_separator) word_starts = true;
    in_separator = separator;
    const std::string_view character = text.substr(begin, at - begin);
    result.append(word_starts ? to_upper(character) : to_lower(character));
    word_starts = false;
  }
  return make_string(workspace, TRY(result.finish()));
}

Result<Value> replace(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "replace", {"old", "new", "count"}, 2));
  const Value text = TRY(to_text(workspace, input));
  const Value old = TRY(to_text(workspace, given[0]));
  const Value fresh = TRY(to_text(workspace, given[1]));
  const std::int64_t count = given.sets(2) ? TRY(whole(given[2], "a count")) : -1;
  TextBuilder result(workspace);
  replace_into(text.text(), old.text(), fresh.text(), count, result);
  return make_string(workspace, TRY(result.finish()));
}

Result<Value> escape(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "escape", {}, 0));
  if (input.is_string() && input.string().markup) return input;
  const Value text = TRY(to_text(workspace, input));
  TextBuilder result(workspace);
  escape_into(text.text(), result);
  return make_string(workspace, TRY(result.finish()), true);
}

Result<Value> force_escape(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "forceescape", {}, 0));
  const Value text = TRY(to_text(workspace, input));
  TextBuilder result(workspace);
  escape_into(text.text(), result);
  return make_string(workspace, TRY(result.finish()), true);
}

Result<Value> safe(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "safe", {}, 0));
  const Value text = TRY(to_text(workspace, input));
  return make_string(workspace, std::string(text.text()), true);
}

Result<Value> string(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "string", {}, 0));
  return to_text(workspace, input);
}

Result<Value> format(Workspace& workspace, const Value& input, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    return type_error("format takes positional or keyword arguments, not both");
  }
  const Value text = TRY(to_text(workspace, input));
  if (arguments.named.empty()) {
    return format_percent(workspace, text, TRY(make_tuple(workspace, arguments.positional)));
  }
  const Ref<Dict> named = TRY(make_dict(workspace));
  for (const auto& [name, value] : arguments.named) {
    Value key = TRY(make_string(workspace, name));
    TRY(named->set(workspace, std::move(key), value));
  }
  return format_percent(workspace, text, value_of(named));
}

Result<Value> indent(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "indent", {"width", "first", "blank"}, 0));
  if (!input.is_string()) return type_error(fmt::format("cannot indent '{}'", type_name(input)));
  TextBuilder unit(workspace);
  if (given.has(0) && given[0].is_string()) {
    unit.append(given[0].text());
  } else {
    const std::int64_t width = TRY(given.integer(0, 4));
    unit.append(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  }
  const std::string indention = TRY(unit.finish());
  TextBuilder ended(workspace);
  ended.append(input.text());
  ended.append("\n");  // so that a last line break counts as a line
  const std::string text = TRY(ended.finish());
  TextBuilder result(workspace);
  bool first = true;
  for (std::string_view rest = text; !rest.empty() && !result.failed();) {
    const std::string_view line = take_line(rest, false);
    const bool indents = first ? given.flag(1, false) : given.flag(2, false) || !line.empty();
    if (!std::exchange(first, false)) result.append("\n");
    if (indents) result.append(indention);
    result.append(line);
  }
  return make_string(workspace, TRY(result.finish()), input.string().markup);
}

Result<Value> truncate(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "truncate", {"length", "killwords", "end", "leeway"}, 0));
  if (!input.is_string()) return type_error(fmt::format("cannot truncate '{}'", type_name(input)));
  const std::int64_t length = TRY(given.integer(0, 255));
  const std::string_view end = TRY(given.text(2, "..."));
  const std::int64_t leeway = given.sets(3) ? TRY(whole(given[3], "leeway")) : 5;
  const auto end_size = static_cast<std::int64_t>(count_characters(end));
  if (length < end_size || leeway < 0) return type_error("truncate's length is too small");
  const auto size = static_cast<std::int64_t>(input.string().count());
  if (size - leeway <= length) return input;
  const std::size_t kept =
      byte_of_character(input.text(), static_cast<std::size_t>(length - end_size));
  std::string text(input.text().substr(0, kept));
  if (!given.flag(1, false)) {
    const std::size_t space = text.rfind(' ');
    if (space != text.npos) text.resize(space);
  }
  return make_string(workspace, text + std::string(end));
}

Result<Value> word_count(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "wordcount", {}, 0));
  const Value text = TRY(to_text(workspace, input));
  TRY(workspace.spend_on_bytes(text.text().size()));
  std::int64_t words = 0;
  bool in_word = false;
  for (std::size_t at = 0; at < text.text().size();) {
    const bool word = is_word(next_character(text.text(), at));
    if (word && !in_word) ++words;
    in_word = word;
  }
  return Value::integer(words);
}

void quote_url(std::string_view value, bool query, TextBuilder& text) {
  constexpr std::string_view safe_characters = "_.-~";
  for (const char c : value) {
    if (text.failed()) return;
    const bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                       safe_characters.find(c) != value.npos || (c == '/' && !query);
    if (plain) {
      text.append(1, c);
    } else if (c == ' ' && query) {
      text.append("+");
    } else {
      text.append(fmt::format("%{:02X}", static_cast<unsigned char>(c)));
    }
  }
}

Result<Value> url_encode(Workspace& workspace, const Value& input, const Arguments& arguments) {
  TRY(bind(arguments, "urlencode", {}, 0));
  TextBuilder result(workspace);
  if (input.is_string() || !is_iterable(input)) {
    quote_url(TRY(to_text(workspace, input)).text(), false, result);
    return make_string(workspace, TRY(result.finish()));
  }
  Value pairs = input;
  if (input.is(Kind::dict)) pairs = TRY(make_view(workspace, input, View::Part::items));
  bool first = true;
  for (const Value& pair : TRY(items_of(workspace, pairs))) {
    const std::vector<Value> parts = TRY(items_of(workspace, pair));
    if (parts.size() != 2) return type_error("urlencode needs pairs");
    if (!std::exchange(first, false)) result.append("&");
    quote_url(TRY(to_text(workspace, parts[0])).text(), true, result);
    result.append("=");
    quote_url(TRY(to_text(workspace, parts[1])).text(), true, result);
  }
  return make_string(workspace, TRY(result.finish()));
}

Result<Value> xml_attributes(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "xmlattr", {"autospace"}, 0));
  if (!input.is(Kind::dict)) return type_error("xmlattr needs a dict");
  TextBuilder result(workspace);
  bool first = !given.flag(0, true);
  for (const auto& [key, value] : input.dict().entries) {
    if (value.is_none() || value.is_undefined()) continue;
    if (!key.is_string() || key.text().find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      return type_error("invalid character in attribute name");
    }
    if (!std::exchange(first, false)) result.append(" ");
    escape_into(key.text(), result);
    result.append("=\"");
    const Value shown = TRY(to_text(workspace, value));
    if (shown.string().markup) {
      result.append(shown.text());
    } else {
      escape_into(shown.text(), result);
    }
    result.append("\"");
  }
  return make_string(workspace, TRY(result.finish()));
}

// As transformers defines it, not as Jinja does: json.dumps(), and nothing is escaped for HTML.
Result<Value> to_json(Workspace& workspace, const Value& input, const Arguments& arguments) {
  const Bound given =
      TRY(bind(arguments, "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"}, 0));
  JsonStyle style;
  style.ascii = given.flag(0, false);
  style.sorted = given.flag(3, false);
  if (given.sets(1)) {
    style.indented = true;
    style.item_separator = ",";
    if (given[1].is_string()) {
      style.indent = given[1].text();
    } else {
      const std::int64_t width = std::max<std::int64_t>(TRY(given.integer(1, 0)), 0);
      TRY(workspace.room_for_text(static_cast<std::size_t>(width)));
      style.indent.assign(static_cast<std::size_t>(width), ' ');
    }
  }
  if (given.sets(2)) {
    const std::vector<Value> separators = TRY(items_of(workspace, given[2]));
    if (separators.size() != 2 || !separators[0].is_string() || !separators[1].is_string()) {
      return type_error("tojson's separators must be two strings");
    }
    style.item_separator = separators[0].text();
    style.key_separator = separators[1].text();
  }
  TextBuilder text(workspace);
  TRY(print_json(workspace, input, style, text));
  return make_string(workspace, TRY(text.finish()));
}

constexpr Method table[] = {{"capitalize", as_method<capitalize_name>},
                            {"center", center},
                            {"e", escape},
                            {"escape", escape},
                            {"forceescape", force_escape},
                            {"format", format},
                            {"indent", indent},
                            {"lower", as_method<lower>},
                            {"replace", replace},
                            {"safe", safe},
                            {"string", string},
                            {"title", title},
                            {"tojson", to_json},
                            {"trim", as_method<strip_name>},
                            {"truncate", truncate},
                            {"upper", as_method<upper>},
                            {"urlencode", url_encode},
                            {"wordcount", word_count},
                            {"xmlattr", xml_attributes}};

}  // namespace

std::span<const Method> text_filters() {
  return table;
}

}  // namespace freehold::text::jinja
