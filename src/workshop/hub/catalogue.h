// The models that `pull` knows by name: facts about each, and its mirrors in order. Data, not code:
// catalogue.toml, which is built into the program. Says nothing about what is on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"

namespace freehold::hub {

struct CatalogueEntry {
  std::string name;          // "qwen3-0.6b"
  std::string title;         // "Qwen3 0.6B"
  std::string family;        // "Qwen3"
  std::string maker;         // "Alibaba"
  std::string origin;        // country, ISO 3166-1 alpha-2
  std::string license;       // SPDX identifier, or LicenseRef-… where SPDX has none
  std::string architecture;  // as GGUF's general.architecture calls it
  std::uint64_t parameters = 0;
  std::uint64_t active_parameters =
      0;                             // per token; the same as `parameters` unless it is a mixture
  std::uint64_t context_length = 0;  // tokens that its maker promises
  std::vector<std::string> sources;  // references (reference.h), best first
  std::string sha256;                // of the one file, where it is known for certain; else empty
  std::uint64_t bytes = 0;           // of the download, about; 0 when not known
  bool gated = false;                // the hub wants terms accepted first
  bool runs = false;                 // by this program, today
};

class Catalogue {
 public:
  // The one built into the program.
  static const Catalogue& builtin();
  // `invalid` with entry and field. Checks everything that `pull` will rely on.
  static Result<Catalogue> parse(std::string_view toml);

  const std::vector<CatalogueEntry>& entries() const { return entries_; }
  const CatalogueEntry* find(std::string_view name) const;
  // The most similar name, empty when none is similar.
  std::string nearest(std::string_view name) const;

  // What `start` tries on a machine with so much memory, in order; never empty.
  std::vector<std::string> default_candidates(std::uint64_t memory_bytes) const;

 private:
  std::vector<CatalogueEntry> entries_;
  std::vector<std::string> defaults_;
};

}  // namespace freehold::hub
