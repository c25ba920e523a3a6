// Lines from a person at a terminal, with editing and history (libedit's, behind this wall); from a
// pipe, lines as they come.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace freehold::cli {

class LineEditor {
 public:
  // History is read from and kept in `history`; an empty path keeps none.
  explicit LineEditor(std::filesystem::path history);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Got { line, interrupted, end };
  // Asks with `prompt` (only at a terminal). `line` comes without its line end.
  Got read(const std::string& prompt, std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freehold::cli
