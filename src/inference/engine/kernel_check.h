// Whether a table of kernels computes on this processor what another does: a net under instruction
// sets that were never run before the program came here. A few milliseconds of small products and
// one small attention, of every type; not the tests, which try every size.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace freehold::engine {

// What first differs by more than the order of sums explains ("matmul of Q4_K"), or nothing.
std::optional<std::string> wrong_result(const kernels::Kernels& table,
                                        const kernels::Kernels& reference);

// Weights for trying kernels: random bits, taken block by block where they happen to mean moderate
// numbers, so that no type needs to be known. Columns must fill whole blocks.
std::vector<std::byte> random_weights(const kernels::Kernels& table, DType type, std::size_t rows,
                                      std::size_t columns);

}  // namespace freehold::engine
