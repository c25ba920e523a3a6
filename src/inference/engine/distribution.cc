#include "engine/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/kernels.h"

namespace freehold::engine {
namespace {

// The highest of some logits, -infinity if there are none, and whether one of them is no number;
// side by side, so that compilers take vectors.
struct Scan {
  float highest;
  bool undefined;
};

Scan scan(std::span<const float> logits) {
  constexpr std::size_t side = 16;
  std::array<float, side> highest;
  std::array<int, side> undefined{};
  highest.fill(-INFINITY);
  std::size_t i = 0;
  const auto look = [&](std::size_t at, std::size_t lane) {
    const float logit = logits[at];
    highest[lane] = logit > highest[lane] ? logit : highest[lane];
    undefined[lane] |= logit != logit;
  };
  for (; i + side <= logits.size(); i += side) {
    for (std::size_t lane = 0; lane < side; ++lane) look(i + lane, lane);
  }
  for (; i < logits.size(); ++i) look(i, 0);
  return {std::ranges::max(highest), std::ranges::max(undefined) != 0};
}

std::span<const float> piece_at(std::span<const float> logits, std::size_t begin) {
  return logits.subspan(begin, std::min(scanned_together, logits.size() - begin));
}

Result<Ranked> undefined_logit(std::span<const float> logits) {
  const auto at = std::ranges::find_if(logits, [](float logit) { return std::isnan(logit); });
  return fail(ErrorCode::internal,
              fmt::format("the model computed a logit that is not a number (token {})",
                          at - logits.begin()),
              "its weights may be damaged; compare the file's digest with the publisher's");
}

// log(sum(e^logit)); all logits are numbers, the highest is finite.
double log_sum(std::span<const float> logits, float highest) {
  std::array<float, scanned_together> weights;
  double sum = 0;
  for (std::size_t begin = 0; begin < logits.size(); begin += scanned_together) {
    const std::span<const float> piece = piece_at(logits, begin);
    sum += static_cast<double>(
        kernels::kernels().exponentials(piece.data(), highest, 1, weights.data(), piece.size()));
  }
  return static_cast<double>(highest) + std::log(sum);
}

}  // namespace

Result<Ranked> peak(std::span<const float> logits) {
  float highest = -INFINITY;
  std::size_t piece = 0;  // where the first of the highest is
  for (std::size_t begin = 0; begin < logits.size(); begin += scanned_together) {
    const Scan seen = scan(piece_at(logits, begin));
    if (seen.undefined) return undefined_logit(logits);
    if (seen.highest > highest) {
      highest = seen.highest;
      piece = begin;
    }
  }
  const auto from = logits.subspan(piece);
  const std::size_t token =
      piece + static_cast<std::size_t>(std::ranges::find(from, highest) - from.begin());
  if (!std::isfinite(highest)) {
    return fail(
        ErrorCode::internal,
        fmt::format("the model computed {} as its highest logit (token {})", highest, token));
  }
  return Ranked{.token = static_cast<Token>(token), .value = highest};
}

std::vector<Ranked> best(std::span<const float> logits, std::size_t count,
                         std::vector<Ranked> memory) {
  std::vector<Ranked> kept = std::move(memory);  // a heap with its worst in front
  kept.clear();
  count = std::min(count, logits.size());
  if (count == 0) return kept;
  kept.reserve(count);
  constexpr std::size_t looked_at = 64;  // one look refuses all of them, mostly
  for (std::size_t begin = 0; begin < logits.size(); begin += looked_at) {
    const std::size_t end = std::min(begin + looked_at, logits.size());
    const bool full = kept.size() == count;
    if (full && !(scan(logits.subspan(begin, end - begin)).highest > kept.front().value)) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (kept.size() == count) {
        if (!(logits[i] > kept.front().value)) continue;  // an equal one has the higher id
        std::pop_heap(kept.begin(), kept.end(), better);
        kept.pop_back();
      }
      kept.push_back({static_cast<Token>(i), logits[i]});
      std::push_heap(kept.begin(), kept.end(), better);
    }
  }
  std::sort_heap(kept.begin(), kept.end(), better);
  return kept;
}

Result<TokenScore> score(std::span<const float> logits, Token token, std::size_t alternatives) {
  const double total = log_sum(logits, TRY(peak(logits)).value);
  const auto logprob = [&](float logit) {
    return static_cast<float>(static_cast<double>(logit) - total);
  };
  TokenScore result{.logprob = logprob(logits[static_cast<std::size_t>(token)]),
                    .top = best(logits, alternatives)};
  for (Ranked& ranked : result.top) ranked.value = logprob(ranked.value);
  return result;
}

}  // namespace freehold::engine
