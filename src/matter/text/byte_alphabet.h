// GPT-2's alphabet: one printable character for each of the 256 bytes, in which byte-level
// vocabularies write their tokens ("Ġthe" for " the").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freehold::text {

// The bytes that a token's written form stands for; nothing when a character is not of the
// alphabet.
std::optional<std::string> bytes_from_alphabet(std::string_view written);
// The written form of any bytes.
std::string bytes_to_alphabet(std::string_view bytes);

}  // namespace freehold::text
