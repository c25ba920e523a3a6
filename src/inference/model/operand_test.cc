#include "model/operand.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace freehold::model {
namespace {

constexpr std::size_t record = kernels::activation_step_bytes;

// An operand with memory of its own.
struct Held {
  Held(std::size_t columns, std::size_t tokens, Forms forms)
      : floats(columns * tokens),
        records(Operand::record_bytes(columns) * tokens),
        operand{floats.data(), records.data(), columns, tokens, forms} {}
  std::vector<float> floats;
  std::vector<std::byte> records;
  Operand operand;
};

std::vector<float> wave(std::size_t count, float by) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = std::sin(by * static_cast<float>(i)) * 3;
  return x;
}

TEST(Operand, HoldsTheSameRecordsInPartsAndWhole) {
  for (const std::size_t columns : {32u, 40u, 256u, 300u, 576u}) {
    const std::vector<float> x = wave(columns, 0.7f);
    Held whole(columns, 3, {.records = true}), parts(columns, 3, {.records = true});
    for (std::size_t token = 0; token < 3; ++token) {
      whole.operand.put(token, 0, columns, x.data());
      for (std::size_t begin = 0; begin < columns; begin += 64) {
        const std::size_t end = std::min(begin + 64, columns);
        parts.operand.put(token, begin, end, x.data() + begin);
      }
    }
    EXPECT_EQ(parts.records, whole.records) << columns;
    EXPECT_NE(whole.records.back(), std::byte{0xff});
  }
}

TEST(Operand, HoldsOnlyTheFormsThatAreRead) {
  const std::vector<float> x = wave(64, 0.3f);
  Held floats(64, 1, {.floats = true}), both(64, 1, {.floats = true, .records = true});
  floats.operand.put(0, 0, 64, x.data());
  both.operand.put(0, 0, 64, x.data());
  EXPECT_EQ(floats.floats, x);
  EXPECT_EQ(floats.records, std::vector<std::byte>(record));
  EXPECT_EQ(both.floats, x);
  EXPECT_NE(both.records, std::vector<std::byte>(record));
}

TEST(Operand, CopiesATokenAsItIs) {
  constexpr std::size_t columns = 300;
  const Forms forms{.floats = true, .records = true};
  Held from(columns, 3, forms), to(columns, 2, forms), direct(columns, 2, forms);
  const std::vector<float> x = wave(columns, 0.2f);
  from.operand.put(2, 0, columns, x.data());
  direct.operand.put(1, 0, columns, x.data());
  to.operand.copy(1, from.operand, 2);
  EXPECT_EQ(to.floats, direct.floats);
  EXPECT_EQ(to.records, direct.records);
}

TEST(Operand, KeepsPartsApart) {
  constexpr std::size_t columns = 260;
  Held held(columns, 5, {.records = true}), first(columns, 2, {.records = true});
  const std::vector<float> x = wave(columns, 0.2f), y = wave(columns, 0.9f);
  const Operand front = held.operand.part(0, 2), back = held.operand.part(2, 3);
  for (std::size_t token = 0; token < 2; ++token) {
    front.put(token, 0, columns, x.data());
    first.operand.put(token, 0, columns, x.data());
  }
  for (std::size_t token = 0; token < 3; ++token) back.put(token, 0, columns, y.data());
  EXPECT_EQ(std::vector(held.records.begin(), held.records.begin() + 4 * record), first.records);
}

TEST(Forms, AreThoseThatAnyOfTheWeightsReads) {
  Matrix plain{.type = DType::f32}, packed{.type = DType::q8_0};
  const std::byte panel{};
  packed.panels = &panel;
  EXPECT_TRUE(forms_of(plain).floats && !forms_of(plain).records);
  EXPECT_TRUE(forms_of(packed).records && !forms_of(packed).floats);
  const std::vector<Matrix> mixed{packed, packed, plain};
  EXPECT_TRUE(forms_of(mixed).records && forms_of(mixed).floats);
}

}  // namespace
}  // namespace freehold::model
