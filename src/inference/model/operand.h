// Activations as products read them: floats for weights that are multiplied in floats, records of
// bytes (kernels.h) for those that lie in panels of whole numbers. Whoever makes activations puts
// them down here in the forms that will be read, while they are in the first-level cache. Not
// memory of its own: that is Activations' (pass.h).
#pragma once

#include <cstddef>
#include <span>

#include "kernels/kernels.h"
#include "model/weights.h"

namespace freehold::model {

struct Forms {
  bool floats = false;
  bool records = false;
};

inline Forms operator|(Forms a, Forms b) {
  return {a.floats || b.floats, a.records || b.records};
}

// The forms in which products with these weights read activations.
Forms forms_of(const Matrix& weights);
Forms forms_of(std::span<const Matrix> weights);

struct Operand {
  float* floats = nullptr;       // (tokens, columns)
  std::byte* records = nullptr;  // (steps of 256 columns, tokens)
  std::size_t columns = 0;
  std::size_t tokens = 0;
  Forms forms;

  static std::size_t steps(std::size_t columns) {
    constexpr std::size_t step = kernels::activation_step_columns;
    return (columns + step - 1) / step;
  }
  static std::size_t record_bytes(std::size_t columns) {  // of one token
    return steps(columns) * kernels::activation_step_bytes;
  }
  std::size_t step_stride() const { return tokens * kernels::activation_step_bytes; }

  // The same memory for so many tokens in these forms.
  Operand of(std::size_t count, Forms wanted) const;
  // An operand of `count` tokens in the memory of this one's from `first` on. Records of different
  // parts do not overlap, but they are not those of the whole.
  Operand part(std::size_t first, std::size_t count) const;

  float* row(std::size_t token) const { return floats + token * columns; }
  // Writes a token's columns begin..end: begin is a multiple of 32, and so is end, or it is the
  // last. x is (end - begin) and may be where the floats belong.
  void put(std::size_t token, std::size_t begin, std::size_t end, const float* x) const;
  // Takes a whole token over from another operand of the same columns and forms.
  void copy(std::size_t token, const Operand& from, std::size_t its_token) const;
};

}  // namespace freehold::model
