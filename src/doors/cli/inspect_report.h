// What `inspect` finds out about a model, and how it says it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "formats/describe.h"
#include "freehold/result.h"
#include "freehold/value.h"
#include "hub/store.h"
#include "model/footprint.h"

namespace freehold::cli {

struct Inspection {
  std::filesystem::path path;
  formats::Description description;
  std::string sha256;  // of the file; of a directory: of "DIGEST  NAME" lines, sorted by name
  std::uint32_t context_length = 0;
  std::optional<model::Footprint> footprint;  // none when the architecture is not one that runs
  std::string cannot_run;                     // why, then
  std::uint64_t packed_bytes = 0;             // its packed weights in the store, see du
};

// `context_length` 0: the model's own. `invalid` for what no valid model can be read from.
Result<Inspection> inspect(const std::filesystem::path& path, std::uint32_t context_length);

// `denied` names the file whose digest is not the receipt's.
Result<void> verify_digests(const hub::Store& store, const hub::Receipt& receipt);

Value inspection_json(const Inspection& inspection);
std::string inspection_text(const Inspection& inspection);
// One line; `name` is what the user calls the model.
std::string inspection_line(const std::string& name, const Inspection& inspection, bool verified);

}  // namespace freehold::cli
