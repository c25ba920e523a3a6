#include "cli/verbs.h"

namespace freehold::cli {

std::span<const Verb* const> all_verbs() {
  static const Verb* const verbs[] = {
      &pull_verb,    &list_verb,     &rm_verb,     &du_verb,     //
      &chat_verb,    &complete_verb, &serve_verb,                //
      &inspect_verb, &tokenize_verb, &render_verb, &score_verb,  //
      &bench_verb,   &doctor_verb,
  };
  return verbs;
}

}  // namespace freehold::cli
