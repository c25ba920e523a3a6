#include "engine/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/score.h"

namespace freehold::engine {

Result<Ranked> peak(std::span<const float> logits) {
  Ranked highest{.token = 0, .value = -INFINITY};
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float logit = logits[i];
    if (logit > highest.value) {
      highest = {static_cast<Token>(i), logit};
    } else if (std::isnan(logit)) [[unlikely]] {
      return fail(ErrorCode::internal,
                  fmt::format("the model computed a logit that is not a number (token {})", i),
                  "its weights may be damaged; compare the file's digest with the publisher's");
    }
  }
  if (!std::isfinite(highest.value)) {
    return fail(ErrorCode::internal,
                fmt::format("the model computed {} as its highest logit (token {})", highest.value,
                            highest.token));
  }
  return highest;
}

std::vector<Ranked> best(std::span<const float> logits, std::size_t count) {
  std::vector<Ranked> kept;  // a heap with its worst in front, so that one look refuses a token
  count = std::min(count, logits.size());
  if (count == 0) return kept;
  kept.reserve(count);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (kept.size() == count) {
      if (!(logits[i] > kept.front().value)) continue;  // an equal one has the higher id
      std::pop_heap(kept.begin(), kept.end(), better);
      kept.pop_back();
    }
    kept.push_back({static_cast<Token>(i), logits[i]});
    std::push_heap(kept.begin(), kept.end(), better);
  }
  std::sort_heap(kept.begin(), kept.end(), better);
  return kept;
}

Result<TokenScore> score(std::span<const float> logits, Token token, std::size_t alternatives) {
  TRY(peak(logits));
  const double total = model::log_sum_exp(logits);
  const auto logprob = [&](float logit) {
    return static_cast<float>(static_cast<double>(logit) - total);
  };
  TokenScore result{.logprob = logprob(logits[static_cast<std::size_t>(token)]),
                    .top = best(logits, alternatives)};
  for (Ranked& ranked : result.top) ranked.value = logprob(ranked.value);
  return result;
}

}  // namespace freehold::engine
