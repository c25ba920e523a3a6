#include "text/tokenizer_gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "text/codepoints.h"
#include "text/gguf_pretokenizers.h"
#include "text/vocabulary_builder.h"

namespace freehold::text {
namespace {

enum TokenType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

constexpr std::size_t longest_piece = 512;  // looking for its parts costs the square

class Reader {
 public:
  explicit Reader(const Value& metadata) : metadata_(&metadata) {}

  Result<TokenizerData> run() {
    const std::string* model = TRY(text("tokenizer.ggml.model"));
    if (model == nullptr) {
      return fail(ErrorCode::absent, "tokenizer.ggml.model is missing: the file has no tokenizer");
    }
    if (*model != "gpt2" && *model != "llama") {
      return fail(ErrorCode::invalid,
                  fmt::format("tokenizer.ggml.model is \"{}\", which is not supported", *model),
                  "supported are \"gpt2\" (byte-level BPE) and \"llama\" (SentencePiece BPE)");
    }
    TRY(read_tokens());
    if (*model == "llama") {
      TRY(read_sentencepiece());
    } else {
      TRY(read_byte_level());
    }
    TRY(read_special_ids());
    return std::move(data_);
  }

 private:
  // The value of a key when it is of that kind, nullptr when it is missing.
  Result<const std::string*> text(std::string_view key) const {
    const Value* value = metadata_->find(key);
    if (value == nullptr) return nullptr;
    if (value->as_string() == nullptr) return wrong(key, "is no text");
    return value->as_string();
  }
  Result<bool> flag(std::string_view key, bool otherwise) const {
    const Value* value = metadata_->find(key);
    if (value == nullptr) return otherwise;
    if (value->as_bool() == nullptr) return wrong(key, "is neither true nor false");
    return *value->as_bool();
  }
  Result<const List*> list(std::string_view key) const {
    const Value* value = metadata_->find(key);
    if (value == nullptr) return nullptr;
    if (value->as_list() == nullptr) return wrong(key, "is no array");
    return value->as_list();
  }
  static std::unexpected<Error> wrong(std::string_view key, std::string_view what) {
    return fail(ErrorCode::invalid, fmt::format("{} {}", key, what));
  }
  static std::unexpected<Error> wrong(std::string_view key, std::size_t index,
                                      std::string_view what) {
    return fail(ErrorCode::invalid, fmt::format("{}[{}] {}", key, index, what));
  }

  Result<void> read_tokens() {
    constexpr std::string_view key = "tokenizer.ggml.tokens";
    const List* tokens = TRY(list(key));
    if (tokens == nullptr || tokens->empty()) return wrong(key, "is missing or empty");
    if (tokens->size() > most_tokens) return wrong(key, "has more than 2^24 tokens");
    data_.names.reserve(tokens->size());
    for (std::size_t i = 0; i < tokens->size(); ++i) {
      const std::string* name = (*tokens)[i].as_string();
      if (name == nullptr) return wrong(key, i, "is no text");
      data_.names.push_back(*name);
    }
    return read_types();
  }

  Result<void> read_types() {
    constexpr std::string_view key = "tokenizer.ggml.token_type";
    types_.assign(data_.names.size(), normal);
    data_.special.assign(data_.names.size(), false);
    ids_.reserve(data_.names.size());
    const List* types = TRY(list(key));
    if (types != nullptr && types->size() != types_.size()) {
      return wrong(key, fmt::format("has {} entries for {} tokens", types->size(), types_.size()));
    }
    for (std::size_t i = 0; i < types_.size(); ++i) {
      const std::int64_t* type = types == nullptr ? nullptr : (*types)[i].as_integer();
      if (types != nullptr && (type == nullptr || *type < 0 || *type > byte)) {
        return wrong(key, i, "is no token type (0 to 6)");
      }
      if (type != nullptr && *type != 0) types_[i] = static_cast<int>(*type);
      TRY(add_token(i));
    }
    return {};
  }

  Result<void> add_token(std::size_t i) {
    const std::string& name = data_.names[i];
    const auto id = static_cast<Token>(i);
    if (!ids_.add(name, id) && types_[i] == normal) {
      const auto first = static_cast<std::size_t>(ids_.find(name));
      if (types_[first] == normal) {
        return wrong("tokenizer.ggml.tokens", i,
                     fmt::format("repeats token {}, \"{}\"", first, name.substr(0, 80)));
      }
    }
    const bool special = types_[i] == control || types_[i] == unknown;
    data_.special[i] = special;
    if (!special && types_[i] != user_defined) return {};
    if (name.size() > AddedToken::longest_content) {
      return wrong("tokenizer.ggml.tokens", i, "is a special token of more than 512 bytes");
    }
    data_.added.push_back({.id = id, .content = name, .special = special});
    return {};
  }

  Result<void> read_byte_level() {
    data_.kind = "bpe";
    std::vector<bool> added(data_.names.size());
    for (std::size_t i = 0; i < added.size(); ++i) {
      added[i] = types_[i] == control || types_[i] == user_defined || types_[i] == unknown;
    }
    decode_byte_level(data_, added);
    const std::string* pre = TRY(text("tokenizer.ggml.pre"));
    const std::string name = pre == nullptr ? "default" : *pre;
    auto known = gguf_pretokenizer(name);
    if (!known) {
      return fail(ErrorCode::invalid,
                  fmt::format("tokenizer.ggml.pre is \"{}\", which is not supported", name),
                  "a GGUF file names its rules for cutting text but does not carry them; the "
                  "model's safetensors directory does, in tokenizer.json: open that instead");
    }
    data_.normalizer = std::move(known->normalizer);
    data_.pretokenizer = std::move(known->steps);
    data_.ignore_merges = known->ignore_merges;
    add_bos_ = known->add_bos;

    constexpr std::string_view key = "tokenizer.ggml.merges";
    const List* merges = TRY(list(key));
    if (merges == nullptr) return wrong(key, "is missing");
    data_.merges.reserve(merges->size());
    for (std::size_t i = 0; i < merges->size(); ++i) {
      const std::string* both = (*merges)[i].as_string();
      if (both == nullptr) return wrong(key, i, "is no text");
      TRY_IN(fmt::format("{}[{}]", key, i), add_merge(*both, ids_, data_.merges));
    }
    return {};
  }

  Result<void> read_sentencepiece() {
    data_.kind = "spm";
    data_.bytes.fill(no_token);
    data_.fuse_unknown = true;
    data_.texts.reserve(data_.names.size());
    for (std::size_t i = 0; i < data_.names.size(); ++i) {
      const std::string& name = data_.names[i];
      data_.texts.push_back(data_.special[i] ? name : replace_all(name, metaspace_mark, " "));
      if (types_[i] == normal && !name.empty()) data_.mergeable.push_back(static_cast<Token>(i));
      if (types_[i] != byte) continue;
      const int value = byte_of_name(name);
      if (value < 0) {
        return wrong("tokenizer.ggml.tokens", i,
                     fmt::format("is of type byte but \"{}\" names none", name.substr(0, 80)));
      }
      data_.bytes[static_cast<std::size_t>(value)] = static_cast<Token>(i);
      data_.texts[i] = std::string(1, static_cast<char>(value));
      data_.byte_fallback = true;
    }
    const bool space = TRY(flag("tokenizer.ggml.add_space_prefix", true));
    if (space) {
      data_.normalizer.push_back(
          {.kind = NormalizerStep::Kind::prepend, .content = std::string(metaspace_mark)});
    }
    if (TRY(flag("tokenizer.ggml.remove_extra_whitespaces", false))) {
      return wrong("tokenizer.ggml.remove_extra_whitespaces", "is true, which is not supported");
    }
    data_.normalizer.push_back({.kind = NormalizerStep::Kind::replace,
                                .pattern = {" ", false},
                                .content = std::string(metaspace_mark)});
    data_.drops_leading_space = space;
    add_bos_ = true;
    return derive_merges();
  }

  // SentencePiece merges the two neighbours whose union is the likeliest piece; so every way to cut
  // a piece in two is a merge, ranked by the piece's score.
  Result<void> derive_merges() {
    const std::vector<std::uint32_t> ranks = TRY(read_ranks());
    for (const Token piece : data_.mergeable) {
      const std::string& name = data_.names[static_cast<std::size_t>(piece)];
      if (name.size() > longest_piece) {
        return wrong("tokenizer.ggml.tokens", static_cast<std::size_t>(piece),
                     "has more than 512 bytes");
      }
      for (std::size_t at = code_point_at(name, 0).length; at < name.size();
           at += code_point_at(name, at).length) {
        const Token left = part(std::string_view(name).substr(0, at));
        const Token right = part(std::string_view(name).substr(at));
        if (left == no_token || right == no_token) continue;
        data_.merges.push_back({left, right, piece, ranks[static_cast<std::size_t>(piece)]});
      }
    }
    return {};
  }

  // The symbol of part of a piece: a piece itself, or a character that has no piece of its own.
  Token part(std::string_view name) {
    const Token id = ids_.find(name);
    if (id != no_token && types_[static_cast<std::size_t>(id)] == normal) return id;
    if (code_point_at(name, 0).length != name.size()) return no_token;
    const auto next = static_cast<Token>(data_.names.size() + data_.extra_symbols.size());
    const auto [entry, is_new] = extra_.emplace(std::string(name), next);
    if (is_new) data_.extra_symbols.emplace_back(name);
    return entry->second;
  }

  // Equal scores share a rank, so that of equally good merges the leftmost goes first.
  Result<std::vector<std::uint32_t>> read_ranks() {
    constexpr std::string_view key = "tokenizer.ggml.scores";
    const List* list_of_scores = TRY(list(key));
    if (list_of_scores == nullptr) return wrong(key, "is missing");
    if (list_of_scores->size() != data_.names.size()) {
      return wrong(key, fmt::format("has {} entries for {} tokens", list_of_scores->size(),
                                    data_.names.size()));
    }
    std::vector<double> scores;
    for (std::size_t i = 0; i < list_of_scores->size(); ++i) {
      const double score = (*list_of_scores)[i].number_or(std::nan(""));
      if (!std::isfinite(score)) return wrong(key, i, "is no finite number");
      scores.push_back(score);
    }
    std::vector<double> best_first = scores;
    std::sort(best_first.begin(), best_first.end(), std::greater<>());
    best_first.erase(std::unique(best_first.begin(), best_first.end()), best_first.end());
    std::vector<std::uint32_t> ranks;
    for (const double score : scores) {
      const auto rank =
          std::lower_bound(best_first.begin(), best_first.end(), score, std::greater<>());
      ranks.push_back(static_cast<std::uint32_t>(rank - best_first.begin()));
    }
    return ranks;
  }

  Result<std::optional<Token>> id(std::string_view key) const {
    const Value* value = metadata_->find(key);
    if (value == nullptr) return std::nullopt;
    return TRY(token_in(*value, key, data_.names.size()));
  }

  Result<void> read_special_ids() {
    data_.bos = TRY(id("tokenizer.ggml.bos_token_id"));
    data_.eos = TRY(id("tokenizer.ggml.eos_token_id"));
    data_.unknown = TRY(id("tokenizer.ggml.unknown_token_id"));
    if (data_.kind == "spm") {
      // The places these have in every SentencePiece vocabulary that does not say otherwise.
      const auto named = [&](Token place, std::string_view name) -> std::optional<Token> {
        return ids_.find(name) == place ? std::optional(place) : std::nullopt;
      };
      if (!data_.bos) data_.bos = named(1, "<s>");
      if (!data_.eos) data_.eos = named(2, "</s>");
      if (!data_.unknown) data_.unknown = named(0, "<unk>");
    } else {
      data_.unknown.reset();  // byte-level vocabularies have no unknown text
    }
    if (data_.eos) data_.ends.push_back(*data_.eos);
    for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
      if (const auto end = TRY(id(key))) data_.ends.push_back(*end);
    }
    complete_end_tokens(data_);
    const bool add_bos = TRY(flag("tokenizer.ggml.add_bos_token", add_bos_));
    const bool add_eos = TRY(flag("tokenizer.ggml.add_eos_token", false));
    if (add_bos && data_.bos) data_.prologue.push_back(*data_.bos);
    if (add_eos && data_.eos) data_.epilogue.push_back(*data_.eos);
    return {};
  }

  const Value* metadata_;
  TokenizerData data_;
  std::vector<int> types_;
  TokensByName ids_;
  std::unordered_map<std::string, Token> extra_;
  bool add_bos_ = false;
};

}  // namespace

Result<TokenizerData> read_gguf_tokenizer(const Value& metadata) {
  return Reader(metadata).run();
}

}  // namespace freehold::text
