// POST /v1/responses: OpenAI's newer dialect, in which a conversation can be gone on from by name.
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "server/endpoints.h"
#include "server/request_id.h"
#include "server/response_output.h"
#include "server/responses_request.h"
#include "server/sse.h"
#include "server/stored_response.h"
#include "server/text_answer.h"

namespace freehold::server {
namespace {

class ResponsesDialect : public Dialect {
 public:
  ResponsesDialect(const Generator& generator, ResponseStore& store,
                   const ResponsesRequest& request)
      : generator_(generator),
        store_(request.store ? &store : nullptr),
        settings_(request.settings),
        items_before_(request.store ? request.items : List{}),
        id_(fresh_id("resp_")),
        created_unix_s_(Clock::system().unix_time_s()),
        output_(id_, request.logprobs) {}

  HttpResponse stream_begin(const std::vector<std::uint32_t>&) override {
    HttpResponse head = sse_head();
    for (const char* type : {"response.created", "response.in_progress"}) {
      head.body += output_.event(type, {{"response", response("in_progress", {}, {})}});
    }
    return head;
  }

  std::string delta(std::size_t, const Delta& delta) override { return output_.add(delta); }

  std::string choice_end(std::size_t, const Outcome& outcome) override {
    finish_ = outcome.finish;
    return output_.finish(finish_);
  }

  std::string stream_end(const Usage& usage) override {
    const bool whole = finish_ != FinishReason::length;
    return output_.event(whole ? "response.completed" : "response.incomplete",
                         {{"response", ended(usage)}});
  }

  std::string stream_failure(const ApiError& error, const ErrorForm&) override {
    Object told = response("failed", {}, {});
    for (auto& [name, value] : told) {
      if (name == "error") value = Object{{"code", "server_error"}, {"message", error.message}};
    }
    return output_.event("response.failed", {{"response", std::move(told)}});
  }

  // The same steps, without their events.
  Value whole(const std::vector<Completion>& completions, const Usage& usage) override {
    const Completion& only = completions[0];
    output_.add({only.text, only.tokens, only.reasoning, only.tool_calls});
    finish_ = only.outcome.finish;
    output_.finish(finish_);
    return ended(usage);
  }

 private:
  // What has come to its end is kept, before it is told.
  Value ended(const Usage& usage) {
    const bool whole = finish_ != FinishReason::length;
    Value told =
        response(whole ? "completed" : "incomplete",
                 whole ? Value() : Value(Object{{"reason", "max_output_tokens"}}), usage_of(usage));
    if (store_ == nullptr) return told;
    if (const auto kept = store_->put(id_, stored_response(told, std::move(items_before_)));
        !kept) {
      log::warning("http.response_not_stored", {{"id", id_}, {"reason", kept.error().message}});
    }
    return told;
  }

  Object response(std::string_view status, Value incomplete, Value usage) const {
    Object told{{"id", id_},
                {"object", "response"},
                {"created_at", created_unix_s_},
                {"status", status},
                {"background", false},
                {"error", nullptr},
                {"incomplete_details", std::move(incomplete)},
                {"model", generator_.card().name},
                {"output", output_.items()}};
    told.insert(told.end(), settings_.begin(), settings_.end());
    told.emplace_back("usage", std::move(usage));
    return told;
  }

  // Thoughts are counted as the tokenizer reads them.
  Value usage_of(const Usage& usage) const {
    const auto thoughts = generator_.tokenize_text(output_.thoughts(), false, false);
    return Object{{"input_tokens", usage.prompt_tokens},
                  {"input_tokens_details", Object{{"cached_tokens", usage.cached_tokens}}},
                  {"output_tokens", usage.completion_tokens},
                  {"output_tokens_details",
                   Object{{"reasoning_tokens", thoughts ? thoughts->size() : std::size_t{0}}}},
                  {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
  }

  const Generator& generator_;
  ResponseStore* const store_;  // nullptr: not to be kept
  const Object settings_;
  List items_before_;
  const std::string id_;
  const std::int64_t created_unix_s_;
  ResponseOutput output_;
  FinishReason finish_ = FinishReason::stop;
};

Parsed<TextJob> make_job(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  ResponsesRequest asked =
      TRY(parse_responses_request(body, service.responses, ResponsesUse::answer));
  Generator* generator = TRY(service.find(asked.model));
  TextJob job{.generator = generator,
              .request_of = {},
              .stream = asked.stream,
              .dialect = std::make_unique<ResponsesDialect>(*generator, service.responses, asked),
              .prompt_field = "input"};
  job.request_of = [asked = std::move(asked)](std::size_t) {
    return choice_request(asked, asked.chat, 0);
  };
  return job;
}

}  // namespace

Route responses_route(Service& service) {
  return {.method = "POST",
          .pattern = "/v1/responses",
          .summary = "Continue a conversation, in OpenAI's newer dialect",
          .handler = text_handler(service, make_job),
          .request_schema = responses_request_schema(ResponsesUse::answer),
          .answer_schema = {{"$ref", "#/components/schemas/Response"}}};
}

}  // namespace freehold::server
