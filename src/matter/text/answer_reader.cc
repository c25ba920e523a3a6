#include "text/answer_reader.h"

#include <algorithm>
#include <utility>

#include "text/answer_calls.h"

namespace freehold::text {
namespace {

constexpr std::string_view blanks = " \t\r\n";

// How many of the text's last bytes may be the beginning of a mark.
std::size_t possible_mark(std::string_view text, std::string_view mark) {
  if (mark.empty()) return 0;
  for (std::size_t length = std::min(text.size(), mark.size() - 1); length > 0; --length) {
    if (text.ends_with(mark.substr(0, length))) return length;
  }
  return 0;
}

std::size_t without_blanks(std::string_view text) {
  return text.find_last_not_of(blanks) + 1;  // npos + 1 is 0
}

}  // namespace

AnswerReader::AnswerReader(const AnswerFormat& format, List tools, bool in_thought)
    : format_(format),
      tools_(std::move(tools)),
      state_(in_thought ? State::thought : State::beginning) {}

AnswerPiece AnswerReader::add(std::string_view text) {
  held_ += text;
  return read();
}

AnswerPiece AnswerReader::finish() {
  at_end_ = true;
  return read();
}

AnswerPiece AnswerReader::read() {
  AnswerPiece piece;
  bool changed = true;
  while (changed) {
    switch (state_) {
      case State::beginning:
        changed = begin();
        break;
      case State::thought:
        changed = think(piece);
        break;
      case State::after_thought:
        changed = leave_thought();
        break;
      case State::text:
        changed = say(piece);
        break;
      case State::call:
      case State::bare_call:
        changed = call(piece);
        break;
    }
  }
  return piece;
}

// Blanks before a thought are not part of the answer.
bool AnswerReader::begin() {
  const std::size_t first = held_.find_first_not_of(blanks);
  if (first != held_.npos) {
    const std::string_view text = std::string_view(held_).substr(first);
    if (text.starts_with(format_.thought_open)) {
      held_.erase(0, first + format_.thought_open.size());
      state_ = State::thought;
      return true;
    }
    if (format_.thought_open.starts_with(text) && !at_end_) return false;
    const bool bare = format_.bare && !tools_.empty() && text.starts_with('{');
    state_ = bare ? State::bare_call : State::text;
    return true;
  }
  if (at_end_ && !held_.empty()) state_ = State::text;
  return state_ == State::text;
}

bool AnswerReader::think(AnswerPiece& piece) {
  if (!thought_begun_) held_.erase(0, std::min(held_.find_first_not_of(blanks), held_.size()));
  thought_begun_ = thought_begun_ || !held_.empty();
  const std::size_t close = held_.find(format_.thought_close);
  const bool closed = close != held_.npos;
  const std::size_t mark = closed || at_end_ ? 0 : possible_mark(held_, format_.thought_close);
  const std::size_t end =
      without_blanks(std::string_view(held_).substr(0, closed ? close : held_.size() - mark));
  piece.reasoning += held_.substr(0, end);
  if (closed) {
    held_.erase(0, close + format_.thought_close.size());
    state_ = State::after_thought;
    return true;
  }
  held_.erase(0, at_end_ ? held_.size() : end);
  return false;
}

// Blanks after it are not either.
bool AnswerReader::leave_thought() {
  held_.erase(0, std::min(held_.find_first_not_of(blanks), held_.size()));
  if (held_.empty()) return false;
  const bool bare = format_.bare && !tools_.empty() && held_.starts_with('{');
  state_ = bare ? State::bare_call : State::text;
  return true;
}

// The first of the marks that stand in the text, and where; an empty one when there is none.
std::string_view AnswerReader::next_mark(std::size_t& at) const {
  std::string_view first;
  at = held_.npos;
  for (const std::string_view mark : {format_.call_open, format_.calls_open, format_.calls_close}) {
    const std::size_t found = mark.empty() ? held_.npos : held_.find(mark);
    if (found >= at) continue;
    at = found;
    first = mark;
  }
  return first;
}

// Blanks and marks around calls are no text, if calls they are: they are kept until that is known.
bool AnswerReader::say(AnswerPiece& piece) {
  if (tools_.empty()) {
    piece.text += std::exchange(held_, {});
    return false;
  }
  std::size_t at = 0;
  if (const std::string_view mark = next_mark(at); !mark.empty()) {
    const std::size_t end = without_blanks(std::string_view(held_).substr(0, at));
    if (end > 0) piece.text += std::exchange(around_, {}) + held_.substr(0, end);
    around_ += held_.substr(end, at - end);
    if (mark != format_.call_open) around_ += mark;
    held_.erase(0, at + mark.size());
    if (mark == format_.call_open) state_ = State::call;
    if (mark == format_.calls_close && called_) around_.clear();
    return true;
  }
  if (at_end_) {
    const bool said = !called_ || without_blanks(held_) > 0;
    if (said) piece.text += around_ + held_;
    held_.clear();
    return false;
  }
  std::size_t mark = 0;
  for (const std::string_view each : {format_.call_open, format_.calls_open, format_.calls_close}) {
    mark = std::max(mark, possible_mark(held_, each));
  }
  const std::size_t end = without_blanks(std::string_view(held_).substr(0, held_.size() - mark));
  if (end > 0) piece.text += std::exchange(around_, {}) + held_.substr(0, end);
  held_.erase(0, end);
  return false;
}

bool AnswerReader::call(AnswerPiece& piece) {
  const bool bare = state_ == State::bare_call;
  const std::string_view close = bare ? std::string_view() : format_.call_close;
  const std::size_t end = close.empty() ? held_.npos : held_.find(close);
  if (end == held_.npos && !at_end_) return false;
  const std::string taken =
      std::exchange(held_, end == held_.npos ? std::string() : held_.substr(end + close.size()));
  const std::string_view body = std::string_view(taken).substr(0, end);
  std::string whole = bare ? "" : std::string(format_.call_open);
  whole += body;
  if (end != taken.npos) whole += close;
  call_or_say(body, whole, piece);
  state_ = State::text;
  return true;
}

void AnswerReader::call_or_say(std::string_view body, std::string_view whole, AnswerPiece& piece) {
  auto calls = read_calls(format_, body, tools_);
  if (!calls) {
    piece.text += std::exchange(around_, {});
    piece.text += whole;
    return;
  }
  called_ = true;
  around_.clear();
  std::ranges::move(*calls, std::back_inserter(piece.calls));
}

}  // namespace freehold::text
