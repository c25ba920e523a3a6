// Reads a tokenizer out of Hugging Face's tokenizer.json and the files beside it.
#pragma once

#include "freehold/result.h"
#include "freehold/value.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

struct TokenizerFiles {
  const Value* tokenizer = nullptr;   // tokenizer.json
  const Value* config = nullptr;      // tokenizer_config.json; may be missing, as the next two
  const Value* generation = nullptr;  // generation_config.json: more tokens that end an answer
  const Value* model = nullptr;       // config.json: bos and eos when nothing else names them
};

// `invalid`, naming file, field and index, when anything is inconsistent or not supported.
Result<TokenizerData> read_json_tokenizer(const TokenizerFiles& files);

}  // namespace freehold::text
