// The models that conformance tests and the example server talk to: scripted, so that every answer
// is known.
#pragma once

#include <string>

#include "freehold/scripted_generator.h"

namespace freehold::conformance {

inline constexpr const char* story =
    "A freehold is property that is **held outright**, not leased from a landlord.\n\n"
    "With a model of your own:\n\n"
    "1. nobody changes it under you,\n2. nobody reads along,\n3. nobody sends a bill per token.\n\n"
    "```python\nfrom openai import OpenAI\n\nclient = OpenAI(\n"
    "    base_url=\"http://127.0.0.1:8080/v1\",\n    api_key=\"none\",\n)\n"
    "```\n\nGrüße aus 日本 🏡";

inline std::string asked(const Request& request) {
  if (const auto* text = std::get_if<std::string>(&request.prompt)) return *text;
  const auto* chat = std::get_if<Chat>(&request.prompt);
  if (chat == nullptr || chat->messages.empty()) return {};
  const Value* content = chat->messages.back().find("content");
  return content != nullptr && content->as_string() != nullptr ? *content->as_string() : "";
}

// "say X" is answered by X, "use X" by X after a thought and with a call of the tool X, "slow" by
// two thousand words; all else gets the story.
inline std::string answer(const Request& request) {
  const std::string question = asked(request);
  if (question.starts_with("say ") || question.starts_with("use ")) return question.substr(4);
  if (!question.starts_with("slow")) return story;
  std::string words;
  for (int i = 0; i < 2000; ++i) words += " word" + std::to_string(i);
  return words;
}

inline Delta beside(const Request& request) {
  const std::string question = asked(request);
  if (!question.starts_with("use ")) return {};
  Delta delta;
  delta.reasoning = "I need " + question.substr(4) + ".";
  delta.tool_calls = {{question.substr(4), R"({"place":"here"})"}};
  return delta;
}

inline Script script(std::string name) {
  Script script;
  script.card = {.name = std::move(name),
                 .architecture = "script",
                 .parameters = 135'000'000,
                 .context_length = 8192,
                 .created_unix_s = 1'700'000'000};
  script.answer = answer;
  script.beside = beside;
  return script;
}

}  // namespace freehold::conformance
