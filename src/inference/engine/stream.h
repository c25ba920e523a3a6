// One answer on its way out: tokens become whole characters, stop strings are looked for, and what
// may be shown goes to the listener. Knows nothing of logits or of the cache.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stop.h"
#include "engine/subscription.h"
#include "freehold/generator.h"
#include "text/answer_reader.h"

namespace freehold::engine {

// Tokens to characters, for one answer: text::Detokenizer, or what a test puts in its place.
class Speller {
 public:
  virtual ~Speller() = default;
  // The characters that became complete with this token.
  virtual std::string add(Token token) = 0;
  // What stands for a character that was never completed.
  virtual std::string finish() = 0;
  // The token's own bytes, for log-probabilities.
  virtual std::string_view bytes(Token token) const = 0;
};

class Stream {
 public:
  // Without a speller the text stays empty and only tokens are told.
  // Without a reader all text is what the answer says.
  Stream(std::unique_ptr<Speller> speller, std::unique_ptr<text::AnswerReader> reader,
         std::span<const std::string> stop_strings, std::shared_ptr<Subscription> subscription);

  // One more token of the answer; `infos` is what is to be told about it, empty when nothing is.
  void add(Token token, std::vector<TokenInfo> infos);
  // Tokens of the prompt: told, not shown.
  void echo(std::vector<TokenInfo> infos);
  // The stop string that the answer has reached, nullptr while it has not.
  const std::string* stop_string() const { return matcher_.matched(); }

  // Shows what was held back and ends. With an error nothing more is shown.
  void end(Result<Outcome> outcome);

  bool cancelled() const { return subscription_->cancelled(); }
  std::string_view bytes(Token token) const;

 private:
  void take_apart(std::string text, bool at_end, Delta& delta);

  std::unique_ptr<Speller> speller_;
  std::unique_ptr<text::AnswerReader> reader_;
  bool called_ = false;  // a tool
  StopMatcher matcher_;
  std::shared_ptr<Subscription> subscription_;
};

}  // namespace freehold::engine
