#include "grammar/dfa.h"

#include <algorithm>
#include <map>
#include <utility>

namespace freehold::grammar {
namespace {

using State = Dfa::State;

// Both automata side by side. Where `b` is dead, `a` goes on alone.
Result<Dfa> product(const Dfa& a, const Dfa& b, bool both) {
  if (a.empty() || (b.empty() && both)) return Dfa({}, {}, {});
  std::map<std::pair<State, State>, State> known;
  std::vector<std::pair<State, State>> pairs;
  std::vector<State> next;
  std::vector<bool> accepting;
  std::array<std::uint8_t, 256> classes;
  for (unsigned byte = 0; byte < 256; ++byte) classes[byte] = static_cast<std::uint8_t>(byte);
  const auto state_of = [&](std::pair<State, State> pair) {
    if (pair.first == Dfa::dead || (both && pair.second == Dfa::dead)) return Dfa::dead;
    const auto [at, fresh] = known.try_emplace(pair, static_cast<State>(pairs.size()));
    if (fresh) pairs.push_back(pair);
    return at->second;
  };
  state_of({0, b.empty() ? Dfa::dead : 0});
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs.size() > Dfa::most_states / 4) {
      return fail(ErrorCode::invalid, "what must hold together needs too many states");
    }
    const auto [first, second] = pairs[i];
    const bool in_b = second != Dfa::dead && b.accepts(second);
    accepting.push_back(a.accepts(first) && in_b == both);
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto value = static_cast<std::uint8_t>(byte);
      next.push_back(state_of(
          {a.step(first, value), second == Dfa::dead ? Dfa::dead : b.step(second, value)}));
    }
  }
  return Dfa(classes, std::move(next), std::move(accepting));
}

}  // namespace

Dfa::Dfa(const std::array<std::uint8_t, 256>& classes, std::vector<State> next,
         std::vector<bool> accepting)
    : classes_(classes),
      count_(std::size_t{*std::ranges::max_element(classes)} + 1),
      next_(std::move(next)),
      accepting_(std::move(accepting)) {
  CHECK(next_.size() == count_ * accepting_.size());
  trim();
  ends_.resize(accepting_.size());
  for (std::size_t state = 0; state < ends_.size(); ++state) {
    const auto* row = next_.data() + state * count_;
    ends_[state] = std::all_of(row, row + count_, [](State to) { return to == dead; });
  }
}

// Cuts the ways to states from which nothing is accepted.
void Dfa::trim() {
  std::vector<std::vector<State>> before(accepting_.size());
  std::vector<bool> alive = accepting_;
  std::vector<State> work;
  for (std::size_t state = 0; state < alive.size(); ++state) {
    if (alive[state]) work.push_back(static_cast<State>(state));
    State last = dead;
    for (std::size_t i = 0; i < count_; ++i) {
      const State to = next_[state * count_ + i];
      if (to != dead && to != last) {
        before[static_cast<std::size_t>(to)].push_back(static_cast<State>(state));
      }
      last = to;
    }
  }
  while (!work.empty()) {
    const auto state = static_cast<std::size_t>(work.back());
    work.pop_back();
    for (const State earlier : before[state]) {
      if (alive[static_cast<std::size_t>(earlier)]) continue;
      alive[static_cast<std::size_t>(earlier)] = true;
      work.push_back(earlier);
    }
  }
  for (State& to : next_) {
    if (to != dead && !alive[static_cast<std::size_t>(to)]) to = dead;
  }
  if (!alive.empty() && !alive[0]) {
    next_.clear();
    accepting_.clear();
  }
}

bool Dfa::matches(std::string_view text) const {
  if (empty()) return false;
  State state = 0;
  for (const char byte : text) {
    state = step(state, static_cast<std::uint8_t>(byte));
    if (state == dead) return false;
  }
  return accepts(state);
}

std::size_t Dfa::hash() const {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, over words
  const auto mix = [&](std::uint64_t word) { hash = (hash ^ word) * 1099511628211u; };
  for (const std::uint8_t value : classes_) mix(value);
  for (const State to : next_) mix(static_cast<std::uint32_t>(to));
  for (const bool value : accepting_) mix(value ? 1 : 2);
  return hash;
}

Result<Dfa> intersection(const Dfa& a, const Dfa& b) {
  return product(a, b, true);
}

Result<Dfa> difference(const Dfa& a, const Dfa& b) {
  return product(a, b, false);
}

}  // namespace freehold::grammar
