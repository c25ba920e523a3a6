// An HTTP dialogue as a text file: what is sent (> ) and what comes back (< ), with what changes
// from run to run masked. Read, replayed and written back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"

namespace freehold::conformance {

struct Turn {
  std::vector<std::string> comment;   // lines before it, as they stand ("# …" and empty ones)
  std::vector<std::string> request;   // METHOD PATH, headers, an empty line, the body's lines
  std::vector<std::string> expected;  // status, headers worth telling, an empty line, the body
};

Result<std::vector<Turn>> parse_dialogue(std::string_view text);
std::string to_text(const std::vector<Turn>& turns);

// Sends the request to a server on this port and returns the answer's lines, masked.
std::vector<std::string> replay(const Turn& turn, std::uint16_t port);

}  // namespace freehold::conformance
