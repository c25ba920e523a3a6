#include <cstdio>
#include <cstdlib>

#include "freehold/result.h"

namespace freehold::detail {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr,
               "freehold: a condition that must hold does not: %s (%s:%d)\n"
               "This is a fault of the program, not of your input. Please report it.\n",
               condition, file, line);
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(ErrorCode::internal));
}

}  // namespace freehold::detail
