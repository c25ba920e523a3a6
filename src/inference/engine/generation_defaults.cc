#include "engine/generation_defaults.h"

#include <fmt/format.h>

#include <limits>

#include "engine/sampler.h"

namespace freehold::engine {
namespace {

constexpr std::size_t most_end_tokens = 256;

std::unexpected<Error> wrong(std::string_view key, std::string_view expected) {
  return fail(ErrorCode::invalid, fmt::format("{} is not {}", key, expected));
}

Result<std::optional<float>> number(const Value* value, std::string_view key) {
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_number()) return wrong(key, "a number");
  return static_cast<float>(value->number_or(0));
}

Result<std::optional<std::int32_t>> whole_number(const Value* value, std::string_view key) {
  if (value == nullptr || value->is_null()) return std::nullopt;
  const std::int64_t* integer = value->as_integer();
  constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
  if (integer == nullptr || *integer < 0 || *integer > largest) {
    return wrong(key, "a whole number of 0 or more");
  }
  return static_cast<std::int32_t>(*integer);
}

Result<void> add_end_token(const Value& value, std::size_t vocabulary,
                           std::vector<Token>& end_tokens) {
  const std::int64_t* token = value.as_integer();
  if (token == nullptr || *token < 0 || static_cast<std::uint64_t>(*token) >= vocabulary) {
    return wrong("eos_token_id", "a token of the vocabulary");
  }
  end_tokens.push_back(static_cast<Token>(*token));
  return {};
}

// One id or a list of them.
Result<std::vector<Token>> read_end_tokens(const Value* value, std::size_t vocabulary) {
  std::vector<Token> end_tokens;
  if (value == nullptr || value->is_null()) return end_tokens;
  const List* list = value->as_list();
  if (list == nullptr) {
    TRY(add_end_token(*value, vocabulary, end_tokens));
    return end_tokens;
  }
  if (list->size() > most_end_tokens) return wrong("eos_token_id", "a list of at most 256 tokens");
  for (const Value& item : *list) TRY(add_end_token(item, vocabulary, end_tokens));
  return end_tokens;
}

// A model whose defaults are out of range would fail at every request: say so when it is opened.
Result<void> check(const Sampling& sampling, std::size_t vocabulary) {
  auto settings = resolve(sampling, {}, vocabulary);
  if (settings) return {};
  settings.error().code = ErrorCode::invalid;
  return fail(std::move(settings).error());
}

Result<GenerationDefaults> read_gguf(const formats::Checkpoint& checkpoint,
                                     std::size_t vocabulary) {
  const auto key = [&](std::string_view name) { return checkpoint.metadata(name); };
  GenerationDefaults defaults;
  Sampling& sampling = defaults.sampling;
  sampling.temperature = TRY(number(key("general.sampling.temp"), "general.sampling.temp"));
  sampling.top_k = TRY(whole_number(key("general.sampling.top_k"), "general.sampling.top_k"));
  sampling.top_p = TRY(number(key("general.sampling.top_p"), "general.sampling.top_p"));
  sampling.min_p = TRY(number(key("general.sampling.min_p"), "general.sampling.min_p"));
  sampling.repetition_penalty =
      TRY(number(key("general.sampling.penalty_repeat"), "general.sampling.penalty_repeat"));
  TRY(check(sampling, vocabulary));
  return defaults;
}

}  // namespace

Result<GenerationDefaults> parse_generation_config(const Value& config, std::size_t vocabulary) {
  GenerationDefaults defaults;
  Sampling& sampling = defaults.sampling;
  sampling.temperature = TRY(number(config.find("temperature"), "temperature"));
  sampling.top_k = TRY(whole_number(config.find("top_k"), "top_k"));
  sampling.top_p = TRY(number(config.find("top_p"), "top_p"));
  sampling.min_p = TRY(number(config.find("min_p"), "min_p"));
  sampling.repetition_penalty =
      TRY(number(config.find("repetition_penalty"), "repetition_penalty"));
  if (const Value* do_sample = config.find("do_sample"); do_sample != nullptr) {
    const bool* sampled = do_sample->as_bool();
    if (sampled != nullptr && !*sampled) sampling.temperature = 0;
  }
  defaults.end_tokens = TRY(read_end_tokens(config.find("eos_token_id"), vocabulary));
  TRY(check(sampling, vocabulary));
  return defaults;
}

Result<GenerationDefaults> read_generation_defaults(const formats::Checkpoint& checkpoint,
                                                    std::size_t vocabulary) {
  constexpr std::string_view name = "generation_config.json";
  const Value* config = TRY_IN(name, checkpoint.sidecar_json(name));
  if (config != nullptr) return TRY_IN(name, parse_generation_config(*config, vocabulary));
  if (checkpoint.container() == formats::Container::gguf) return read_gguf(checkpoint, vocabulary);
  return GenerationDefaults{};
}

}  // namespace freehold::engine
