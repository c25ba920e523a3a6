// What an architecture is to this project: how its recipe is read and what its tensors are called.
// Each is one file in architectures/ and one line in architectures.cc. Not code that computes.
#pragma once

#include <span>
#include <string_view>

#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "model/keys.h"
#include "model/recipe.h"
#include "model/tensor_names.h"

namespace freehold::model {

struct Architecture {
  std::string_view name;       // in recipes; also `model_type` in config.json
  std::string_view hf_class;   // `architectures` in config.json
  std::string_view gguf_name;  // `general.architecture`; empty: GGUF files use another's name
  Result<Recipe> (*read)(const Keys& keys);
  std::span<const TensorName> (*tensors)();
  std::string_view golden;  // the fixture in tests/fixtures/models that proves it
};

// All of them, in alphabetical order.
std::span<const Architecture* const> architectures();

// The one that a checkpoint says it is; `invalid` with what it says and what is supported.
Result<const Architecture*> find_architecture(const formats::Checkpoint& checkpoint);

}  // namespace freehold::model
