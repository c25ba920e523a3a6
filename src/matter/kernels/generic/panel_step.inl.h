// 256 columns of a panel as products take them: whole codes from 0 on and what they are scaled by;
// and who puts them there. What the packed formats are: generic/panel_formats.inl.h.
#pragma once

#include "kernels/generic/activations.inl.h"
#include "tensor/blocks.h"

namespace freehold::kernels {
namespace {

constexpr size_t panel_rows = lanes * panel_vectors;

// How a step's codes are multiplied: how many bits they have and, after `by_`, how many columns
// share a scale; `whole`: the scales of 16 columns are whole numbers and 256 columns share a float.
// Signed bytes are multiplied in 16 bits where sums are narrow; elsewhere they are raised by 128 as
// the others are by less, or multiplied as they are (raised_bytes_by).
enum class Codes {
  four_bits_by_32,
  five_bits_by_32,
  bytes_by_32,
  five_bits_by_16,
  five_bits_whole_by_16,
  six_bits_whole_by_16,
  seven_bits_whole_by_16,
};

constexpr bool whole_by_16(Codes codes) {
  return codes == Codes::five_bits_whole_by_16 || codes == Codes::six_bits_whole_by_16 ||
         codes == Codes::seven_bits_whole_by_16;
}

// Whole scales multiply narrow sums as they are widened, which costs nothing; where sums are wide
// already they become floats.
constexpr bool scaled_whole(Codes codes) {
  return narrow_sums && whole_by_16(codes);
}
constexpr bool scaled_by_16(Codes codes) {
  return codes == Codes::five_bits_by_16 || (!narrow_sums && whole_by_16(codes));
}
constexpr bool multiplied_in_16_bits(Codes codes) {
  return narrow_sums && codes == Codes::bytes_by_32;
}

// Quads of products that one sum takes before it is widened; at most those of a block.
constexpr size_t quads_summed(Codes codes) {
  const size_t block = scaled_by_16(codes) ? 4 : 8;
  if (!narrow_sums || codes == Codes::four_bits_by_32) return block;
  if (codes == Codes::seven_bits_whole_by_16) return 1;
  return codes == Codes::six_bits_whole_by_16 ? 2 : 4;
}

struct Step {
  // (quads, rows, 4); of signed bytes in 16 bits the even ones of each quad, then the odd ones
  alignas(64) uint8_t codes[2][step_columns * panel_rows];
  // (blocks of 32 or 16 columns, rows); under whole scales one for all columns
  alignas(64) float scales[16 * panel_rows];
  alignas(64) float minimums[16 * panel_rows];
  // Whole scales, (blocks of 16 columns, rows), in both halves of 32 bits; and what codes are too
  // high by times that scale, of two blocks in the two halves, (blocks of 32 columns, rows).
  alignas(64) uint32_t whole_scales[16 * panel_rows];
  alignas(64) uint32_t offsets[8 * panel_rows];
};

// Where unpackers put a vector of rows' scales; what they do with codes differs.
template <Codes codes>
struct Scales {
  Step& step;
  size_t vector;

  // For the 16 or 32 columns of a block of that many.
  void scale_16(size_t block, Floats scale, Floats minimum) const {
    static_assert(scaled_by_16(codes));
    store(step.scales + block * panel_rows + vector * lanes, scale);
    store(step.minimums + block * panel_rows + vector * lanes, minimum);
  }
  // Of signed bytes.
  void scale_32(size_t block, Floats scale) const {
    static_assert(codes == Codes::bytes_by_32);
    scale_32(block, scale, splat(raised_bytes_by) * scale);
  }
  void scale_32(size_t block, Floats scale, Floats minimum) const {
    static_assert(!scaled_by_16(codes) && !scaled_whole(codes));
    store(step.scales + block * panel_rows + vector * lanes, scale);
    store(step.minimums + block * panel_rows + vector * lanes, minimum);
  }
  // For the two halves of a block of 32 columns, whose codes are 2^offset_bits too high.
  void scale_halves(size_t block, Floats scale, Ints first, Ints second, int offset_bits) const {
    if constexpr (scaled_whole(codes)) {
      if (block == 0) store(step.scales + vector * lanes, scale);
      uint32_t* whole = step.whole_scales + 2 * block * panel_rows + vector * lanes;
      store_ints(whole, both_halves(first, first));
      store_ints(whole + panel_rows, both_halves(second, second));
      store_ints(step.offsets + block * panel_rows + vector * lanes,
                 both_halves(first << offset_bits, second << offset_bits));
    } else {
      const Floats offset = splat(static_cast<float>(1 << offset_bits));
      const Floats scales[2] = {scale * to_floats(first), scale * to_floats(second)};
      scale_16(2 * block, scales[0], offset * scales[0]);
      scale_16(2 * block + 1, scales[1], offset * scales[1]);
    }
  }

 private:
  static Ints both_halves(Ints low, Ints high) { return (low & splat_int(0xffff)) | (high << 16); }
};

// Keeps the codes for many tokens.
template <Codes codes>
struct Opened : Scales<codes> {
  void put(size_t quad, Quads x) const {
    Step& step = this->step;
    const size_t at = (quad * panel_rows + this->vector * lanes) * 4;
    if constexpr (codes != Codes::bytes_by_32) {
      store_quads(step.codes[0] + at, x);
    } else if constexpr (multiplied_in_16_bits(codes)) {
      store_quads(step.codes[0] + at, even_bytes(x));
      store_quads(step.codes[1] + at, odd_bytes(x));
    } else {
      store_quads(step.codes[0] + at, x ^ splat_byte(raised_bytes_by));
    }
  }
};

}  // namespace
}  // namespace freehold::kernels
