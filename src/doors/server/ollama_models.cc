#include "server/ollama_models.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "server/fingerprint.h"
#include "server/ollama_answer.h"

namespace freehold::server {
namespace {

// 134515008 -> "134.5M", 8030261248 -> "8.0B".
std::string parameter_size(std::uint64_t parameters) {
  const auto count = static_cast<double>(parameters);
  if (count >= 1e9) return fmt::format("{:.1f}B", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.1f}M", count / 1e6);
  return fmt::format("{:.1f}K", count / 1e3);
}

}  // namespace

Object ollama_details(const ModelCard& card) {
  return {{"parent_model", ""},
          {"format", "gguf"},
          {"family", card.architecture},
          {"families", List{card.architecture}},
          {"parameter_size", parameter_size(card.parameters)},
          {"quantization_level", card.quantization}};
}

Object ollama_model(const ModelCard& card) {
  return {{"name", card.name},
          {"model", card.name},
          {"modified_at", rfc3339(card.created_unix_s)},
          {"size", card.bytes},
          // Of what is told here, which changes when the model does; its files are not read for it.
          {"digest", sha256(fingerprint(card))},
          {"details", ollama_details(card)}};
}

}  // namespace freehold::server
