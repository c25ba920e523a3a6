// Activations as records, whole and in parts. What products make of them: panels_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

constexpr std::size_t tokens = 2;
constexpr std::size_t stride = tokens * activation_step_bytes;

std::vector<std::byte> blank_records(std::size_t columns) {
  const std::size_t steps = (columns + activation_step_columns - 1) / activation_step_columns;
  return std::vector<std::byte>(steps * stride, std::byte{0x5a});
}

TEST(QuantizePart, MakesTheSameRecordsAsTheWhole) {
  for (const Kernels* table : available_kernels()) {
    for (const std::size_t columns : {1u, 31u, 32u, 65u, 256u, 257u, 576u, 1000u}) {
      const std::vector<float> x = sample_floats(columns, 4.0f, 5);
      std::vector<std::byte> whole = blank_records(columns);
      table->quantize(x.data(), columns, whole.data() + activation_step_bytes, stride);
      for (const std::size_t size : {32u, 64u, 96u, 320u}) {
        std::vector<std::byte> parts = blank_records(columns);
        for (std::size_t begin = 0; begin < columns; begin += size) {
          table->quantize_part(x.data() + begin, begin, std::min(begin + size, columns), columns,
                               parts.data() + activation_step_bytes, stride);
        }
        EXPECT_EQ(parts, whole) << table->name << " " << columns << " in parts of " << size;
      }
    }
  }
}

}  // namespace
}  // namespace freehold::kernels
