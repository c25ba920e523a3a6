// Values as text: what str(), repr() and json.dumps() of Python make of them.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace freehold::text::jinja {

// Appends str(value) or repr(value). `invalid` when it nests too deeply.
Result<void> print(Workspace& workspace, const Value& value, TextBuilder& text);
Result<void> print_repr(Workspace& workspace, const Value& value, TextBuilder& text);

// str(value) as a string value; a string is returned as it is.
Result<Value> to_text(Workspace& workspace, const Value& value);

std::string print_real(double value);  // shortest text that reads back the same, Python's way
void print_quoted(std::string_view value, TextBuilder& text);

struct JsonStyle {
  bool ascii = false;
  bool sorted = false;
  bool indented = false;
  std::string indent;  // of one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
Result<void> print_json(Workspace& workspace, const Value& value, const JsonStyle& style,
                        TextBuilder& text);

}  // namespace freehold::text::jinja
