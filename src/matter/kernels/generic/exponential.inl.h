// e^x of eight floats, to about one unit in the last place over the whole range: x = n ln 2 + r
// with |r| <= ln 2 / 2, e^r by its polynomial (Taylor to the seventh power: the remainder is below
// 2^-27), 2^n in two factors so that results may be denormal or infinite. Not-a-numbers pass
// through.
#pragma once

namespace freehold::kernels {
namespace {

// The terms of e^r below the sixth power, after what the higher ones have made.
inline Floats lower_powers(Floats power, Floats r) {
  power = multiply_add(power, r, splat(1.0f / 120));
  power = multiply_add(power, r, splat(1.0f / 24));
  power = multiply_add(power, r, splat(1.0f / 6));
  power = multiply_add(power, r, splat(0.5f));
  power = multiply_add(power, r, splat(1.0f));
  power = multiply_add(power, r, splat(1.0f));
  return power;
}

inline Floats exponential(Floats x) {
  // Beyond these the result is 0 or infinite anyway; within them n fits two factors.
  x = maximum(splat(-110.0f), minimum(splat(100.0f), x));
  const Floats n = round(x * splat(0x1.715476p+0f));  // 1 / ln 2
  // ln 2 in two parts; the first has nine trailing zeros, so that n times it is exact.
  const Floats r = (x - n * splat(0x1.62e4p-1f)) - n * splat(0x1.7f7d1cp-20f);
  const Floats seventh = splat(1.0f / 5040);
  const Floats power = lower_powers(multiply_add(seventh, r, splat(1.0f / 720)), r);
  const Floats half = round(n * splat(0.5f));
  return power * power_of_two(half) * power_of_two(n - half);
}

}  // namespace
}  // namespace freehold::kernels
