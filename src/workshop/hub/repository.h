// A model's repository on a hub: its files as the hub's API lists them, and which of them a pull
// takes. The two hubs' APIs are in huggingface.cc and modelscope.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "hub/reference.h"
#include "hub/transfer.h"

namespace freehold::hub {

struct RepositoryFile {
  std::string path;  // with folders
  std::optional<std::uint64_t> bytes;
  std::string sha256;  // empty when the hub does not say
  std::string url;
};

struct Repository {
  std::vector<RepositoryFile> files;
  std::string revision;  // pinned: a commit where the hub names one
  std::string license;   // as the hub calls it; may be empty
};

// Asks the hub. `absent` with the reason, and what to do about it where something can be done.
Result<Repository> list_repository(TransferContext& context, const HubReference& reference);
Result<Repository> list_huggingface(TransferContext& context, const HubReference& reference);
Result<Repository> list_modelscope(TransferContext& context, const HubReference& reference);

// The files that make the model. With a selection: the file of that path, or the GGUF (all parts of
// it) of that quantization. Without: the GGUF of the best quantization for a small machine, else
// the safetensors with configuration and tokenizer. Never code, pickles or other frameworks' files.
Result<std::vector<RepositoryFile>> choose_files(const std::vector<RepositoryFile>& files,
                                                 std::string_view selection);

// A small JSON document from a hub's API, or why there is none.
Result<Value> get_json(TransferContext& context, const HubReference& reference,
                       const std::string& url);

}  // namespace freehold::hub
