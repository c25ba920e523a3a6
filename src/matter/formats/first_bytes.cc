#include "formats/first_bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace freehold::formats {
namespace {

constexpr std::size_t shown_bytes = 8;

struct Signature {
  std::string_view bytes;
  std::string_view meaning;
};

constexpr std::array signatures = {
    Signature{"PK\x03\x04", "a zip archive, as PyTorch writes checkpoints"},
    Signature{"\x80\x02", "a Python pickle"},
    Signature{"\x80\x03", "a Python pickle"},
    Signature{"\x80\x04", "a Python pickle"},
    Signature{"\x80\x05", "a Python pickle"},
    Signature{"lmgg", "a GGML file from before GGUF"},
    Signature{"fmgg", "a GGML file from before GGUF"},
    Signature{"tjgg", "a GGML file from before GGUF"},
    Signature{"\x89HDF", "an HDF5 file"},
    Signature{"\x1f\x8b", "a gzip archive"},
    Signature{"version https://git-lfs",
              "a Git LFS pointer: the weights themselves were not fetched"},
    Signature{"<!DOCTYPE", "a web page"},
    Signature{"<html", "a web page"},
    Signature{"{", "JSON"},
};

}  // namespace

std::string describe_first_bytes(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto first = bytes.first(std::min(bytes.size(), shown_bytes));
  std::string hexadecimal;
  for (const std::byte byte : first) {
    hexadecimal += fmt::format("{}{:02x}", hexadecimal.empty() ? "" : " ", byte);
  }
  for (const Signature& signature : signatures) {
    if (text.starts_with(signature.bytes)) {
      return fmt::format("{} ({})", hexadecimal, signature.meaning);
    }
  }
  return hexadecimal;
}

}  // namespace freehold::formats
