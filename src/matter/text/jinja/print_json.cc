// json.dumps() of print.h.
#include <fmt/format.h>

#include <cmath>

#include "text/jinja/characters.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"
#include "text/jinja/sorting.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_json_depth = 200;

class JsonPrinter {
 public:
  JsonPrinter(Workspace& workspace, const JsonStyle& style, TextBuilder& text)
      : workspace_(workspace), style_(style), text_(text) {}

  Result<void> value(const Value& value, std::size_t depth) {
    if (depth > max_json_depth) return type_error("a value nests too deeply for JSON");
    TRY(workspace_.spend(1));
    if (text_.failed()) return {};  // finish() tells
    switch (value.kind()) {
      case Kind::string:
        string(value.text());
        return {};
      case Kind::list:
      case Kind::tuple:
        return list(value.items(), depth);
      case Kind::dict:
        return dict(value.dict(), depth);
      default:
        text_.append(TRY(scalar(value)));
        return {};
    }
  }

 private:
  Result<std::string> scalar(const Value& value) {
    switch (value.kind()) {
      case Kind::none:
        return "null";
      case Kind::boolean:
        return value.integer() != 0 ? "true" : "false";
      case Kind::integer:
        return std::to_string(value.integer());
      case Kind::real:
        if (std::isnan(value.real())) return "NaN";
        if (std::isinf(value.real())) return value.real() < 0 ? "-Infinity" : "Infinity";
        return print_real(value.real());
      default:
        return type_error(
            fmt::format("Object of type {} is not JSON serializable", type_name(value)));
    }
  }

  void new_line(std::size_t depth) {
    text_.append("\n");
    text_.repeat(depth, style_.indent);
  }

  Result<void> list(const std::vector<Value>& items, std::size_t depth) {
    if (items.empty()) {
      text_.append("[]");
      return {};
    }
    text_.append("[");
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text_.append(style_.item_separator);
      if (style_.indented) new_line(depth + 1);
      TRY(value(items[i], depth + 1));
    }
    if (style_.indented) new_line(depth);
    text_.append("]");
    return {};
  }

  Result<void> dict(const Dict& dict, std::size_t depth) {
    if (dict.entries.empty()) {
      text_.append("{}");
      return {};
    }
    std::vector<std::pair<Value, Value>> sorted;
    if (style_.sorted) {
      sorted = dict.entries;
      TRY(sort_by(sorted, [&](const auto& a, const auto& b) {
        return less(workspace_, a.first, b.first);
      }));
    }
    text_.append("{");
    bool first = true;
    for (const auto& [key, member] : style_.sorted ? sorted : dict.entries) {
      if (!std::exchange(first, false)) text_.append(style_.item_separator);
      if (style_.indented) new_line(depth + 1);
      TRY(this->key(key));
      text_.append(style_.key_separator);
      TRY(value(member, depth + 1));
    }
    if (style_.indented) new_line(depth);
    text_.append("}");
    return {};
  }

  Result<void> key(const Value& key) {
    if (key.is_string()) {
      string(key.text());
    } else if (key.is_number() || key.is_none()) {
      string(TRY(scalar(key)));
    } else {
      return type_error(fmt::format("keys of JSON objects must not be '{}'", type_name(key)));
    }
    return {};
  }

  void string(std::string_view value) {
    text_.append("\"");
    std::size_t plain = 0;  // start of what needs no escape
    for (std::size_t at = 0; at < value.size() && !text_.failed();) {
      const std::size_t begin = at;
      const auto byte = static_cast<unsigned char>(value[at]);
      const bool wide = style_.ascii && byte >= 0x80;
      if (byte >= ' ' && byte != '"' && byte != '\\' && !wide) {
        ++at;
        continue;
      }
      const char32_t c = next_character(value, at);
      text_.append(value.substr(plain, begin - plain));
      escape(c);
      plain = at;
    }
    text_.append(value.substr(plain));
    text_.append("\"");
  }

  void escape(char32_t c) {
    constexpr std::string_view special = "\"\\\n\r\t\f\b";
    constexpr std::string_view letters = "\"\\nrtfb";
    const std::size_t index = c < 0x80 ? special.find(static_cast<char>(c)) : special.npos;
    const auto code = static_cast<std::uint32_t>(c);
    if (index != special.npos) {
      text_.append("\\");
      text_.append(1, letters[index]);
    } else if (code >= 0x10000) {
      text_.append(
          fmt::format("\\u{:04x}\\u{:04x}", 0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF)));
    } else {
      text_.append(fmt::format("\\u{:04x}", code));
    }
  }

  Workspace& workspace_;
  const JsonStyle& style_;
  TextBuilder& text_;
};

}  // namespace

Result<void> print_json(Workspace& workspace, const Value& value, const JsonStyle& style,
                        TextBuilder& text) {
  return JsonPrinter(workspace, style, text).value(value, 0);
}

}  // namespace freehold::text::jinja
