#include "engine/sequence.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace freehold::engine {

Sequence::Sequence(Submission submission, std::shared_ptr<Subscription> subscription,
                   std::uint32_t context_length, Duration submitted)
    : tokens_(std::move(submission.prompt)),
      prompt_tokens_(static_cast<std::uint32_t>(tokens_.size())),
      cache_salt_(std::move(submission.cache_salt)),
      context_length_(context_length),
      echoed_(submission.echo_prompt_logprobs ? 0 : prompt_tokens_),
      stop_(std::move(submission.stop)),
      sampler_(std::move(submission.sampling), tokens_),
      guide_(std::move(submission.guide)),
      stream_(std::move(submission.speller), std::move(submission.reader), stop_.strings,
              std::move(subscription)),
      submitted_(submitted) {}

std::uint32_t Sequence::wanted_logits(std::uint32_t count) const {
  const std::uint32_t end = computed + count;
  if (!echoes()) return end == size() ? 1 : 0;
  // The logits of position p are about token p + 1; the first token has nothing before it.
  const std::uint32_t first = std::max(computed, std::max(echoed_, 1u) - 1);
  return end > first ? end - first : 0;
}

void Sequence::admitted(Duration now) {
  if (!admitted_) admitted_ = now;
}

void Sequence::advance(const Rows& rows, Duration now) {
  if (auto told = echo(rows); !told) return end(fail(std::move(told).error()));
  if (pending() > 0) return;
  if (out_of_room()) return end(FinishReason::length);  // nothing was asked for but the echo
  CHECK(rows.size() > 0);
  if (auto chosen = choose(rows[rows.size() - 1], now); !chosen) {
    end(fail(std::move(chosen).error()));
  }
}

// The rows are those of the positions up to `computed`.
Result<void> Sequence::echo(const Rows& rows) {
  if (!echoes() || rows.size() == 0) return {};
  std::vector<TokenInfo> infos;
  if (echoed_ == 0) {
    const Token first = tokens_[echoed_++];
    infos.push_back({.token = first,
                     .bytes = std::string(stream_.bytes(first)),
                     .logprob = std::numeric_limits<float>::quiet_NaN(),
                     .top = {}});
  }
  const std::size_t first_position = computed - rows.size();
  for (std::size_t i = 0; i < rows.size() && echoes(); ++i) {
    if (first_position + i + 1 != echoed_) continue;
    infos.push_back(TRY(info(rows[i], tokens_[echoed_])));
    ++echoed_;
  }
  stream_.echo(std::move(infos));
  return {};
}

Result<TokenInfo> Sequence::info(std::span<const float> logits, Token token) const {
  const TokenScore scored = TRY(score(logits, token, sampler_.settings().logprobs.value_or(0)));
  TokenInfo result{.token = token,
                   .bytes = std::string(stream_.bytes(token)),
                   .logprob = scored.logprob,
                   .top = {}};
  for (const Ranked& ranked : scored.top) {
    result.top.push_back({.token = ranked.token,
                          .bytes = std::string(stream_.bytes(ranked.token)),
                          .logprob = ranked.value});
  }
  return result;
}

// The next token, of those that the guide lets through. The sampler may take another one only where
// rounding leaves it no weight to choose by.
Result<Token> Sequence::draw(std::span<const float> logits) {
  if (!guide_) return sampler_.choose(logits);
  const std::span<const float> allowed = TRY(guide_->allowed(logits));
  const Token token = TRY(sampler_.choose(allowed));
  if (guide_->accept(token)) return token;
  const Token likeliest = TRY(peak(allowed)).token;
  if (guide_->accept(likeliest)) return likeliest;
  return fail(ErrorCode::internal, "what was chosen cannot stand in the answer");
}

Result<void> Sequence::choose(std::span<const float> logits, Duration now) {
  const Token token = TRY(draw(logits));
  last_token_ = now;
  if (!first_token_) first_token_ = now;
  ++completion_tokens_;
  if (stop_.ends_at(token)) {  // it is no part of the answer
    end(FinishReason::stop);
    return {};
  }
  std::vector<TokenInfo> infos;
  if (sampler_.settings().logprobs) infos.push_back(TRY(info(logits, token)));
  tokens_.push_back(token);
  stream_.add(token, std::move(infos));
  if (stream_.stop_string() != nullptr || (guide_ && guide_->must_end())) {
    end(FinishReason::stop);
  } else if (out_of_room()) {
    end(FinishReason::length);
  }
  return {};
}

bool Sequence::out_of_room() const {
  return size() >= context_length_ || (stop_.max_tokens && generated() >= *stop_.max_tokens);
}

void Sequence::finish() {
  CHECK(ending_.has_value());
  if (*ending_) {
    stream_.end(outcome(**ending_));
  } else {
    stream_.end(fail(ending_->error()));
  }
}

Outcome Sequence::outcome(FinishReason finish) const {
  Outcome result{.finish = finish, .usage = {}, .stop_string = {}};
  result.usage.prompt_tokens = prompt_tokens_;
  result.usage.cached_tokens = cached_tokens.value_or(0);
  result.usage.completion_tokens = completion_tokens_;
  if (admitted_) result.usage.queue_s = seconds(*admitted_ - submitted_);
  if (admitted_ && first_token_) {
    result.usage.prefill_s = seconds(*first_token_ - *admitted_);
    result.usage.decode_s = seconds(last_token_ - *first_token_);
  }
  return result;
}

}  // namespace freehold::engine
