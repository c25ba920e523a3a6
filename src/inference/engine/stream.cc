#include "engine/stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace freehold::engine {

Stream::Stream(std::unique_ptr<Speller> speller, std::unique_ptr<text::AnswerReader> reader,
               std::span<const std::string> stop_strings,
               std::shared_ptr<Subscription> subscription)
    : speller_(std::move(speller)),
      reader_(std::move(reader)),
      matcher_(stop_strings),
      subscription_(std::move(subscription)) {}

std::string_view Stream::bytes(Token token) const {
  return speller_ ? speller_->bytes(token) : std::string_view{};
}

void Stream::add(Token token, std::vector<TokenInfo> infos) {
  Delta delta{.text = {}, .tokens = std::move(infos)};
  if (speller_) take_apart(matcher_.add(speller_->add(token)), false, delta);
  if (!delta.empty()) subscription_->tell(std::move(delta));
}

void Stream::take_apart(std::string text, bool at_end, Delta& delta) {
  if (!reader_) {
    delta.text = std::move(text);
    return;
  }
  text::AnswerPiece pieces[] = {reader_->add(text), {}};
  if (at_end) pieces[1] = reader_->finish();
  for (text::AnswerPiece& piece : pieces) {
    delta.text += piece.text;
    delta.reasoning += piece.reasoning;
    std::ranges::move(piece.calls, std::back_inserter(delta.tool_calls));
  }
  called_ = called_ || !delta.tool_calls.empty();
}

void Stream::echo(std::vector<TokenInfo> infos) {
  if (!infos.empty()) subscription_->tell({.text = {}, .tokens = std::move(infos)});
}

void Stream::end(Result<Outcome> outcome) {
  if (outcome && speller_) {
    std::string rest = matcher_.add(speller_->finish());
    rest += matcher_.finish();
    if (matcher_.matched() != nullptr) {
      outcome->finish = FinishReason::stop;
      outcome->stop_string = *matcher_.matched();
    }
    Delta delta;
    take_apart(std::move(rest), true, delta);
    if (!delta.empty()) subscription_->tell(std::move(delta));
    if (called_ && outcome->finish == FinishReason::stop) {
      outcome->finish = FinishReason::tool_calls;
    }
  }
  subscription_->end(std::move(outcome));
}

}  // namespace freehold::engine
