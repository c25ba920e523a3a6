// For tests: the tokenizers of tests/fixtures/tokenizers, and their twins as GGUF metadata.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "freehold/value.h"
#include "text/tokenizer.h"
#include "text/tokenizer_data.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_json.h"

namespace freehold::text::testing {

inline Value read_fixture(std::string_view name) {
  const std::string path =
      std::string(FREEHOLD_SOURCE_DIR "/tests/fixtures/tokenizers/").append(name);
  const Result<std::string> text = read_file(path, 1u << 22);
  EXPECT_TRUE(text.has_value()) << path;
  Result<Value> value = parse_json(text.value_or(""));
  EXPECT_TRUE(value.has_value()) << path;
  return std::move(value).value_or(Value());
}

inline Result<Tokenizer> from_json(const Value& tokenizer, const Value* config = nullptr) {
  return Tokenizer::build(TRY(read_json_tokenizer({.tokenizer = &tokenizer, .config = config})));
}

inline Result<Tokenizer> from_gguf(const Value& metadata) {
  return Tokenizer::build(TRY(read_gguf_tokenizer(metadata)));
}

// The metadata that a conversion to GGUF writes for a byte-level tokenizer.json (`pre` not empty)
// or for a SentencePiece one, whose scores fall with the ids.
inline Value gguf_twin(const Value& tokenizer, std::string_view pre) {
  const Object& vocabulary = *tokenizer.find("model")->find("vocab")->as_object();
  List names(vocabulary.size());
  List types(vocabulary.size(), 1);
  List scores(vocabulary.size());
  for (const auto& [name, id] : vocabulary) {
    const auto index = static_cast<std::size_t>(*id.as_integer());
    names[index] = name;
    scores[index] = -static_cast<double>(index);
    if (pre.empty() && name.starts_with("<0x")) types[index] = 6;
  }
  for (const Value& token : *tokenizer.find("added_tokens")->as_list()) {
    const auto index = static_cast<std::size_t>(*token.find("id")->as_integer());
    types[index] = pre.empty() && index == 0 ? 2 : 3;
  }
  Object metadata{{"tokenizer.ggml.model", pre.empty() ? "llama" : "gpt2"},
                  {"tokenizer.ggml.tokens", std::move(names)},
                  {"tokenizer.ggml.token_type", std::move(types)}};
  if (pre.empty()) {
    metadata.emplace_back("tokenizer.ggml.scores", std::move(scores));
    metadata.emplace_back("tokenizer.ggml.bos_token_id", 1);
    metadata.emplace_back("tokenizer.ggml.eos_token_id", 2);
    metadata.emplace_back("tokenizer.ggml.unknown_token_id", 0);
    return metadata;
  }
  List merges;
  for (const Value& pair : *tokenizer.find("model")->find("merges")->as_list()) {
    const List& two = *pair.as_list();
    merges.emplace_back(*two[0].as_string() + " " + *two[1].as_string());
  }
  metadata.emplace_back("tokenizer.ggml.pre", pre);
  metadata.emplace_back("tokenizer.ggml.merges", std::move(merges));
  metadata.emplace_back("tokenizer.ggml.eos_token_id", 2);
  return metadata;
}

}  // namespace freehold::text::testing
