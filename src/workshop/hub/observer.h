// Who is told what a pull is doing: progress bars and the lines about mirrors. Prints nothing
// itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freehold::hub {

struct Progress {
  std::string_view what;  // "fetching model.gguf", "verifying model.gguf"
  std::uint64_t bytes_done = 0;
  std::optional<std::uint64_t> bytes_total;  // unknown until somebody says it
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void progress(const Progress&) {}
  virtual void note(const std::string& /*line*/) {}  // for the reader, whole sentences
};

}  // namespace freehold::hub
