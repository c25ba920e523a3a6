// The local engine as a Generator: template, tokenizer, engine thread, streams. Reached by doors
// only through freehold/generator.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "engine/engine.h"
#include "formats/checkpoint.h"
#include "freehold/generator.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace freehold::engine {

struct LocalOptions {
  std::string name{};                // what callers ask for; empty: the file's name
  std::uint32_t threads = 0;         // 0: all cores
  bool pin_threads = false;          // each to a core of its own
  std::uint32_t context_length = 0;  // 0: the model's own, as far as memory allows
  std::uint32_t max_sequences = 16;  // computed together; more wait in the queue
  std::uint32_t max_queue = 1024;    // requests that wait; more are refused
  std::uint64_t kv_bytes = 0;        // 0: chosen from free memory
  KvType kv_type = KvType::f16;
  std::filesystem::path packed_folder{};  // keeps the packed form of weights; empty: in memory
};

class LocalGenerator : public Generator {
 public:
  // Opens a model and starts its engine. A model without tokenizer continues token prompts only,
  // and its answers have tokens but no text.
  static Result<std::unique_ptr<LocalGenerator>> open(const std::filesystem::path& path,
                                                      const LocalOptions& options,
                                                      const Clock& clock = Clock::system());
  ~LocalGenerator() override;

  const ModelCard& card() const override;
  std::optional<GeneratorStatus> status() const override;
  Result<std::unique_ptr<Ticket>> start(Request request, Listener listener) override;
  // `invalid` when the model has no chat template, or its template refuses the messages.
  Result<std::string> render(const Chat& chat) const override;
  // Conversations and text are read with special tokens in them; BOS is added as the model's
  // tokenizer does by default, but not to a conversation whose template already wrote it.
  Result<std::vector<Token>> tokenize(const Prompt& prompt) const override;
  Result<std::vector<Token>> tokenize_text(std::string_view text, bool add_special,
                                           bool parse_special) const override;
  Result<std::string> detokenize(std::span<const Token> tokens) const override;
  Result<std::vector<std::string>> pieces(std::span<const Token> tokens) const override;

  const text::Tokenizer* tokenizer() const;  // nullptr when the model has none

 private:
  Result<void> check_vocabulary(std::span<const Token> tokens) const;
  std::vector<Token> tokenize_rendered(std::string_view text) const;
  struct Parts;
  explicit LocalGenerator(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace freehold::engine
