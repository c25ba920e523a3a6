#include "base/file.h"
#include "base/options.h"
#include "base/toml.h"

namespace freehold {
namespace {

constexpr std::size_t max_config_bytes = 1 << 20;

}  // namespace

Result<Value> read_config_file(const std::string& path) {
  const std::string text = TRY(read_file(path, max_config_bytes));
  return TRY_IN(path, parse_toml(text));
}

}  // namespace freehold
