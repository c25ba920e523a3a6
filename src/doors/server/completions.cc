// POST /v1/completions: OpenAI's legacy dialect, which evaluation harnesses still speak.
#include "server/completion_request.h"
#include "server/endpoints.h"
#include "server/logprobs.h"
#include "server/openai_envelope.h"
#include "server/text_answer.h"

namespace freehold::server {
namespace {

// A prompt of tokens has no text of its own: its echo is spelled from what the generator reports.
struct Echo {
  std::string text;               // still to be sent, at the start
  std::size_t silent_tokens = 0;  // of the prompt, whose bytes are still to come
};

class CompletionDialect : public Dialect {
 public:
  CompletionDialect(const ModelCard& card, const CompletionRequest& request)
      : envelope_({"cmpl-", "text_completion", "text_completion"}, card, request.include_usage),
        logprobs_(request.logprobs) {
    for (const Prompt& prompt : request.prompts) {
      Echo echo;
      if (request.echo) {
        if (const auto* text = std::get_if<std::string>(&prompt)) echo.text = *text;
        if (const auto* tokens = std::get_if<std::vector<Token>>(&prompt)) {
          echo.silent_tokens = tokens->size();
        }
      }
      echoes_.insert(echoes_.end(), request.choices, echo);
    }
    offsets_.resize(echoes_.size());
  }

  std::string delta(std::size_t choice, const Delta& delta) override {
    const std::string text = with_echo(choice, delta.text, delta.tokens);
    if (text.empty() && (!logprobs_ || delta.tokens.empty())) return {};
    return chunk(choice, text, delta.tokens, nullptr);
  }

  std::string choice_end(std::size_t choice, const Outcome& outcome) override {
    return chunk(choice, with_echo(choice, {}, {}), {}, name_of(outcome.finish));
  }

  std::string stream_end(const Usage& usage) override { return envelope_.stream_end(usage); }

  Value whole(const std::vector<Completion>& completions, const Usage& usage) override {
    List choices;
    for (std::size_t i = 0; i < completions.size(); ++i) {
      const Completion& completion = completions[i];
      choices.push_back(choice_value(i, with_echo(i, completion.text, completion.tokens),
                                     completion.tokens, name_of(completion.outcome.finish)));
    }
    return envelope_.whole(std::move(choices), usage);
  }

 private:
  // The text with what of the prompt belongs before it.
  std::string with_echo(std::size_t choice, const std::string& text,
                        const std::vector<TokenInfo>& tokens) {
    Echo& echo = echoes_[choice];
    for (const TokenInfo& token : tokens) {
      if (echo.silent_tokens == 0) break;
      --echo.silent_tokens;
      echo.text += token.bytes;
    }
    if (echo.silent_tokens > 0) return text;  // sent when it is complete
    return std::exchange(echo.text, {}) + text;
  }

  Object choice_value(std::size_t choice, const std::string& text,
                      const std::vector<TokenInfo>& tokens, Value finish_reason) {
    Value logprobs;
    if (logprobs_) logprobs = completion_logprobs(tokens, offsets_[choice]);
    return {{"index", static_cast<std::int64_t>(choice)},
            {"text", text},
            {"logprobs", std::move(logprobs)},
            {"finish_reason", std::move(finish_reason)}};
  }

  std::string chunk(std::size_t choice, const std::string& text,
                    const std::vector<TokenInfo>& tokens, Value finish_reason) {
    return envelope_.chunk(choice_value(choice, text, tokens, std::move(finish_reason)));
  }

  const OpenAiEnvelope envelope_;
  const bool logprobs_;
  std::vector<Echo> echoes_;          // one a choice
  std::vector<std::size_t> offsets_;  // one a choice: characters told so far
};

Parsed<TextJob> make_job(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  CompletionRequest completion = TRY(parse_completion_request(body));
  Generator* generator = TRY(service.find(completion.model));
  TextJob job{.generator = generator,
              .request_of = {},
              .choices = completion.prompts.size() * completion.choices,
              .choices_per_prompt = completion.choices,
              .stream = completion.stream,
              .dialect = std::make_unique<CompletionDialect>(generator->card(), completion)};
  job.request_of = [completion = std::move(completion)](std::size_t choice) {
    const Prompt& prompt = completion.prompts[choice / completion.choices];
    Request made =
        choice_request(completion, prompt, static_cast<std::uint32_t>(choice % completion.choices));
    const bool spelled = std::holds_alternative<std::vector<Token>>(prompt);
    made.echo_prompt_logprobs = completion.echo && (completion.logprobs || spelled);
    return made;
  };
  return job;
}

}  // namespace

Route completions_route(Service& service) {
  return {.method = "POST",
          .pattern = "/v1/completions",
          .summary = "Continue text or tokens",
          .handler = text_handler(service, make_job),
          .request_schema = completion_request_schema(),
          .answer_schema = {{"$ref", "#/components/schemas/Completion"}}};
}

}  // namespace freehold::server
