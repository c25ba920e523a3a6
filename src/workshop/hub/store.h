// Models on this machine: blobs named by their SHA-256, and a receipt for each model that says what it
// is made of and where it came from. Lives under the home directory's `models`. Safe to interrupt at any byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::hub {

// $FREEHOLD_HOME, else $XDG_DATA_HOME/freehold, else ~/.local/share/freehold.
Result<std::filesystem::path> home_directory();

struct StoredFile {
  std::string name;  // as the model calls it: "model.gguf", "tokenizer.json"
  std::string sha256;
  std::uint64_t bytes = 0;
};

struct Receipt {
  std::string model;     // the name in the store
  std::string source;    // the address or package it came from
  std::string revision;  // commit, version; may be empty
  std::string license;   // identifier; may be empty
  std::int64_t pulled_unix_s = 0;
  std::vector<StoredFile> files;
};

class Store {
 public:
  explicit Store(std::filesystem::path home);

  Result<std::vector<Receipt>> list() const;
  Result<Receipt> find(const std::string& model) const;  // `absent` when it is not here
  Result<void> remove(const std::string& model);         // receipt only; blobs go with collect_garbage
  struct Freed {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
  };
  Result<Freed> collect_garbage();

  // A path that the engine can open: the GGUF, or a directory with the model's files by name.
  Result<std::filesystem::path> path_of(const Receipt& receipt) const;

  const std::filesystem::path& home() const { return home_; }

 private:
  std::filesystem::path home_;
};

// What MODEL means on a command line: an existing file or directory, a name in the store, or a
// catalogue name (then `absent`, with `freehold pull NAME` as the hint, when it was not pulled).
Result<std::filesystem::path> resolve_model(const Store& store, const std::string& model);

}  // namespace freehold::hub
