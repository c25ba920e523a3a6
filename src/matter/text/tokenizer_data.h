// What a tokenizer is made of, as plain data: the readers (tokenizer_gguf.h, tokenizer_json.h) fill
// it and have checked every index; the algorithms (bpe.h, normalizer.h, …) only use it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/sampling.h"

namespace freehold::text {

inline constexpr Token no_token = -1;

// A token that is cut out of the text before anything else happens to it.
struct AddedToken {
  // Longer ones are refused: the search looks at each byte as often as the longest is long.
  static constexpr std::size_t longest_content = 512;

  Token id = no_token;
  std::string content;
  bool special = false;      // only recognised when the caller parses special tokens
  bool normalized = false;   // matched after normalizing, against its own normalized content
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // … behind it
  bool single_word = false;  // not inside a word
};

// Two neighbours that may become one. The lowest rank goes first, of equals the leftmost.
struct Merge {
  Token left;
  Token right;
  Token result;
  std::uint32_t rank;
};

struct TextPattern {
  std::string text;
  bool is_regex = false;  // in the Oniguruma (Ruby) dialect that tokenizer.json uses
};

struct NormalizerStep {
  enum class Kind { nfc, nfd, nfkc, nfkd, lowercase, prepend, replace, strip, strip_accents };
  Kind kind;
  TextPattern pattern{};    // replace
  std::string content{};    // prepend, replace
  bool strip_left = false;  // strip
  bool strip_right = false;
};

enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct PretokenizerStep {
  enum class Kind {
    split,      // cut at the matches of a pattern
    prefix,     // put `content` before each part that does not begin with it
    metaspace,  // spaces become `content`; also put before parts as `prepend` says
  };
  enum class Prepend { never, first, always };
  Kind kind;
  TextPattern pattern{};
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;
  std::string content{};
  Prepend prepend = Prepend::never;
  bool cut = false;  // metaspace: also cut before each `content`
};

struct TokenizerData {
  std::string kind;  // "bpe" or "spm", for people

  std::vector<std::string> names;  // by id, as the vocabulary writes them; "" for a hole
  std::vector<std::string> texts;  // by id: the bytes each stands for in running text
  std::vector<bool> special;       // by id
  std::vector<AddedToken> added;

  // Symbols that merges use but the vocabulary does not have: the ids from names.size() on.
  std::vector<std::string> extra_symbols;
  std::vector<Merge> merges;
  bool byte_level = false;         // the first symbols are bytes, else characters
  bool ignore_merges = false;      // a part that is a token as a whole is taken as it is
  std::vector<Token> mergeable;    // the ids that text can become through merging
  std::array<Token, 256> bytes{};  // the tokens of single bytes: byte_level's first symbols, or
  bool byte_fallback = false;      // what characters without a token fall back to
  std::optional<Token> unknown;
  bool fuse_unknown = false;  // neighbouring unknown characters become one unknown token

  std::vector<NormalizerStep> normalizer;
  std::vector<PretokenizerStep> pretokenizer;

  std::vector<Token> prologue;  // what add_special puts before the text
  std::vector<Token> epilogue;  // … behind it
  std::optional<Token> bos;
  std::optional<Token> eos;
  std::vector<Token> ends;  // all tokens that end an answer
  bool drops_leading_space = false;
};

}  // namespace freehold::text
