#include "server/generation_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "server/structured_output.h"

namespace freehold::server {
namespace {

constexpr double max_choices = 128;
constexpr double max_stop_strings = 16;
constexpr std::size_t max_stop_bytes = 4096;
constexpr std::size_t max_biased_tokens = 4096;
constexpr double max_token = 2147483647;
constexpr double max_seed = 9.2e18;

constexpr Field fields[] = {
    {"model", FieldKind::string, 0, 0, "what /v1/models lists; may be left out when it is one"},
    {"n", FieldKind::integer, 1, max_choices, "how many answers"},
    {"stream", FieldKind::boolean, 0, 0, "send the answer as server-sent events"},
    {"stream_options", FieldKind::object, 0, 0, "include_usage: end a stream with its usage"},
    {"temperature", FieldKind::number, 0, 2, "0 is greedy"},
    {"top_p", FieldKind::number, 0, 1,
     "sample from the likeliest tokens of this total probability"},
    {"top_k", FieldKind::integer, -1, max_token, "sample from this many; 0 or -1: all"},
    {"min_p", FieldKind::number, 0, 1, "drop tokens less likely than this share of the likeliest"},
    {"repetition_penalty", FieldKind::number, 0.01, 100, "divides logits of seen tokens"},
    {"presence_penalty", FieldKind::number, -2, 2, "subtracted once from seen tokens' logits"},
    {"frequency_penalty", FieldKind::number, -2, 2, "subtracted per occurrence"},
    {"seed", FieldKind::integer, -max_seed, max_seed, "same seed and settings, same text"},
    {"stop", FieldKind::strings, 0, max_stop_strings, "end before the first of these"},
    {"stop_token_ids", FieldKind::integers, 0, max_token, "end at one of these tokens"},
    {"ignore_eos", FieldKind::boolean, 0, 0, "go on past the model's own end"},
    {"logit_bias", FieldKind::object, 0, 0, "token id (as text) to what is added to its logit"},
    {"cache_salt", FieldKind::string, 0, 0,
     "share the cache of prompts only with requests that have the same"},
    {"user", FieldKind::any, 0, 0, "ignored"},
    {"metadata", FieldKind::any, 0, 0, "ignored"},
};

constexpr Unsupported unsupported[] = {
    {"min_tokens", "0"},
    {"bad_words", "[]"},
    {"allowed_token_ids", "null"},
    {"include_stop_str_in_output", "false"},
    {"skip_special_tokens", "true"},
    {"truncate_prompt_tokens", "null", "and send a prompt that fits"},
    {"prompt_logprobs", "null", "and use echo with logprobs in /v1/completions"},
    {"use_beam_search", "false"},
    {"length_penalty", "1.0"},
    {"typical_p", "1.0"},
    {"xtc_probability", "0"},
    {"dry_multiplier", "0"},
    {"mirostat", "0"},
};

std::optional<float> narrow(std::optional<double> value) {
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

Parsed<std::pair<Token, float>> bias_of(const std::string& key, const Value& value) {
  Token token = -1;
  const char* const end = key.data() + key.size();
  const auto parsed = std::from_chars(key.data(), end, token);
  if (parsed.ec != std::errc() || parsed.ptr != end || token < 0) {
    return fail(invalid_field("logit_bias", "'logit_bias' has a key that is no token id"));
  }
  const double bias = value.number_or(1000);
  if (bias < -100 || bias > 100) {
    return fail(invalid_field("logit_bias",
                              fmt::format("'logit_bias' of token {} must be a number between -100 "
                                          "and 100",
                                          token)));
  }
  return std::pair{token, static_cast<float>(bias)};
}

void read_bias(FieldReader& reader, Sampling& sampling) {
  const Object* object = reader.object("logit_bias");
  if (object == nullptr) return;
  if (object->size() > max_biased_tokens) {
    reader.complain(invalid_field(
        "logit_bias", fmt::format("'logit_bias' has more than {} tokens", max_biased_tokens)));
    return;
  }
  for (const auto& [key, value] : *object) {
    auto bias = bias_of(key, value);
    if (!bias) return reader.complain(std::move(bias).error());
    sampling.logit_bias.push_back(*bias);
  }
}

void read_sampling(FieldReader& reader, Sampling& sampling) {
  sampling.temperature = narrow(reader.number("temperature"));
  sampling.top_p = narrow(reader.number("top_p"));
  if (const auto top_k = reader.integer("top_k")) {
    sampling.top_k = static_cast<std::int32_t>(std::max<std::int64_t>(*top_k, 0));
  }
  sampling.min_p = narrow(reader.number("min_p"));
  sampling.repetition_penalty = narrow(reader.number("repetition_penalty"));
  sampling.presence_penalty = static_cast<float>(reader.number("presence_penalty").value_or(0));
  sampling.frequency_penalty = static_cast<float>(reader.number("frequency_penalty").value_or(0));
  if (const auto seed = reader.integer("seed")) sampling.seed = static_cast<std::uint64_t>(*seed);
  read_bias(reader, sampling);
}

void read_stop(FieldReader& reader, Stop& stop) {
  for (std::string& text : reader.strings("stop")) {
    if (text.size() > max_stop_bytes) {
      reader.complain(invalid_field("stop", fmt::format("'stop' has a string of {} bytes; at most "
                                                        "{} are taken",
                                                        text.size(), max_stop_bytes)));
    } else if (!text.empty()) {
      stop.strings.push_back(std::move(text));
    }
  }
  for (const std::int64_t token : reader.integers("stop_token_ids")) {
    stop.tokens.push_back(static_cast<Token>(token));
  }
  stop.ignore_end_of_text = reader.boolean("ignore_eos", false);
}

}  // namespace

std::span<const Field> generation_fields() {
  return fields;
}
std::span<const Unsupported> unsupported_fields() {
  return unsupported;
}

GenerationRequest read_generation(FieldReader& reader) {
  GenerationRequest generation;
  generation.model = reader.string("model");
  generation.choices = static_cast<std::uint32_t>(reader.integer("n").value_or(1));
  generation.stream = reader.boolean("stream", false);
  const Object* options = reader.object("stream_options");
  if (options != nullptr) {
    const Value wrapped(*options);
    const Value* usage = wrapped.find("include_usage");
    const bool* wanted = usage != nullptr ? usage->as_bool() : nullptr;
    if (usage != nullptr && !usage->is_null() && wanted == nullptr) {
      reader.complain(invalid_field("stream_options.include_usage",
                                    "'stream_options.include_usage' must be a boolean"));
    }
    if (!generation.stream) {
      reader.complain(
          invalid_field("stream_options", "'stream_options' goes only with 'stream': true"));
    }
    generation.include_usage = wanted != nullptr && *wanted;
  }
  generation.cache_salt = reader.string("cache_salt");
  read_sampling(reader, generation.sampling);
  read_stop(reader, generation.stop);
  generation.constraint = read_structured(reader);
  reader.refuse(unsupported_fields());
  return generation;
}

Request choice_request(const GenerationRequest& generation, Prompt prompt, std::uint32_t choice) {
  Request request{.prompt = std::move(prompt),
                  .sampling = generation.sampling,
                  .stop = generation.stop,
                  .cache_salt = generation.cache_salt,
                  .constraint = generation.constraint};
  if (request.sampling.seed) *request.sampling.seed += choice;
  return request;
}

}  // namespace freehold::server
