// What a request for text says, as native types: shared by the dialects that ask for text. Pure
// functions of a JSON value; nothing here knows HTTP.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "freehold/generator.h"
#include "server/fields.h"

namespace freehold::server {

struct GenerationRequest {
  std::string model;  // empty: the only one that is served
  Sampling sampling;
  Stop stop;
  std::string cache_salt;  // see Request
  Constraint constraint;
  std::uint32_t choices = 1;  // n
  bool stream = false;
  bool include_usage = false;
};

// Fields that /v1/chat/completions and /v1/completions have in common, and those that neither
// honours yet.
std::span<const Field> generation_fields();
std::span<const Unsupported> unsupported_fields();

// Reads them all, but for the token limit and logprobs, whose names differ by dialect.
GenerationRequest read_generation(FieldReader& reader);

// The request of choice `choice` (from 0): with a seed of its own, so that seeded choices differ.
Request choice_request(const GenerationRequest& generation, Prompt prompt, std::uint32_t choice);

}  // namespace freehold::server
