#include "server/ollama_answer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"

namespace freehold::server {
namespace {

std::int64_t nanoseconds(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

class OllamaDialect : public Dialect {
 public:
  OllamaDialect(const ModelCard& card, OllamaText text) : model_(card.name), text_(text) {}

  HttpResponse stream_begin(const std::vector<std::uint32_t>&) override {
    return {.status = 200,
            .content_type = "application/x-ndjson",
            .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
  }

  std::string delta(std::size_t, const Delta& delta) override {
    if (delta.text.empty() && delta.reasoning.empty() && delta.tool_calls.empty()) return {};
    Object line = piece(delta.text, delta.reasoning, delta.tool_calls);
    line.emplace_back("done", false);
    return to_json(line) + "\n";
  }

  std::string choice_end(std::size_t, const Outcome& outcome) override {
    return to_json(last({}, outcome)) + "\n";
  }

  std::string stream_end(const Usage&) override { return {}; }

  Value whole(const std::vector<Completion>& completions, const Usage&) override {
    return last(completions[0], completions[0].outcome);
  }

  Object piece(const std::string& text, const std::string& reasoning,
               const std::vector<ToolCall>& calls) const {
    Object line{{"model", model_}, {"created_at", rfc3339(Clock::system().unix_time_s())}};
    if (text_ == OllamaText::response) {
      line.emplace_back("response", text);
      if (!reasoning.empty()) line.emplace_back("thinking", reasoning);
      return line;
    }
    Object message{{"role", "assistant"}, {"content", text}};
    if (!reasoning.empty()) message.emplace_back("thinking", reasoning);
    List list;
    for (const ToolCall& call : calls) {
      Value arguments = parse_json(call.arguments).value_or(Object{});
      list.push_back(
          Object{{"function", Object{{"name", call.name}, {"arguments", std::move(arguments)}}}});
    }
    if (!list.empty()) message.emplace_back("tool_calls", std::move(list));
    line.emplace_back("message", std::move(message));
    return line;
  }

 private:
  Object last(const Completion& rest, const Outcome& outcome) const {
    const Usage& usage = outcome.usage;
    Object line = piece(rest.text, rest.reasoning, rest.tool_calls);
    const bool limited = outcome.finish == FinishReason::length;
    line.emplace_back("done", true);
    line.emplace_back("done_reason", limited ? "length" : "stop");
    line.emplace_back("total_duration",
                      nanoseconds(usage.queue_s + usage.prefill_s + usage.decode_s));
    line.emplace_back("load_duration", 0);
    line.emplace_back("prompt_eval_count", usage.prompt_tokens);
    line.emplace_back("prompt_eval_duration", nanoseconds(usage.prefill_s));
    line.emplace_back("eval_count", usage.completion_tokens);
    line.emplace_back("eval_duration", nanoseconds(usage.decode_s));
    return line;
  }

  const std::string model_;
  const OllamaText text_;
};

// The answer to a request without a prompt: the model is there.
Value ollama_loaded(const ModelCard& card, OllamaText text) {
  Object line = OllamaDialect(card, text).piece("", "", {});
  line.emplace_back("done", true);
  line.emplace_back("done_reason", "load");
  return line;
}

TextJob ollama_job(Generator& generator, OllamaRequest request, OllamaText text) {
  TextJob job{.generator = &generator,
              .request_of = {},
              .stream = request.stream,
              .dialect = std::make_unique<OllamaDialect>(generator.card(), text),
              .errors = &ollama_errors};
  job.request_of = [request = std::move(request)](std::size_t) {
    return Request{.prompt = request.prompt(),
                   .sampling = request.sampling,
                   .stop = request.stop,
                   .constraint = request.constraint};
  };
  return job;
}

}  // namespace

void answer_ollama(Service& service, const std::shared_ptr<Exchange>& exchange,
                   Parsed<OllamaRequest> (*parse)(const Value& body), OllamaText text) {
  const auto refuse = [&](const ApiError& error) {
    exchange->send(to_response(error, ollama_errors));
  };
  const auto body = parse_body(exchange->request());
  if (!body) return refuse(body.error());
  auto request = parse(*body);
  if (!request) return refuse(request.error());
  const auto generator = service.find(request->model);
  if (!generator) return refuse(generator.error());
  const bool asks =
      text == OllamaText::message ? !request->chat.messages.empty() : !request->text.empty();
  if (!asks) return exchange->send({.body = to_json(ollama_loaded((*generator)->card(), text))});
  TextAnswer::start(exchange, service.metrics, ollama_job(**generator, *std::move(request), text));
}

std::string rfc3339(std::int64_t unix_s) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

}  // namespace freehold::server
