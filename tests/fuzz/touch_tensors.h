// What the targets for weight files check in common: a refusal has a reason, and the bytes that an
// accepted file promises can be read. AddressSanitizer notices when they cannot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "freehold/result.h"
#include "tensor/tensor.h"

namespace freehold::fuzz {

template <class T>
void expect_reason(const Result<T>& result) {
  if (result) return;
  CHECK(result.error().code == ErrorCode::invalid);
  CHECK(!result.error().message.empty());
}

inline void touch(std::span<const NamedTensor> tensors) {
  for (const NamedTensor& tensor : tensors) {
    CHECK(!tensor.name.empty() && tensor.view.data != nullptr);
    CHECK(bytes_of(tensor.view.type, tensor.view.elements()) == tensor.bytes);
    std::uint8_t sum = 0;
    for (std::uint64_t i = 0; i < tensor.bytes; ++i) {
      sum = static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(tensor.view.data[i]));
    }
    [[maybe_unused]] volatile std::uint8_t kept = sum;
  }
}

}  // namespace freehold::fuzz
