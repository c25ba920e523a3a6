// The program around the verbs: finds the verb, reads its options, tells errors, exits.
#pragma once

#include <string>
#include <vector>

namespace freehold::cli {

inline constexpr const char* version = FREEHOLD_VERSION;

// The exit code. `arguments` are those after the program's name.
int run_program(std::vector<std::string> arguments);

}  // namespace freehold::cli
