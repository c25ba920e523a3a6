// One request while the engine works on it: its tokens, its place in the cache, its sampler and its
// stream. Touched by the engine's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/guide.h"
#include "engine/prefixes.h"
#include "engine/sampler.h"
#include "engine/stop.h"
#include "engine/stream.h"
#include "freehold/generator.h"
#include "model/plan.h"

namespace freehold::engine {

// A request as the engine takes it: tokens instead of text, every setting filled in.
struct Submission {
  std::vector<Token> prompt;
  SamplerSettings sampling;
  StopRules stop;
  std::unique_ptr<Speller> speller;              // may be empty: no text then
  std::unique_ptr<text::AnswerReader> reader{};  // may be empty: all text is the answer's
  bool echo_prompt_logprobs = false;
  std::string cache_salt{};        // the cache is shared only with who has the same
  std::unique_ptr<Guide> guide{};  // may be empty: anything may be said
};

// The rows of one span's wanted logits, last row: the last token's.
class Rows {
 public:
  Rows(const model::Logits& logits, std::size_t first, std::size_t count)
      : logits_(&logits), first_(first), count_(count) {}
  std::size_t size() const { return count_; }
  std::span<const float> operator[](std::size_t i) const { return logits_->row(first_ + i); }

 private:
  const model::Logits* logits_;
  std::size_t first_;
  std::size_t count_;
};

class Sequence {
 public:
  Sequence(Submission submission, std::shared_ptr<Subscription> subscription,
           std::uint32_t context_length, Duration submitted);

  // The scheduler's: the sequence's place in the cache.
  std::uint32_t computed = 0;         // tokens whose keys and values are in the cache
  std::vector<std::uint32_t> blocks;  // of the cache, in the order of positions
  PrefixId known;                     // the prefix that was remembered last,
  std::uint32_t known_blocks = 0;     // and its length
  // Tokens of the prompt that were in the cache when the sequence was first let in.
  std::optional<std::uint32_t> cached_tokens;
  // The engine's: whether it was never let in so far.
  bool queued = true;

  const std::string& cache_salt() const { return cache_salt_; }
  std::span<const Token> tokens() const { return tokens_; }  // the prompt and the answer so far
  std::uint32_t size() const { return static_cast<std::uint32_t>(tokens_.size()); }
  std::uint32_t prompt_tokens() const { return prompt_tokens_; }
  std::uint32_t pending() const { return size() - computed; }  // to be computed before a choice
  // Whether the prompt's own log-probabilities have still to be told.
  bool echoes() const { return echoed_ < prompt_tokens_; }
  // For how many of its last tokens a span of the next `count` tokens wants logits.
  std::uint32_t wanted_logits(std::uint32_t count) const;

  void admitted(Duration now);  // only the first time counts
  // Takes what was computed for the last span (`computed` is past it by now): tells the prompt's
  // log-probabilities, chooses the next token, tells it, and ends where the rules say so.
  void advance(const Rows& rows, Duration now);

  // Set once the answer is over; the engine then finishes the sequence.
  const std::optional<Result<FinishReason>>& ending() const { return ending_; }
  void end(Result<FinishReason> ending) { ending_ = std::move(ending); }
  bool cancelled() const { return stream_.cancelled(); }
  // Tells the end. Nothing is told afterwards.
  void finish();

 private:
  Result<void> echo(const Rows& rows);
  Result<void> choose(std::span<const float> logits, Duration now);
  Result<Token> draw(std::span<const float> logits);
  Result<TokenInfo> info(std::span<const float> logits, Token token) const;
  std::uint32_t generated() const { return size() - prompt_tokens_; }
  bool out_of_room() const;
  Outcome outcome(FinishReason finish) const;

  std::vector<Token> tokens_;
  const std::uint32_t prompt_tokens_;
  const std::string cache_salt_;
  const std::uint32_t context_length_;
  std::uint32_t echoed_;  // tokens of the prompt whose log-probability was told
  StopRules stop_;
  Sampler sampler_;
  std::unique_ptr<Guide> guide_;
  Stream stream_;
  std::optional<Result<FinishReason>> ending_;
  std::uint32_t completion_tokens_ = 0;  // with a stop token that ended the answer
  const Duration submitted_;
  std::optional<Duration> admitted_;
  std::optional<Duration> first_token_;
  Duration last_token_{};
};

}  // namespace freehold::engine
