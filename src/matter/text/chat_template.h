// A model's own chat template: found in its files, applied to a conversation.
#pragma once

#include <optional>
#include <string>

#include "formats/checkpoint.h"
#include "freehold/chat.h"
#include "freehold/result.h"
#include "text/template.h"
#include "text/tokenizer.h"

namespace freehold::text {

class ChatTemplate {
 public:
  // From GGUF (tokenizer.chat_template), chat_template.jinja, chat_template.json or
  // tokenizer_config.json (also the list form, whose "default" and "tool_use" are told apart).
  // Nothing when the model has none; `invalid` when it has one that does not parse.
  static Result<std::optional<ChatTemplate>> open(const formats::Checkpoint& checkpoint,
                                                  const Tokenizer& tokenizer);
  static Result<ChatTemplate> from_source(std::string_view source, const Tokenizer* tokenizer);

  // The prompt, byte for byte as transformers' apply_chat_template(tokenize=False) renders it.
  Result<std::string> render(const Chat& chat, std::int64_t now_unix_s) const;
  const std::string& source() const { return source_; }

 private:
  ChatTemplate(std::string source, Template plain, std::optional<Template> with_tools,
               Object special_tokens);
  std::string source_;
  Template plain_;
  std::optional<Template> with_tools_;
  Object special_tokens_;  // "bos_token", "eos_token", … as far as the model has them
};

}  // namespace freehold::text
