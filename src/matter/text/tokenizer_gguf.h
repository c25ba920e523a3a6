// Reads a tokenizer out of GGUF metadata (`tokenizer.ggml.*`).
#pragma once

#include "freehold/result.h"
#include "freehold/value.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

// `metadata` is an object with full keys. `absent` when it has no tokenizer; `invalid`, naming key
// and index, when it is inconsistent or of a kind that is not supported.
Result<TokenizerData> read_gguf_tokenizer(const Value& metadata);

}  // namespace freehold::text
