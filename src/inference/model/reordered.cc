#include "model/reordered.h"

#include "model/quantized_matrix.h"

namespace freehold::model {

std::span<const std::uint32_t> column_order(const Matrix& weights) {
  if (weights.quantized == nullptr || weights.panels == nullptr) return {};
  return weights.quantized->column_order();
}

Operand ReorderedInputs::of(const Matrix& weights, const Operand& x) {
  const std::span<const std::uint32_t> order = column_order(weights);
  if (order.empty()) return x;
  CHECK(x.forms.floats && order.size() == x.columns);
  const std::size_t bytes = Operand::record_bytes(x.columns) * x.tokens;
  std::vector<Line>& memory = memory_.emplace_back((bytes + sizeof(Line) - 1) / sizeof(Line));
  const Operand made{x.floats, memory.data()->bytes, x.columns, x.tokens, {.records = true}};
  workers_.split(x.tokens, 8, [&](std::size_t begin, std::size_t end, Scratch& scratch) {
    if (scratch.columns.size() < order.size()) scratch.columns.resize(order.size());
    for (std::size_t t = begin; t < end; ++t) {
      for (std::size_t c = 0; c < order.size(); ++c) scratch.columns[c] = x.row(t)[order[c]];
      made.put(t, 0, x.columns, scratch.columns.data());
    }
  });
  return made;
}

}  // namespace freehold::model
