#include "grammar/nodes.h"

#include <algorithm>
#include <utility>

namespace freehold::grammar {

NodeId Nodes::add(Node node) {
  if (nodes_.size() >= most) {
    full_ = true;
    return 0;
  }
  nodes_.push_back(std::move(node));
  return static_cast<NodeId>(nodes_.size() - 1);
}

NodeId Nodes::literal(std::string_view text) {
  return add({.kind = NodeKind::literal, .literal = std::string(text)});
}

NodeId Nodes::bytes(const ByteSet& set) {
  return add({.kind = NodeKind::bytes, .bytes = set});
}

NodeId Nodes::sequence(std::vector<NodeId> children) {
  if (children.size() == 1) return children.front();
  return add({.kind = NodeKind::sequence, .children = std::move(children)});
}

NodeId Nodes::choice(std::vector<NodeId> children) {
  if (children.size() == 1) return children.front();
  return add({.kind = NodeKind::choice, .children = std::move(children)});
}

NodeId Nodes::repeat(NodeId child, std::uint32_t min, std::uint32_t max) {
  return add({.kind = NodeKind::repeat, .children = {child}, .min = min, .max = max});
}

NodeId Nodes::text(std::uint32_t min, std::uint32_t max) {
  return add({.kind = NodeKind::text, .min = min, .max = max});
}

std::uint32_t Nodes::index_of(Dfa automaton) {
  const std::size_t hash = automaton.hash();
  const auto [begin, end] = known_automata_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    if (automata_[at->second] == automaton) return at->second;
  }
  const auto index = static_cast<std::uint32_t>(automata_.size());
  known_automata_.emplace(hash, index);
  automata_.push_back(std::move(automaton));
  return index;
}

NodeId Nodes::dfa(Dfa automaton) {
  return add({.kind = NodeKind::dfa, .dfa = index_of(std::move(automaton))});
}

void Nodes::replace(NodeId id, Dfa automaton) {
  nodes_[id] = {.kind = NodeKind::dfa, .dfa = index_of(std::move(automaton))};
}

void Nodes::keep(NodeId id, std::vector<NodeId> children, std::vector<bool> required) {
  nodes_[id].children = std::move(children);
  nodes_[id].required = std::move(required);
}

// The children of the node are each member as the first one, then as a later one.
NodeId Nodes::members(const std::vector<NodeId>& children, const std::vector<bool>& required,
                      NodeId separator) {
  Node node{.kind = NodeKind::members};
  node.required = required;
  for (const NodeId child : children) {
    node.children.push_back(child);
    node.children.push_back(sequence({separator, child}));
  }
  return add(std::move(node));
}

namespace {

std::uint32_t bounded(std::uint64_t size) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(size, unlimited));
}

std::uint32_t size_of(const Node& node, const std::vector<std::uint32_t>& sizes) {
  std::uint64_t sum = 1;
  for (const NodeId child : node.children) sum += sizes[child];
  switch (node.kind) {
    case NodeKind::literal:
      return bounded(node.literal.size() + 1);
    case NodeKind::repeat:
      return bounded(
          sum * (node.max == unlimited ? std::uint64_t{node.min} + 1 : std::max(node.max, 1u)) + 1);
    case NodeKind::members:
    case NodeKind::text:
    case NodeKind::dfa:
      return unlimited;
    default:
      return bounded(sum);
  }
}

}  // namespace

// From the leaves upwards; what is on a circle is never reached.
std::vector<std::uint32_t> written_out(const Nodes& nodes) {
  std::vector<std::uint32_t> sizes(nodes.size(), unlimited);
  std::vector<std::size_t> open(nodes.size());
  std::vector<std::vector<NodeId>> parents(nodes.size());
  std::vector<NodeId> ready;
  for (NodeId id = 0; id < nodes.size(); ++id) {
    open[id] = nodes[id].children.size();
    if (open[id] == 0) ready.push_back(id);
    for (const NodeId child : nodes[id].children) parents[child].push_back(id);
  }
  while (!ready.empty()) {
    const NodeId id = ready.back();
    ready.pop_back();
    sizes[id] = size_of(nodes[id], sizes);
    for (const NodeId parent : parents[id]) {
      if (--open[parent] == 0) ready.push_back(parent);
    }
  }
  return sizes;
}

}  // namespace freehold::grammar
