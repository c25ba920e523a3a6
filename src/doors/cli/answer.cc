#include "cli/answer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace freehold::cli {
namespace {

// The first token comes out of prefill; decoding makes the others.
double decode_rate(const Usage& usage) {
  if (usage.completion_tokens < 2 || usage.decode_s <= 0) return 0;
  return (usage.completion_tokens - 1) / usage.decode_s;
}

}  // namespace

std::string speed_text(const Usage& usage) {
  return fmt::format("[{} tokens, {:.1f} tokens/s; prompt {} tokens, {:.2f} s]",
                     usage.completion_tokens, decode_rate(usage), usage.prompt_tokens,
                     usage.prefill_s);
}

void tell_speed(const Usage& usage, bool always) {
  if (always || ::isatty(STDERR_FILENO) == 1)
    std::fputs((speed_text(usage) + "\n").c_str(), stderr);
}

Value completion_json(const ModelCard& card, const Completion& completion) {
  const Usage& usage = completion.outcome.usage;
  return Object{{"model", card.name},
                {"text", completion.text},
                {"finish_reason", name_of(completion.outcome.finish)},
                {"usage", Object{{"prompt_tokens", usage.prompt_tokens},
                                 {"completion_tokens", usage.completion_tokens},
                                 {"prefill_s", usage.prefill_s},
                                 {"decode_s", usage.decode_s},
                                 {"tokens_per_s", decode_rate(usage)}}}};
}

}  // namespace freehold::cli
