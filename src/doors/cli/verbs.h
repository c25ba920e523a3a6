// The verbs, one in each file of that name.
#pragma once

#include "cli/command.h"

namespace freehold::cli {

extern const Verb pull_verb, list_verb, rm_verb, du_verb;
extern const Verb inspect_verb, tokenize_verb, render_verb, score_verb;
extern const Verb chat_verb, complete_verb, serve_verb;
extern const Verb bench_verb, doctor_verb;

}  // namespace freehold::cli
