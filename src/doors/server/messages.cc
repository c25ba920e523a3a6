// POST /v1/messages: Anthropic's dialect.
#include <utility>

#include "base/json.h"
#include "server/endpoints.h"
#include "server/messages_request.h"
#include "server/request_id.h"
#include "server/sse.h"
#include "server/text_answer.h"

namespace freehold::server {
namespace {

std::string_view stop_reason(const Outcome& outcome) {
  if (!outcome.stop_string.empty()) return "stop_sequence";
  if (outcome.finish == FinishReason::tool_calls) return "tool_use";
  return outcome.finish == FinishReason::length ? "max_tokens" : "end_turn";
}

Value stop_sequence(const Outcome& outcome) {
  return outcome.stop_string.empty() ? Value() : Value(outcome.stop_string);
}

// Tokens from the cache are counted apart from those that were computed.
Object usage_of(const Usage& usage) {
  return {{"input_tokens", usage.prompt_tokens - usage.cached_tokens},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", usage.cached_tokens},
          {"output_tokens", usage.completion_tokens}};
}

std::string event(std::string_view type, Object data) {
  data.emplace(data.begin(), "type", type);
  return sse_event(std::move(data), type);
}

class MessagesDialect : public Dialect {
 public:
  explicit MessagesDialect(const ModelCard& card) : id_(fresh_id("msg_")), model_(card.name) {}

  HttpResponse stream_begin(const std::vector<std::uint32_t>& prompt_tokens) override {
    HttpResponse head = sse_head();
    const Usage usage{.prompt_tokens = prompt_tokens[0]};
    head.body = event("message_start", {{"message", message({}, nullptr, nullptr, usage)}});
    return head;
  }

  std::string delta(std::size_t, const Delta& delta) override {
    std::string events;
    if (!delta.reasoning.empty()) {
      events +=
          within(Block::thinking, {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
      events += piece({{"type", "thinking_delta"}, {"thinking", delta.reasoning}});
    }
    if (!delta.text.empty()) {
      events += within(Block::text, {{"type", "text"}, {"text", ""}});
      events += piece({{"type", "text_delta"}, {"text", delta.text}});
    }
    for (const ToolCall& call : delta.tool_calls) {
      events += close();
      events += within(Block::tool_use, tool_use(call.name, Object{}));
      events += piece({{"type", "input_json_delta"}, {"partial_json", call.arguments}});
    }
    return events;
  }

  std::string choice_end(std::size_t, const Outcome& outcome) override {
    return close() +
           event("message_delta", {{"delta", Object{{"stop_reason", stop_reason(outcome)},
                                                    {"stop_sequence", stop_sequence(outcome)}}},
                                   {"usage", usage_of(outcome.usage)}});
  }

  std::string stream_end(const Usage&) override { return event("message_stop", {}); }

  Value whole(const std::vector<Completion>& completions, const Usage& usage) override {
    const Completion& only = completions[0];
    List content;
    if (!only.reasoning.empty()) {
      content.push_back(
          Object{{"type", "thinking"}, {"thinking", only.reasoning}, {"signature", ""}});
    }
    if (!only.text.empty()) content.push_back(Object{{"type", "text"}, {"text", only.text}});
    for (const ToolCall& call : only.tool_calls) {
      content.push_back(tool_use(call.name, parse_json(call.arguments).value_or(Object{})));
    }
    return message(std::move(content), stop_reason(only.outcome), stop_sequence(only.outcome),
                   usage);
  }

 private:
  enum class Block { none, thinking, text, tool_use };

  static Object tool_use(const std::string& name, Value input) {
    return {{"type", "tool_use"},
            {"id", fresh_id("toolu_")},
            {"name", name},
            {"input", std::move(input)}};
  }

  // Blocks follow each other: one is closed before the next is opened.
  std::string within(Block kind, Object opening) {
    if (block_ == kind) return {};
    std::string events = close();
    block_ = kind;
    return events +
           event("content_block_start", {{"index", index_}, {"content_block", std::move(opening)}});
  }
  std::string close() {
    if (std::exchange(block_, Block::none) == Block::none) return {};
    return event("content_block_stop", {{"index", index_++}});
  }
  std::string piece(Object delta) const {
    return event("content_block_delta", {{"index", index_}, {"delta", std::move(delta)}});
  }

  Object message(List content, Value reason, Value sequence, const Usage& usage) const {
    return {{"id", id_},
            {"type", "message"},
            {"role", "assistant"},
            {"model", model_},
            {"content", std::move(content)},
            {"stop_reason", std::move(reason)},
            {"stop_sequence", std::move(sequence)},
            {"usage", usage_of(usage)}};
  }

  const std::string id_;
  const std::string model_;
  Block block_ = Block::none;  // that is open
  std::int64_t index_ = 0;     // its number, or the next one's
};

Parsed<TextJob> make_job(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  MessagesRequest messages = TRY(parse_messages_request(body, MessagesUse::answer));
  Generator* generator = TRY(service.find(messages.model));
  TextJob job{.generator = generator,
              .request_of = {},
              .stream = messages.stream,
              .dialect = std::make_unique<MessagesDialect>(generator->card())};
  job.request_of = [messages = std::move(messages)](std::size_t) {
    return Request{.prompt = messages.chat,
                   .sampling = messages.sampling,
                   .stop = messages.stop,
                   .constraint = messages.constraint};
  };
  return job;
}

}  // namespace

Route messages_route(Service& service) {
  return {.method = "POST",
          .pattern = "/v1/messages",
          .summary = "Continue a conversation, in Anthropic's dialect",
          .handler = text_handler(service, make_job, anthropic_errors),
          .request_schema = messages_request_schema(MessagesUse::answer),
          .answer_schema = {{"$ref", "#/components/schemas/Message"}},
          .errors = &anthropic_errors};
}

}  // namespace freehold::server
