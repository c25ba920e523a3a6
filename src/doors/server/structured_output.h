// What a request demands of the form of its answer, in the words of each dialect, as a Constraint.
// Whether it can be enforced is the generator's to say.
#pragma once

#include "freehold/constraint.h"
#include "server/fields.h"

namespace freehold::server {

// vLLM's guided_json, guided_regex, guided_choice, guided_grammar and structured_outputs,
// llama.cpp's grammar and json_schema. At most one of them.
std::span<const Field> structured_fields();
Constraint read_structured(FieldReader& reader);

// OpenAI's response_format: text, json_object or json_schema.
Parsed<Constraint> read_response_format(const Object* format);
// Ollama's format: "json" or a schema.
Parsed<Constraint> read_ollama_format(const Value* format);
// Anthropic's output_config.format and the older output_format: json_schema.
Parsed<Constraint> read_output_format(const Object* config, const Object* format);

// Both ways to ask, of which at most one may be used.
Parsed<Constraint> either(Constraint a, Constraint b);

}  // namespace freehold::server
