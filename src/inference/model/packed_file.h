// What the file with a model's packed weights is called, and its first page: what it holds and of
// which files it was made. The page is text, so that whoever keeps the files (hub) can tell which
// are of use without knowing how weights are packed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "formats/checkpoint.h"
#include "freehold/result.h"

namespace freehold::model {

constexpr std::size_t packed_header_bytes = 4096;

// FOLDER/KEY-ROWS.panels; the key changes when one of the checkpoint's files does: which file it
// is, its size and time, and samples of its content. Kernels whose panels have other rows have
// files of their own, so that trying another instruction set throws nothing away.
Result<std::filesystem::path> packed_file(const std::filesystem::path& folder,
                                          const formats::Checkpoint& checkpoint,
                                          std::size_t panel_rows);

// `contents` says what is packed in which order and form; a file with another header is stale.
std::string packed_header(std::string_view contents, const formats::Checkpoint& checkpoint);

}  // namespace freehold::model
