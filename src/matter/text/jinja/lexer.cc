#include "text/jinja/lexer.h"

#include <fmt/format.h>

#include <utility>

#include "text/jinja/characters.h"

namespace freehold::text::jinja {
namespace {

bool is_digit_of(char c, int base) {
  if (base == 16) return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
  return c >= '0' && c < '0' + base;
}

bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) TRY(next_region());
    add(TokenKind::end, source_.size(), source_.size());
    return std::move(tokens_);
  }

 private:
  Result<void> next_region();
  Result<void> comment();
  Result<void> raw();
  Result<void> expression(TokenKind end_kind);
  Result<void> word_or_symbol();
  Result<void> quoted();
  Result<void> symbol();

  bool starts(std::string_view what, std::size_t at) const {
    return source_.substr(at, what.size()) == what;
  }
  bool starts(std::string_view what) const { return starts(what, at_); }
  char peek(std::size_t at) const { return at < source_.size() ? source_[at] : '\0'; }

  std::unexpected<Error> broken(std::size_t at, std::string_view message) {
    return fail(ErrorCode::invalid, located(position(at), message));
  }

  // Positions are asked for in rising order, so that counting lines takes one pass in all.
  Position position(std::size_t at) {
    if (at < counted_) counted_ = 0, line_ = 1, line_start_ = 0;
    for (; counted_ < at; ++counted_) {
      if (source_[counted_] == '\n') ++line_, line_start_ = counted_ + 1;
    }
    return {line_, static_cast<std::uint32_t>(at - line_start_ + 1)};
  }

  void add(TokenKind kind, std::size_t begin, std::size_t end) {
    tokens_.push_back({kind, source_.substr(begin, end - begin), position(begin)});
  }

  void add_text(std::size_t begin, std::size_t end, char sign, bool strips_line);
  void skip_space() {
    while (at_ < source_.size()) {
      std::size_t behind = at_;
      if (!is_space(next_character(source_, behind))) return;
      at_ = behind;
    }
  }
  // Whether the tag that closes with `closing` ends here; then it is passed, with the white space
  // that its sign takes along.
  bool passes_end(std::string_view closing, bool trims_newline, bool plus_allowed);
  std::size_t behind_digits(std::size_t at, int base) const;
  std::size_t behind_real(std::size_t at) const;
  std::size_t behind_integer(std::size_t at) const;

  std::string_view source_;
  std::size_t at_ = 0;
  bool line_starting_ = true;  // the last tag ended with a line break
  std::vector<Token> tokens_;
  std::string open_;  // the brackets that still have to be closed
  std::size_t counted_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_start_ = 0;
};

// Text before a tag: '-' takes all white space before the tag, and a block tag alone at the start
// of its line takes the line's indentation unless its sign is '+'.
void Lexer::add_text(std::size_t begin, std::size_t end, char sign, bool strips_line) {
  std::string_view text = source_.substr(begin, end - begin);
  if (sign == '-') {
    text = strip(text, nullptr, false, true);
  } else if (sign != '+' && strips_line) {
    const std::size_t newline = text.rfind('\n');
    const std::size_t line = newline == text.npos ? 0 : newline + 1;
    if ((line > 0 || line_starting_) && strip(text.substr(line), nullptr, true, false).empty()) {
      text = text.substr(0, line);
    }
  }
  if (!text.empty()) add(TokenKind::text, begin, begin + text.size());
}

bool Lexer::passes_end(std::string_view closing, bool trims_newline, bool plus_allowed) {
  const char sign = peek(at_);
  if (sign == '-' && starts(closing, at_ + 1)) {
    at_ += 1 + closing.size();
    skip_space();
  } else if (plus_allowed && sign == '+' && starts(closing, at_ + 1)) {
    at_ += 1 + closing.size();
  } else if (starts(closing)) {
    at_ += closing.size();
    if (trims_newline && peek(at_) == '\n') ++at_;
  } else {
    return false;
  }
  line_starting_ = source_[at_ - 1] == '\n';
  return true;
}

// Text up to the next tag, and that tag.
Result<void> Lexer::next_region() {
  std::size_t tag = at_;
  for (;; ++tag) {
    tag = source_.find('{', tag);
    if (tag == source_.npos) {
      add(TokenKind::text, at_, source_.size());
      at_ = source_.size();
      return {};
    }
    const char next = peek(tag + 1);
    if (next == '{' || next == '%' || next == '#') break;
  }
  const char kind = source_[tag + 1];
  const char mark = peek(tag + 2);
  const char sign = mark == '-' || mark == '+' ? mark : '\0';
  add_text(at_, tag, sign, kind != '{');
  at_ = tag + (sign == '\0' ? 2 : 3);
  if (kind == '#') return comment();
  if (kind == '{') {
    add(TokenKind::print_begin, tag, at_);
    return expression(TokenKind::print_end);
  }
  const std::size_t behind_tag = at_;
  skip_space();
  if (starts("raw")) {
    at_ += 3;
    skip_space();
    if (passes_end("%}", false, false)) return raw();
  }
  at_ = behind_tag;
  add(TokenKind::block_begin, tag, at_);
  return expression(TokenKind::block_end);
}

Result<void> Lexer::comment() {
  const std::size_t begin = at_;
  while (at_ < source_.size()) {
    if (passes_end("#}", true, true)) return {};
    ++at_;
  }
  return broken(begin, "a comment is not closed");
}

Result<void> Lexer::raw() {
  const std::size_t begin = at_;
  for (std::size_t tag = begin;; ++tag) {
    tag = source_.find("{%", tag);
    if (tag == source_.npos) return broken(begin, "{% raw %} is not closed");
    at_ = tag + 2;
    const char sign = peek(at_) == '-' || peek(at_) == '+' ? source_[at_++] : '\0';
    skip_space();
    if (!starts("endraw")) continue;
    at_ += 6;
    skip_space();
    const bool started_line = line_starting_;
    if (!passes_end("%}", true, true)) continue;
    const bool starts_line = std::exchange(line_starting_, started_line);
    add_text(begin, tag, sign, true);
    line_starting_ = starts_line;
    return {};
  }
}

// The tokens between a tag's delimiters. A delimiter inside brackets is no delimiter.
Result<void> Lexer::expression(TokenKind end_kind) {
  const bool block = end_kind == TokenKind::block_end;
  open_.clear();
  while (at_ < source_.size()) {
    const std::size_t begin = at_;
    if (open_.empty() && passes_end(block ? "%}" : "}}", block, block)) {
      add(end_kind, begin, at_);
      return {};
    }
    skip_space();
    if (at_ == begin) TRY(word_or_symbol());
  }
  return {};  // the parser misses the end
}

Result<void> Lexer::word_or_symbol() {
  const std::size_t begin = at_;
  TokenKind kind = TokenKind::real;
  at_ = behind_real(begin);
  if (at_ == begin) {
    kind = TokenKind::integer;
    at_ = behind_integer(begin);
  }
  if (at_ == begin) {
    kind = TokenKind::name;
    while (at_ < source_.size() && is_name_byte(source_[at_])) ++at_;
  }
  if (at_ > begin) {
    add(kind, begin, at_);
    return {};
  }
  if (source_[at_] == '"' || source_[at_] == '\'') return quoted();
  return symbol();
}

Result<void> Lexer::quoted() {
  const std::size_t begin = at_;
  for (std::size_t i = begin + 1; i < source_.size(); ++i) {
    if (source_[i] == '\\') {
      ++i;
    } else if (source_[i] == source_[begin]) {
      at_ = i + 1;
      add(TokenKind::string, begin, at_);
      return {};
    }
  }
  return broken(begin, "a string is not closed");
}

Result<void> Lexer::symbol() {
  const std::size_t begin = at_;
  for (const std::string_view two : {"//", "**", "==", "!=", ">=", "<="}) {
    if (starts(two)) {
      at_ += 2;
      add(TokenKind::symbol, begin, at_);
      return {};
    }
  }
  const char c = source_[at_];
  if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) {
    return broken(begin, fmt::format("unexpected character '{}'", c));
  }
  if (c == '(') open_ += ')';
  if (c == '[') open_ += ']';
  if (c == '{') open_ += '}';
  if (c == ')' || c == ']' || c == '}') {
    if (open_.empty()) return broken(begin, fmt::format("unexpected '{}'", c));
    if (open_.back() != c) {
      return broken(begin, fmt::format("unexpected '{}', expected '{}'", c, open_.back()));
    }
    open_.pop_back();
  }
  ++at_;
  add(TokenKind::symbol, begin, at_);
  return {};
}

// Digits with single underscores between them; `at` itself when there is none.
std::size_t Lexer::behind_digits(std::size_t at, int base) const {
  std::size_t end = at;
  while (is_digit_of(peek(end), base) ||
         (end > at && peek(end) == '_' && is_digit_of(peek(end + 1), base))) {
    ++end;
  }
  return end;
}

std::size_t Lexer::behind_real(std::size_t at) const {
  if (at > 0 && source_[at - 1] == '.') return at;  // a.1.5 is no number behind the first dot
  const std::size_t whole = behind_digits(at, 10);
  if (whole == at) return at;
  std::size_t end = whole;
  if (peek(end) == '.' && behind_digits(end + 1, 10) > end + 1) end = behind_digits(end + 1, 10);
  if ((peek(end) | 32) == 'e') {
    std::size_t exponent = end + 1;
    if (peek(exponent) == '+' || peek(exponent) == '-') ++exponent;
    const std::size_t behind = behind_digits(exponent, 10);
    if (behind > exponent) return behind;
  }
  return end > whole ? end : at;
}

std::size_t Lexer::behind_integer(std::size_t at) const {
  if (peek(at) != '0') return behind_digits(at, 10);
  const char letter = static_cast<char>(peek(at + 1) | 32);
  const int base = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'x' ? 16 : 0;
  if (base != 0) {
    const std::size_t first = at + (peek(at + 2) == '_' ? 3 : 2);
    const std::size_t end = behind_digits(first, base);
    if (end > first) return end;
  }
  return behind_digits(at, 1);  // zeros: Python has no other number that starts with 0
}

// The value of up to `most` hexadecimal digits at `at`; nothing when there are fewer.
bool read_hex(std::string_view text, std::size_t at, std::size_t digits, char32_t& value) {
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (at + i >= text.size() || !is_digit_of(text[at + i], 16)) return false;
    const char c = text[at + i];
    value = value * 16 + static_cast<char32_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
  }
  return true;
}

// One escape sequence of Python; `at` stands behind the backslash and moves behind the sequence.
Result<void> append_escape(std::string_view text, std::size_t& at, std::string& result) {
  const char c = text[at++];
  constexpr std::string_view letters = "abfnrtv\\'\"";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\'\"";
  if (const auto index = letters.find(c); index != letters.npos) {
    result += meanings[index];
  } else if (c == 'x' || c == 'u' || c == 'U') {
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
    char32_t value = 0;
    if (!read_hex(text, at, digits, value) || value > 0x10FFFF) {
      return fail(ErrorCode::invalid, fmt::format("\\{} needs {} hexadecimal digits", c, digits));
    }
    append_character(result, value >= 0xD800 && value < 0xE000 ? 0xFFFD : value);
    at += digits;
  } else if (c >= '0' && c <= '7') {
    char32_t value = static_cast<char32_t>(c - '0');
    for (int i = 0; i < 2 && at < text.size() && is_digit_of(text[at], 8); ++i) {
      value = value * 8 + static_cast<char32_t>(text[at++] - '0');
    }
    append_character(result, value);
  } else if (c == 'N') {
    return fail(ErrorCode::invalid, "\\N{…} is not supported in strings");
  } else if (c != '\n') {  // a backslash joins lines, and stays before what it does not escape
    result += '\\';
    result += c;
  }
  return {};
}

}  // namespace

std::string normalize_newlines(std::string_view source) {
  std::string result;
  result.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      result += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      result += source[i];
    }
  }
  if (!result.empty() && result.back() == '\n') result.pop_back();
  return result;
}

Result<std::vector<Token>> tokenize(std::string_view source) {
  return Lexer(source).run();
}

Result<std::string> unquote(std::string_view literal) {
  const std::string_view text = literal.substr(1, literal.size() - 2);
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      result += text[at++];
      continue;
    }
    ++at;
    TRY(append_escape(text, at, result));
  }
  return result;
}

std::string located(Position at, std::string_view message) {
  return fmt::format("line {}, column {}: {}", at.line, at.column, message);
}

}  // namespace freehold::text::jinja
