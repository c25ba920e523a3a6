#include "cli/sampling_options.h"

namespace freehold::cli {
namespace {

std::optional<float> narrow(const std::optional<double>& value) {
  if (!value) return std::nullopt;
  return static_cast<float>(*value);
}

}  // namespace

void SamplingOptions::declare(Options& options) {
  options.add("temperature", &temperature, "T", "0 is greedy; default: the model's own");
  options.add("top-k", &top_k, "K", "choose among the K likeliest; 0: off");
  options.add("top-p", &top_p, "P", "choose among the likeliest that hold this probability");
  options.add("min-p", &min_p, "P", "drop tokens below this share of the likeliest one");
  options.add("repetition-penalty", &repetition_penalty, "R", "over 1 makes repeating less likely");
  options.add("seed", &seed, "S", "the same seed gives the same text; default: at random");
  options.add("max-tokens", &max_tokens, "N", "end after this many tokens").short_name('n');
  options.add("stop", &stop, "TEXT", "end before this text; may be given several times");
}

Sampling SamplingOptions::sampling() const {
  Sampling made;
  made.temperature = narrow(temperature);
  if (top_k) made.top_k = static_cast<std::int32_t>(*top_k);
  made.top_p = narrow(top_p);
  made.min_p = narrow(min_p);
  made.repetition_penalty = narrow(repetition_penalty);
  made.seed = seed;
  return made;
}

Stop SamplingOptions::stops() const {
  Stop made;
  made.max_tokens = max_tokens;
  made.strings = stop;
  return made;
}

}  // namespace freehold::cli
