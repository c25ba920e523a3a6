// The output of a response as it grows: thoughts, a message, calls of functions become items, one
// after the other, and each step an event of the stream. Not the response around them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "freehold/generator.h"
#include "freehold/value.h"

namespace freehold::server {

class ResponseOutput {
 public:
  ResponseOutput(std::string response_id, bool logprobs)
      : response_id_(std::move(response_id)), logprobs_(logprobs) {}

  // What the model said next, as events.
  std::string add(const Delta& delta);
  // No more comes. A response has at least one item: a model that said nothing said "".
  std::string finish(FinishReason reason);
  // An event of the response: the type and the sequence number are put before `data`.
  std::string event(std::string_view type, Object data);

  const List& items() const { return items_; }  // those that are complete
  const std::string& thoughts() const { return thoughts_; }

 private:
  enum class Kind { none, reasoning, message };

  std::string within(Kind kind);
  std::string close(std::string_view status);
  std::string call(const ToolCall& call);
  std::string piece(std::string_view type, Object data);
  Object part(const std::string& text, const List& logprobs) const;
  Object item(std::string_view status, bool with_content) const;

  const std::string response_id_;
  const bool logprobs_;
  List items_;
  std::int64_t events_ = 0;
  std::string thoughts_;

  Kind open_ = Kind::none;  // the item under way:
  std::string id_, text_;
  List text_logprobs_;
};

}  // namespace freehold::server
