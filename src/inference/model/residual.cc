#include "model/residual.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace freehold::model {
namespace {

constexpr std::size_t floats_each = 4096;  // of the residual: sooner done than shared

void add(const Pass& pass, const Addend& addend, std::size_t token, float* memory) {
  const std::size_t width = pass.recipe.width;
  float* hidden = pass.memory.hidden + token * width;
  const auto& kernels = kernels::kernels();
  if (addend.kind == Addend::Kind::embedding) {
    const Matrix& table = *addend.embedding;
    const auto row = static_cast<std::size_t>(pass.batch.rows[token].token);
    CHECK(table.columns == width && row < table.rows);
    kernels.dequantize(table.type, table.data + row * table.row_bytes, hidden, width);
    return;
  }
  float* made = pass.memory.out + token * width;
  if (addend.kind == Addend::Kind::experts) {
    made = memory;
    add_up_experts(pass, token, made);
  }
  if (addend.bias != nullptr) add_bias(*addend.bias, made);
  kernels.add(made, hidden, width);
}

}  // namespace

void enter_slot(Pass& pass, const Addend& addend, const Vector& norm, Forms forms) {
  const std::size_t width = pass.recipe.width;
  CHECK(norm.size() == width && pass.tokens <= pass.memory.capacity());
  pass.input = pass.memory.normed.of(pass.tokens, forms);
  const std::size_t grain = std::max<std::size_t>(floats_each / width, 1);
  pass.workers.split(pass.tokens, grain, [&](std::size_t begin, std::size_t end, Scratch& scratch) {
    CHECK(scratch.row.size() >= width);
    for (std::size_t token = begin; token < end; ++token) {
      add(pass, addend, token, scratch.row.data());
      float* normed = forms.floats ? pass.input.row(token) : scratch.row.data();
      kernels::kernels().rms_norm(pass.memory.hidden + token * width, norm.data(),
                                  pass.recipe.norm.epsilon, normed, width);
      pass.input.put(token, 0, width, normed);
    }
  });
}

void keep_wanted(Pass& pass) {
  const std::vector<std::size_t>& wanted = pass.batch.wanted;
  const std::size_t width = pass.recipe.width;
  for (std::size_t to = 0; to < wanted.size(); ++to) {
    const std::size_t from = wanted[to];
    CHECK(from >= to && from < pass.tokens);
    if (from == to) continue;
    for (float* rows : {pass.memory.hidden, pass.memory.out}) {
      std::copy_n(rows + from * width, width, rows + to * width);
    }
  }
  pass.tokens = wanted.size();
}

}  // namespace freehold::model
