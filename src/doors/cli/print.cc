#include "cli/print.h"

#include <cstdio>

#include "base/json.h"

namespace freehold::cli {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_json(const Value& document) {
  print(to_json(document) + "\n");
}

}  // namespace freehold::cli
