// Python's two ways to format values: "%5.2f" % x and "{:>8}".format(x).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace freehold::text::jinja {

// One replacement's style, in the terms of Python's format specification.
struct FormatStyle {
  std::string fill = " ";
  char align = '\0';  // < > ^ = or '\0': by type
  char sign = '-';
  bool alternate = false;
  std::size_t width = 0;
  char grouping = '\0';  // , or _
  std::optional<std::size_t> precision;
  char type = '\0';
};

// Appends a number or a text in that style; `invalid` for a type that the value cannot have.
Result<void> format_styled(Workspace& workspace, const Value& value, const FormatStyle& style,
                           TextBuilder& text);

// format % arguments, where a tuple holds several and a dict named ones.
Result<Value> format_percent(Workspace& workspace, const Value& format, const Value& arguments);

// format.format(arguments…)
Result<Value> format_braces(Workspace& workspace, const Value& format, const Arguments& arguments);

}  // namespace freehold::text::jinja
