#include "engine/stream.h"

#include <utility>

namespace freehold::engine {

Stream::Stream(std::unique_ptr<Speller> speller, std::span<const std::string> stop_strings,
               std::shared_ptr<Subscription> subscription)
    : speller_(std::move(speller)),
      matcher_(stop_strings),
      subscription_(std::move(subscription)) {}

std::string_view Stream::bytes(Token token) const {
  return speller_ ? speller_->bytes(token) : std::string_view{};
}

void Stream::add(Token token, std::vector<TokenInfo> infos) {
  Delta delta{.text = {}, .tokens = std::move(infos)};
  if (speller_) delta.text = matcher_.add(speller_->add(token));
  if (!delta.text.empty() || !delta.tokens.empty()) subscription_->tell(std::move(delta));
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
    if (!rest.empty()) subscription_->tell({.text = std::move(rest), .tokens = {}});
  }
  subscription_->end(std::move(outcome));
}

}  // namespace freehold::engine
