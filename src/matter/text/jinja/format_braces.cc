// "{:>8}".format(x) of format.h.
#include <fmt/format.h>

#include "text/jinja/characters.h"
#include "text/jinja/format.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_field_depth = 2;  // as Python: a field's style may hold fields

class BraceFormatter {
 public:
  BraceFormatter(Workspace& workspace, const Arguments& arguments)
      : workspace_(workspace), arguments_(arguments) {}

  Result<void> run(std::string_view format, std::size_t depth, TextBuilder& text) {
    for (std::size_t at = 0; at < format.size() && !text.failed();) {
      const std::size_t brace = format.find_first_of("{}", at);
      text.append(format.substr(at, brace - at));
      if (brace == format.npos) return {};
      if (brace + 1 < format.size() && format[brace + 1] == format[brace]) {
        text.append(1, format[brace]);
        at = brace + 2;
        continue;
      }
      if (format[brace] == '}') return type_error("single '}' encountered in format string");
      const std::size_t end = TRY(behind_field(format, brace + 1));
      TRY(field(format.substr(brace + 1, end - brace - 2), depth, text));
      at = end;
    }
    return {};
  }

 private:
  Result<std::size_t> behind_field(std::string_view format, std::size_t at) {
    for (std::size_t open = 1; at < format.size();) {
      const char c = format[at++];
      if (c == '{') ++open;
      if (c == '}' && --open == 0) return at;
    }
    return type_error("expected '}' before end of string");
  }

  Result<void> field(std::string_view field, std::size_t depth, TextBuilder& text) {
    if (depth >= max_field_depth) return type_error("max string recursion exceeded");
    std::size_t end = 0;  // of the name: brackets may hold anything
    for (bool bracket = false; end < field.size(); ++end) {
      if (field[end] == '[') bracket = true;
      if (field[end] == ']') bracket = false;
      if (!bracket && (field[end] == '!' || field[end] == ':')) break;
    }
    Value value = TRY(look_up(field.substr(0, end)));
    if (end < field.size() && field[end] == '!') {
      const char conversion = end + 1 < field.size() ? field[end + 1] : '\0';
      end += 2;
      if (end < field.size() && field[end] != ':')
        return type_error("expected ':' after conversion");
      TextBuilder shown(workspace_);
      if (conversion == 's') {
        TRY(print(workspace_, value, shown));
      } else if (conversion == 'r') {
        TRY(print_repr(workspace_, value, shown));
      } else {
        return type_error("unknown conversion specifier in a format string");
      }
      std::string text_shown = TRY(shown.finish());
      value = TRY(make_string(workspace_, std::move(text_shown)));
    }
    TextBuilder style(workspace_);
    if (end < field.size()) TRY(run(field.substr(end + 1), depth + 1, style));
    const std::string spec = TRY(style.finish());
    if (spec.empty()) return print(workspace_, value, text);
    if (!value.is_string() && !value.is_number()) {
      return type_error(
          fmt::format("unsupported format string passed to {}.__format__", type_name(value)));
    }
    const FormatStyle parsed = TRY(parse_style(spec, value.is_string()));
    return format_styled(workspace_, value, parsed, text);
  }

  Result<Value> look_up(std::string_view name) {
    std::size_t end = std::min(name.find_first_of(".["), name.size());
    if (end == 0 && !name.empty()) return type_error("a format field without the argument's name");
    Value value = TRY(argument(name.substr(0, end)));
    while (end < name.size()) {
      if (name[end] == '.') {
        const std::size_t next = std::min(name.find_first_of(".[", end + 1), name.size());
        value = TRY(attribute(workspace_, value, name.substr(end + 1, next - end - 1)));
        end = next;
      } else if (name[end] == '[') {
        const std::size_t close = name.find(']', end);
        if (close == name.npos) return type_error("missing ']' in format string");
        value = TRY(element(value, name.substr(end + 1, close - end - 1)));
        end = close + 1;
      } else {
        return type_error("only '.' or '[' may follow ']' in a format field");
      }
    }
    return value;
  }

  Result<Value> element(const Value& value, std::string_view key) {
    if (const auto index = number(key)) {
      return subscript(workspace_, value, Value::integer(static_cast<std::int64_t>(*index)));
    }
    return subscript(workspace_, value, TRY(make_string(workspace_, std::string(key))));
  }

  static std::optional<std::size_t> number(std::string_view text) {
    if (text.empty() || text.size() > 9) return std::nullopt;
    std::size_t value = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<std::size_t>(c - '0');
    }
    return value;
  }

  Result<Value> argument(std::string_view name) {
    const auto index = name.empty() ? std::optional(next_) : number(name);
    if (name.empty() ? manual_ : index && automatic_) {
      return type_error("a format string mixes automatic and numbered fields");
    }
    if (name.empty()) automatic_ = true, ++next_;
    if (!name.empty() && index) manual_ = true;
    if (index) {
      if (*index >= arguments_.positional.size()) {
        return type_error("replacement index out of range for positional arguments");
      }
      return arguments_.positional[*index];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return type_error(fmt::format("the format's argument '{}' is missing", name));
  }

  Result<FormatStyle> parse_style(std::string_view spec, bool for_text) {
    FormatStyle style;
    std::size_t at = 0;
    const auto peek = [&] { return at < spec.size() ? spec[at] : '\0'; };
    const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
    std::size_t behind = 0;
    next_character(spec, behind);
    if (behind < spec.size() && is_align(spec[behind])) {
      style.fill = std::string(spec.substr(0, behind));
      style.align = spec[behind];
      at = behind + 1;
    } else if (is_align(peek())) {
      style.align = spec[at++];
    }
    if (peek() == '+' || peek() == '-' || peek() == ' ') style.sign = spec[at++];
    if (peek() == '#') style.alternate = true, ++at;
    if (peek() == '0') {
      ++at;
      if (style.align == '\0') style.fill = "0", style.align = for_text ? '<' : '=';
    }
    style.width = TRY(digits(spec, at));
    if (peek() == ',' || peek() == '_') style.grouping = spec[at++];
    if (peek() == '.') {
      const std::size_t before = ++at;
      style.precision = TRY(digits(spec, at));
      if (at == before) return type_error("format specifier missing precision");
    }
    if (at < spec.size()) style.type = spec[at++];
    if (at < spec.size()) return type_error("invalid format specifier");
    return style;
  }

  Result<std::size_t> digits(std::string_view spec, std::size_t& at) {
    std::size_t value = 0;
    for (; at < spec.size() && spec[at] >= '0' && spec[at] <= '9'; ++at) {
      value = value * 10 + static_cast<std::size_t>(spec[at] - '0');
      TRY(workspace_.fits_text(value));
    }
    return value;
  }

  Workspace& workspace_;
  const Arguments& arguments_;
  std::size_t next_ = 0;
  bool automatic_ = false;
  bool manual_ = false;
};

}  // namespace

Result<Value> format_braces(Workspace& workspace, const Value& format, const Arguments& arguments) {
  TextBuilder text(workspace);
  TRY(BraceFormatter(workspace, arguments).run(format.text(), 0, text));
  return make_string(workspace, TRY(text.finish()), format.string().markup);
}

}  // namespace freehold::text::jinja
