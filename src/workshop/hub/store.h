// Models on this machine: blobs named by their SHA-256, and a receipt for each model that says what
// it is made of and where it came from. Lives under the home directory's `models`. Safe to
// interrupt at any byte and to use from several processes. Does not fetch: pull.h does.
//
//   models/blobs/sha256/ab/abcd…   the bytes, read-only, never changed
//   models/receipts/NAME.json      what a model is; a model exists when its receipt does
//   models/files/NAME/FILE         the same bytes under the names that engines expect (hard links)
//   models/pulls/NAME/…            what is being fetched
//   models/packed/KEY-ROWS.panels  weights as kernels read them, made by the engine; of no worth
//                                  without the files that its first page names
//   models/locks/…                 between processes
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "freehold/result.h"
#include "hub/receipt.h"

namespace freehold::hub {

// $FREEHOLD_HOME, else $XDG_DATA_HOME/freehold, else ~/.local/share/freehold.
Result<std::filesystem::path> home_directory();

class Store {
 public:
  explicit Store(std::filesystem::path home);

  // In the order of their names. A receipt that cannot be read does not hide the others: it is
  // reported in `broken` when that is given, else as a warning in the log.
  Result<std::vector<Receipt>> list(std::vector<Error>* broken = nullptr) const;
  Result<Receipt> find(const std::string& model) const;  // `absent` when it is not here
  Result<void> remove(const std::string& model);  // receipt only; blobs go with collect_garbage
  struct Freed {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
  };
  // Removes blobs that no receipt names, packed weights whose source is gone, and what pulls left
  // that nobody resumed for a week. Refuses (`invalid`) while a receipt cannot be read, for its
  // blobs are not known.
  Result<Freed> collect_garbage();

  struct Usage {
    struct Model {
      std::string name;
      std::uint64_t bytes = 0;        // all of its files
      std::uint64_t alone_bytes = 0;  // what removing it would free
    };
    std::vector<Model> models;
    std::uint64_t blob_bytes = 0;     // each blob once
    std::uint64_t garbage_bytes = 0;  // of these, named by no receipt
    std::uint64_t partial_bytes = 0;  // of unfinished pulls
    std::uint64_t packed_bytes = 0;   // of packed weights, which are made again when they are gone
  };
  Result<Usage> usage() const;
  // Of the packed weights that were made of one of these files.
  std::uint64_t packed_bytes_of(const std::vector<std::filesystem::path>& files) const;

  // A path that the engine can open: the GGUF, or a directory with the model's files by name.
  Result<std::filesystem::path> path_of(const Receipt& receipt) const;

  // Whether all blobs of a receipt are here with the right sizes.
  bool is_whole(const Receipt& receipt) const;

  const std::filesystem::path& home() const { return home_; }

  // Where the engine keeps the packed form of weights.
  std::filesystem::path packed_folder() const { return models() / "packed"; }

  // For pull.cc. The folder that a model is fetched into, made when missing; the lock that its
  // fetching holds; and the moment when `files`, which lie there whole and verified under their
  // names, become the model.
  Result<std::filesystem::path> pull_folder(const std::string& model);
  Result<std::filesystem::path> pull_lock(const std::string& model);
  Result<void> commit(const Receipt& receipt, const std::filesystem::path& folder);
  // A blob of this digest and size, if there is one.
  bool has_blob(const std::string& sha256, std::uint64_t bytes) const;

 private:
  std::filesystem::path models() const { return home_ / "models"; }
  std::filesystem::path blob_path(const std::string& sha256) const;
  std::filesystem::path receipt_path(const std::string& model) const;
  Result<void> link_files(const Receipt& receipt) const;
  Result<void> make_folders() const;

  std::filesystem::path home_;
};

// What MODEL means on a command line: an existing file or directory, a name in the store, or a
// catalogue name (then `absent`, with `freehold pull NAME` as the hint, when it was not pulled).
Result<std::filesystem::path> resolve_model(const Store& store, const std::string& model);

}  // namespace freehold::hub
