#include "model/operand.h"

#include <algorithm>

#include "freehold/result.h"
#include "model/reordered.h"

namespace freehold::model {

constexpr std::size_t record = kernels::activation_step_bytes;

Forms forms_of(const Matrix& weights) {
  // Columns in another order: floats, of which the product makes records of its own.
  const bool records = weights.panels != nullptr && column_order(weights).empty() &&
                       kernels::kernels().has_panels(weights.type);
  return {.floats = !records, .records = records};
}

Forms forms_of(std::span<const Matrix> weights) {
  Forms forms;
  const Matrix* last = nullptr;
  for (const Matrix& each : weights) {  // mostly all alike
    const bool alike = last != nullptr && each.type == last->type &&
                       (each.panels == nullptr) == (last->panels == nullptr) &&
                       column_order(each).empty() == column_order(*last).empty();
    if (!alike) forms = forms | forms_of(each);
    last = &each;
  }
  return forms;
}

Operand Operand::of(std::size_t count, Forms wanted) const {
  return {floats, records, columns, count, wanted};
}

Operand Operand::part(std::size_t first, std::size_t count) const {
  return {floats + first * columns, records + first * record_bytes(columns), columns, count, forms};
}

void Operand::put(std::size_t token, std::size_t begin, std::size_t end, const float* x) const {
  CHECK(token < tokens && begin % 32 == 0 && end <= columns);
  if (forms.records) {
    kernels::kernels().quantize_part(x, begin, end, columns, records + token * record,
                                     step_stride());
  }
  if (float* to = row(token) + begin; forms.floats && to != x) std::copy_n(x, end - begin, to);
}

void Operand::copy(std::size_t token, const Operand& from, std::size_t its_token) const {
  CHECK(token < tokens && its_token < from.tokens && columns == from.columns);
  if (forms.floats) std::copy_n(from.row(its_token), columns, row(token));
  if (!forms.records) return;
  for (std::size_t step = 0; step < steps(columns); ++step) {
    std::copy_n(from.records + step * from.step_stride() + its_token * record, record,
                records + step * step_stride() + token * record);
  }
}

}  // namespace freehold::model
