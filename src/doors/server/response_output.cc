#include "server/response_output.h"

#include <utility>

#include "server/logprobs.h"
#include "server/request_id.h"
#include "server/sse.h"
#include "server/stored_response.h"

namespace freehold::server {
namespace {

// As a list of tokens, without the object that /v1/chat/completions puts around it.
List logprob_list(const std::vector<TokenInfo>& tokens) {
  const Value wrapped = chat_logprobs(tokens);
  const Value* content = wrapped.find("content");
  const List* list = content != nullptr ? content->as_list() : nullptr;
  return list != nullptr ? *list : List{};
}

}  // namespace

std::string ResponseOutput::event(std::string_view type, Object data) {
  Object whole{{"type", type}, {"sequence_number", events_++}};
  for (auto& member : data) whole.push_back(std::move(member));
  return sse_event(std::move(whole), type);
}

std::string ResponseOutput::add(const Delta& delta) {
  std::string events;
  if (!delta.reasoning.empty()) {
    events += within(Kind::reasoning);
    text_ += delta.reasoning;
    thoughts_ += delta.reasoning;
    events += piece("response.reasoning_text.delta", {{"delta", delta.reasoning}});
  }
  if (!delta.text.empty() || (logprobs_ && !delta.tokens.empty() && open_ != Kind::reasoning)) {
    events += within(Kind::message);
    text_ += delta.text;
    const List told = logprobs_ ? logprob_list(delta.tokens) : List{};
    text_logprobs_.insert(text_logprobs_.end(), told.begin(), told.end());
    events += piece("response.output_text.delta", {{"delta", delta.text}, {"logprobs", told}});
  }
  for (const ToolCall& each : delta.tool_calls) events += close("completed") + call(each);
  return events;
}

std::string ResponseOutput::finish(FinishReason reason) {
  std::string events;
  if (items_.empty() && open_ == Kind::none) events = within(Kind::message);
  return events + close(reason == FinishReason::length ? "incomplete" : "completed");
}

std::string ResponseOutput::within(Kind kind) {
  if (open_ == kind) return {};
  std::string events = close("completed");
  open_ = kind;
  id_ = item_id(kind == Kind::reasoning ? "rs" : "msg", response_id_, items_.size());
  text_.clear();
  text_logprobs_.clear();
  events += event("response.output_item.added",
                  {{"output_index", items_.size()}, {"item", item("in_progress", false)}});
  return events + piece("response.content_part.added", {{"part", part({}, {})}});
}

std::string ResponseOutput::close(std::string_view status) {
  if (open_ == Kind::none) return {};
  std::string events;
  if (open_ == Kind::reasoning) {
    events = piece("response.reasoning_text.done", {{"text", text_}});
  } else {
    events = piece("response.output_text.done", {{"text", text_}, {"logprobs", text_logprobs_}});
  }
  events += piece("response.content_part.done", {{"part", part(text_, text_logprobs_)}});
  Object whole = item(status, true);
  events += event("response.output_item.done", {{"output_index", items_.size()}, {"item", whole}});
  items_.push_back(std::move(whole));
  open_ = Kind::none;
  return events;
}

// The arguments of a call come in one piece.
std::string ResponseOutput::call(const ToolCall& call) {
  const std::string id = item_id("fc", response_id_, items_.size());
  Object whole{{"id", id},
               {"type", "function_call"},
               {"status", "in_progress"},
               {"call_id", fresh_id("call_")},
               {"name", call.name},
               {"arguments", ""}};
  const Object place{{"item_id", id}, {"output_index", items_.size()}};
  std::string events =
      event("response.output_item.added", {{"output_index", items_.size()}, {"item", whole}});
  Object delta = place;
  delta.emplace_back("delta", call.arguments);
  events += event("response.function_call_arguments.delta", std::move(delta));
  Object done = place;
  done.emplace_back("name", call.name);
  done.emplace_back("arguments", call.arguments);
  events += event("response.function_call_arguments.done", std::move(done));
  Value complete(std::move(whole));
  complete.set("status", "completed");
  complete.set("arguments", call.arguments);
  events +=
      event("response.output_item.done", {{"output_index", items_.size()}, {"item", complete}});
  items_.push_back(std::move(complete));
  return events;
}

std::string ResponseOutput::piece(std::string_view type, Object data) {
  Object placed{{"item_id", id_}, {"output_index", items_.size()}, {"content_index", 0}};
  for (auto& member : data) placed.push_back(std::move(member));
  return event(type, std::move(placed));
}

Object ResponseOutput::part(const std::string& text, const List& logprobs) const {
  if (open_ == Kind::reasoning) return {{"type", "reasoning_text"}, {"text", text}};
  return {{"type", "output_text"}, {"text", text}, {"annotations", List{}}, {"logprobs", logprobs}};
}

Object ResponseOutput::item(std::string_view status, bool with_content) const {
  const List content = with_content ? List{part(text_, text_logprobs_)} : List{};
  if (open_ == Kind::reasoning) {
    return {{"id", id_},
            {"type", "reasoning"},
            {"status", status},
            {"summary", List{}},
            {"content", content}};
  }
  return {{"id", id_},
          {"type", "message"},
          {"status", status},
          {"role", "assistant"},
          {"content", content}};
}

}  // namespace freehold::server
