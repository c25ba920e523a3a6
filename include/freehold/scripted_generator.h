// A Generator that replays given texts token by token, from a thread of its own: what tests of
// everything above the line talk to. Not a model: its "tokens" are words and pieces of characters.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "freehold/generator.h"

namespace freehold {

struct Script {
  ModelCard card{.name = "scripted", .architecture = "script", .context_length = 4096};
  // What is answered, in turn: request k (from 0) gets answers[k % size].
  std::vector<std::string> answers = {"Hello from the script."};
  // When set, called instead with every request.
  std::function<std::string(const Request&)> answer = {};
  // When set, what is thought before the answer and called after it.
  std::function<Delta(const Request&)> beside = {};
  std::chrono::microseconds token_delay{0};  // before every token
  std::uint32_t max_running = 64;            // one more is refused as `absent`: the queue is full
  std::optional<std::uint32_t> fail_after = {};  // end with `internal` after so many tokens
};

class ScriptedGenerator : public Generator {
 public:
  explicit ScriptedGenerator(Script script);
  ~ScriptedGenerator() override;  // ends what still runs as cancelled

  const ModelCard& card() const override;
  Result<std::unique_ptr<Ticket>> start(Request request, Listener listener) override;
  Result<std::string> render(const Chat& chat) const override;
  Result<std::vector<Token>> tokenize(const Prompt& prompt) const override;
  Result<std::vector<Token>> tokenize_text(std::string_view text, bool add_special,
                                           bool parse_special) const override;
  Result<std::string> detokenize(std::span<const Token> tokens) const override;
  Result<std::vector<std::string>> pieces(std::span<const Token> tokens) const override;

  struct Counts {
    std::uint64_t started = 0;
    std::uint64_t refused = 0;
    std::uint64_t finished = 0;   // ended by themselves
    std::uint64_t cancelled = 0;  // ended because somebody cancelled or dropped the ticket
    std::uint64_t tokens = 0;     // produced by all of them
    std::uint64_t running = 0;    // now
  };
  Counts counts() const;
  // The last request that was started, for tests of what a door made of its input.
  std::optional<Request> last_request() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freehold
