#include "formats/checkpoint.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "formats/bounded_json.h"
#include "formats/directory.h"
#include "formats/open_weights.h"

namespace freehold::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_text_bytes = 1 << 24;

}  // namespace

struct Checkpoint::Content {
  OpenedWeights opened;
  fs::path path;
  std::vector<fs::path> files;
  std::unordered_map<std::string_view, const NamedTensor*> by_name;

  std::mutex sidecars_mutex;
  std::map<std::string, std::unique_ptr<const Value>, std::less<>> sidecars;
};

Result<Checkpoint> Checkpoint::open(const fs::path& path) {
  auto content = std::make_unique<Content>();
  content->opened = TRY(open_weights(path));
  content->path = path;
  for (const MappedFile& file : content->opened.weights.files) {
    content->files.push_back(file.path());
  }
  for (const NamedTensor& tensor : content->opened.weights.tensors) {
    content->by_name.emplace(tensor.name, &tensor);
  }
  return Checkpoint(std::move(content));
}

Checkpoint::Checkpoint(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Container Checkpoint::container() const {
  return content_->opened.container;
}
const fs::path& Checkpoint::path() const {
  return content_->path;
}
std::span<const fs::path> Checkpoint::files() const {
  return content_->files;
}

std::span<const NamedTensor> Checkpoint::tensors() const {
  return content_->opened.weights.tensors;
}

const NamedTensor* Checkpoint::find(std::string_view name) const {
  const auto found = content_->by_name.find(name);
  return found == content_->by_name.end() ? nullptr : found->second;
}

const Value* Checkpoint::metadata(std::string_view key) const {
  return all_metadata().find(key);
}
const Value& Checkpoint::all_metadata() const {
  return content_->opened.weights.metadata;
}

Result<const Value*> Checkpoint::sidecar_json(std::string_view name) const {
  const auto& directory = content_->opened.directory;
  if (!directory) return nullptr;
  const std::scoped_lock lock(content_->sidecars_mutex);
  if (const auto kept = content_->sidecars.find(name); kept != content_->sidecars.end()) {
    return kept->second.get();
  }
  std::unique_ptr<const Value> value;
  if (const auto path = TRY(find_in(*directory, name))) {
    value = std::make_unique<const Value>(TRY(read_json_object(*path)));
  }
  return content_->sidecars.emplace(name, std::move(value)).first->second.get();
}

Result<std::optional<std::string>> Checkpoint::sidecar_text(std::string_view name) const {
  const auto& directory = content_->opened.directory;
  if (!directory) return std::nullopt;
  const auto path = TRY(find_in(*directory, name));
  if (!path) return std::nullopt;
  return TRY(read_file(*path, max_text_bytes));
}

}  // namespace freehold::formats
