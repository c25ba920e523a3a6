// Says what an unreadable file begins with, and what such a file usually is.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace freehold::formats {

// "50 4b 03 04 00 00 08 08 (a zip archive, as PyTorch writes checkpoints)"
std::string describe_first_bytes(std::span<const std::byte> bytes);

}  // namespace freehold::formats
