// What a request for text says in Ollama's dialect, as native types: what /api/chat and
// /api/generate have in common.
#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "freehold/generator.h"
#include "server/fields.h"

namespace freehold::server {

struct OllamaRequest {
  std::string model;
  Chat chat;
  std::string text;  // in place of the chat when `raw`
  bool raw = false;
  bool stream = true;  // unlike in the other dialects
  Sampling sampling;
  Stop stop;
  Constraint constraint;

  Prompt prompt() const { return raw ? Prompt(text) : Prompt(chat); }
};

Parsed<OllamaRequest> parse_ollama_chat(const Value& body);
Parsed<OllamaRequest> parse_ollama_generate(const Value& body);
Object ollama_chat_schema();
Object ollama_generate_schema();

}  // namespace freehold::server
