// The local engine as a Generator: template, tokenizer, engine thread, streams. Reached by doors
// only through freehold/generator.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "engine/engine.h"
#include "formats/checkpoint.h"
#include "freehold/generator.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace freehold::engine {

struct LocalOptions {
  std::string name;                  // what callers ask for; empty: the file's name
  std::uint32_t threads = 0;         // 0: all cores
  std::uint32_t context_length = 0;  // 0: the model's own, as far as memory allows
  std::uint32_t max_sequences = 16;
  std::uint64_t kv_bytes = 0;  // 0: chosen from free memory
  DType kv_type = DType::f16;
};

class LocalGenerator : public Generator {
 public:
  static Result<std::unique_ptr<LocalGenerator>> open(const std::filesystem::path& path,
                                                      const LocalOptions& options);
  ~LocalGenerator() override;

  const ModelCard& card() const override;
  Result<std::unique_ptr<Ticket>> start(Request request, Listener listener) override;
  Result<std::string> render(const Chat& chat) const override;
  Result<std::vector<Token>> tokenize(const Prompt& prompt) const override;

  const text::Tokenizer* tokenizer() const;  // nullptr when the model has none

 private:
  struct Parts;
  explicit LocalGenerator(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace freehold::engine
