// A model ready to run: its recipe and its weights, bound by name and checked. Not its tokenizer.
#pragma once

#include <filesystem>
#include <memory>

#include "base/thread_pool.h"
#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "model/decoder.h"

namespace freehold::model {

// Reads the recipe, binds every weight, checks every shape. `invalid` names the tensor or the key.
// The decoder keeps `checkpoint` (its mapped bytes are the weights) and uses `pool`'s threads. The
// packed form of quantized weights is kept in `packed_folder`, empty: in memory (packed_weights.h).
Result<std::unique_ptr<Decoder>> open_decoder(std::shared_ptr<const formats::Checkpoint> checkpoint,
                                              ThreadPool& pool,
                                              const std::filesystem::path& packed_folder = {});

Result<Recipe> read_recipe(const formats::Checkpoint& checkpoint);

// Bytes of weights that one single-token forward pass reads (experts: only the active ones).
std::uint64_t bytes_per_token(const formats::Checkpoint& checkpoint, const Recipe& recipe);

}  // namespace freehold::model
