// A conversation under way: what was said, the settings, the slash commands. No terminal in here.
#pragma once

#include <functional>
#include <string>

#include "cli/open.h"
#include "cli/sampling_options.h"
#include "freehold/generator.h"

namespace freehold::cli {

class ChatSession {
 public:
  ChatSession(Generator& generator, const SamplingOptions& sampling, std::string system)
      : generator_(generator), sampling_(sampling), system_(std::move(system)) {}

  struct Turn {
    std::string text{};  // to show
    bool ask = false;    // the line was said to the model: call answer()
    bool leave = false;
  };
  // One line of input: a command or a part of what is said to the model.
  Turn take(const std::string& line);

  // The model's answer to all that was said; `on_delta` returns false to stop it. What was answered
  // until a stop stays part of the conversation; after an error the last message is taken back.
  Result<Completion> answer(const std::function<bool(const Delta&)>& on_delta);

  const List& messages() const { return messages_; }

 private:
  std::string command(const std::string& name, const std::string& argument);
  std::string set(const std::string& argument);
  std::string show() const;

  Generator& generator_;
  SamplingOptions sampling_;
  std::string system_;
  std::string unfinished_;  // lines that ended with a backslash
  List messages_;
};

}  // namespace freehold::cli
