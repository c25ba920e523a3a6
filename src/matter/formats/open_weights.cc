#include "formats/open_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "formats/bounded_json.h"
#include "formats/directory.h"
#include "formats/first_bytes.h"
#include "formats/gguf.h"
#include "formats/gguf_files.h"
#include "formats/safetensors.h"
#include "formats/safetensors_files.h"

namespace freehold::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view config_name = "config.json";
constexpr std::size_t most_names_in_a_message = 5;

bool ends_with_any(std::string_view name, std::span<const std::string_view> extensions) {
  return std::ranges::any_of(extensions, [&](auto end) { return name.ends_with(end); });
}

bool is_pickle(std::string_view name) {
  constexpr std::array<std::string_view, 6> extensions = {".bin",  ".pt",  ".pth",
                                                          ".ckpt", ".pkl", ".pickle"};
  return ends_with_any(name, extensions) && name != "training_args.bin";
}

bool is_safetensors(std::string_view name) {
  return name.ends_with(".safetensors") || name == safetensors_index_name;
}

// Vision projectors lie beside the model they belong to and are no model themselves.
bool is_gguf_model(std::string_view name) {
  return name.ends_with(".gguf") && !name.starts_with("mmproj");
}

std::vector<std::string> only(std::span<const std::string> names,
                              bool (*wanted)(std::string_view)) {
  std::vector<std::string> kept;
  std::ranges::copy_if(names, std::back_inserter(kept), wanted);
  return kept;
}

std::string enumerate(std::span<const std::string> names) {
  const auto shown = names.first(std::min(names.size(), most_names_in_a_message));
  return fmt::format("{}{}", fmt::join(shown, ", "), shown.size() < names.size() ? ", …" : "");
}

Result<Value> read_config(const fs::path& directory, bool required) {
  if (const auto path = TRY(find_in(directory, config_name))) return read_json_object(*path);
  if (!required) return Value(Object{});
  return fail(ErrorCode::invalid,
              fmt::format("{} holds safetensors but no config.json, which says what the model is",
                          directory.string()),
              "fetch config.json from where the weights came from");
}

Result<OpenedWeights> open_gguf_directory(const fs::path& directory,
                                          std::span<const std::string> names) {
  const auto first = parse_part_name(names.front(), ".gguf");
  const bool one_model = std::ranges::all_of(names, [&](const std::string& name) {
    const auto part = parse_part_name(name, ".gguf");
    return part && first && part->stem == first->stem && part->parts == first->parts;
  });
  if (names.size() > 1 && !one_model) {
    return fail(ErrorCode::invalid,
                fmt::format("{} holds {} GGUF files: {}", directory.string(), names.size(),
                            enumerate(names)),
                "name the one you mean");
  }
  const auto path = TRY(find_in(directory, names.front()));
  if (!path) return fail(ErrorCode::invalid, names.front() + " has vanished");
  return OpenedWeights{Container::gguf, TRY(open_gguf(*path)), directory};
}

Result<OpenedWeights> open_directory(const fs::path& directory) {
  const std::vector<std::string> names = TRY(list_files(directory));
  const auto ggufs = only(names, is_gguf_model);
  const bool has_config = std::ranges::binary_search(names, config_name);
  if (std::ranges::any_of(names, is_safetensors) && (has_config || ggufs.empty())) {
    OpenedWeights opened{Container::safetensors, {}, directory};
    Value config = TRY(read_config(directory, true));
    opened.weights = TRY(open_safetensors_directory(directory, names));
    opened.weights.metadata = std::move(config);
    return opened;
  }
  if (!ggufs.empty()) return open_gguf_directory(directory, ggufs);
  const std::string place = directory.string();
  if (const auto pickles = only(names, is_pickle); !pickles.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("{} holds only pickled weights: {}", place, enumerate(pickles)),
                "pickle files run code when they are loaded, so only safetensors and GGUF are; "
                "most models are published in one of these too");
  }
  return fail(ErrorCode::invalid,
              fmt::format("{} holds no weights, neither *.safetensors nor *.gguf", place));
}

Result<OpenedWeights> open_file(const fs::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  const fs::path extension = path.extension();
  if (looks_like_gguf(file.bytes()) || extension == ".gguf") {
    return OpenedWeights{Container::gguf, TRY(open_gguf(path)), std::nullopt};
  }
  if (looks_like_safetensors(file.bytes()) || extension == ".safetensors") {
    OpenedWeights opened{Container::safetensors, TRY(open_safetensors(path)), path.parent_path()};
    opened.weights.metadata = TRY(read_config(*opened.directory, false));
    return opened;
  }
  return fail(ErrorCode::invalid,
              fmt::format("{} is neither GGUF nor safetensors: at byte 0 stands {}", path.string(),
                          describe_first_bytes(file.bytes())));
}

}  // namespace

Result<OpenedWeights> open_weights(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return open_directory(path);
  if (fs::is_regular_file(status)) return open_file(path);
  if (fs::exists(status)) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is neither a file nor a directory", path.string()));
  }
  return fail(ErrorCode::invalid,
              fmt::format("cannot open {}: {}", path.string(),
                          error ? error.message() : "no such file or directory"));
}

}  // namespace freehold::formats
