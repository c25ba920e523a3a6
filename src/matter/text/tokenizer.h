// Text <-> tokens, for the vocabularies that models bring: byte-level BPE (GPT-2's descendants) and
// SentencePiece BPE. Read from GGUF metadata or from tokenizer.json; both give the same ids.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "freehold/sampling.h"

namespace freehold::text {

struct TokenizerData;

struct EncodeOptions {
  bool add_special = true;     // what the model's tokenizer adds by default (BOS, EOS)
  bool parse_special = false;  // "<|im_start|>" in the text becomes the token, not its letters
};

struct Piece {
  Token id;
  std::size_t start;  // bytes of the input text that this token covers; start == end for tokens
  std::size_t end;    // that were added (BOS)
};

class Tokenizer {
 public:
  // `invalid` (with field and, where there is one, index) for missing, cyclic or inconsistent data.
  // `absent` when the checkpoint has no tokenizer at all.
  static Result<Tokenizer> open(const formats::Checkpoint& checkpoint);
  // From what a reader made (tokenizer_data.h). `invalid` for patterns that cannot be compiled.
  static Result<Tokenizer> build(TokenizerData data);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Any bytes are accepted. The reference knows only text, so here broken UTF-8 is cut as the
  // U+FFFD that it would have been decoded to, but becomes the tokens of its own bytes: decoding
  // gives the same bytes back. Texts beyond 1 GiB are cut there.
  // Linear or nearly so in the length of the text, for every text.
  std::vector<Piece> encode(std::string_view text, const EncodeOptions& options = {}) const;
  std::vector<Token> tokens(std::string_view text, const EncodeOptions& options = {}) const;

  // The raw bytes a token stands for in running text ("" for an id outside the vocabulary; special
  // tokens give their name, as "<|im_end|>").
  std::string_view bytes(Token token) const;

  // The text of a sequence as the reference decodes it: SentencePiece's leading space is dropped.
  // Special tokens are left out unless `special`. Bytes that are no UTF-8 stay as they are.
  std::string decode(std::span<const Token> tokens, bool special = true) const;
  // Whether decode() drops one leading space at the very start of a text.
  bool drops_leading_space() const;

  std::size_t vocabulary() const;
  bool is_special(Token token) const;  // control tokens and added special tokens
  std::optional<Token> bos() const;
  std::optional<Token> eos() const;
  // All tokens after which an answer is over (eos, <|im_end|>, <|eot_id|>, …).
  std::span<const Token> end_tokens() const;
  std::optional<Token> find(std::string_view name) const;  // by its name in the vocabulary
  std::string_view kind() const;                           // "bpe" or "spm", for inspect

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace freehold::text
