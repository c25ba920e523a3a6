// Log-probabilities in the two shapes of OpenAI's dialects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "freehold/generator.h"
#include "freehold/value.h"

namespace freehold::server {

// Of /v1/chat/completions: {"content":[{"token","logprob","bytes","top_logprobs"}]}.
Value chat_logprobs(const std::vector<TokenInfo>& tokens);

// Of /v1/completions: {"tokens","token_logprobs","top_logprobs","text_offset"}. `offset` is where
// the first token begins in the text, in characters, and is moved behind the last.
Value completion_logprobs(const std::vector<TokenInfo>& tokens, std::size_t& offset);

// How many of these characters begin here: bytes that continue a character do not count.
std::size_t count_characters(std::string_view bytes);

}  // namespace freehold::server
