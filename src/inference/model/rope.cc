#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "freehold/result.h"

namespace freehold::model {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;

// Low frequencies, which never complete a turn within the original context, are slowed down; high
// ones stay; between the two bounds it is mixed. https://arxiv.org/abs/2407.21783
double scale_llama3(double frequency, const RopeScaling& scaling) {
  const double turns = scaling.original_context * frequency / two_pi;
  if (turns < scaling.low_frequency_factor) return frequency / scaling.factor;
  if (turns > scaling.high_frequency_factor) return frequency;
  const double kept = (turns - scaling.low_frequency_factor) /
                      (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1 - kept) * frequency / scaling.factor + kept * frequency;
}

// YaRN: the same idea with a ramp over the pairs, between those that turn beta_fast and beta_slow
// times within the original context. https://arxiv.org/abs/2309.00071
class YarnRamp {
 public:
  explicit YarnRamp(const Rope& rope) {
    const RopeScaling& scaling = rope.scaling;
    CHECK(scaling.original_context > 0 && rope.theta > 1);
    const auto pair_that_turns = [&](double times) {
      return rope.dimensions * std::log(scaling.original_context / (times * two_pi)) /
             (2 * std::log(static_cast<double>(rope.theta)));
    };
    begin_ = pair_that_turns(scaling.beta_fast);
    end_ = pair_that_turns(scaling.beta_slow);
    if (scaling.truncate) {
      begin_ = std::floor(begin_);
      end_ = std::ceil(end_);
    }
    begin_ = std::max(begin_, 0.0);
    end_ = std::min(end_, rope.dimensions - 1.0);
    if (begin_ == end_) end_ += 0.001;
  }

  // 0: the frequency stays; 1: it is divided by the factor.
  double at(std::size_t pair) const {
    return std::clamp((static_cast<double>(pair) - begin_) / (end_ - begin_), 0.0, 1.0);
  }

 private:
  double begin_ = 0, end_ = 0;
};

// The base grows with the length so that the slowest pair just covers it.
double base_of(const Rope& rope, std::uint64_t length) {
  if (rope.scaling.kind != RopeScalingKind::dynamic_ntk) return rope.theta;
  CHECK(rope.scaling.original_context > 0 && rope.dimensions > 2);
  const double original = rope.scaling.original_context;
  const double longer = std::max(static_cast<double>(length), original) / original;
  const double dimensions = rope.dimensions;
  return rope.theta * std::pow(rope.scaling.factor * longer - (rope.scaling.factor - 1),
                               dimensions / (dimensions - 2));
}

}  // namespace

std::vector<double> rope_frequencies(const Rope& rope, std::uint64_t length) {
  CHECK(rope.dimensions > 0 && rope.dimensions % 2 == 0);
  const double base = base_of(rope, length);
  std::vector<double> frequencies(rope.dimensions / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = std::pow(base, -2.0 * static_cast<double>(i) / rope.dimensions);
  }
  CHECK(rope.scaling.factor > 0);
  const RopeScaling& scaling = rope.scaling;
  switch (scaling.kind) {
    case RopeScalingKind::none:
    case RopeScalingKind::dynamic_ntk:
      break;
    case RopeScalingKind::linear:
      for (double& frequency : frequencies) frequency /= scaling.factor;
      break;
    case RopeScalingKind::llama3:
      for (double& frequency : frequencies) frequency = scale_llama3(frequency, scaling);
      break;
    case RopeScalingKind::yarn:
      for (std::size_t i = 0; i < frequencies.size(); ++i) {
        const double slowed = YarnRamp(rope).at(i);
        frequencies[i] *= slowed / scaling.factor + (1 - slowed);
      }
      break;
  }
  return frequencies;
}

RopeAngles::RopeAngles(const Rope& rope, std::span<const float> factors)
    : rope_(rope), factors_(factors.begin(), factors.end()) {
  stretch(0);
}

void RopeAngles::stretch(std::uint64_t length) {
  length_ = length;
  frequencies_ = rope_frequencies(rope_, length);
  CHECK(factors_.empty() || factors_.size() == frequencies_.size());
  for (std::size_t i = 0; i < factors_.size(); ++i) frequencies_[i] /= factors_[i];
}

void RopeAngles::at(std::uint32_t position, std::uint64_t length, std::span<float> cosine,
                    std::span<float> sine) {
  CHECK(cosine.size() == pairs() && sine.size() == pairs());
  CHECK(length > position);
  if (rope_.scaling.kind == RopeScalingKind::dynamic_ntk) {
    length = std::max<std::uint64_t>(length, rope_.scaling.original_context);
    if (length != length_) stretch(length);
  }
  for (std::size_t i = 0; i < pairs(); ++i) {
    const double angle = position * frequencies_[i];
    cosine[i] = static_cast<float>(std::cos(angle) * rope_.scaling.attention_factor);
    sine[i] = static_cast<float>(std::sin(angle) * rope_.scaling.attention_factor);
  }
}

}  // namespace freehold::model
