// What a model says, taken apart into thoughts, text and calls of tools, while it is being said.
// How the answer is cut into pieces changes nothing. What is not in the family's form is text:
// nothing that a model says is lost and nothing fails.
//
// A thought stands at the beginning of an answer. A call is told when it is complete; what could
// still become one is held back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "freehold/chat.h"
#include "text/answer_format.h"

namespace freehold::text {

struct AnswerPiece {
  std::string text;
  std::string reasoning;
  std::vector<ToolCall> calls;

  bool empty() const { return text.empty() && reasoning.empty() && calls.empty(); }
};

class AnswerReader {
 public:
  // Without tools nothing is taken for a call. `in_thought`: the prompt has opened one.
  AnswerReader(const AnswerFormat& format, List tools, bool in_thought);

  AnswerPiece add(std::string_view text);
  AnswerPiece finish();

 private:
  enum class State { beginning, thought, after_thought, text, call, bare_call };

  AnswerPiece read();
  // Each takes what it can from held_ and returns whether the state has changed.
  bool begin();
  bool think(AnswerPiece& piece);
  bool leave_thought();
  bool say(AnswerPiece& piece);
  bool call(AnswerPiece& piece);
  void call_or_say(std::string_view body, std::string_view whole, AnswerPiece& piece);
  std::string_view next_mark(std::size_t& at) const;

  const AnswerFormat& format_;
  const List tools_;
  State state_;
  std::string held_;
  std::string around_;  // blanks and marks before what may be a call
  bool at_end_ = false;
  bool thought_begun_ = false;
  bool called_ = false;
};

}  // namespace freehold::text
