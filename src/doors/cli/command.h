// What a verb of the command line is: a name, its options, and one function. Verbs translate
// between the terminal and the rooms below; they decide nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/options.h"
#include "freehold/result.h"

namespace freehold::cli {

struct Context {
  bool json = false;           // results and errors as one JSON document on standard output
  std::filesystem::path home;  // where models and state live
};

class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(Options& options) = 0;
  // The exit code; an error becomes a message and the exit code of its kind.
  virtual Result<int> run(const Context& context) = 0;
};

struct Verb {
  std::string_view name;
  std::string_view group;    // the heading in `freehold help`
  std::string_view summary;  // one line
  std::string_view details;  // paragraphs and examples below the options
  std::unique_ptr<Command> (*make)();
};

template <class T>
std::unique_ptr<Command> make_command() {
  return std::make_unique<T>();
}

// All verbs, in the order of `freehold help`.
std::span<const Verb* const> all_verbs();

}  // namespace freehold::cli
