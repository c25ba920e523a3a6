// What a checkpoint says about itself, asked in one vocabulary whatever the container: the key
// names of Hugging Face's config.json. For GGUF each is translated to its metadata key, or answered
// by the tensors that are there. Not a place for defaults or for what a key means.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"
#include "freehold/result.h"

namespace freehold::model {

class Keys {
 public:
  // The checkpoint must outlive the keys. `gguf_name` is what GGUF puts in front of its keys.
  Keys(const formats::Checkpoint& checkpoint, std::string_view gguf_name)
      : checkpoint_(checkpoint), gguf_name_(gguf_name) {}

  bool gguf() const { return checkpoint_.container() == formats::Container::gguf; }
  const formats::Checkpoint& checkpoint() const { return checkpoint_; }

  // The value, nullptr when it is missing or null. "rope_scaling.factor" is a member of
  // "rope_scaling" (or of "rope_parameters", as newer files call it).
  const Value* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  // Every reader below fails with `invalid` and the key as the file spells it when the value is of
  // another kind or out of range.
  Result<std::uint32_t> count(std::string_view key, std::uint32_t limit) const;  // 1..limit
  Result<std::uint32_t> count_or(std::string_view key, std::uint32_t otherwise,
                                 std::uint32_t limit) const;  // 0..limit
  Result<std::vector<std::uint32_t>> counts(std::string_view key, std::uint32_t limit) const;
  Result<float> number_or(std::string_view key, float otherwise) const;  // finite
  Result<bool> flag_or(std::string_view key, bool otherwise) const;
  Result<std::string> word_or(std::string_view key, std::string_view otherwise) const;

  // The key as the file spells it: "config.json: hidden_size", "….embedding_length".
  std::string spelled(std::string_view key) const;
  // `invalid`: the spelled key, a colon, and why.
  std::unexpected<Error> refuse(std::string_view key, std::string_view why) const;

 private:
  bool any_layer_has(std::string_view suffix) const;

  const formats::Checkpoint& checkpoint_;
  std::string_view gguf_name_;
};

}  // namespace freehold::model
