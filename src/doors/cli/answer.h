// What verbs say about a finished answer.
#pragma once

#include "freehold/generator.h"

namespace freehold::cli {

// To standard error, when it is a terminal or `always`.
void tell_speed(const Usage& usage, bool always);
// "[45 tokens, 98.3 tokens/s; prompt 31 tokens, 0.20 s]"
std::string speed_text(const Usage& usage);

Value completion_json(const ModelCard& card, const Completion& completion);

}  // namespace freehold::cli
