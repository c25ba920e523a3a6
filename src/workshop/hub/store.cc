#include "hub/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "hub/catalogue.h"
#include "hub/file_lock.h"
#include "hub/names.h"
#include "hub/reference.h"

namespace freehold::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_receipt_bytes = 4 << 20;
constexpr auto stale_after = std::chrono::hours(24 * 7);

std::unexpected<Error> system_error(std::string_view what, const fs::path& path,
                                    const std::error_code& error) {
  return fail(ErrorCode::absent, fmt::format("{} {}: {}", what, path.string(), error.message()));
}

// Renames survive a power cut only when their folder was synced.
void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

bool is_gguf(const StoredFile& file) {
  return file.name.ends_with(".gguf");
}

// The entries of a folder; none when it does not exist.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    entries.push_back(at->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

// The files that packed weights were made of, as their first page names them.
std::vector<fs::path> sources_of(const fs::path& file) {
  constexpr std::streamsize page_bytes = 4096;
  constexpr std::string_view key = "source ";
  std::string page(page_bytes, '\0');
  std::ifstream(file).read(page.data(), page_bytes);
  std::istringstream lines(page.substr(0, page.find('\0')));
  std::vector<fs::path> sources;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) sources.emplace_back(line.substr(key.size()));
  }
  return sources;
}

// Whether a file of packed weights is of use: all files that it was made of are there. One that is
// still being written has no page yet and a name of its own; it may take a day.
bool has_source(const fs::path& file) {
  constexpr std::chrono::hours longest_write{24};
  std::error_code error;
  if (file.extension() != ".panels") {
    return fs::file_time_type::clock::now() - fs::last_write_time(file, error) < longest_write;
  }
  const std::vector<fs::path> sources = sources_of(file);
  return !sources.empty() && std::ranges::all_of(sources, [&](const fs::path& source) {
    return fs::exists(source, error);
  });
}

struct Blob {
  fs::path path;
  std::string sha256;
  std::uint64_t bytes = 0;
};

std::vector<Blob> blobs_under(const fs::path& folder) {
  std::vector<Blob> blobs;
  for (const fs::path& shelf : entries_of(folder)) {
    for (const fs::path& file : entries_of(shelf)) {
      blobs.push_back({file, file.filename().string(), size_of(file)});
    }
  }
  return blobs;
}

}  // namespace

Result<fs::path> home_directory() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
  };
  fs::path home;
  if (!variable("FREEHOLD_HOME").empty()) {
    home = variable("FREEHOLD_HOME");
  } else if (!variable("XDG_DATA_HOME").empty()) {
    home = fs::path(variable("XDG_DATA_HOME")) / "freehold";
  } else if (!variable("HOME").empty()) {
    home = fs::path(variable("HOME")) / ".local" / "share" / "freehold";
  } else {
    return fail(ErrorCode::absent, "no place for models: neither FREEHOLD_HOME nor HOME is set");
  }
  std::error_code error;
  const fs::path whole = fs::absolute(home, error);
  if (error) return system_error("cannot find", home, error);
  return whole;
}

Store::Store(fs::path home) : home_(std::move(home)) {}

fs::path Store::blob_path(const std::string& sha256) const {
  CHECK(is_sha256(sha256));
  return models() / "blobs" / "sha256" / sha256.substr(0, 2) / sha256;
}

fs::path Store::receipt_path(const std::string& model) const {
  return models() / "receipts" / (model + ".json");
}

Result<void> Store::make_folders() const {
  for (const char* name : {"blobs/sha256", "receipts", "files", "pulls", "locks"}) {
    std::error_code error;
    fs::create_directories(models() / name, error);
    if (error) return system_error("cannot create", models() / name, error);
  }
  return {};
}

Result<std::vector<Receipt>> Store::list(std::vector<Error>* broken) const {
  std::vector<Receipt> receipts;
  for (const fs::path& path : entries_of(models() / "receipts")) {
    if (path.extension() != ".json") continue;
    auto receipt = find(path.stem().string());
    if (receipt) {
      receipts.push_back(std::move(*receipt));
    } else if (receipt.error().code == ErrorCode::absent) {
      continue;  // removed while we looked
    } else if (broken != nullptr) {
      broken->push_back(std::move(receipt).error());
    } else {
      log::warning("hub.broken_receipt", {{"reason", receipt.error().message}});
    }
  }
  return receipts;
}

Result<Receipt> Store::find(const std::string& model) const {
  TRY(check_model_name(model));
  const fs::path path = receipt_path(model);
  std::error_code error;
  if (!fs::exists(path, error)) {
    return fail(ErrorCode::absent, fmt::format("no model \"{}\" in the store", model),
                "see `freehold list`");
  }
  auto receipt = [&]() -> Result<Receipt> {
    const std::string text = TRY(read_file(path, max_receipt_bytes));
    Receipt parsed = TRY(parse_receipt(text));
    if (parsed.model == model) return parsed;
    return fail(ErrorCode::invalid, fmt::format("is the receipt of \"{}\"", parsed.model));
  }();
  if (receipt) return receipt;
  return fail(ErrorCode::invalid, fmt::format("{}: {}", path.string(), receipt.error().message),
              fmt::format("`freehold rm {0}` removes it, `freehold pull {0}` fetches anew", model));
}

Result<void> Store::remove(const std::string& model) {
  TRY(check_model_name(model));
  TRY(make_folders());
  const FileLock lock =
      TRY(FileLock::acquire(models() / "locks" / "store", Clock::system(), nullptr));
  std::error_code error;
  if (!fs::remove(receipt_path(model), error)) {
    if (error) return system_error("cannot remove", receipt_path(model), error);
    return fail(ErrorCode::absent, fmt::format("no model \"{}\" in the store", model),
                "see `freehold list`");
  }
  sync_folder(models() / "receipts");
  fs::remove_all(models() / "files" / model, error);
  if (error) return system_error("cannot remove", models() / "files" / model, error);
  return {};
}

Result<Store::Freed> Store::collect_garbage() {
  TRY(make_folders());
  const FileLock lock =
      TRY(FileLock::acquire(models() / "locks" / "store", Clock::system(), nullptr));
  std::vector<Error> broken;
  std::set<std::string> named;
  std::set<std::string> alive;
  for (const Receipt& receipt : TRY(list(&broken))) {
    alive.insert(receipt.model);
    for (const StoredFile& file : receipt.files) named.insert(file.sha256);
  }
  if (!broken.empty()) {
    return fail(std::move(broken.front()).in("nothing removed, for a receipt cannot be read"));
  }
  Freed freed;
  const auto drop = [&](const fs::path& path, std::uint64_t bytes) {
    std::error_code error;
    if (!fs::remove(path, error)) return;
    ++freed.files;
    freed.bytes += bytes;
  };
  std::error_code error;
  for (const fs::path& tree : entries_of(models() / "files")) {
    if (!alive.contains(tree.filename().string())) fs::remove_all(tree, error);
  }
  for (const Blob& blob : blobs_under(models() / "blobs" / "sha256")) {
    if (!named.contains(blob.sha256)) drop(blob.path, blob.bytes);
  }
  for (const fs::path& file : entries_of(packed_folder())) {
    if (!has_source(file)) drop(file, size_of(file));
  }
  for (const fs::path& folder : entries_of(models() / "pulls")) {
    const fs::path name = folder.filename();
    const auto pulling = TRY(FileLock::try_acquire(models() / "locks" / (name.string() + ".pull")));
    const auto touched = fs::last_write_time(folder, error);
    if (!pulling || error || fs::file_time_type::clock::now() - touched < stale_after) continue;
    for (const fs::path& file : entries_of(folder)) drop(file, size_of(file));
    fs::remove_all(folder, error);
  }
  return freed;
}

Result<Store::Usage> Store::usage() const {
  Usage usage;
  std::vector<Error> broken;  // `list` shows them; here they only leave blobs unnamed
  const std::vector<Receipt> receipts = TRY(list(&broken));
  std::map<std::string, int> owners;
  for (const Receipt& receipt : receipts) {
    std::set<std::string> own;
    for (const StoredFile& file : receipt.files) own.insert(file.sha256);
    for (const std::string& sha256 : own) ++owners[sha256];
  }
  for (const Receipt& receipt : receipts) {
    Usage::Model model{receipt.model, 0, 0};
    std::set<std::string> seen;
    for (const StoredFile& file : receipt.files) {
      if (!seen.insert(file.sha256).second) continue;
      model.bytes += file.bytes;
      if (owners[file.sha256] == 1) model.alone_bytes += file.bytes;
    }
    usage.models.push_back(std::move(model));
  }
  for (const Blob& blob : blobs_under(models() / "blobs" / "sha256")) {
    usage.blob_bytes += blob.bytes;
    if (!owners.contains(blob.sha256)) usage.garbage_bytes += blob.bytes;
  }
  for (const fs::path& file : entries_of(packed_folder())) usage.packed_bytes += size_of(file);
  for (const fs::path& folder : entries_of(models() / "pulls")) {
    for (const fs::path& file : entries_of(folder)) {
      struct stat info{};
      // Blocks, not length: a file with holes takes less than it seems to.
      if (::stat(file.c_str(), &info) == 0) {
        usage.partial_bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
      }
    }
  }
  return usage;
}

std::uint64_t Store::packed_bytes_of(const std::vector<fs::path>& files) const {
  std::error_code error;
  std::set<fs::path> wanted;
  for (const fs::path& file : files) wanted.insert(fs::absolute(file, error).lexically_normal());
  std::uint64_t bytes = 0;
  for (const fs::path& file : entries_of(packed_folder())) {
    const std::vector<fs::path> sources = sources_of(file);
    if (std::ranges::any_of(sources, [&](const fs::path& one) { return wanted.contains(one); })) {
      bytes += size_of(file);
    }
  }
  return bytes;
}

bool Store::has_blob(const std::string& sha256, std::uint64_t bytes) const {
  std::error_code error;
  return is_sha256(sha256) && fs::file_size(blob_path(sha256), error) == bytes && !error;
}

bool Store::is_whole(const Receipt& receipt) const {
  return std::all_of(receipt.files.begin(), receipt.files.end(),
                     [&](const StoredFile& file) { return has_blob(file.sha256, file.bytes); });
}

Result<void> Store::link_files(const Receipt& receipt) const {
  const fs::path tree = models() / "files" / receipt.model;
  std::error_code error;
  fs::create_directories(tree, error);
  if (error) return system_error("cannot create", tree, error);
  std::set<std::string> wanted;
  for (const StoredFile& file : receipt.files) {
    wanted.insert(file.name);
    const fs::path blob = blob_path(file.sha256);
    const fs::path name = tree / file.name;
    if (fs::equivalent(blob, name, error)) continue;
    const fs::path beside = tree / ("." + file.name + ".new");
    fs::remove(beside, error);
    fs::create_hard_link(blob, beside, error);
    if (error) fs::create_symlink(fs::relative(blob, tree, error), beside, error);
    if (!error) fs::rename(beside, name, error);
    if (error) return system_error("cannot link", name, error);
  }
  for (const fs::path& old : entries_of(tree)) {
    if (!wanted.contains(old.filename().string())) fs::remove(old, error);
  }
  return {};
}

Result<fs::path> Store::path_of(const Receipt& receipt) const {
  if (!is_whole(receipt)) {
    return fail(ErrorCode::invalid,
                fmt::format("files of \"{}\" are missing from the store", receipt.model),
                fmt::format("`freehold pull {}` fetches them again", receipt.model));
  }
  TRY(link_files(receipt));
  const fs::path tree = models() / "files" / receipt.model;
  const bool all_gguf = std::all_of(receipt.files.begin(), receipt.files.end(), is_gguf);
  return all_gguf ? tree / receipt.files.front().name : tree;
}

Result<fs::path> Store::pull_folder(const std::string& model) {
  TRY(check_model_name(model));
  TRY(make_folders());
  const fs::path folder = models() / "pulls" / model;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return system_error("cannot create", folder, error);
  return folder;
}

Result<fs::path> Store::pull_lock(const std::string& model) {
  TRY(check_model_name(model));
  TRY(make_folders());
  return models() / "locks" / (model + ".pull");
}

Result<void> Store::commit(const Receipt& receipt, const fs::path& folder) {
  TRY(make_folders());
  const FileLock lock =
      TRY(FileLock::acquire(models() / "locks" / "store", Clock::system(), nullptr));
  for (const StoredFile& file : receipt.files) {
    const fs::path blob = blob_path(file.sha256);
    const fs::path fresh = folder / file.name;
    std::error_code error;
    fs::create_directories(blob.parent_path(), error);
    if (has_blob(file.sha256, file.bytes)) {
      fs::remove(fresh, error);
      continue;
    }
    // Read-only: an engine that maps it, or a careless editor, must not change what the name says.
    fs::permissions(fresh, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read,
                    error);
    fs::rename(fresh, blob, error);
    if (error) return system_error("cannot store", fresh, error);
    sync_folder(blob.parent_path());
  }
  TRY(link_files(receipt));
  // The last step: before it the model is not there, after it all of it is.
  TRY(replace_file(receipt_path(receipt.model), to_json(to_value(receipt), 2) + "\n"));
  sync_folder(models() / "receipts");
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return {};
}

Result<fs::path> resolve_model(const Store& store, const std::string& model) {
  std::error_code error;
  if (!model.empty() && fs::exists(model, error)) return fs::path(model);
  if (check_model_name(model)) {
    auto receipt = store.find(model);
    if (receipt) return store.path_of(*receipt);
    if (receipt.error().code != ErrorCode::absent) return fail(std::move(receipt).error());
    const Catalogue& catalogue = Catalogue::builtin();
    if (catalogue.find(model) != nullptr) {
      return fail(ErrorCode::absent, fmt::format("\"{}\" has not been pulled", model),
                  "freehold pull " + model);
    }
    const std::string near = catalogue.nearest(model);
    return fail(ErrorCode::invalid, fmt::format("no model \"{}\"", model),
                near.empty() ? "`freehold list --available` shows the catalogue"
                             : fmt::format("did you mean \"{}\"?", near));
  }
  if (looks_like_reference(model) && parse_reference(model)) {
    return fail(ErrorCode::absent, fmt::format("\"{}\" has not been pulled", model),
                "freehold pull " + model);
  }
  return fail(ErrorCode::invalid, fmt::format("no file, directory or model \"{}\"", model));
}

}  // namespace freehold::hub
