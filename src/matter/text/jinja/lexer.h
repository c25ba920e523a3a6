// Template source to tokens: what Jinja calls lexing, white space control included. Parses nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "text/jinja/ast.h"

namespace freehold::text::jinja {

enum class TokenKind : std::uint8_t {
  text,         // template data, trimmed as its neighbours ask
  print_begin,  // {{
  print_end,
  block_begin,  // {%
  block_end,
  name,
  string,  // with its quotes and escapes
  integer,
  real,
  symbol,  // an operator or a bracket
  end
};

struct Token {
  TokenKind kind;
  std::string_view text;  // of the source
  Position at;
};

// One kind of line end, and without the last of them: what the other functions here start from.
std::string normalize_newlines(std::string_view source);

// The tokens of `source`, the last of them `end`. With trim_blocks and lstrip_blocks, as
// transformers sets them. `invalid` with the position of what is no template.
Result<std::vector<Token>> tokenize(std::string_view source);

// The text that a string token means.
Result<std::string> unquote(std::string_view literal);

// "line 3, column 7: …"
std::string located(Position at, std::string_view message);

}  // namespace freehold::text::jinja
