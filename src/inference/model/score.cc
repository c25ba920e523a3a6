#include "model/score.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/footprint.h"

namespace freehold::model {
namespace {

constexpr std::size_t logits_limit = std::size_t{16} << 20;  // floats held at once
constexpr std::size_t longest_piece = 512;

// Best first; of equals the lower id.
std::vector<Scored> likeliest(std::span<const float> logits, std::uint32_t count, double norm) {
  if (count == 0) return {};
  std::vector<Token> ids(logits.size());
  std::iota(ids.begin(), ids.end(), Token{0});
  const auto end =
      ids.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(count, ids.size()));
  std::partial_sort(ids.begin(), end, ids.end(), [&](Token a, Token b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  });
  std::vector<Scored> top;
  for (auto id = ids.begin(); id != end; ++id) {
    top.push_back({*id, logits[static_cast<std::size_t>(*id)] - norm});
  }
  return top;
}

Result<double> finite_norm(std::span<const float> logits, std::size_t position) {
  const double norm = log_sum_exp(logits);
  if (std::isfinite(norm)) return norm;
  return fail(ErrorCode::invalid,
              "logits after position " + std::to_string(position) + " are not finite",
              "the weights are damaged or not what they claim to be");
}

// One sequence that grows from the left, alone in its cache.
class Reader {
 public:
  Reader(Decoder& decoder, KvCache cache, std::size_t prompt)
      : decoder_(decoder), cache_(std::move(cache)) {
    span_.blocks.resize(cache_.blocks());
    std::iota(span_.blocks.begin(), span_.blocks.end(), 0u);
    span_.prompt_tokens = static_cast<std::uint32_t>(prompt);
  }

  // Logits after each of the tokens, which follow those that were read before.
  Result<Logits> read(std::span<const Token> tokens) {
    CHECK(!tokens.empty());
    span_.tokens.assign(tokens.begin(), tokens.end());
    span_.wanted_logits = static_cast<std::uint32_t>(tokens.size());
    Plan plan{.spans = {span_}};
    Logits logits = TRY(decoder_.forward(plan, cache_));
    CHECK(logits.rows() == tokens.size());
    span_.position += static_cast<std::uint32_t>(tokens.size());
    return logits;
  }

 private:
  Decoder& decoder_;
  KvCache cache_;
  Span span_;
};

// Appends `count` tokens, each the likeliest; `logits` are those after the last token read.
Result<std::vector<Token>> continue_greedily(Reader& reader, Logits logits, std::uint32_t count,
                                             std::size_t position) {
  std::vector<Token> appended;
  while (appended.size() < count) {
    const auto row = logits.row(logits.rows() - 1);
    static_cast<void>(TRY(finite_norm(row, position + appended.size())));
    appended.push_back(static_cast<Token>(std::ranges::max_element(row) - row.begin()));
    if (appended.size() < count) logits = TRY(reader.read({&appended.back(), 1}));
  }
  return appended;
}

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  CHECK(!logits.empty());
  const double most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float each : logits) sum += std::exp(each - most);
  return most + std::log(sum);
}

Result<Score> score(Decoder& decoder, std::span<const Token> tokens, const ScoreOptions& options) {
  if (tokens.empty()) return fail(ErrorCode::usage, "there are no tokens to score");
  const std::uint64_t positions = std::uint64_t{tokens.size()} + options.greedy;
  if (positions > UINT32_MAX) return fail(ErrorCode::usage, "too many tokens to score");
  Reader reader(decoder,
                TRY(KvCache::make(decoder.recipe(), options.kv_type, blocks_for(positions))),
                tokens.size());
  const std::size_t piece =
      std::clamp<std::size_t>(logits_limit / decoder.recipe().vocabulary, 1, longest_piece);
  Score result;
  result.tokens.push_back({tokens[0], {}, {}});
  Logits logits;
  for (std::size_t begin = 0; begin < tokens.size(); begin += piece) {
    const std::size_t count = std::min(piece, tokens.size() - begin);
    logits = TRY(reader.read(tokens.subspan(begin, count)));
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = logits.row(i);
      const double norm = TRY(finite_norm(row, begin + i));
      if (options.each_logits) TRY(options.each_logits(row));
      std::vector<Scored> top = likeliest(row, options.top, norm);
      if (begin + i + 1 == tokens.size()) {
        result.next = std::move(top);
      } else {
        const Token id = tokens[begin + i + 1];
        if (id < 0 || static_cast<std::size_t>(id) >= row.size()) break;  // the decoder refuses it
        result.tokens.push_back({id, row[static_cast<std::size_t>(id)] - norm, std::move(top)});
      }
    }
  }
  result.greedy =
      TRY(continue_greedily(reader, std::move(logits), options.greedy, tokens.size() - 1));
  return result;
}

}  // namespace freehold::model
