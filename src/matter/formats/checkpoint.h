// One model as it lies on disk: named tensors and metadata, whatever the container. Validated on
// opening, so that no later reader has to doubt a length or an offset. Tensor data stays mapped.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "tensor/tensor.h"

namespace freehold::formats {

enum class Container { gguf, safetensors };

class Checkpoint {
 public:
  // A GGUF file (any part of a split one opens all), a .safetensors file, or a directory with
  // config.json and *.safetensors (model.safetensors.index.json when sharded) or with one GGUF.
  // `invalid` with file, field or tensor, and byte offset, when anything is not as it must be.
  static Result<Checkpoint> open(const std::filesystem::path& path);

  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  Container container() const;
  const std::filesystem::path& path() const;  // as it was opened
  std::span<const std::filesystem::path> files() const;

  std::span<const NamedTensor> tensors() const;          // in the order of the files
  const NamedTensor* find(std::string_view name) const;  // constant time; nullptr when missing

  // GGUF: the value under its full key ("general.architecture"). Safetensors: a member of
  // config.json. nullptr when missing.
  const Value* metadata(std::string_view key) const;
  // GGUF: all metadata as one object. Safetensors: config.json.
  const Value& all_metadata() const;

  // A file beside the weights ("tokenizer.json", "generation_config.json", …), parsed; nullptr when
  // there is none. Read at the first call and kept. Always nullptr for a lone GGUF file.
  Result<const Value*> sidecar_json(std::string_view name) const;
  // The same as text ("chat_template.jinja").
  Result<std::optional<std::string>> sidecar_text(std::string_view name) const;

 private:
  struct Content;
  explicit Checkpoint(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

}  // namespace freehold::formats
