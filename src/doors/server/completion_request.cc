#include "server/completion_request.h"

#include <fmt/format.h>

#include "server/structured_output.h"

namespace freehold::server {
namespace {

constexpr double max_new_tokens = 4294967294;
constexpr double max_logprobs = 20;
constexpr std::size_t max_prompts = 1024;
constexpr std::size_t max_sequences = 2048;      // prompts times n
constexpr std::int64_t default_max_tokens = 16;  // as the API documents
constexpr std::int64_t max_token = 2147483647;

constexpr Field fields[] = {
    {"prompt", FieldKind::any, 0, 0, "text, tokens, or an array of either"},
    {"max_tokens", FieldKind::integer, 0, max_new_tokens, "of each answer; 16 when left out"},
    {"echo", FieldKind::boolean, 0, 0, "begin the answer with the prompt"},
    {"logprobs", FieldKind::integer, 0, max_logprobs, "report so many alternatives a token"},
    {"response_format", FieldKind::object, 0, 0, "text, json_object or json_schema"},
};

constexpr Unsupported unsupported[] = {
    {"best_of", "1", "and use 'n'"},
    {"suffix", "null"},
};

ApiError wrong_prompt(std::string place, std::string_view wanted) {
  std::string message = fmt::format("'{}' must be {}", place, wanted);
  return invalid_field(std::move(place), std::move(message));
}

Parsed<Prompt> parse_tokens(const List& list, const std::string& place) {
  if (list.empty()) return fail(wrong_prompt(place, "at least one token"));
  std::vector<Token> tokens;
  tokens.reserve(list.size());
  for (const Value& item : list) {
    const std::int64_t* token = item.as_integer();
    if (token == nullptr || *token < 0 || *token > max_token) {
      return fail(wrong_prompt(fmt::format("{}[{}]", place, tokens.size()), "a token id"));
    }
    tokens.push_back(static_cast<Token>(*token));
  }
  return Prompt(std::move(tokens));
}

Parsed<std::vector<Prompt>> parse_prompts(const Value* given) {
  if (given == nullptr) return fail(wrong_prompt("prompt", "given"));
  if (const auto* text = given->as_string()) return std::vector<Prompt>{*text};
  const List* list = given->as_list();
  if (list == nullptr || list->empty()) {
    return fail(wrong_prompt("prompt",
                             "a string, an array of tokens, or an array of these that "
                             "is not empty"));
  }
  if (list->front().is_number()) return std::vector<Prompt>{TRY(parse_tokens(*list, "prompt"))};
  if (list->size() > max_prompts) {
    return fail(wrong_prompt("prompt", fmt::format("at most {} prompts", max_prompts)));
  }
  std::vector<Prompt> prompts;
  for (const Value& item : *list) {
    const std::string place = fmt::format("prompt[{}]", prompts.size());
    if (const auto* text = item.as_string()) {
      prompts.emplace_back(*text);
    } else if (const List* tokens = item.as_list()) {
      prompts.push_back(TRY(parse_tokens(*tokens, place)));
    } else {
      return fail(wrong_prompt(place, "a string or an array of tokens"));
    }
  }
  return prompts;
}

}  // namespace

Parsed<CompletionRequest> parse_completion_request(const Value& body) {
  FieldReader reader(body, {generation_fields(), structured_fields(), fields});
  CompletionRequest request{read_generation(reader), {}, false, false};
  request.stop.max_tokens =
      static_cast<std::uint32_t>(reader.integer("max_tokens").value_or(default_max_tokens));
  request.echo = reader.boolean("echo", false);
  if (const auto logprobs = reader.integer("logprobs")) {
    request.logprobs = true;
    request.sampling.logprobs = static_cast<std::uint32_t>(*logprobs);
  }
  const Value* prompt = reader.any("prompt");
  const Object* format = reader.object("response_format");
  reader.refuse(unsupported);
  TRY(reader.verdict());
  Constraint form = TRY(read_response_format(format));
  request.constraint = TRY(either(std::move(request.constraint), std::move(form)));
  request.prompts = TRY(parse_prompts(prompt));
  if (request.prompts.size() * request.choices > max_sequences) {
    return fail(
        invalid_field("n", fmt::format("{} prompts with 'n' of {} are more than {} answers",
                                       request.prompts.size(), request.choices, max_sequences)));
  }
  return request;
}

Object completion_request_schema() {
  return schema_of({generation_fields(), structured_fields(), fields}, {"prompt"});
}

}  // namespace freehold::server
