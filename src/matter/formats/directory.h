// The files of a model's directory, found by name without ever leaving it. Not a walk: models are
// flat.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"

namespace freehold::formats {

// The names of all regular files in it, sorted.
Result<std::vector<std::string>> list_files(const std::filesystem::path& directory);

// The regular file of that name in the directory; nullopt when there is none. `invalid` when the
// name is not a plain file name ("../x", "a/b") or is a link that leads out of the directory.
// Links to a content-addressed blob (…/blobs/…/<digest>) are what model caches are made of: those
// may lead out.
Result<std::optional<std::filesystem::path>> find_in(const std::filesystem::path& directory,
                                                     std::string_view name);

}  // namespace freehold::formats
