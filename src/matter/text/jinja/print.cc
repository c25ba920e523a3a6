#include "text/jinja/print.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "text/jinja/ast.h"
#include "text/jinja/characters.h"
#include "text/jinja/operations.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_print_depth = 200;

Result<void> repr_at(Workspace& workspace, const Value& value, TextBuilder& text,
                     std::size_t depth);

Result<void> repr_items(Workspace& workspace, const std::vector<Value>& items, TextBuilder& text,
                        std::size_t depth) {
  for (std::size_t i = 0; i < items.size() && !text.failed(); ++i) {
    if (i > 0) text.append(", ");
    TRY(repr_at(workspace, items[i], text, depth + 1));
  }
  return {};
}

Result<void> repr_dict(Workspace& workspace, const Dict& dict, TextBuilder& text,
                       std::size_t depth) {
  text.append("{");
  bool first = true;
  for (const auto& [key, value] : dict.entries) {
    if (!std::exchange(first, false)) text.append(", ");
    TRY(repr_at(workspace, key, text, depth + 1));
    text.append(": ");
    TRY(repr_at(workspace, value, text, depth + 1));
  }
  text.append("}");
  return {};
}

Result<void> repr_view(Workspace& workspace, const Value& view, TextBuilder& text,
                       std::size_t depth) {
  const std::vector<Value> items = TRY(items_of(workspace, view));
  text.append(fmt::format("{}([", type_name(view)));
  TRY(repr_items(workspace, items, text, depth));
  text.append("])");
  return {};
}

Result<void> repr_thing(Workspace& workspace, const Value& value, TextBuilder& text,
                        std::size_t depth) {
  switch (value.kind()) {
    case Kind::list:
      text.append("[");
      TRY(repr_items(workspace, value.items(), text, depth));
      text.append("]");
      return {};
    case Kind::tuple:
      text.append("(");
      TRY(repr_items(workspace, value.items(), text, depth));
      text.append(value.items().size() == 1 ? ",)" : ")");
      return {};
    case Kind::dict:
      return repr_dict(workspace, value.dict(), text, depth);
    case Kind::range: {
      const auto& range = value.as<Range>();
      text.append(range.step == 1
                      ? fmt::format("range({}, {})", range.start, range.stop)
                      : fmt::format("range({}, {}, {})", range.start, range.stop, range.step));
      return {};
    }
    case Kind::view:
      return repr_view(workspace, value, text, depth);
    case Kind::name_space:
      text.append("<Namespace ");
      TRY(repr_dict(workspace, *value.as<Namespace>().attributes, text, depth));
      text.append(">");
      return {};
    case Kind::closure: {
      const std::string& name = value.as<Closure>().definition->name;
      text.append(name.empty() ? "<Macro anonymous>" : fmt::format("<Macro '{}'>", name));
      return {};
    }
    case Kind::loop: {
      const auto& loop = value.as<Loop>();
      text.append(fmt::format("<LoopContext {}/{}>", loop.index + 1, loop.items.size()));
      return {};
    }
    default:
      text.append(fmt::format("<{}>", type_name(value)));
      return {};
  }
}

Result<void> repr_at(Workspace& workspace, const Value& value, TextBuilder& text,
                     std::size_t depth) {
  if (depth > max_print_depth) return type_error("a value nests too deeply to be printed");
  TRY(workspace.spend(1));
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::forbidden:
      text.append("Undefined");
      return {};
    case Kind::none:
      text.append("None");
      return {};
    case Kind::boolean:
      text.append(value.integer() != 0 ? "True" : "False");
      return {};
    case Kind::integer:
      text.append(std::to_string(value.integer()));
      return {};
    case Kind::real:
      text.append(print_real(value.real()));
      return {};
    case Kind::function:
      text.append(fmt::format("<function {}>", value.function().name));
      return {};
    case Kind::string:
      if (value.string().markup) text.append("Markup(");
      print_quoted(value.text(), text);
      if (value.string().markup) text.append(")");
      return {};
    default:
      return repr_thing(workspace, value, text, depth);
  }
}

}  // namespace

std::string print_real(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
  const std::size_t e = text.find('e');
  int exponent = 0;
  const char* first = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(first, text.data() + text.size(), exponent);
  std::string digits(text.substr(0, e));
  const std::string sign = digits[0] == '-' ? "-" : "";
  std::erase(digits, '-');
  std::erase(digits, '.');
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    if (count > 1) digits.insert(1, ".");
    return fmt::format("{}{}e{}{:02}", sign, digits, exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0)
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1)
    return sign + digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0') + ".0";
  return sign + digits.insert(static_cast<std::size_t>(exponent) + 1, ".");
}

void print_quoted(std::string_view value, TextBuilder& text) {
  const char quote = value.find('\'') != value.npos && value.find('"') == value.npos ? '"' : '\'';
  text.append(1, quote);
  for (std::size_t at = 0; at < value.size() && !text.failed();) {
    const std::size_t begin = at;
    const char32_t c = next_character(value, at);
    if (c == '\n') {
      text.append("\\n");
    } else if (c == '\r') {
      text.append("\\r");
    } else if (c == '\t') {
      text.append("\\t");
    } else if (c == '\\' || c == static_cast<unsigned char>(quote)) {
      text.append(1, '\\');
      text.append(1, static_cast<char>(c));
    } else if (is_printable(c)) {
      text.append(value.substr(begin, at - begin));
    } else {
      const auto code = static_cast<std::uint32_t>(c);
      text.append(code < 0x100     ? fmt::format("\\x{:02x}", code)
                  : code < 0x10000 ? fmt::format("\\u{:04x}", code)
                                   : fmt::format("\\U{:08x}", code));
    }
  }
  text.append(1, quote);
}

Result<void> print(Workspace& workspace, const Value& value, TextBuilder& text) {
  if (value.is_string()) {
    text.append(value.text());
    return {};
  }
  if (value.is_undefined()) return {};
  return repr_at(workspace, value, text, 0);
}

Result<void> print_repr(Workspace& workspace, const Value& value, TextBuilder& text) {
  return repr_at(workspace, value, text, 0);
}

Result<Value> to_text(Workspace& workspace, const Value& value) {
  if (value.is_string()) return value;
  TextBuilder text(workspace);
  TRY(print(workspace, value, text));
  return make_string(workspace, TRY(text.finish()));
}

}  // namespace freehold::text::jinja
