// From an expression to its automaton: states that may be in many places at once, then one state
// for every set of places (the subset construction), within limits.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "grammar/nodes.h"

namespace freehold::grammar {
namespace {

constexpr std::size_t most_places = 100'000;
constexpr std::size_t most_work = 40'000'000;

std::unexpected<Error> too_large() {
  return fail(ErrorCode::invalid, "the expression needs too many states",
              "use smaller repetitions, or fewer of them within each other");
}

using Place = std::uint32_t;

struct Edge {
  ByteSet bytes;
  Place to;
};

// Each place has any number of edges that take a byte and of edges that take none.
struct Nfa {
  std::vector<std::vector<Edge>> edges;
  std::vector<std::vector<Place>> free;

  Place add() {
    edges.emplace_back();
    free.emplace_back();
    return static_cast<Place>(edges.size() - 1);
  }
  bool full() const { return edges.size() > most_places; }
};

class NfaBuilder {
 public:
  explicit NfaBuilder(const Nodes& nodes) : nodes_(nodes) {}

  // The place where one is after the expression, begun at `from`.
  Place build(NodeId id, Place from) {
    if (nfa.full()) return from;
    const Node& node = nodes_[id];
    switch (node.kind) {
      case NodeKind::literal:
        for (const char byte : node.literal) {
          from =
              take(ByteSet::range(static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(byte)),
                   from);
        }
        return from;
      case NodeKind::bytes:
        return take(node.bytes, from);
      case NodeKind::sequence:
        for (const NodeId child : node.children) from = build(child, from);
        return from;
      case NodeKind::choice:
        return choose(node, from);
      case NodeKind::repeat:
        return repeat(node, from);
      case NodeKind::dfa:  // an expression that several share has become one already
        return embed(nodes_.automata()[node.dfa], from);
      default:
        CHECK(false);
    }
    return from;
  }

  Nfa nfa;

 private:
  Place take(const ByteSet& bytes, Place from) {
    const Place to = nfa.add();
    nfa.edges[from].push_back({bytes, to});
    return to;
  }
  void pass(Place from, Place to) { nfa.free[from].push_back(to); }

  Place choose(const Node& node, Place from) {
    const Place end = nfa.add();
    for (const NodeId child : node.children) {
      const Place begin = nfa.add();
      pass(from, begin);
      pass(build(child, begin), end);
    }
    return end;
  }

  Place repeat(const Node& node, Place from) {
    for (std::uint32_t i = 0; i < node.min && !nfa.full(); ++i) {
      from = build(node.children[0], separate(from));
    }
    if (node.max == unlimited) {
      const Place loop = separate(from);
      pass(build(node.children[0], loop), loop);
      return separate(loop);
    }
    const Place end = nfa.add();
    pass(from, end);
    for (std::uint32_t i = node.min; i < node.max && !nfa.full(); ++i) {
      from = build(node.children[0], separate(from));
      pass(from, end);
    }
    return end;
  }

  Place embed(const Dfa& dfa, Place from) {
    const Place end = nfa.add();
    std::vector<Place> places;
    for (std::size_t i = 0; i < dfa.states(); ++i) places.push_back(nfa.add());
    if (!places.empty()) pass(from, places.front());
    for (std::size_t i = 0; i < dfa.states(); ++i) {
      std::map<Dfa::State, ByteSet> ways;
      for (unsigned byte = 0; byte < 256; ++byte) {
        const Dfa::State to = dfa.step(static_cast<Dfa::State>(i), static_cast<std::uint8_t>(byte));
        if (to != Dfa::dead) ways[to].add(byte);
      }
      for (const auto& [to, bytes] : ways) {
        nfa.edges[places[i]].push_back({bytes, places[static_cast<std::size_t>(to)]});
      }
      if (dfa.accepts(static_cast<Dfa::State>(i))) pass(places[i], end);
    }
    return end;
  }

  // A fresh place behind the other, so that loops of neighbours do not run into each other.
  Place separate(Place from) {
    const Place to = nfa.add();
    pass(from, to);
    return to;
  }

  const Nodes& nodes_;
};

// Bytes that no edge tells apart.
std::array<std::uint8_t, 256> classes_of(const Nfa& nfa, std::size_t& count) {
  std::vector<ByteSet> sets;
  for (const auto& edges : nfa.edges) {
    for (const Edge& edge : edges) {
      if (sets.empty() || !(sets.back() == edge.bytes)) sets.push_back(edge.bytes);
    }
  }
  std::array<std::uint8_t, 256> classes{};
  count = 1;
  std::array<int, 512> renamed;
  for (const ByteSet& set : sets) {
    renamed.fill(-1);
    std::size_t next = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      int& name = renamed[std::size_t{classes[byte]} * 2 + (set.has(byte) ? 1 : 0)];
      if (name < 0) name = static_cast<int>(next++);
      classes[byte] = static_cast<std::uint8_t>(name);
    }
    count = next;
    if (count == 256) break;
  }
  return classes;
}

class Subsets {
 public:
  Subsets(const Nfa& nfa, Place end) : nfa_(nfa), end_(end), mark_(nfa.edges.size(), 0) {}

  Result<Dfa> build() {
    std::size_t count = 0;
    const auto classes = classes_of(nfa_, count);
    std::array<std::uint8_t, 256> sample{};
    for (unsigned byte = 256; byte-- > 0;) sample[classes[byte]] = static_cast<std::uint8_t>(byte);
    state_of({0});
    std::vector<Place> reached;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      if (sets_.size() > Dfa::most_states || work_ > most_work) return too_large();
      for (std::size_t of = 0; of < count; ++of) {
        reached.clear();
        for (const Place place : sets_[i]->first) {
          for (const Edge& edge : nfa_.edges[place]) {
            ++work_;
            if (edge.bytes.has(sample[of])) reached.push_back(edge.to);
          }
        }
        const Dfa::State to = reached.empty() ? Dfa::dead : state_of(reached);
        next_.push_back(to);
      }
    }
    return Dfa(classes, std::move(next_), std::move(accepting_));
  }

 private:
  // The state of these places and of those that are reached from them without a byte.
  Dfa::State state_of(std::vector<Place> places) {
    ++round_;
    std::vector<Place> kept;
    bool accepts = false;
    while (!places.empty()) {
      const Place place = places.back();
      places.pop_back();
      if (std::exchange(mark_[place], round_) == round_) continue;
      work_ += 4;
      accepts = accepts || place == end_;
      if (place == end_ || !nfa_.edges[place].empty()) kept.push_back(place);
      for (const Place to : nfa_.free[place]) places.push_back(to);
    }
    std::ranges::sort(kept);
    const auto [at, fresh] =
        known_.try_emplace(std::move(kept), static_cast<Dfa::State>(sets_.size()));
    if (fresh) {
      sets_.push_back(&*at);
      accepting_.push_back(accepts);
      work_ += at->first.size();
    }
    return at->second;
  }

  const Nfa& nfa_;
  const Place end_;
  std::vector<std::uint32_t> mark_;
  std::uint32_t round_ = 0;
  std::size_t work_ = 0;
  std::map<std::vector<Place>, Dfa::State> known_;
  std::vector<const std::pair<const std::vector<Place>, Dfa::State>*> sets_;
  std::vector<Dfa::State> next_;
  std::vector<bool> accepting_;
};

}  // namespace

Result<Dfa> automaton_of(const Nodes& nodes, NodeId root) {
  NfaBuilder builder(nodes);
  const Place end = builder.build(root, builder.nfa.add());
  if (builder.nfa.full()) return too_large();
  return Subsets(builder.nfa, end).build();
}

}  // namespace freehold::grammar
