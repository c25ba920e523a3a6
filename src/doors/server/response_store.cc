#include "server/response_store.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace freehold::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view id_prefix = "resp_";
constexpr std::size_t max_id_bytes = 64;

// Ids come from clients and become names of files.
bool is_id(std::string_view id) {
  const auto is_plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  return id.starts_with(id_prefix) && id.size() > id_prefix.size() && id.size() <= max_id_bytes &&
         std::ranges::all_of(id.substr(id_prefix.size()), is_plain);
}

}  // namespace

fs::path ResponseStore::file_of(const std::string& id) const {
  return folder_ / (id + ".json");
}

Result<void> ResponseStore::open(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return fail(ErrorCode::denied,
                folder.string() + ": the folder of responses: " + error.message());
  }
  std::vector<std::tuple<fs::file_time_type, std::string, std::uint64_t>> found;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string id = at->path().stem().string();
    std::error_code unreadable;
    const auto written = at->last_write_time(unreadable);
    const std::uint64_t bytes = unreadable ? 0 : at->file_size(unreadable);
    if (unreadable || at->path().extension() != ".json" || !is_id(id)) continue;
    found.emplace_back(written, std::move(id), bytes);
  }
  std::ranges::sort(found);
  const std::lock_guard lock(mutex_);
  folder_ = folder;
  for (auto& [written, id, bytes] : found) enter(id, bytes, {});
  return {};
}

Result<void> ResponseStore::put(const std::string& id, const Value& response) {
  std::string text = to_json(response);
  const std::uint64_t bytes = text.size();
  if (!is_id(id) || bytes > limits_.bytes) {
    return fail(ErrorCode::invalid, "the response is larger than all that may be stored");
  }
  const std::lock_guard lock(mutex_);
  if (!folder_.empty()) {
    TRY(replace_file(file_of(id), text));
    text.clear();
  }
  enter(id, bytes, std::move(text));
  return {};
}

// Enters what has been written, and makes room for it.
void ResponseStore::enter(const std::string& id, std::uint64_t bytes, std::string text) {
  if (const auto old = entries_.find(id); old != entries_.end()) {
    bytes_ -= old->second.bytes;
    ages_.erase(old->second.age);
  }
  ages_.push_back(id);
  entries_[id] = {bytes, std::move(text), std::prev(ages_.end())};
  bytes_ += bytes;
  while (entries_.size() > limits_.responses || bytes_ > limits_.bytes) {
    forget(std::string(ages_.front()));
  }
}

std::optional<Value> ResponseStore::get(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return {};
  auto text = folder_.empty() ? Result<std::string>(entry->second.text)
                              : read_file(file_of(id), limits_.bytes);
  if (!text) return {};
  auto response = parse_json(*text);
  return response ? std::optional(*std::move(response)) : std::nullopt;
}

bool ResponseStore::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return forget(id);
}

bool ResponseStore::forget(const std::string& id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return false;
  std::error_code error;
  if (!folder_.empty()) fs::remove(file_of(id), error);
  bytes_ -= entry->second.bytes;
  ages_.erase(entry->second.age);
  entries_.erase(entry);
  return true;
}

}  // namespace freehold::server
