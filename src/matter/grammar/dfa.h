// A deterministic automaton over bytes. Every state can still reach acceptance: what cannot be
// finished is not begun.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "freehold/result.h"

namespace freehold::grammar {

class Dfa {
 public:
  using State = std::int32_t;
  static constexpr State dead = -1;
  static constexpr std::size_t most_states = 30'000;

  // `classes` says which bytes are told apart by nothing; `next` is (states, classes); the first
  // state is the beginning.
  Dfa(const std::array<std::uint8_t, 256>& classes, std::vector<State> next,
      std::vector<bool> accepting);

  bool empty() const { return accepting_.empty(); }  // accepts nothing at all
  std::size_t states() const { return accepting_.size(); }
  State step(State state, std::uint8_t byte) const {
    return next_[static_cast<std::size_t>(state) * count_ + classes_[byte]];
  }
  bool accepts(State state) const { return accepting_[static_cast<std::size_t>(state)]; }
  bool ends(State state) const { return ends_[static_cast<std::size_t>(state)]; }  // only ends
  bool matches(std::string_view text) const;
  std::size_t hash() const;
  bool operator==(const Dfa&) const = default;

 private:
  void trim();

  std::array<std::uint8_t, 256> classes_;
  std::size_t count_;
  std::vector<State> next_;
  std::vector<bool> accepting_;
  std::vector<bool> ends_;
};

// What both accept; what the first accepts and the second does not. `invalid` when it becomes too
// large.
Result<Dfa> intersection(const Dfa& a, const Dfa& b);
Result<Dfa> difference(const Dfa& a, const Dfa& b);

}  // namespace freehold::grammar
