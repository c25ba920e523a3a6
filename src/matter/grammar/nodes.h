// What a grammar is while it is being read: a graph of expressions over bytes, in which an
// expression may contain itself. All four languages (JSON Schema, regular expressions, GBNF,
// choices) are brought to this. Not what answers are matched with: that is a Program (program.h).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "freehold/result.h"
#include "grammar/byte_set.h"
#include "grammar/dfa.h"

namespace freehold::grammar {

using NodeId = std::uint32_t;
inline constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

enum class NodeKind : std::uint8_t {
  literal,   // these bytes
  bytes,     // one byte of a set
  sequence,  // all children, in order
  choice,    // one of the children
  repeat,    // the child, `min` to `max` times
  members,   // some of the children in order, with separators (see Nodes::members)
  text,      // `min` to `max` characters of JSON text, as they stand between quotes
  dfa,       // what an automaton accepts
};

struct Node {
  NodeKind kind = NodeKind::literal;
  std::string literal{};
  ByteSet bytes{};
  std::vector<NodeId> children{};
  std::vector<bool> required{};  // of members
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  std::uint32_t dfa = 0;
};

class Nodes {
 public:
  static constexpr std::size_t most = 200'000;

  NodeId literal(std::string_view text);
  NodeId bytes(const ByteSet& set);
  NodeId sequence(std::vector<NodeId> children);
  NodeId choice(std::vector<NodeId> children);
  NodeId repeat(NodeId child, std::uint32_t min, std::uint32_t max);
  NodeId optional(NodeId child) { return repeat(child, 0, 1); }
  NodeId text(std::uint32_t min, std::uint32_t max);
  NodeId dfa(Dfa automaton);
  // Members in their order, those that are not required possibly left out, a separator between two.
  NodeId members(const std::vector<NodeId>& children, const std::vector<bool>& required,
                 NodeId separator);

  // An expression that is defined later, so that it can contain itself.
  NodeId declare() { return choice({}); }
  void define(NodeId declared, NodeId meaning) { nodes_[declared].children = {meaning}; }

  const Node& operator[](NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  // Whether there were more than `most`: what was asked for last is not what it should be.
  bool full() const { return full_; }
  const std::vector<Dfa>& automata() const { return automata_; }
  // Puts an automaton in the place of an expression.
  void replace(NodeId id, Dfa automaton);
  // Leaves only some of a node's children.
  void keep(NodeId id, std::vector<NodeId> children, std::vector<bool> required);

 private:
  NodeId add(Node node);
  std::uint32_t index_of(Dfa automaton);

  std::vector<Node> nodes_;
  std::vector<Dfa> automata_;
  std::unordered_multimap<std::size_t, std::uint32_t> known_automata_;  // by hash
  bool full_ = false;
};

// How many expressions of one byte the node is when everything is written out; none for what is
// recursive or cannot be written out. One for each node.
std::vector<std::uint32_t> written_out(const Nodes& nodes);

// The automaton of an expression without recursion. `invalid` when it becomes too large.
Result<Dfa> automaton_of(const Nodes& nodes, NodeId root);

}  // namespace freehold::grammar
