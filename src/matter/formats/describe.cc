#include "formats/describe.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include "formats/model_card.h"

namespace freehold::formats {
namespace {

std::string text_of(const Value* value) {
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? std::string() : *text;
}

std::optional<std::uint64_t> count_of(const Value* value) {
  const std::int64_t* number = value == nullptr ? nullptr : value->as_integer();
  if (number == nullptr || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

void describe_tensors(const Checkpoint& checkpoint, Description& facts) {
  std::map<std::string_view, std::uint64_t> counts;
  for (const NamedTensor& tensor : checkpoint.tensors()) {
    ++counts[traits(tensor.view.type).name];
    facts.parameters += tensor.view.elements();
  }
  facts.tensors = checkpoint.tensors().size();
  facts.types.assign(counts.begin(), counts.end());
  std::ranges::sort(facts.types, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
}

void describe_files(const Checkpoint& checkpoint, Description& facts) {
  facts.files.assign(checkpoint.files().begin(), checkpoint.files().end());
  for (const auto& file : facts.files) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(file, error);
    if (!error) facts.bytes += bytes;
  }
}

void describe_gguf(const Checkpoint& checkpoint, Description& facts) {
  facts.format = "gguf";
  facts.architecture = text_of(checkpoint.metadata("general.architecture"));
  facts.model_type = facts.architecture;
  facts.name = text_of(checkpoint.metadata("general.name"));
  facts.license = text_of(checkpoint.metadata("general.license"));
  facts.context_length = count_of(checkpoint.metadata(facts.architecture + ".context_length"));
  facts.chat_template = checkpoint.metadata("tokenizer.chat_template") != nullptr;
  const Value* tokens = checkpoint.metadata("tokenizer.ggml.tokens");
  if (const List* list = tokens == nullptr ? nullptr : tokens->as_list()) {
    facts.tokenizer =
        TokenizerFacts{text_of(checkpoint.metadata("tokenizer.ggml.model")),
                       text_of(checkpoint.metadata("tokenizer.ggml.pre")), list->size()};
  }
}

// tokenizer.json: the vocabulary is an object of name -> id or a list; added tokens may repeat it.
std::uint64_t vocabulary_of(const Value& tokenizer) {
  std::set<std::int64_t> beyond;
  std::uint64_t size = 0;
  const Value* model = tokenizer.find("model");
  if (const Value* vocabulary = model == nullptr ? nullptr : model->find("vocab")) {
    if (const Object* names = vocabulary->as_object()) size = names->size();
    if (const List* pieces = vocabulary->as_list()) size = pieces->size();
  }
  const Value* added = tokenizer.find("added_tokens");
  const List* list = added == nullptr ? nullptr : added->as_list();
  for (const Value& token : list == nullptr ? List() : *list) {
    const auto id = count_of(token.find("id"));
    if (id && *id >= size) beyond.insert(static_cast<std::int64_t>(*id));
  }
  return size + beyond.size();
}

// A member of config.json, or of the language model inside it when the model has other senses too.
const Value* config_member(const Checkpoint& checkpoint, std::string_view key) {
  if (const Value* value = checkpoint.metadata(key)) return value;
  const Value* language = checkpoint.metadata("text_config");
  return language == nullptr ? nullptr : language->find(key);
}

Result<void> describe_safetensors(const Checkpoint& checkpoint, Description& facts) {
  facts.format = "safetensors";
  facts.model_type = text_of(checkpoint.metadata("model_type"));
  const Value* architectures = checkpoint.metadata("architectures");
  const List* list = architectures == nullptr ? nullptr : architectures->as_list();
  facts.architecture =
      list == nullptr || list->empty() ? facts.model_type : text_of(&list->front());
  for (const std::string_view key :
       {"max_position_embeddings", "n_positions", "max_sequence_length", "seq_length"}) {
    if (!facts.context_length) facts.context_length = count_of(config_member(checkpoint, key));
  }
  if (const auto card = TRY(checkpoint.sidecar_text("README.md"))) {
    facts.license = license_of_model_card(*card);
  }
  const Value* settings = TRY(checkpoint.sidecar_json("tokenizer_config.json"));
  const Value* chat_template = settings == nullptr ? nullptr : settings->find("chat_template");
  facts.chat_template = (chat_template != nullptr && !chat_template->is_null()) ||
                        TRY(checkpoint.sidecar_text("chat_template.jinja")).has_value();
  if (const Value* tokenizer = TRY(checkpoint.sidecar_json("tokenizer.json"))) {
    const Value* model = tokenizer->find("model");
    facts.tokenizer = TokenizerFacts{text_of(model == nullptr ? nullptr : model->find("type")), "",
                                     vocabulary_of(*tokenizer)};
  }
  return {};
}

}  // namespace

Result<Description> describe(const Checkpoint& checkpoint) {
  Description facts;
  describe_tensors(checkpoint, facts);
  describe_files(checkpoint, facts);
  if (checkpoint.container() == Container::gguf) {
    describe_gguf(checkpoint, facts);
  } else {
    TRY(describe_safetensors(checkpoint, facts));
  }
  return facts;
}

}  // namespace freehold::formats
