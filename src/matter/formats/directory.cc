#include "formats/directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "formats/names.h"

namespace freehold::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_entries = 1 << 16;
constexpr std::size_t max_name_bytes = 255;
constexpr std::size_t least_digest_digits = 40;  // SHA-1, as git names blobs

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= max_name_bytes && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

bool is_digest(std::string_view name) {
  if (name.starts_with("sha256-")) name.remove_prefix(7);
  return name.size() >= least_digest_digits &&
         name.find_first_not_of("0123456789abcdef") == name.npos;
}

bool is_blob(const fs::path& target) {
  return is_digest(target.filename().string()) &&
         std::ranges::find(target, "blobs") != target.end();
}

bool is_inside(const fs::path& directory, const fs::path& target) {
  const auto [end, _] = std::ranges::mismatch(directory, target);
  return end == directory.end();
}

}  // namespace

Result<std::vector<std::string>> list_files(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  std::size_t entries = 0;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (++entries > max_entries) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: more than {} entries", directory.string(), max_entries));
    }
    std::error_code ignored;  // a dangling link is no file
    if (entry->is_regular_file(ignored)) names.push_back(entry->path().filename().string());
  }
  if (error) {
    return fail(ErrorCode::invalid,
                fmt::format("cannot list {}: {}", directory.string(), error.message()));
  }
  std::ranges::sort(names);
  return names;
}

Result<std::optional<fs::path>> find_in(const fs::path& directory, std::string_view name) {
  if (!is_plain_name(name)) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is not a plain file name: a model's files lie in its directory",
                            in_quotes(name)));
  }
  const fs::path home = directory.empty() ? fs::path(".") : directory;
  const fs::path path = directory / name;
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  const fs::path target = fs::canonical(path, error);
  const fs::path inside = error ? fs::path() : fs::canonical(home, error);
  if (error || !fs::is_regular_file(target, error)) {
    return fail(ErrorCode::invalid, fmt::format("{} is not a regular file", path.string()));
  }
  if (is_inside(inside, target) || is_blob(target)) return path;
  return fail(ErrorCode::invalid, fmt::format("{} is a link out of its directory, to {}",
                                              path.string(), target.string()));
}

}  // namespace freehold::formats
