// POST /v1/chat/completions: OpenAI's chat dialect.
#include "base/clock.h"
#include "server/chat_request.h"
#include "server/endpoints.h"
#include "server/fingerprint.h"
#include "server/logprobs.h"
#include "server/request_id.h"
#include "server/sse.h"
#include "server/text_answer.h"

namespace freehold::server {
namespace {

class ChatDialect : public Dialect {
 public:
  ChatDialect(const ModelCard& card, const ChatRequest& request)
      : id_(fresh_id("chatcmpl-")),
        model_(card.name),
        fingerprint_(fingerprint(card)),
        created_unix_s_(Clock::system().unix_time_s()),
        logprobs_(request.logprobs),
        include_usage_(request.include_usage),
        opened_(request.choices, false) {}

  std::string delta(std::size_t choice, const Delta& delta) override {
    std::string events = opening(choice);
    if (delta.text.empty() && delta.tokens.empty()) return events;
    return events + chunk(choice, Object{{"content", delta.text}}, nullptr, &delta.tokens);
  }

  std::string choice_end(std::size_t choice, const Outcome& outcome) override {
    return opening(choice) + chunk(choice, Object{}, name_of(outcome.finish), nullptr);
  }

  std::string stream_end(const Usage& usage) override {
    std::string events;
    if (include_usage_) {
      Object last = envelope("chat.completion.chunk");
      last.emplace_back("choices", List{});
      last.emplace_back("usage", usage_value(usage));
      events = sse_event(last);
    }
    return events + sse_done();
  }

  Value whole(const std::vector<Completion>& completions, const Usage& usage) override {
    List choices;
    for (const Completion& completion : completions) {
      choices.push_back(Object{
          {"index", static_cast<std::int64_t>(choices.size())},
          {"message",
           Object{{"role", "assistant"}, {"content", completion.text}, {"refusal", nullptr}}},
          {"logprobs", logprobs_ ? chat_logprobs(completion.tokens) : Value()},
          {"finish_reason", name_of(completion.outcome.finish)}});
    }
    Object answer = envelope("chat.completion");
    answer.emplace_back("choices", std::move(choices));
    answer.emplace_back("usage", usage_value(usage));
    return answer;
  }

 private:
  Object envelope(std::string_view object) const {
    return {{"id", id_},
            {"object", object},
            {"created", created_unix_s_},
            {"model", model_},
            {"system_fingerprint", fingerprint_}};
  }

  // The first chunk of a choice, once: it says who speaks.
  std::string opening(std::size_t choice) {
    if (opened_[choice]) return {};
    opened_[choice] = true;
    return chunk(choice, Object{{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
  }

  std::string chunk(std::size_t choice, Object delta, Value finish_reason,
                    const std::vector<TokenInfo>* tokens) const {
    Object event = envelope("chat.completion.chunk");
    const bool told = logprobs_ && tokens != nullptr;
    event.emplace_back("choices", List{Object{{"index", static_cast<std::int64_t>(choice)},
                                              {"delta", std::move(delta)},
                                              {"logprobs", told ? chat_logprobs(*tokens) : Value()},
                                              {"finish_reason", std::move(finish_reason)}}});
    if (include_usage_) event.emplace_back("usage", nullptr);
    return sse_event(event);
  }

  const std::string id_;
  const std::string model_;
  const std::string fingerprint_;
  const std::int64_t created_unix_s_;
  const bool logprobs_;
  const bool include_usage_;
  std::vector<bool> opened_;
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
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                auto job = make_job(service, exchange->request());
                if (!job) return exchange->send(to_response(job.error()));
                TextAnswer::start(exchange, service.metrics, *std::move(job));
              },
          .request_schema = chat_request_schema(),
          .answer_schema = {{"$ref", "#/components/schemas/ChatCompletion"}}};
}

}  // namespace freehold::server
