#include "text/jinja/format.h"

#include <fmt/format.h>

#include <cmath>

#include "text/jinja/characters.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_precision = 5000;  // no number has more digits worth printing

std::string grouped(std::string digits, char separator, std::size_t size) {
  for (std::size_t at = digits.size(); at > size;) {
    at -= size;
    digits.insert(at, 1, separator);
  }
  return digits;
}

// The digits of a whole number's magnitude, and what stands before them ("0x").
Result<std::string> integer_digits(std::uint64_t magnitude, const FormatStyle& style,
                                   std::string& prefix) {
  std::string digits;
  switch (style.type) {
    case 'b':
      digits = fmt::format("{:b}", magnitude);
      break;
    case 'o':
      digits = fmt::format("{:o}", magnitude);
      break;
    case 'x':
      digits = fmt::format("{:x}", magnitude);
      break;
    case 'X':
      digits = fmt::format("{:X}", magnitude);
      break;
    default:
      digits = fmt::format("{}", magnitude);
      break;
  }
  const bool decimal = style.type == '\0' || style.type == 'd' || style.type == 'n';
  if (style.alternate && !decimal) prefix = std::string("0") + style.type;
  if (style.grouping != '\0') digits = grouped(std::move(digits), style.grouping, decimal ? 3 : 4);
  return digits;
}

Result<std::string> real_digits(double magnitude, const FormatStyle& style) {
  const bool upper = style.type == 'E' || style.type == 'F' || style.type == 'G';
  if (!std::isfinite(magnitude)) {
    const std::string name = std::isnan(magnitude) ? "nan" : "inf";
    return upper ? to_upper(name) : name + (style.type == '%' ? "%" : "");
  }
  const std::size_t precision = style.precision.value_or(6);
  if (precision > max_precision) return type_error("a format's precision is too large");
  std::string digits;
  switch (style.type) {
    case 'e':
      digits = fmt::format("{:.{}e}", magnitude, precision);
      break;
    case 'E':
      digits = fmt::format("{:.{}E}", magnitude, precision);
      break;
    case 'f':
    case 'F':
      digits = fmt::format("{:.{}f}", magnitude, precision);
      break;
    case '%':
      digits = fmt::format("{:.{}f}", magnitude * 100, precision);
      break;
    case 'G':
      digits = fmt::format("{:.{}G}", magnitude, std::max<std::size_t>(precision, 1));
      break;
    case 'g':
    case 'n':
      digits = fmt::format("{:.{}g}", magnitude, std::max<std::size_t>(precision, 1));
      break;
    default:
      if (!style.precision) {
        digits = print_real(magnitude);
      } else {
        digits = fmt::format("{:.{}g}", magnitude, std::max<std::size_t>(precision, 1));
        if (digits.find_first_of(".e") == digits.npos) digits += ".0";
      }
  }
  if (style.alternate && digits.find('.') == digits.npos) digits += '.';
  if (style.grouping != '\0') {
    const std::size_t whole = std::min(digits.find_first_of(".e"), digits.size());
    digits = grouped(digits.substr(0, whole), style.grouping, 3) + digits.substr(whole);
  }
  return style.type == '%' ? digits + "%" : digits;
}

void pad(std::size_t count, const std::string& fill, TextBuilder& text) {
  text.repeat(count, fill);
}

// Appends sign, prefix and content, filled up to the style's width.
Result<void> append_padded(std::string_view head, std::string_view content, char align,
                           const FormatStyle& style, TextBuilder& text) {
  const std::size_t size = head.size() + count_characters(content);
  const std::size_t space = style.width > size ? style.width - size : 0;
  const std::size_t before = align == '>' ? space : align == '^' ? space / 2 : 0;
  pad(before, style.fill, text);
  text.append(head);
  if (align == '=') pad(space, style.fill, text);
  text.append(content);
  if (align != '=') pad(space - before, style.fill, text);
  return {};
}

Result<void> format_number(const Value& value, const FormatStyle& style, TextBuilder& text) {
  constexpr std::string_view real_types = "eEfFgG%";
  const bool real = value.is(Kind::real) || real_types.find(style.type) != real_types.npos;
  const bool negative = real ? std::signbit(value.number()) : value.integer() < 0;
  std::string head = negative ? "-" : style.sign == '-' ? "" : std::string(1, style.sign);
  std::string prefix;
  std::string digits;
  if (real) {
    constexpr std::string_view known = "eEfFgGn%";
    if (style.type != '\0' && known.find(style.type) == known.npos) {
      return type_error(fmt::format("unknown format code '{}' for a float", style.type));
    }
    digits = TRY(real_digits(std::abs(value.number()), style));
  } else {
    constexpr std::string_view known = "bcdoxXn";
    if (style.type != '\0' && known.find(style.type) == known.npos) {
      return type_error(fmt::format("unknown format code '{}' for an int", style.type));
    }
    if (style.precision) return type_error("a precision is not allowed for whole numbers");
    const auto bits = static_cast<std::uint64_t>(value.integer());
    if (style.type == 'c') {
      if (bits > 0x10FFFF) return type_error("%c needs a code point");
      append_character(digits, static_cast<char32_t>(bits));
    } else {
      digits = TRY(integer_digits(negative ? 0 - bits : bits, style, prefix));
    }
  }
  return append_padded(head + prefix, digits, style.align == '\0' ? '>' : style.align, style, text);
}

}  // namespace

Result<void> format_styled(Workspace& workspace, const Value& value, const FormatStyle& style,
                           TextBuilder& text) {
  TRY(workspace.fits_text(style.width));
  if (value.is_number()) return format_number(value, style, text);
  if (style.type != '\0' && style.type != 's') {
    return type_error(fmt::format("unknown format code '{}' for a value of type '{}'", style.type,
                                  type_name(value)));
  }
  const Value shown = TRY(to_text(workspace, value));
  std::string_view content = shown.text();
  if (style.precision) content = content.substr(0, byte_of_character(content, *style.precision));
  const char align = style.align == '\0' || style.align == '=' ? '<' : style.align;
  return append_padded("", content, align, style, text);
}

}  // namespace freehold::text::jinja
