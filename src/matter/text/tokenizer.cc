#include "text/tokenizer.h"

#include <algorithm>

#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/codepoints.h"
#include "text/normalizer.h"
#include "text/pretokenizer.h"
#include "text/tokenizer_data.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_json.h"

namespace freehold::text {
namespace {

constexpr std::size_t longest_section = std::size_t{1} << 30;  // PCRE2 and ICU count in 31 bits

std::string normalized_content(const Normalizer& normalizer, const std::string& content) {
  bool repaired = false;
  return std::string(normalizer.apply(repair_utf8(content, 0, repaired)).text());
}

// Puts the input's own bytes back where broken UTF-8 was repaired for the patterns' sake.
Parts restore_broken_bytes(std::string_view input, const Parts& parts) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  const std::string_view text = parts.text.text();
  Parts result;
  for (const Range& range : parts.ranges) {
    const std::size_t begin = result.text.size();
    for (std::size_t at = range.begin; at < range.end;) {
      const std::size_t length = code_point_at(text, at).length;
      const Range source = parts.text.source(at, at + length);
      const std::string_view bytes = input.substr(source.begin, source.end - source.begin);
      if (text.substr(at, length) == replacement && !is_valid_utf8(bytes)) {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          result.text.append(bytes.substr(i, 1), {source.begin + i, source.begin + i + 1});
        }
      } else {
        result.text.append(parts.text, at, at + length);
      }
      at += length;
    }
    result.ranges.push_back({begin, result.text.size()});
  }
  return result;
}

}  // namespace

struct Tokenizer::State {
  TokenizerData data;
  Normalizer normalizer;
  Pretokenizer pretokenizer;
  AddedTokens verbatim;          // cut out of the text as it is
  AddedTokens after_normalizer;  // … of the normalized text
  Bpe bpe;

  State(TokenizerData filled, Normalizer normalizing, Pretokenizer cutting)
      : data(std::move(filled)),
        normalizer(std::move(normalizing)),
        pretokenizer(std::move(cutting)),
        bpe(data) {
    std::vector<AddedToken> as_they_are;
    std::vector<AddedToken> normalized;
    for (const AddedToken& token : data.added) {
      if (!token.normalized || normalizer.changes_nothing()) {
        (token.normalized ? normalized : as_they_are).push_back(token);
      } else {
        normalized.push_back(token);
        normalized.back().content = normalized_content(normalizer, token.content);
      }
    }
    verbatim = AddedTokens(std::move(as_they_are));
    after_normalizer = AddedTokens(std::move(normalized));
  }

  void encode_section(std::string_view input, Range section, bool parse_special,
                      std::vector<Piece>& pieces) const;
  void encode_words(std::string_view input, AlignedText text, bool repaired,
                    std::vector<Piece>& pieces) const;
};

// A stretch of the input between two verbatim added tokens: normalize, then cut and merge.
void Tokenizer::State::encode_section(std::string_view input, Range section, bool parse_special,
                                      std::vector<Piece>& pieces) const {
  bool repaired = false;
  AlignedText text = normalizer.apply(repair_utf8(
      input.substr(section.begin, section.end - section.begin), section.begin, repaired));
  if (after_normalizer.empty()) return encode_words(input, std::move(text), repaired, pieces);
  for (const auto& [id, range] : after_normalizer.cut(text.text(), parse_special)) {
    if (id != no_token) {
      const Range source = text.source(range.begin, range.end);
      pieces.push_back({id, source.begin, source.end});
    } else {
      AlignedText part;
      part.append(text, range.begin, range.end);
      encode_words(input, std::move(part), repaired, pieces);
    }
  }
}

void Tokenizer::State::encode_words(std::string_view input, AlignedText text, bool repaired,
                                    std::vector<Piece>& pieces) const {
  Parts parts = pretokenizer.cut(std::move(text));
  if (repaired) parts = restore_broken_bytes(input, parts);
  std::vector<Bpe::Symbol> symbols;
  for (const Range& range : parts.ranges) {
    symbols.clear();
    bpe.encode(parts.text.text().substr(range.begin, range.end - range.begin), symbols);
    for (const Bpe::Symbol& symbol : symbols) {
      const Range source = parts.text.source(range.begin + symbol.begin, range.begin + symbol.end);
      pieces.push_back({symbol.id, source.begin, source.end});
    }
  }
}

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::build(TokenizerData data) {
  Normalizer normalizer = TRY_IN("normalizer", Normalizer::compile(data.normalizer));
  Pretokenizer pretokenizer = TRY_IN("pre_tokenizer", Pretokenizer::compile(data.pretokenizer));
  return Tokenizer(
      std::make_unique<State>(std::move(data), std::move(normalizer), std::move(pretokenizer)));
}

Result<Tokenizer> Tokenizer::open(const formats::Checkpoint& checkpoint) {
  if (checkpoint.container() == formats::Container::gguf) {
    return build(TRY(read_gguf_tokenizer(checkpoint.all_metadata())));
  }
  const TokenizerFiles files{
      .tokenizer = TRY(checkpoint.sidecar_json("tokenizer.json")),
      .config = TRY(checkpoint.sidecar_json("tokenizer_config.json")),
      .generation = TRY(checkpoint.sidecar_json("generation_config.json")),
      .model = &checkpoint.all_metadata(),
  };
  if (files.tokenizer == nullptr) {
    return fail(ErrorCode::absent, "there is no tokenizer.json beside the weights",
                "transformers writes one: AutoTokenizer.from_pretrained(…).save_pretrained(…)");
  }
  return build(TRY(read_json_tokenizer(files)));
}

std::vector<Piece> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  std::vector<Piece> pieces;
  const TokenizerData& data = state_->data;
  if (options.add_special) {
    for (const Token id : data.prologue) pieces.push_back({id, 0, 0});
  }
  for (const auto& [id, range] : state_->verbatim.cut(text, options.parse_special)) {
    if (id != no_token) {
      pieces.push_back({id, range.begin, range.end});
      continue;
    }
    for (std::size_t begin = range.begin; begin < range.end;) {
      std::size_t end = std::min(range.end, begin + longest_section);
      while (end < range.end && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
      if (end == begin) end = std::min(range.end, begin + longest_section);
      state_->encode_section(text, {begin, end}, options.parse_special, pieces);
      begin = end;
    }
  }
  if (options.add_special) {
    for (const Token id : data.epilogue) pieces.push_back({id, text.size(), text.size()});
  }
  return pieces;
}

std::vector<Token> Tokenizer::tokens(std::string_view text, const EncodeOptions& options) const {
  std::vector<Token> ids;
  for (const Piece& piece : encode(text, options)) ids.push_back(piece.id);
  return ids;
}

std::string_view Tokenizer::bytes(Token token) const {
  const auto& texts = state_->data.texts;
  if (token < 0 || static_cast<std::size_t>(token) >= texts.size()) return "";
  return texts[static_cast<std::size_t>(token)];
}

std::string Tokenizer::decode(std::span<const Token> tokens, bool special) const {
  std::string text;
  for (const Token token : tokens) {
    if (special || !is_special(token)) text += bytes(token);
  }
  if (drops_leading_space() && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

bool Tokenizer::drops_leading_space() const {
  return state_->data.drops_leading_space;
}

std::size_t Tokenizer::vocabulary() const {
  return state_->data.names.size();
}

bool Tokenizer::is_special(Token token) const {
  const auto& special = state_->data.special;
  return token >= 0 && static_cast<std::size_t>(token) < special.size() &&
         special[static_cast<std::size_t>(token)];
}

std::optional<Token> Tokenizer::bos() const {
  return state_->data.bos;
}
std::optional<Token> Tokenizer::eos() const {
  return state_->data.eos;
}
std::span<const Token> Tokenizer::end_tokens() const {
  return state_->data.ends;
}

std::optional<Token> Tokenizer::find(std::string_view name) const {
  // Asked for a few names when a model is opened: not worth an index.
  const auto& names = state_->data.names;
  const auto found = name.empty() ? names.end() : std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Token>(found - names.begin());
}

std::string_view Tokenizer::kind() const {
  return state_->data.kind;
}

}  // namespace freehold::text
