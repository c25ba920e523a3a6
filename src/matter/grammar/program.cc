#include "grammar/program.h"

#include <algorithm>
#include <utility>

#include "grammar/json_text.h"

namespace freehold::grammar {
namespace {

// Larger expressions than this stay what they are; their parts become automata.
constexpr std::uint32_t largest_automaton = 400;
constexpr std::size_t longest_beginning = 4000;  // of rules that begin with rules

bool is_leaf(NodeKind kind) {
  return kind == NodeKind::dfa || kind == NodeKind::text;
}

// Marks nodes from the leaves upwards until nothing changes: a node is asked again whenever one of
// its children was marked.
template <class Holds>
std::vector<bool> least_fixed_point(const Nodes& nodes, const Holds& holds) {
  std::vector<bool> marked(nodes.size(), false);
  std::vector<std::vector<NodeId>> parents(nodes.size());
  std::vector<NodeId> work;
  for (NodeId id = 0; id < nodes.size(); ++id) {
    for (const NodeId child : nodes[id].children) parents[child].push_back(id);
    work.push_back(id);
  }
  while (!work.empty()) {
    const NodeId id = work.back();
    work.pop_back();
    if (marked[id] || !holds(nodes[id], marked)) continue;
    marked[id] = true;
    work.insert(work.end(), parents[id].begin(), parents[id].end());
  }
  return marked;
}

std::vector<bool> nullable_of(const Nodes& nodes) {
  return least_fixed_point(nodes, [&](const Node& node, const std::vector<bool>& marked) {
    const auto is_marked = [&](NodeId child) { return marked[child]; };
    switch (node.kind) {
      case NodeKind::sequence:
        return std::ranges::all_of(node.children, is_marked);
      case NodeKind::choice:
        return std::ranges::any_of(node.children, is_marked);
      case NodeKind::repeat:
        return node.min == 0 || marked[node.children[0]];
      case NodeKind::members:
        return std::ranges::find(node.required, true) == node.required.end();
      case NodeKind::text:
        return node.min == 0;
      default: {
        const Dfa& dfa = nodes.automata()[node.dfa];
        return !dfa.empty() && dfa.accepts(0);
      }
    }
  });
}

std::vector<bool> productive_of(const Nodes& nodes) {
  return least_fixed_point(nodes, [&](const Node& node, const std::vector<bool>& marked) {
    const auto is_marked = [&](NodeId child) { return marked[child]; };
    switch (node.kind) {
      case NodeKind::sequence:
        return std::ranges::all_of(node.children, is_marked);
      case NodeKind::choice:
        return std::ranges::any_of(node.children, is_marked);
      case NodeKind::repeat:
        return node.min == 0 || marked[node.children[0]];
      case NodeKind::members:
        for (std::size_t i = 0; i < node.required.size(); ++i) {
          if (node.required[i] && !marked[node.children[2 * i]]) return false;
        }
        return true;
      case NodeKind::text:
        return true;
      default:
        return !nodes.automata()[node.dfa].empty();
    }
  });
}

// What the node may begin with.
std::vector<NodeId> beginnings(const Node& node, const std::vector<bool>& nullable) {
  if (node.kind != NodeKind::sequence) return node.children;
  std::vector<NodeId> first;
  for (const NodeId child : node.children) {
    first.push_back(child);
    if (!nullable[child]) break;
  }
  return first;
}

}  // namespace

Result<Program> Program::compile(Nodes nodes, NodeId root) {
  if (nodes.full()) {
    return fail(ErrorCode::invalid, "the grammar is too large",
                "fewer properties, alternatives or words");
  }
  Program program(std::move(nodes), root);
  TRY(program.make_automata());
  TRY(program.drop_unproductive());
  TRY(program.refuse_left_recursion());
  return program;
}

// From the root downwards: the largest parts that are small enough.
Result<void> Program::make_automata() {
  const NodeId text = nodes_.repeat(any_spelling(nodes_), 0, unlimited);
  text_ = TRY(automaton_of(nodes_, text));
  if (nodes_.full()) return fail(ErrorCode::invalid, "the grammar is too large");
  const std::vector<std::uint32_t> sizes = written_out(nodes_);
  std::vector<bool> seen(nodes_.size(), false);
  std::vector<NodeId> work{root_};
  while (!work.empty()) {
    const NodeId id = work.back();
    work.pop_back();
    if (seen[id] || is_leaf(nodes_[id].kind)) continue;
    seen[id] = true;
    const NodeKind kind = nodes_[id].kind;
    const bool plain = kind == NodeKind::literal || kind == NodeKind::bytes;
    if (plain || sizes[id] <= largest_automaton) {
      auto automaton = automaton_of(nodes_, id);
      if (automaton) {
        nodes_.replace(id, *std::move(automaton));
        continue;
      }
      if (plain) return fail(std::move(automaton).error());
    }
    work.insert(work.end(), nodes_[id].children.begin(), nodes_[id].children.end());
  }
  for (NodeId id = 0; id < nodes_.size(); ++id) {  // what cannot be reached
    if (!seen[id] && !is_leaf(nodes_[id].kind)) nodes_.replace(id, Dfa({}, {}, {}));
  }
  return {};
}

Result<void> Program::drop_unproductive() {
  const std::vector<bool> productive = productive_of(nodes_);
  if (!productive[root_]) return fail(ErrorCode::invalid, "nothing can match the grammar");
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!productive[id]) {
      nodes_.replace(id, Dfa({}, {}, {}));
      continue;
    }
    const Node& node = nodes_[id];
    std::vector<NodeId> children;
    std::vector<bool> required;
    if (node.kind == NodeKind::choice) {
      std::ranges::copy_if(node.children, std::back_inserter(children),
                           [&](NodeId child) { return productive[child]; });
    } else if (node.kind == NodeKind::members) {
      for (std::size_t i = 0; i < node.required.size(); ++i) {
        if (!productive[node.children[2 * i]]) continue;
        children.push_back(node.children[2 * i]);
        children.push_back(node.children[2 * i + 1]);
        required.push_back(node.required[i]);
      }
    } else if (node.kind != NodeKind::repeat || productive[node.children[0]]) {
      continue;
    }  // a repetition of what cannot be is one of nothing
    nodes_.keep(id, std::move(children), std::move(required));
  }
  return {};
}

// Peels off nodes whose beginnings are all peeled off; what is left begins with itself.
Result<void> Program::refuse_left_recursion() const {
  const std::vector<bool> nullable = nullable_of(nodes_);
  std::vector<std::size_t> open(nodes_.size(), 0);
  std::vector<std::size_t> length(nodes_.size(), 1);
  std::vector<std::vector<NodeId>> begins(nodes_.size());
  std::vector<NodeId> ready;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    for (const NodeId child : beginnings(nodes_[id], nullable)) {
      begins[child].push_back(id);
      ++open[id];
    }
    if (open[id] == 0) ready.push_back(id);
  }
  std::size_t peeled = 0;
  while (!ready.empty()) {
    const NodeId id = ready.back();
    ready.pop_back();
    ++peeled;
    for (const NodeId parent : begins[id]) {
      length[parent] = std::max(length[parent], length[id] + 1);
      if (--open[parent] == 0) ready.push_back(parent);
    }
  }
  if (peeled < nodes_.size()) {
    return fail(ErrorCode::invalid, "a rule begins with itself (left recursion)",
                "let the rule begin with something else: repetition instead of recursion");
  }
  if (std::ranges::max(length) > longest_beginning) {
    return fail(ErrorCode::invalid, "rules begin with rules too deeply");
  }
  return {};
}

}  // namespace freehold::grammar
