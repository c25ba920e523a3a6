#include "engine/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

#include "kernels/kernels.h"

namespace freehold::engine {
namespace {

Result<float> in_range(std::string_view name, float value, float low, float high) {
  if (value >= low && value <= high) return value;  // not so when it is no number
  return fail(ErrorCode::usage,
              fmt::format("{} is {}, it must be from {} to {}", name, value, low, high));
}

// The field as asked, else the model's default, else neutral.
template <class T>
T pick(const std::optional<T>& asked, const std::optional<T>& standard, T neutral) {
  return asked.value_or(standard.value_or(neutral));
}

constexpr float largest_temperature = 100;
constexpr float largest_penalty = 100;
constexpr float largest_bias = 1e6f;

Result<void> check_bias(const Sampling& asked, std::size_t vocabulary) {
  for (const auto& [token, bias] : asked.logit_bias) {
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary) {
      return fail(ErrorCode::usage, fmt::format("logit_bias names token {}, the vocabulary has {}",
                                                token, vocabulary));
    }
    static_cast<void>(TRY(in_range("logit_bias", bias, -largest_bias, largest_bias)));
  }
  return {};
}

}  // namespace

Result<SamplerSettings> resolve(const Sampling& asked, const Sampling& defaults,
                                std::size_t vocabulary) {
  SamplerSettings settings;
  settings.temperature = TRY(in_range(
      "temperature", pick(asked.temperature, defaults.temperature, 1.0f), 0, largest_temperature));
  const std::int32_t top_k = pick(asked.top_k, defaults.top_k, 0);
  if (top_k < 0) {
    return fail(ErrorCode::usage, fmt::format("top_k is {}, it must be 0 or more", top_k));
  }
  settings.top_k = static_cast<std::uint32_t>(top_k);
  settings.top_p = TRY(in_range("top_p", pick(asked.top_p, defaults.top_p, 1.0f), 0, 1));
  settings.min_p = TRY(in_range("min_p", pick(asked.min_p, defaults.min_p, 0.0f), 0, 1));
  settings.repetition_penalty = TRY(in_range(
      "repetition_penalty", pick(asked.repetition_penalty, defaults.repetition_penalty, 1.0f),
      1 / largest_penalty, largest_penalty));
  settings.presence_penalty =
      TRY(in_range("presence_penalty", asked.presence_penalty, -largest_penalty, largest_penalty));
  settings.frequency_penalty = TRY(
      in_range("frequency_penalty", asked.frequency_penalty, -largest_penalty, largest_penalty));
  TRY(check_bias(asked, vocabulary));
  settings.logit_bias = asked.logit_bias;
  settings.logprobs = asked.logprobs;
  settings.seed = asked.seed ? *asked.seed : Random::fresh_seed();
  return settings;
}

Sampler::Sampler(SamplerSettings settings, std::span<const Token> prompt)
    : settings_(std::move(settings)), random_(settings_.seed) {
  const bool repetition = settings_.repetition_penalty != 1;
  adjusts_ = repetition || settings_.presence_penalty != 0 || settings_.frequency_penalty != 0 ||
             !settings_.logit_bias.empty();
  if (!repetition) return;
  for (const Token token : prompt) seen_.try_emplace(token, 0);
}

Result<Token> Sampler::choose(std::span<const float> logits) {
  const std::span<const float> adjusted = adjust(logits);
  const Ranked highest = TRY(peak(adjusted));
  const Token token = settings_.temperature == 0 ? highest.token : draw(adjusted, highest.value);
  if (adjusts_) ++seen_[token];
  return token;
}

std::span<const float> Sampler::adjust(std::span<const float> logits) {
  if (!adjusts_) return logits;
  adjusted_.assign(logits.begin(), logits.end());
  for (const auto& [token, generated] : seen_) {
    float& logit = adjusted_[static_cast<std::size_t>(token)];
    logit = logit > 0 ? logit / settings_.repetition_penalty : logit * settings_.repetition_penalty;
    if (generated == 0) continue;
    logit -= settings_.presence_penalty;
    logit -= settings_.frequency_penalty * static_cast<float>(generated);
  }
  for (const auto& [token, bias] : settings_.logit_bias) {
    adjusted_[static_cast<std::size_t>(token)] += bias;
  }
  return adjusted_;
}

// Proportional to the probability at this temperature; 1 for the likeliest, so that no temperature
// overflows.
float Sampler::weight(float logit, float highest) const {
  return std::exp((logit - highest) / settings_.temperature);
}

// The weights of all tokens, in vectors; returns their sum.
double Sampler::weigh(std::span<const float> logits, float highest) {
  const float factor = std::min(1 / settings_.temperature, 1e30f);
  weights_.resize(logits.size());
  sums_.clear();
  double total = 0;
  for (std::size_t begin = 0; begin < logits.size(); begin += scanned_together) {
    const std::size_t count = std::min(scanned_together, logits.size() - begin);
    sums_.push_back(kernels::kernels().exponentials(logits.data() + begin, highest, factor,
                                                    weights_.data() + begin, count));
    total += static_cast<double>(sums_.back());
  }
  return total;
}

Token Sampler::draw(std::span<const float> logits, float highest) {
  if (settings_.top_k == 0 && settings_.top_p == 1) {
    if (settings_.min_p == 0) return draw_in_order(logits, highest);
    keep_by_ratio(logits, highest);
    return draw_ranked();
  }
  if (settings_.top_k > 0) {
    rank(logits, highest);
  } else {
    keep_by_mass(logits, highest);
  }
  std::erase_if(ranked_, [&](const Ranked& each) { return each.value < settings_.min_p; });
  return draw_ranked();
}

Token Sampler::draw_ranked() {
  double total = 0;
  for (const Ranked& candidate : ranked_) total += static_cast<double>(candidate.value);
  double left = random_.uniform() * total;
  for (const Ranked& candidate : ranked_) {
    left -= static_cast<double>(candidate.value);
    if (left < 0) return candidate.token;
  }
  return ranked_.back().token;  // rounding used up the last of it
}

// Leaves in ranked_ what top-k and then top-p leave, best first, with weights.
void Sampler::rank(std::span<const float> logits, float highest) {
  ranked_ = best(logits, settings_.top_k, std::move(ranked_));
  double total = 0;
  for (Ranked& candidate : ranked_) {
    candidate.value = weight(candidate.value, highest);
    total += static_cast<double>(candidate.value);
  }
  cut_by_mass(static_cast<double>(settings_.top_p) * total);
}

// top-p alone. Tokens so unlikely that all of them together could be left out are not looked at.
void Sampler::keep_by_mass(std::span<const float> logits, float highest) {
  const double total = weigh(logits, highest);
  const double mass = static_cast<double>(settings_.top_p) * total;
  const auto least =
      static_cast<float>(0.999 * (total - mass) / static_cast<double>(logits.size()));
  ranked_.clear();
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] >= least) ranked_.push_back({static_cast<Token>(i), weights_[i]});
  }
  const Ranked last = last_within(mass);
  std::erase_if(ranked_, [&](const Ranked& candidate) { return better(last, candidate); });
}

// The last of the best candidates that reach the mass together. Candidates fall into bins of like
// weights, sixteen to a power of two; only those of one bin need be sorted.
Ranked Sampler::last_within(double mass) {
  constexpr std::size_t bins = 4096;
  const auto bin_of = [](const Ranked& each) {
    return std::bit_cast<std::uint32_t>(each.value) >> 19;
  };
  bin_masses_.assign(bins, 0.0);
  for (const Ranked& each : ranked_) bin_masses_[bin_of(each)] += static_cast<double>(each.value);
  double sum = 0;
  std::size_t bin = bins - 1;
  while (bin > 0 && (bin_masses_[bin] == 0 || sum + bin_masses_[bin] < mass)) {
    sum += bin_masses_[bin--];
  }
  edge_.clear();
  std::ranges::copy_if(ranked_, std::back_inserter(edge_),
                       [&](const Ranked& each) { return bin_of(each) == bin; });
  std::ranges::sort(edge_, better);
  std::size_t taken = 0;
  while (taken < edge_.size() && (taken == 0 || sum < mass)) {
    sum += static_cast<double>(edge_[taken++].value);
  }
  return taken > 0 ? edge_[taken - 1] : *std::ranges::max_element(ranked_, better);  // the worst
}

// min-p alone, which needs no order.
void Sampler::keep_by_ratio(std::span<const float> logits, float highest) {
  weigh(logits, highest);
  ranked_.clear();
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] >= settings_.min_p) ranked_.push_back({static_cast<Token>(i), weights_[i]});
  }
}

void Sampler::cut_by_mass(double mass) {
  double sum = 0;
  std::size_t kept = 0;
  while (kept < ranked_.size() && (kept == 0 || sum < mass)) {
    sum += static_cast<double>(ranked_[kept++].value);
  }
  ranked_.resize(kept);
}

// Nothing cuts, so nothing need be sorted: weights are gone through in the order of ids, whole
// pieces at once.
Token Sampler::draw_in_order(std::span<const float> logits, float highest) {
  double left = random_.uniform() * weigh(logits, highest);
  std::size_t piece = 0;
  while (piece + 1 < sums_.size() && left >= static_cast<double>(sums_[piece])) {
    left -= static_cast<double>(sums_[piece++]);
  }
  std::size_t last = weights_.size();
  for (std::size_t i = piece * scanned_together; i < weights_.size(); ++i) {
    if (weights_[i] == 0) continue;
    last = i;
    left -= static_cast<double>(weights_[i]);
    if (left < 0) return static_cast<Token>(last);
  }
  if (last < weights_.size()) return static_cast<Token>(last);  // rounding used up the last of it
  const auto found =
      std::find_if(weights_.rbegin(), weights_.rend(), [](float x) { return x > 0; });
  CHECK(found != weights_.rend());
  return static_cast<Token>(weights_.rend() - found - 1);
}

}  // namespace freehold::engine
