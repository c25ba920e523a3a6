#include "model/attend.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <span>

#include "kernels/kernels.h"
#include "model/pass.h"
#include "model/place.h"

namespace freehold::model {
namespace {

constexpr std::size_t chunk_positions = kernels::attention_chunk;
constexpr std::size_t chunk_blocks = chunk_positions / KvCache::block_positions;
constexpr std::size_t piece_queries = 64;     // unless more share a key-value head
constexpr std::size_t part_queries = 4096;    // whose results are kept at the same time
constexpr std::size_t pieces_per_thread = 4;  // enough to keep threads equally busy
constexpr std::size_t few_heads = 32;  // key-value heads of tokens: sooner placed than shared

std::size_t group(const Attention& attention) {
  CHECK(attention.kv_heads > 0 && attention.heads % attention.kv_heads == 0);
  return attention.heads / attention.kv_heads;
}

std::size_t most_queries(const Recipe& recipe) {
  return std::max(piece_queries, group(recipe.attention));
}

// Work on one layer of one pass.
class Attending {
 public:
  Attending(Pass& pass, std::uint32_t layer, const Placement* placement, const Operand& attended)
      : pass_(pass),
        layer_(layer),
        placement_(placement),
        attended_(attended),
        window_(pass.recipe.kind(layer).sliding_window),
        group_(group(pass.recipe.attention)),
        head_dim_(pass.recipe.attention.head_dim) {}

  void cut();
  bool worth_splitting() const;
  void place(bool with_those_alone);
  void whole_pieces();
  void split_pieces();
  void put_down_rows();

 private:
  std::size_t queries(const AttentionPiece& piece) const {
    return (piece.end - piece.begin) * group_;
  }
  void compute(const AttentionPiece& piece, std::size_t chunk, float* scratch, float* mixed,
               float* softmax);
  void merge(const AttentionPiece& piece, std::size_t chunk, const float* mixed,
             const float* softmax);
  void compute_item(std::size_t index, float* scratch);
  bool alone(std::size_t begin, std::size_t end) const;
  bool heads_are_blocks() const { return group_ * head_dim_ % 32 == 0; }

  Pass& pass_;
  const std::uint32_t layer_;
  const Placement* const placement_;
  const Operand& attended_;
  const std::size_t window_;
  const std::size_t group_;
  const std::size_t head_dim_;
};

// Whether these rows are all that the batch has of their span.
bool Attending::alone(std::size_t begin, std::size_t end) const {
  const std::vector<Row>& rows = pass_.batch.rows;
  return (begin == 0 || rows[begin - 1].span != rows[begin].span) &&
         (end == rows.size() || rows[end].span != rows[begin].span);
}

void Attending::cut() {
  const std::size_t rows_each = std::max<std::size_t>(piece_queries / group_, 1);
  std::vector<AttentionPiece>& pieces = pass_.parts.pieces;
  pieces.clear();
  for (const Tile& tile : pass_.batch.tiles) {
    CHECK(tile.begin < tile.end && tile.end <= pass_.batch.size());
    for (std::size_t begin = tile.begin; begin < tile.end; begin += rows_each) {
      const std::size_t end = std::min(begin + rows_each, tile.end);
      const std::size_t first_end = pass_.batch.rows[begin].position + std::size_t{1};
      const std::size_t first = window_ == 0 ? 0 : first_end - std::min(window_, first_end);
      const std::size_t last = pass_.batch.rows[end - 1].position;
      for (std::uint32_t head = 0; head < pass_.recipe.attention.kv_heads; ++head) {
        pieces.push_back({.begin = begin,
                          .end = end,
                          .kv_head = head,
                          .alone = alone(begin, end),
                          .first_chunk = first / chunk_positions,
                          .end_chunk = last / chunk_positions + 1,
                          .first_item = 0,
                          .unfinished = 0});
      }
    }
  }
}

bool Attending::worth_splitting() const {
  const std::vector<AttentionPiece>& pieces = pass_.parts.pieces;
  return pass_.workers.threads() > 1 &&
         pieces.size() < pieces_per_thread * pass_.workers.threads() &&
         std::ranges::any_of(
             pieces,
             [](const AttentionPiece& piece) { return piece.end_chunk - piece.first_chunk > 1; });
}

// Those alone are placed here only when several threads are about to attend to them.
void Attending::place(bool with_those_alone) {
  if (placement_ == nullptr) return;
  const std::vector<AttentionPiece>& pieces = pass_.parts.pieces;
  const auto here = [&](const AttentionPiece& piece) { return with_those_alone || !piece.alone; };
  if (std::ranges::none_of(pieces, here)) return;
  const std::size_t heads = pass_.batch.size() * pass_.recipe.attention.kv_heads;
  const std::size_t grain = heads <= few_heads ? pieces.size() : 1;
  pass_.workers.split(pieces.size(), grain, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (const AttentionPiece& piece : std::span(pieces).subspan(begin, end - begin)) {
      if (here(piece)) placement_->place(piece.begin, piece.end, piece.kv_head);
    }
  });
}

void Attending::compute(const AttentionPiece& piece, std::size_t chunk, float* scratch,
                        float* mixed, float* softmax) {
  const Attention& attention = pass_.recipe.attention;
  const Row& first = pass_.batch.rows[piece.begin];
  const std::vector<std::uint32_t>& table = first.span->blocks;
  const std::size_t last_block =
      pass_.batch.rows[piece.end - 1].position / KvCache::block_positions;
  CHECK(last_block < table.size());
  std::array<const std::byte*, chunk_blocks> keys{}, values{};
  for (std::size_t i = 0; i < chunk_blocks && chunk * chunk_blocks + i <= last_block; ++i) {
    const std::uint32_t block = table[chunk * chunk_blocks + i];
    keys[i] = pass_.cache.keys(layer_, block, piece.kv_head);
    values[i] = pass_.cache.values(layer_, block, piece.kv_head);
  }
  const std::size_t row_stride = std::size_t{attention.heads} * head_dim_;
  const std::size_t from = piece.begin * row_stride + piece.kv_head * group_ * head_dim_;
  const kernels::QueryTile tile = {.q = pass_.memory.query + from,
                                   .rows = piece.end - piece.begin,
                                   .heads = group_,
                                   .row_stride = row_stride,
                                   .position = first.position,
                                   .window = window_,
                                   .head_dim = head_dim_,
                                   .scale = 1 / std::sqrt(static_cast<float>(head_dim_))};
  kernels::kernels().attend_chunk(tile, {pass_.cache.type(), keys.data(), values.data()}, chunk,
                                  scratch, mixed, softmax);
}

// Chunks of a piece are merged one after another, by one thread at a time.
void Attending::merge(const AttentionPiece& piece, std::size_t chunk, const float* mixed,
                      const float* softmax) {
  const std::size_t heads = pass_.recipe.attention.heads;
  for (std::size_t query = 0; query < queries(piece); ++query) {
    const std::size_t row = piece.begin + query / group_;
    const std::size_t head = row * heads + piece.kv_head * group_ + query % group_;
    float* out = attended_.floats + head * head_dim_;
    float* out_softmax = pass_.memory.softmax + head * 2;
    if (chunk == piece.first_chunk) {
      std::fill_n(out, head_dim_, 0.0f);
      out_softmax[0] = -std::numeric_limits<float>::infinity();
      out_softmax[1] = 0;
    }
    kernels::kernels().merge_chunk(mixed + query * head_dim_, softmax + query * 2, out, out_softmax,
                                   head_dim_);
    if (chunk + 1 == piece.end_chunk) {
      for (float& each : std::span(out, head_dim_)) each /= out_softmax[1];
    }
  }
  if (chunk + 1 != piece.end_chunk || !heads_are_blocks()) return;
  const std::size_t columns = group_ * head_dim_, from = piece.kv_head * columns;
  for (std::size_t row = piece.begin; row < piece.end; ++row) {
    attended_.put(row, from, from + columns, attended_.row(row) + from);
  }
}

// Where heads end within a block of an operand's columns, rows wait for all of them.
void Attending::put_down_rows() {
  if (heads_are_blocks() || !attended_.forms.records) return;
  pass_.workers.split(attended_.tokens, 8, [&](std::size_t begin, std::size_t end, Scratch&) {
    for (std::size_t row = begin; row < end; ++row) {
      attended_.put(row, 0, attended_.columns, attended_.row(row));
    }
  });
}

void Attending::whole_pieces() {
  const std::vector<AttentionPiece>& pieces = pass_.parts.pieces;
  pass_.workers.split(pieces.size(), 1, [&](std::size_t begin, std::size_t end, Scratch& scratch) {
    const std::size_t queries_most = most_queries(pass_.recipe);
    float* const mixed = scratch.attention.data();
    float* const softmax = mixed + queries_most * head_dim_;
    for (std::size_t i = begin; i < end; ++i) {
      const AttentionPiece& piece = pieces[pieces.size() - 1 - i];  // the longest first
      if (placement_ != nullptr && piece.alone) {
        placement_->place(piece.begin, piece.end, piece.kv_head);
      }
      for (std::size_t chunk = piece.first_chunk; chunk < piece.end_chunk; ++chunk) {
        compute(piece, chunk, softmax + queries_most * 2, mixed, softmax);
        merge(piece, chunk, mixed, softmax);
      }
    }
  });
}

// The thread that finishes the last item of a piece merges them all.
void Attending::compute_item(std::size_t index, float* scratch) {
  AttentionParts& parts = pass_.parts;
  const AttentionItem& item = parts.items[index];
  AttentionPiece& piece = parts.pieces[item.piece];
  compute(piece, item.chunk, scratch, parts.mixed(item.part), parts.softmax(item.part));
  std::atomic_ref<std::uint32_t> unfinished(piece.unfinished);
  if (unfinished.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  for (std::size_t i = piece.first_item; i < parts.items.size(); ++i) {
    const AttentionItem& each = parts.items[i];
    if (each.piece != item.piece) break;
    merge(piece, each.chunk, parts.mixed(each.part), parts.softmax(each.part));
  }
}

void Attending::split_pieces() {
  AttentionParts& parts = pass_.parts;
  const std::size_t behind = most_queries(pass_.recipe) * (head_dim_ + 2);
  std::size_t piece = 0, chunk = parts.pieces[0].first_chunk;
  while (piece < parts.pieces.size()) {
    parts.items.clear();
    std::size_t part = 0;
    while (piece < parts.pieces.size()) {
      AttentionPiece& of = parts.pieces[piece];
      if (part + queries(of) > parts.capacity()) break;
      if (parts.items.empty() || parts.items.back().piece != piece) {
        of.first_item = parts.items.size();
        of.unfinished = 0;
      }
      parts.items.push_back({piece, chunk, part});
      ++of.unfinished;
      part += queries(of);
      if (++chunk < of.end_chunk) continue;
      if (++piece < parts.pieces.size()) chunk = parts.pieces[piece].first_chunk;
    }
    CHECK(!parts.items.empty());
    pass_.workers.split(parts.items.size(), 1,
                        [&](std::size_t begin, std::size_t end, Scratch& scratch) {
                          float* memory = scratch.attention.data() + behind;
                          for (std::size_t i = begin; i < end; ++i) compute_item(i, memory);
                        });
  }
}

}  // namespace

AttentionParts::AttentionParts(const Recipe& recipe)
    : capacity_(std::max(part_queries, most_queries(recipe))),
      head_dim_(recipe.attention.head_dim),
      memory_(std::make_unique_for_overwrite<float[]>(bytes(recipe) / sizeof(float))) {}

std::uint64_t AttentionParts::bytes(const Recipe& recipe) {
  const std::size_t queries = std::max(part_queries, most_queries(recipe));
  return queries * (recipe.attention.head_dim + std::uint64_t{2}) * sizeof(float);
}

std::size_t AttentionParts::scratch_floats(const Recipe& recipe) {
  const std::size_t queries = most_queries(recipe), head_dim = recipe.attention.head_dim;
  return queries * (head_dim + 2) + kernels::attention_scratch_floats(queries, head_dim);
}

void attend(Pass& pass, std::uint32_t layer, const Placement* placement, const Operand& attended) {
  CHECK(attended.tokens == pass.batch.size());
  Attending attending(pass, layer, placement, attended);
  attending.cut();
  if (attending.worth_splitting()) {
    attending.place(true);
    attending.split_pieces();
  } else {
    attending.place(false);
    attending.whole_pieces();
  }
  attending.put_down_rows();
}

}  // namespace freehold::model
