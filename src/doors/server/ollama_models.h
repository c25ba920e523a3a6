// What Ollama's dialect says about a model.
#pragma once

#include "freehold/generator.h"
#include "freehold/value.h"

namespace freehold::server {

Object ollama_model(const ModelCard& card);    // as lists have it
Object ollama_details(const ModelCard& card);  // format, family, size

}  // namespace freehold::server
