// Where an answer is in its grammar: a set of stacks, for a grammar may be at several places at
// once. Stacks share what they have in common. Bytes only; tokens are the Matcher's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "grammar/program.h"

namespace freehold::grammar {

using StackId = std::uint32_t;
inline constexpr StackId finished = 0;  // the stack of an answer that is complete

// A stack is its topmost frame. On top there is always a leaf: a dfa or a text.
struct Frame {
  NodeId node = 0;
  StackId below = 0;
  std::uint64_t value = 0;  // of a leaf: its Position; of others: how much of it is done
  bool operator==(const Frame&) const = default;
};

// Where one is in a leaf. `count` is the characters so far, of a text.
struct Position {
  Dfa::State state = 0;
  std::uint32_t count = 0;

  std::uint64_t packed() const {
    return std::uint64_t{count} << 32 | static_cast<std::uint32_t>(state);
  }
  static Position unpack(std::uint64_t value) {
    return {static_cast<Dfa::State>(value & 0xffffffff), static_cast<std::uint32_t>(value >> 32)};
  }
};

// A leaf, as it is gone through byte by byte.
class Leaf {
 public:
  Leaf(const Program& program, const Node& node)
      : dfa_(program.automaton(node)),
        counts_(node.kind == NodeKind::text && (node.min > 0 || node.max != unlimited)),
        min_(counts_ ? node.min : 0),
        max_(counts_ ? node.max : unlimited) {}

  // False when the byte cannot come here.
  bool step(Position& at, std::uint8_t byte) const {
    if (counts_ && dfa_.accepts(at.state)) {  // between two characters
      if (at.count >= max_) return false;
      if (max_ != unlimited || at.count < min_) ++at.count;
    }
    at.state = dfa_.step(at.state, byte);
    return at.state != Dfa::dead;
  }
  bool accepts(Position at) const { return dfa_.accepts(at.state) && at.count >= min_; }
  // Whether nothing of it can follow.
  bool ends(Position at) const {
    return dfa_.ends(at.state) || (dfa_.accepts(at.state) && at.count >= max_);
  }
  // The same for positions that tokens of at most `longest` characters do not tell apart.
  std::uint64_t key(Position at, std::uint32_t longest) const;

 private:
  const Dfa& dfa_;
  const bool counts_;
  const std::uint32_t min_;
  const std::uint32_t max_;
};

class Stacks {
 public:
  explicit Stacks(const Program& program);

  // All sets are complete: what can be reached without a byte is in them.
  std::vector<StackId> begin();
  // What is left of the set after the byte. Empty: the byte cannot come here.
  std::vector<StackId> step(const std::vector<StackId>& set, std::uint8_t byte);
  // Where one is when the leaf on top of the stack is done.
  std::vector<StackId> after(StackId stack);

  const Frame& operator[](StackId id) const { return frames_[id]; }
  const Program& program() const { return program_; }
  // Forgets frames that no stack of the set needs, when there are many.
  void tidy(std::vector<StackId>& set);

 private:
  struct Hash {
    std::size_t operator()(const Frame& frame) const;
  };

  StackId push(const Frame& frame);
  void enter(NodeId id, StackId below);
  void enter_members(NodeId id, StackId below, std::uint64_t next, bool later);
  void enter_repeat(NodeId id, StackId below, std::uint64_t count);
  void leave(StackId stack);
  void take(StackId stack);

  const Program& program_;
  std::vector<Frame> frames_;
  std::unordered_map<Frame, StackId, Hash> known_;
  // Of the completion that is under way:
  std::vector<StackId> result_;
  std::unordered_set<StackId> taken_;
  std::unordered_set<StackId> fresh_;  // repetitions that began without a byte since
  std::unordered_set<std::uint64_t> entered_;
  std::size_t work_ = 0;
};

}  // namespace freehold::grammar
