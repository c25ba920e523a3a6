// What is known about a pulled model, and its form on disk: one JSON file per model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::hub {

struct StoredFile {
  std::string name;  // as the model calls it: "model.gguf", "tokenizer.json"
  std::string sha256;
  std::uint64_t bytes = 0;
};

struct Receipt {
  std::string model;     // the name in the store
  std::string source;    // the reference it was pulled by, as in reference.h
  std::string mirror;    // the server that gave it; empty for packages and local files
  std::string client;    // the package client and its version; empty for everything else
  std::string revision;  // commit or version; may be empty
  std::string license;   // identifier; may be empty
  std::int64_t pulled_unix_s = 0;
  std::vector<StoredFile> files;

  std::uint64_t bytes() const {
    std::uint64_t total = 0;
    for (const StoredFile& file : files) total += file.bytes;
    return total;
  }
};

Value to_value(const Receipt& receipt);

// `invalid` with the field that is wrong. Names and digests are checked: they become paths.
Result<Receipt> parse_receipt(std::string_view json);

}  // namespace freehold::hub
