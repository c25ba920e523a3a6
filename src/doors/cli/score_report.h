// What `score` reads and writes: lists of ids, the JSON of docs/reference, the table for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "model/score.h"
#include "text/tokenizer.h"

namespace freehold::cli {

// "1,2,3"; `usage` names what is no id.
Result<std::vector<Token>> parse_ids(std::string_view list);

// `tokenizer` may be nullptr: then texts are empty. `greedy` is written only when `with_greedy`.
Value score_json(const std::string& model, const model::Score& score, bool with_greedy,
                 const text::Tokenizer* tokenizer);
std::string score_text(const model::Score& score, const text::Tokenizer* tokenizer);

}  // namespace freehold::cli
