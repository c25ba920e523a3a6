// POST /v1/chat/completions: OpenAI's chat dialect.
#include "server/chat_request.h"
#include "server/endpoints.h"
#include "server/logprobs.h"
#include "server/openai_envelope.h"
#include "server/openai_tool_calls.h"
#include "server/text_answer.h"

namespace freehold::server {
namespace {

class ChatDialect : public Dialect {
 public:
  ChatDialect(const ModelCard& card, const ChatRequest& request)
      : envelope_({"chatcmpl-", "chat.completion", "chat.completion.chunk"}, card,
                  request.include_usage),
        logprobs_(request.logprobs),
        opened_(request.choices, false),
        calls_(request.choices, 0) {}

  std::string delta(std::size_t choice, const Delta& delta) override {
    std::string events = opening(choice);
    if (!delta.reasoning.empty()) {
      events += chunk(choice, Object{{"reasoning_content", delta.reasoning}}, nullptr, nullptr);
    }
    if (!delta.text.empty() || !delta.tokens.empty()) {
      events += chunk(choice, Object{{"content", delta.text}}, nullptr, &delta.tokens);
    }
    for (const ToolCall& call : delta.tool_calls) {
      Object numbered = openai_tool_call(call);
      numbered.emplace(numbered.begin(), "index", calls_[choice]++);
      events += chunk(choice, Object{{"tool_calls", List{std::move(numbered)}}}, nullptr, nullptr);
    }
    return events;
  }

  std::string choice_end(std::size_t choice, const Outcome& outcome) override {
    return opening(choice) + chunk(choice, Object{}, name_of(outcome.finish), nullptr);
  }

  std::string stream_end(const Usage& usage) override { return envelope_.stream_end(usage); }

  Value whole(const std::vector<Completion>& completions, const Usage& usage) override {
    List choices;
    for (const Completion& completion : completions) {
      choices.push_back(Object{{"index", static_cast<std::int64_t>(choices.size())},
                               {"message", message(completion)},
                               {"logprobs", logprobs_ ? chat_logprobs(completion.tokens) : Value()},
                               {"finish_reason", name_of(completion.outcome.finish)}});
    }
    return envelope_.whole(std::move(choices), usage);
  }

 private:
  static Object message(const Completion& completion) {
    const bool calls_only = completion.text.empty() && !completion.tool_calls.empty();
    Object said{{"role", "assistant"},
                {"content", calls_only ? Value() : Value(completion.text)},
                {"refusal", nullptr}};
    if (!completion.reasoning.empty()) said.emplace_back("reasoning_content", completion.reasoning);
    if (!completion.tool_calls.empty()) {
      said.emplace_back("tool_calls", openai_tool_calls(completion.tool_calls));
    }
    return said;
  }

  // The first chunk of a choice, once: it says who speaks.
  std::string opening(std::size_t choice) {
    if (opened_[choice]) return {};
    opened_[choice] = true;
    return chunk(choice, Object{{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
  }

  std::string chunk(std::size_t choice, Object delta, Value finish_reason,
                    const std::vector<TokenInfo>* tokens) const {
    const bool told = logprobs_ && tokens != nullptr;
    return envelope_.chunk({{"index", static_cast<std::int64_t>(choice)},
                            {"delta", std::move(delta)},
                            {"logprobs", told ? chat_logprobs(*tokens) : Value()},
                            {"finish_reason", std::move(finish_reason)}});
  }

  const OpenAiEnvelope envelope_;
  const bool logprobs_;
  std::vector<bool> opened_;
  std::vector<std::int64_t> calls_;  // told so far
};

Parsed<TextJob> make_job(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  ChatRequest chat = TRY(parse_chat_request(body));
  Generator* generator = TRY(service.find(chat.model));
  TextJob job{.generator = generator,
              .request_of = {},
              .choices = chat.choices,
              .choices_per_prompt = chat.choices,
              .stream = chat.stream,
              .dialect = std::make_unique<ChatDialect>(generator->card(), chat)};
  job.request_of = [chat = std::move(chat)](std::size_t choice) {
    return choice_request(chat, chat.chat, static_cast<std::uint32_t>(choice));
  };
  return job;
}

}  // namespace

Route chat_completions_route(Service& service) {
  return {.method = "POST",
          .pattern = "/v1/chat/completions",
          .summary = "Continue a conversation",
          .handler = text_handler(service, make_job),
          .request_schema = chat_request_schema(),
          .answer_schema = {{"$ref", "#/components/schemas/ChatCompletion"}}};
}

}  // namespace freehold::server
