// What a checkpoint is, in figures, for people who decide whether to use it (`freehold inspect`).
// Nothing here is computed from the weights' values, and nothing is judged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/checkpoint.h"
#include "freehold/result.h"

namespace freehold::formats {

struct TokenizerFacts {
  std::string kind;              // as the file says: "gpt2", "llama"; "BPE", "Unigram"
  std::string pretokenizer;      // GGUF's name of the splitting rules; may be empty
  std::uint64_t vocabulary = 0;  // tokens, added ones included
};

struct Description {
  std::string format;            // "gguf" or "safetensors"
  std::string architecture;      // general.architecture; config.json: architectures[0]
  std::string model_type;        // the family's short name: GGUF the same, config.json model_type
  std::string name;              // general.name; may be empty
  std::string license;           // as declared; may be empty
  std::uint64_t parameters = 0;  // elements of all tensors
  std::uint64_t bytes = 0;       // of all weight files
  std::uint64_t tensors = 0;
  std::vector<std::pair<std::string, std::uint64_t>> types;  // tensors a type, most first
  std::optional<std::uint64_t> context_length;               // positions it was trained for
  std::optional<TokenizerFacts> tokenizer;
  bool chat_template = false;
  std::vector<std::filesystem::path> files;
};

// `invalid` when a file beside the weights cannot be read.
Result<Description> describe(const Checkpoint& checkpoint);

}  // namespace freehold::formats
