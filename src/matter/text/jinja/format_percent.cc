// "%5.2f" % x of format.h.
#include <fmt/format.h>

#include "text/jinja/characters.h"
#include "text/jinja/format.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Workspace& workspace, std::string_view format, const Value& arguments,
                   TextBuilder& text)
      : workspace_(workspace), format_(format), arguments_(arguments), text_(text) {}

  Result<void> run() {
    while (!text_.failed()) {
      const std::size_t percent = format_.find('%', at_);
      text_.append(format_.substr(at_, percent - at_));
      if (percent == format_.npos) break;
      at_ = percent + 1;
      TRY(conversion());
    }
    const bool all_used = arguments_.is(Kind::tuple) ? used_ == arguments_.items().size()
                                                     : used_ > 0 || arguments_.is(Kind::dict);
    if (!all_used) return type_error("not all arguments converted during string formatting");
    return {};
  }

 private:
  char peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  Result<Value> next_argument() {
    if (arguments_.is(Kind::tuple)) {
      if (used_ >= arguments_.items().size()) {
        return type_error("not enough arguments for format string");
      }
      return arguments_.items()[used_++];
    }
    if (used_++ > 0) return type_error("not enough arguments for format string");
    return arguments_;
  }

  // A number in the format, or the next argument for '*'.
  Result<std::size_t> size() {
    if (peek() == '*') {
      ++at_;
      const Value argument = TRY(next_argument());
      const std::int64_t value = TRY(whole(argument, "* in a format"));
      return static_cast<std::size_t>(value < 0 ? 0 : value);
    }
    std::size_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<std::size_t>(peek() - '0');
      TRY(workspace_.fits_text(value));
      ++at_;
    }
    return value;
  }

  Result<void> conversion() {
    std::optional<Value> named;
    if (peek() == '(') {
      const std::size_t close = format_.find(')', at_);
      if (close == format_.npos) return type_error("incomplete format key");
      if (!arguments_.is(Kind::dict)) return type_error("format requires a mapping");
      const std::string_view key = format_.substr(at_ + 1, close - at_ - 1);
      const Value* found = arguments_.dict().find(key);
      if (found == nullptr) return type_error(fmt::format("the format's key '{}' is missing", key));
      named = *found;
      at_ = close + 1;
    }
    FormatStyle style;
    for (bool flags = true; flags;) {
      switch (peek()) {
        case '-':
          style.align = '<';
          break;
        case '0':
          if (style.align == '\0') style.align = '=';
          break;
        case '+':
          style.sign = '+';
          break;
        case ' ':
          if (style.sign != '+') style.sign = ' ';
          break;
        case '#':
          style.alternate = true;
          break;
        default:
          flags = false;
      }
      if (flags) ++at_;
    }
    style.width = TRY(size());
    if (peek() == '.') {
      ++at_;
      style.precision = TRY(size());
    }
    while (peek() == 'l' || peek() == 'L' || peek() == 'h') ++at_;
    const char type = peek();
    ++at_;
    if (type == '%') {
      text_.append("%");
      return {};
    }
    return convert(type, style, named ? *std::move(named) : TRY(next_argument()));
  }

  Result<void> convert(char type, FormatStyle style, Value value) {
    const bool zeros = style.align == '=';
    style.type = type == 'i' || type == 'u' ? 'd' : type;
    constexpr std::string_view text_types = "sra";
    if (text_types.find(type) != text_types.npos) {
      if (type != 's') {
        TextBuilder shown(workspace_);
        TRY(print_repr(workspace_, value, shown));
        std::string representation = TRY(shown.finish());
        value = TRY(make_string(workspace_, std::move(representation)));
      } else {
        value = TRY(to_text(workspace_, value));
      }
      style.type = 's';
      if (style.align != '<') style.align = '>';
    } else if (type == 'c' && value.is_string()) {
      if (value.string().count() != 1) return type_error("%c requires int or char");
      style.type = 's';
      style.align = style.align == '<' ? '<' : '>';
    } else {
      constexpr std::string_view known = "doxXeEfFgGc";
      if (known.find(style.type) == known.npos) {
        return type_error(fmt::format("unsupported format character '{}'", type));
      }
      if (!value.is_number()) {
        return type_error(
            fmt::format("%{} format: a number is required, not {}", type, type_name(value)));
      }
      constexpr std::string_view whole_types = "doxXc";
      if (value.is(Kind::real) && whole_types.find(style.type) != whole_types.npos) {
        const double real = value.real();
        if (style.type != 'd' || !(real > -9.2e18 && real < 9.2e18)) {
          return type_error(fmt::format("%{} format: an integer is required", type));
        }
        value = Value::integer(static_cast<std::int64_t>(real));
      } else if (value.is(Kind::boolean)) {
        value = Value::integer(value.integer());
      }
      if (style.align == '\0') style.align = '>';
      if (zeros) style.fill = "0";
      if (whole_types.find(style.type) != whole_types.npos) style.precision.reset();
    }
    return format_styled(workspace_, value, style, text_);
  }

  Workspace& workspace_;
  std::string_view format_;
  const Value& arguments_;
  TextBuilder& text_;
  std::size_t at_ = 0;
  std::size_t used_ = 0;
};

}  // namespace

Result<Value> format_percent(Workspace& workspace, const Value& format, const Value& arguments) {
  TextBuilder text(workspace);
  TRY(PercentFormatter(workspace, format.text(), arguments, text).run());
  return make_string(workspace, TRY(text.finish()), format.string().markup);
}

}  // namespace freehold::text::jinja
