// A conversation with any model: the local engine, a remote endpoint, a router, or a scripted fake.
// Everything above the line speaks to models through this and nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "freehold/chat.h"
#include "freehold/constraint.h"
#include "freehold/result.h"
#include "freehold/sampling.h"

namespace freehold {

// What is to be continued: a conversation, text, or tokens as they stand.
using Prompt = std::variant<Chat, std::string, std::vector<Token>>;

struct Request {
  Prompt prompt{};
  Sampling sampling{};
  Stop stop{};
  // Also report the prompt's own log-probabilities: its tokens come first in Delta::tokens, the
  // very first one with NaN, for nothing stands before it.
  bool echo_prompt_logprobs = false;
  // What was computed for this request is taken over only by requests with the same salt, and it
  // takes over only theirs. Empty: shared by all who have none.
  std::string cache_salt{};
  // What the answer must be, behind what the model thinks before it. `invalid` from start() when it
  // cannot be enforced.
  Constraint constraint{};
};

struct Alternative {
  Token token;
  std::string bytes;  // raw bytes; may be part of a character
  float logprob;      // natural logarithm, of the model's own distribution (temperature 1)
};

struct TokenInfo {
  Token token;
  std::string bytes;
  float logprob;
  std::vector<Alternative> top;  // best first; as many as were asked for
};

// A piece of the answer. `text` is always whole UTF-8 characters; it is empty while a character or
// a possible stop string is still incomplete.
struct Delta {
  std::string text;
  std::vector<TokenInfo> tokens;  // filled only when logprobs were asked for
  // Of an answer in a conversation: what the model thinks before it speaks, and the calls of tools
  // that became complete. Both are no part of the text.
  std::string reasoning{};
  std::vector<ToolCall> tool_calls{};

  bool empty() const {
    return text.empty() && tokens.empty() && reasoning.empty() && tool_calls.empty();
  }
};

enum class FinishReason { stop, length, tool_calls, cancelled };

// The reason as JSON and people are told it.
constexpr std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "stop";
}

struct Usage {
  std::uint32_t prompt_tokens = 0;
  std::uint32_t cached_tokens = 0;  // of these, taken from a prefix cache
  std::uint32_t completion_tokens = 0;
  double prefill_s = 0;  // from admission to the first token
  double decode_s = 0;   // from the first token to the last
  double queue_s = 0;
};

struct Outcome {
  FinishReason finish = FinishReason::stop;
  Usage usage;
  std::string stop_string;  // the stop string that ended it, if one did
};

// A request under way. Destroying it cancels the request; after the destructor has returned the
// listener is never called again.
class Ticket {
 public:
  virtual ~Ticket() = default;
  virtual std::uint32_t prompt_tokens() const = 0;
  virtual void cancel() = 0;  // returns at once; on_end still follows, with `cancelled`
};

// Called from the generator's own thread, in order: any number of on_delta, then exactly one
// on_end. Must return quickly: hand the data over, do not send it from here.
struct Listener {
  std::function<void(Delta)> on_delta;
  std::function<void(Result<Outcome>)> on_end;
};

struct Completion {
  std::string text;
  std::vector<TokenInfo> tokens;
  Outcome outcome;
  std::string reasoning{};
  std::vector<ToolCall> tool_calls{};

  void add(Delta delta);
};

struct ModelCard {
  std::string name;          // what callers ask for
  std::string architecture;  // empty when unknown
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;           // of the weights; 0: unknown
  std::string quantization{};        // the type that most of the weights have, as in "Q4_K"
  std::uint32_t context_length = 0;  // tokens, prompt and answer together; 0: unknown
  std::int64_t created_unix_s = 0;
};

// What only the generator knows of its work, for those who operate it.
struct GeneratorStatus {
  std::uint32_t running = 0;      // sequences that are computed together now
  std::uint32_t max_running = 0;  // at most
  std::uint32_t waiting = 0;      // sequences that wait to be let in
  std::uint64_t preemptions = 0;  // times that a running sequence had to start over
  // The key-value cache, in blocks; none when block_tokens is 0.
  std::uint32_t block_tokens = 0;
  std::uint32_t blocks = 0;
  std::uint32_t held_blocks = 0;  // by sequences; what is only kept for later is not counted
  // Forward passes that computed up to as many tokens as step_bounds says, then those of more.
  static constexpr std::array<std::uint32_t, 13> step_bounds = {
      1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
  std::array<std::uint64_t, step_bounds.size() + 1> steps{};
  std::uint64_t step_tokens = 0;  // of all passes

  void count_step(std::uint64_t tokens) {
    const auto bound = std::ranges::lower_bound(step_bounds, tokens);
    ++steps[static_cast<std::size_t>(bound - step_bounds.begin())];
    step_tokens += tokens;
  }
};

class Generator {
 public:
  virtual ~Generator() = default;

  virtual const ModelCard& card() const = 0;
  // As of now, from any thread; nothing when the generator does not know.
  virtual std::optional<GeneratorStatus> status() const { return {}; }

  // Starts a completion and returns at once. Fails at once when the request cannot be served:
  // `invalid` for a prompt that is too long (the message says the numbers) or a template that
  // refuses the messages, `absent` when the queue is full.
  virtual Result<std::unique_ptr<Ticket>> start(Request request, Listener listener) = 0;

  // The prompt as the model would read it, and its tokens.
  virtual Result<std::string> render(const Chat& chat) const = 0;
  virtual Result<std::vector<Token>> tokenize(const Prompt& prompt) const = 0;

  // Text that is no prompt, as tokens: with or without what the tokenizer adds (BOS), names of
  // special tokens in it read as these tokens or as their letters.
  virtual Result<std::vector<Token>> tokenize_text(std::string_view text, bool add_special,
                                                   bool parse_special) const = 0;
  // The other way: what the tokens say together, and what each stands for alone, as raw bytes;
  // special tokens say their names. `invalid` names the first that is not in the vocabulary.
  virtual Result<std::string> detokenize(std::span<const Token> tokens) const = 0;
  virtual Result<std::vector<std::string>> pieces(std::span<const Token> tokens) const = 0;

  // Starts a completion and waits for it. `on_delta` may be empty; it returns false to cancel.
  Result<Completion> complete(Request request,
                              const std::function<bool(const Delta&)>& on_delta = {});
};

}  // namespace freehold
