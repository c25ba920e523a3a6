// A grammar as answers are matched with it: what has no recursion has become automata, what can
// never be finished is gone, and no rule begins with itself. Immutable; shared by all answers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "freehold/result.h"
#include "grammar/nodes.h"

namespace freehold::grammar {

class Program {
 public:
  // `invalid` when nothing can match, a rule begins with itself, or there is too much of it.
  static Result<Program> compile(Nodes nodes, NodeId root);

  NodeId root() const { return root_; }
  const Node& operator[](NodeId id) const { return nodes_[id]; }
  // Of a node that is a dfa, or a text.
  const Dfa& automaton(const Node& node) const {
    return node.kind == NodeKind::text ? *text_ : nodes_.automata()[node.dfa];
  }

 private:
  Program(Nodes nodes, NodeId root) : nodes_(std::move(nodes)), root_(root) {}
  Result<void> make_automata();
  Result<void> drop_unproductive();
  Result<void> refuse_left_recursion() const;

  Nodes nodes_;
  NodeId root_;
  std::optional<Dfa> text_;
};

}  // namespace freehold::grammar
