// The packed form of a model's quantized matrices (kernels.h: panels). Made once and kept in a file
// that later runs and other processes map; without a file, in memory. Only moves bytes: the numbers
// are those of the checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/thread_pool.h"
#include "freehold/result.h"
#include "model/weights.h"

namespace freehold::model {

class PackedWeights {
 public:
  // Packs the matrices of `weights` whose type has a packed form and points them at it. The file
  // lies in `folder` (made when missing; empty: in memory), named by the checkpoint's content: it
  // is mapped when it is there and of this layout, else written beside and renamed, so that
  // readers see it whole or not at all. What cannot be written is told in the log and stays in
  // memory. Packing keeps what it has read out of resident memory: it needs no more than the model.
  static Result<PackedWeights> bind(Weights& weights, const formats::Checkpoint& checkpoint,
                                    const std::filesystem::path& folder, ThreadPool& pool);

  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::optional<MappedFile> file_;
  std::unique_ptr<std::byte[], Free> memory_;
  std::uint64_t bytes_ = 0;
};

}  // namespace freehold::model
