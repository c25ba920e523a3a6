#include "text/bpe.h"

#include <algorithm>
#include <bit>
#include <queue>

#include "freehold/result.h"
#include "text/codepoints.h"

namespace freehold::text {
namespace {

constexpr std::uint64_t no_pair = ~std::uint64_t{0};
constexpr std::size_t short_part = 24;  // symbols up to which scanning beats a heap

std::uint64_t pair_of(Token left, Token right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

}  // namespace

MergeTable::MergeTable(const std::vector<Merge>& merges) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(16, merges.size() * 2));
  shift_ = 64u - static_cast<unsigned>(std::countr_zero(size));
  slots_.assign(size, Entry{no_pair, 0, no_token});
  for (const Merge& merge : merges) {
    const std::uint64_t pair = pair_of(merge.left, merge.right);
    slots_[slot(pair)] = {pair, merge.rank, merge.result};
  }
}

// The slot that holds the pair, or the free one where it would go.
std::size_t MergeTable::slot(std::uint64_t pair) const {
  std::size_t at = (pair * 0x9e3779b97f4a7c15u) >> shift_;  // Fibonacci hashing
  while (slots_[at].pair != pair && slots_[at].pair != no_pair) at = (at + 1) & (slots_.size() - 1);
  return at;
}

const MergeTable::Entry* MergeTable::find(Token left, Token right) const {
  const Entry& entry = slots_[slot(pair_of(left, right))];
  return entry.pair == no_pair ? nullptr : &entry;
}

Bpe::Bpe(const TokenizerData& data) : data_(&data), merges_(data.merges) {
  if (data.ignore_merges) {
    whole_.reserve(data.mergeable.size());
    for (const Token id : data.mergeable) {
      const auto index = static_cast<std::size_t>(id);
      whole_.emplace(data.byte_level ? data.texts[index] : data.names[index], id);
    }
  }
  if (data.byte_level) return;
  const auto add = [&](std::string_view name, Token id) {
    if (!name.empty() && code_point_at(name, 0).length == name.size()) symbols_.emplace(name, id);
  };
  for (const Token id : data.mergeable) add(data.names[static_cast<std::size_t>(id)], id);
  for (std::size_t i = 0; i < data.extra_symbols.size(); ++i) {
    add(data.extra_symbols[i], static_cast<Token>(data.names.size() + i));
  }
}

void Bpe::first_symbols(std::string_view part, std::vector<Symbol>& symbols) const {
  bool unknown_before = false;
  for (std::size_t at = 0; at < part.size();) {
    const std::size_t length = data_->byte_level ? 1 : code_point_at(part, at).length;
    const Symbol whole{no_token, static_cast<std::uint32_t>(at),
                       static_cast<std::uint32_t>(at + length)};
    Token id = no_token;
    if (data_->byte_level) {
      id = data_->bytes[static_cast<unsigned char>(part[at])];
    } else if (const auto known = symbols_.find(part.substr(at, length)); known != symbols_.end()) {
      id = known->second;
    }
    at += length;
    if (id != no_token) {
      symbols.push_back({id, whole.begin, whole.end});
      unknown_before = false;
      continue;
    }
    const std::size_t count = symbols.size();
    fall_back(part, whole, symbols);
    const bool unknown = symbols.size() == count + 1 && symbols.back().id == data_->unknown;
    if (unknown && unknown_before && data_->fuse_unknown) {
      symbols.pop_back();
      symbols.back().end = whole.end;
    }
    unknown_before = unknown;
  }
}

// What stands for a character that has no token: its bytes, the unknown token, or nothing.
void Bpe::fall_back(std::string_view part, Symbol symbol, std::vector<Symbol>& tokens) const {
  const auto byte_token = [&](std::uint32_t at) {
    return data_->bytes[static_cast<unsigned char>(part[at])];
  };
  bool all_bytes = data_->byte_fallback && !data_->byte_level;
  for (std::uint32_t at = symbol.begin; all_bytes && at < symbol.end; ++at) {
    all_bytes = byte_token(at) != no_token;
  }
  if (all_bytes) {
    for (std::uint32_t at = symbol.begin; at < symbol.end; ++at) {
      tokens.push_back({byte_token(at), at, at + 1});
    }
  } else if (data_->unknown) {
    tokens.push_back({*data_->unknown, symbol.begin, symbol.end});
  }
}

// Looks for the best pair again after each merge.
void Bpe::merge_short(std::vector<Symbol>& symbols) const {
  while (symbols.size() > 1) {
    const MergeTable::Entry* best = nullptr;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const MergeTable::Entry* entry = merges_.find(symbols[i].id, symbols[i + 1].id);
      if (entry != nullptr && (best == nullptr || entry->rank < best->rank)) {
        best = entry;
        where = i;
      }
    }
    if (best == nullptr) return;
    symbols[where] = {best->result, symbols[where].begin, symbols[where + 1].end};
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

// A linked list of symbols and a heap of the pairs that could merge: n log n for any text.
void Bpe::merge_long(std::vector<Symbol>& symbols) const {
  constexpr std::uint32_t none = ~0u;
  struct Link {
    std::uint32_t before;
    std::uint32_t behind;
  };
  struct Candidate {
    std::uint32_t rank;
    std::uint32_t at;  // the left symbol
    std::uint32_t
        right;  // the right one; with `end` it tells whether both are still what they were
    std::uint32_t end;
    Token result;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  const auto count = static_cast<std::uint32_t>(symbols.size());
  std::vector<Link> links(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    links[i] = {i == 0 ? none : i - 1, i + 1 == count ? none : i + 1};
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](std::uint32_t left, std::uint32_t right) {
    if (left == none || right == none) return;
    if (const auto* entry = merges_.find(symbols[left].id, symbols[right].id)) {
      candidates.push({entry->rank, left, right, symbols[right].end, entry->result});
    }
  };
  for (std::uint32_t i = 0; i + 1 < count; ++i) consider(i, i + 1);
  while (!candidates.empty()) {
    const Candidate top = candidates.top();
    candidates.pop();
    const bool current = symbols[top.at].id != no_token && links[top.at].behind == top.right &&
                         symbols[top.right].end == top.end;
    if (!current) continue;
    symbols[top.at].id = top.result;
    symbols[top.at].end = top.end;
    symbols[top.right].id = no_token;
    const std::uint32_t next = links[top.right].behind;
    links[top.at].behind = next;
    if (next != none) links[next].before = top.at;
    consider(links[top.at].before, top.at);
    consider(top.at, next);
  }
  std::erase_if(symbols, [](const Symbol& symbol) { return symbol.id == no_token; });
}

void Bpe::encode(std::string_view part, std::vector<Symbol>& tokens) const {
  CHECK(part.size() < (1u << 31));
  if (data_->ignore_merges) {
    if (const auto whole = whole_.find(part); whole != whole_.end()) {
      tokens.push_back({whole->second, 0, static_cast<std::uint32_t>(part.size())});
      return;
    }
  }
  std::vector<Symbol> symbols;
  first_symbols(part, symbols);
  if (symbols.size() <= short_part) {
    merge_short(symbols);
  } else {
    merge_long(symbols);
  }
  const auto vocabulary = static_cast<Token>(data_->names.size());
  for (const Symbol& symbol : symbols) {
    if (symbol.id < vocabulary) {
      tokens.push_back(symbol);
    } else {
      fall_back(part, symbol, tokens);
    }
  }
}

}  // namespace freehold::text
