#include "text/tokenizer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "text/tokenizer_json_fields.h"
#include "text/tokenizer_json_steps.h"
#include "text/vocabulary_builder.h"

namespace freehold::text {
namespace {

std::unexpected<Error> wrong(std::string what) {
  return fail(ErrorCode::invalid, std::move(what));
}

class Reader {
 public:
  explicit Reader(const TokenizerFiles& files) : files_(files) {}

  Result<TokenizerData> run() {
    TRY_IN("tokenizer.json", read_tokenizer());
    if (files_.config != nullptr) TRY_IN("tokenizer_config.json", read_config());
    TRY(read_ends());
    complete_end_tokens(data_);
    return std::move(data_);
  }

 private:
  static const Value& section(const Value& object, std::string_view name) {
    static const Value nothing;
    const Value* value = object.find(name);
    return value == nullptr ? nothing : *value;
  }

  Result<void> read_tokenizer() {
    const Value* model = files_.tokenizer->find("model");
    if (model == nullptr) return wrong("model is missing");
    TRY_IN("model", check_model(*model));
    TRY_IN("model.vocab", read_vocabulary(*model));
    TRY_IN("added_tokens", read_added_tokens());
    if (files_.config != nullptr) TRY(read_config_tokens());
    TRY(check_holes());
    data_.normalizer = TRY(read_normalizer(section(*files_.tokenizer, "normalizer")));
    PretokenizerSection cutting =
        TRY(read_pretokenizer(section(*files_.tokenizer, "pre_tokenizer")));
    data_.pretokenizer = std::move(cutting.steps);
    TRY(read_texts(cutting.byte_level));
    TRY_IN("model", read_unknown(*model));
    TRY_IN("model.merges", read_merges(*model));
    PostprocessorSection around =
        TRY(read_postprocessor(section(*files_.tokenizer, "post_processor"), data_.names.size()));
    data_.prologue = std::move(around.prologue);
    data_.epilogue = std::move(around.epilogue);
    return {};
  }

  Result<void> check_model(const Value& model) {
    const std::string type = TRY(text_field(model, "type", "BPE"));
    if (type != "BPE") return wrong(fmt::format("the type \"{}\" is not supported", type));
    for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!TRY(text_field(model, name, "")).empty()) {
        return wrong(fmt::format("{} is not supported", name));
      }
    }
    const Value* dropout = present(model, "dropout");
    if (dropout != nullptr && dropout->number_or(1) != 0) return wrong("dropout is not supported");
    data_.ignore_merges = TRY(bool_field(model, "ignore_merges", false));
    data_.fuse_unknown = TRY(bool_field(model, "fuse_unk", false));
    data_.byte_fallback = TRY(bool_field(model, "byte_fallback", false));
    return {};
  }

  // Puts a token at its id. The vocabulary grows as far as ids reach, within bounds.
  Result<void> place(std::string_view name, std::int64_t id) {
    if (id < 0 || static_cast<std::uint64_t>(id) >= most_tokens) {
      return wrong(fmt::format("\"{}\" has the id {}", name.substr(0, 80), id));
    }
    const auto index = static_cast<std::size_t>(id);
    if (index >= data_.names.size()) {
      data_.names.resize(index + 1);
      taken_.resize(index + 1);
    }
    if (taken_[index]) {
      return wrong(fmt::format("\"{}\" and \"{}\" both have the id {}",
                               data_.names[index].substr(0, 80), name.substr(0, 80), id));
    }
    taken_[index] = true;
    data_.names[index] = name;
    return {};
  }

  Result<void> read_vocabulary(const Value& model) {
    const Value* vocabulary = model.find("vocab");
    const Object* entries = vocabulary == nullptr ? nullptr : vocabulary->as_object();
    if (entries == nullptr || entries->empty()) return wrong("is missing or empty");
    if (entries->size() > most_tokens) return wrong("has more than 2^24 tokens");
    ids_.reserve(entries->size());
    for (const auto& [name, value] : *entries) {
      const std::int64_t* id = value.as_integer();
      if (id == nullptr) return wrong(fmt::format("\"{}\" has no id", name.substr(0, 80)));
      TRY(place(name, *id));
      ids_.add(name, static_cast<Token>(*id));
    }
    in_vocabulary_ = taken_;
    return {};
  }

  Result<void> read_added_tokens() {
    const List* tokens = TRY(list_field(*files_.tokenizer, "added_tokens"));
    for (std::size_t i = 0; tokens != nullptr && i < tokens->size(); ++i) {
      const std::string context = fmt::format("[{}]", i);
      const Value* id = (*tokens)[i].find("id");
      if (id == nullptr || id->as_integer() == nullptr) return wrong(context + ".id is no number");
      TRY_IN(context, add_token((*tokens)[i], *id->as_integer()));
    }
    return {};
  }

  Result<void> add_token(const Value& token, std::int64_t id) {
    AddedToken added{.content = TRY(required_text(token, "content")),
                     .special = TRY(bool_field(token, "special", false)),
                     .normalized = TRY(bool_field(token, "normalized", false)),
                     .lstrip = TRY(bool_field(token, "lstrip", false)),
                     .rstrip = TRY(bool_field(token, "rstrip", false)),
                     .single_word = TRY(bool_field(token, "single_word", false))};
    if (added.content.empty()) return {};  // the reference never matches it
    if (added.content.size() > AddedToken::longest_content) {
      return wrong("content has more than 512 bytes");
    }
    const Token known = ids_.find(added.content);
    if (known != no_token && known != id) {
      return wrong(fmt::format("\"{}\" has the id {} here and {} before",
                               added.content.substr(0, 80), id, known));
    }
    if (known == no_token) {
      TRY(place(added.content, id));
      added_names_.push_back(std::make_unique<std::string>(added.content));
      ids_.add(*added_names_.back(), static_cast<Token>(id));
    }
    added.id = static_cast<Token>(id);
    for (AddedToken& before : data_.added) {
      if (before.id != added.id) continue;
      before.special = before.special || added.special;
      return {};
    }
    data_.added.push_back(std::move(added));
    return {};
  }

  // tokenizer_config.json may list tokens that tokenizer.json lacks.
  Result<void> read_config_tokens() {
    const Value* decoder = present(*files_.config, "added_tokens_decoder");
    if (decoder == nullptr) return {};
    if (decoder->as_object() == nullptr) return wrong("added_tokens_decoder is no object");
    std::unordered_map<Token, bool> known;
    for (const AddedToken& token : data_.added) known.emplace(token.id, true);
    for (const auto& [key, token] : *decoder->as_object()) {
      const std::string context = fmt::format("added_tokens_decoder[\"{}\"]", key);
      const bool digits =
          !key.empty() && key.size() < 9 && key.find_first_not_of("0123456789") == key.npos;
      if (!digits) return wrong(context + " is no token id");
      const std::int64_t id = std::stoll(key);
      if (known.contains(static_cast<Token>(id))) continue;
      TRY_IN(context, add_token(token, id));
    }
    return {};
  }

  // Ids without a token are only behind the last one that text can become.
  Result<void> check_holes() {
    std::vector<bool> added(data_.names.size());
    for (const AddedToken& token : data_.added) added[static_cast<std::size_t>(token.id)] = true;
    std::size_t end = 0;
    for (std::size_t id = 0; id < in_vocabulary_.size(); ++id) {
      if (in_vocabulary_[id] && !added[id]) end = id + 1;
    }
    for (std::size_t id = 0; id < end; ++id) {
      if (!taken_[id]) return wrong(fmt::format("model.vocab has no token with the id {}", id));
    }
    data_.special.assign(data_.names.size(), false);
    for (const AddedToken& token : data_.added) {
      data_.special[static_cast<std::size_t>(token.id)] = token.special;
    }
    return {};
  }

  // The bytes that each token stands for, as the decoder makes them.
  Result<void> read_texts(bool byte_level) {
    const DecoderSection decoder = TRY(read_decoder(section(*files_.tokenizer, "decoder")));
    std::vector<bool> added(data_.names.size());
    for (const AddedToken& token : data_.added) {
      added[static_cast<std::size_t>(token.id)] = token.special || !is_in_vocabulary(token.id);
    }
    if (decoder.byte_level != byte_level) {
      return wrong("pre_tokenizer and decoder must both be ByteLevel, or neither");
    }
    data_.kind = byte_level ? "bpe" : "spm";
    if (byte_level) {
      decode_byte_level(data_, added);
      return {};
    }
    if (!decoder.byte_fallback && decoder.replacements.empty()) {
      return wrong("decoder is not supported: it neither replaces nor falls back to bytes");
    }
    data_.drops_leading_space = decoder.drops_leading_space;
    data_.bytes.fill(no_token);
    for (std::size_t id = 0; id < data_.names.size(); ++id) {
      std::string text = data_.names[id];
      const int byte = byte_of_name(text);
      if (byte >= 0 && is_in_vocabulary(static_cast<Token>(id))) {
        data_.bytes[static_cast<std::size_t>(byte)] = static_cast<Token>(id);
        if (decoder.byte_fallback) text = std::string(1, static_cast<char>(byte));
      } else if (!data_.special[id]) {
        for (const auto& [what, with] : decoder.replacements) text = replace_all(text, what, with);
      }
      data_.texts.push_back(std::move(text));
      if (is_in_vocabulary(static_cast<Token>(id))) {
        data_.mergeable.push_back(static_cast<Token>(id));
      }
    }
    return {};
  }

  bool is_in_vocabulary(Token id) const {
    const auto index = static_cast<std::size_t>(id);
    return index < in_vocabulary_.size() && in_vocabulary_[index];
  }

  Result<void> read_unknown(const Value& model) {
    const std::string name = TRY(text_field(model, "unk_token", ""));
    if (name.empty()) return {};
    const Token id = ids_.find(name);
    if (id == no_token) return wrong(fmt::format("unk_token \"{}\" is no token", name));
    data_.unknown = id;
    return {};
  }

  Result<void> read_merges(const Value& model) {
    const List* merges = TRY(list_field(model, "merges"));
    if (merges == nullptr) return wrong("is missing");
    data_.merges.reserve(merges->size());
    for (std::size_t i = 0; i < merges->size(); ++i) {
      if (const std::string* both = (*merges)[i].as_string()) {
        TRY_IN(fmt::format("[{}]", i), add_merge(*both, ids_, data_.merges));
        continue;
      }
      const List* pair = (*merges)[i].as_list();
      const bool two = pair != nullptr && pair->size() == 2 && (*pair)[0].as_string() != nullptr &&
                       (*pair)[1].as_string() != nullptr;
      if (!two) return wrong(fmt::format("[{}] is not two tokens", i));
      TRY_IN(fmt::format("[{}]", i),
             add_merge(*(*pair)[0].as_string(), *(*pair)[1].as_string(), ids_, data_.merges));
    }
    return {};
  }

  // "bos_token": "<s>" or {"content": "<s>", …}.
  Result<std::optional<Token>> named_token(std::string_view name) const {
    const Value* value = present(*files_.config, name);
    if (value == nullptr) return std::nullopt;
    std::string content;
    if (value->as_string() != nullptr) {
      content = *value->as_string();
    } else {
      content = TRY_IN(name, required_text(*value, "content"));
    }
    const Token id = ids_.find(content);
    if (id == no_token) return std::nullopt;  // common: names that the vocabulary never had
    return id;
  }

  Result<void> read_config() {
    data_.bos = TRY(named_token("bos_token"));
    data_.eos = TRY(named_token("eos_token"));
    // An explicit wish replaces what tokenizer.json would add.
    const Value* add_bos = present(*files_.config, "add_bos_token");
    const Value* add_eos = present(*files_.config, "add_eos_token");
    if (add_bos == nullptr && add_eos == nullptr) return {};
    data_.prologue.clear();
    data_.epilogue.clear();
    if (TRY(bool_field(*files_.config, "add_bos_token", false)) && data_.bos) {
      data_.prologue.push_back(*data_.bos);
    }
    if (TRY(bool_field(*files_.config, "add_eos_token", false)) && data_.eos) {
      data_.epilogue.push_back(*data_.eos);
    }
    return {};
  }

  // One id or a list of ids; ids of rows that the tokenizer does not have are no tokens of it.
  void add_ends(const Value* config) {
    const Value* value = config == nullptr ? nullptr : present(*config, "eos_token_id");
    if (value == nullptr) return;
    const List one{*value};
    for (const Value& id : value->as_list() != nullptr ? *value->as_list() : one) {
      if (const auto token = token_in(id, "eos_token_id", data_.names.size())) {
        data_.ends.push_back(*token);
      }
    }
  }

  Result<void> read_ends() {
    if (data_.eos) data_.ends.push_back(*data_.eos);
    add_ends(files_.generation);
    if (data_.ends.empty()) add_ends(files_.model);
    if (!data_.eos && !data_.ends.empty()) data_.eos = data_.ends.front();
    if (!data_.bos && files_.model != nullptr) {
      if (const Value* id = present(*files_.model, "bos_token_id")) {
        if (const auto token = token_in(*id, "bos_token_id", data_.names.size())) {
          data_.bos = *token;
        }
      }
    }
    return {};
  }

  const TokenizerFiles& files_;
  TokenizerData data_;
  TokensByName ids_;  // over the names in files_ and added_names_
  std::vector<std::unique_ptr<std::string>> added_names_;
  std::vector<bool> taken_;          // by id
  std::vector<bool> in_vocabulary_;  // by id: in model.vocab
};

}  // namespace

Result<TokenizerData> read_json_tokenizer(const TokenizerFiles& files) {
  CHECK(files.tokenizer != nullptr);
  return Reader(files).run();
}

}  // namespace freehold::text
