// Methods of str that ask what kinds of characters it is made of.
#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/methods.h"

namespace freehold::text::jinja {
namespace {

bool is_alphanumeric(char32_t c) {
  return is_alphabetic(c) || is_decimal(c) || is_digit(c) || is_numeric(c);
}
bool is_ascii_character(char32_t c) {
  return c < 0x80;
}
bool is_identifier_start(char32_t c) {
  return c == '_' || is_alphabetic(c);
}

template <bool (*matches)(char32_t), bool when_empty>
Result<Value> all(Workspace& workspace, const Value& self, const Arguments& arguments) {
  TRY(bind(arguments, "character test", {}, 0));
  const std::string_view text = self.text();
  TRY(workspace.spend_on_bytes(text.size()));
  if (text.empty()) return Value::boolean(when_empty);
  for (std::size_t at = 0; at < text.size();) {
    if (!matches(next_character(text, at))) return Value::boolean(false);
  }
  return Value::boolean(true);
}

Result<Value> is_identifier(Workspace& workspace, const Value& self, const Arguments& arguments) {
  std::size_t at = 0;
  if (self.text().empty() || !is_identifier_start(next_character(self.text(), at))) {
    return Value::boolean(false);
  }
  return all<is_word, false>(workspace, self, arguments);
}

// Titles: capitals only at the starts of words, small letters only behind others.
Result<Value> is_title_text(Workspace& workspace, const Value& self, const Arguments& arguments) {
  TRY(bind(arguments, "istitle", {}, 0));
  TRY(workspace.spend_on_bytes(self.text().size()));
  bool cased = false;
  bool in_word = false;
  for (std::size_t at = 0; at < self.text().size();) {
    const char32_t c = next_character(self.text(), at);
    const bool capital = is_upper(c) || is_title(c);
    const bool small = is_lower(c);
    if ((capital && in_word) || (small && !in_word)) return Value::boolean(false);
    in_word = capital || small;
    cased = cased || in_word;
  }
  return Value::boolean(cased);
}

template <bool upper>
Result<Value> is_case(Workspace& workspace, const Value& self, const Arguments& arguments) {
  TRY(bind(arguments, "case test", {}, 0));
  TRY(workspace.spend_on_bytes(self.text().size()));
  return Value::boolean(has_case(self.text(), upper));
}

constexpr Method table[] = {{"isdigit", all<is_digit, false>},
                            {"isdecimal", all<is_decimal, false>},
                            {"isnumeric", all<is_numeric, false>},
                            {"isalpha", all<is_alphabetic, false>},
                            {"isalnum", all<is_alphanumeric, false>},
                            {"isspace", all<is_space, false>},
                            {"isascii", all<is_ascii_character, true>},
                            {"isprintable", all<is_printable, true>},
                            {"isidentifier", is_identifier},
                            {"istitle", is_title_text},
                            {"isupper", is_case<true>},
                            {"islower", is_case<false>}};

}  // namespace

std::span<const Method> string_class_methods() {
  return table;
}

}  // namespace freehold::text::jinja
