#include "model/packed_weights.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "base/progress.h"
#include "kernels/kernels.h"
#include "model/packed_file.h"

namespace freehold::model {
namespace {

constexpr std::uint64_t page = packed_header_bytes;
constexpr std::uint64_t huge_page = 2 << 20;
constexpr std::size_t piece_bytes = std::size_t{4} << 20;  // packed at once

// Of the file: what it holds in which order, then the panels of each matrix from a page on. Change
// the number when kernels pack differently.
constexpr std::string_view layout_version = "freehold panels 3";

struct Placed {
  Matrix* matrix;
  std::uint64_t offset;
  std::uint64_t bytes;  // of whole panels
};

struct Layout {
  std::vector<Placed> matrices;
  std::uint64_t bytes = page;  // of the file; its first page says what this is
  std::string header;          // (page)
};

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// What the tensors of a quantized matrix do not say themselves: a zero of its.
std::string zeros_of(const Matrix& matrix) {
  if (matrix.quantized == nullptr) return {};
  return fmt::format(", zero {}", matrix.quantized->tensors().zero(0, 0));
}

Layout lay_out(Weights& weights, const formats::Checkpoint& checkpoint) {
  const auto& kernels = kernels::kernels();
  Layout layout;
  std::string contents = fmt::format("{}\n{} rows\n", layout_version, kernels.panel_rows);
  for (Matrix* matrix : multiplied_matrices(weights)) {
    if (!kernels.has_panels(matrix->type) && !kernels.has_float_panels(matrix->type)) continue;
    const std::uint64_t bytes = rounded_up(matrix->rows, kernels.panel_rows) * matrix->row_bytes;
    layout.matrices.push_back({matrix, layout.bytes, bytes});
    layout.bytes = rounded_up(layout.bytes + bytes, page);
    contents += fmt::format("{} {} {}{}\n", traits(matrix->type).name, matrix->rows,
                            matrix->columns, zeros_of(*matrix));
  }
  layout.header = packed_header(contents, checkpoint);
  return layout;
}

void point_at(const Layout& layout, const std::byte* begin) {
  for (const Placed& placed : layout.matrices) placed.matrix->panels = begin + placed.offset;
}

// Packs panels [begin, end) of one matrix.
void pack(const Matrix& matrix, std::size_t begin, std::size_t end, std::byte* out) {
  const auto& kernels = kernels::kernels();
  const std::size_t rows = kernels.panel_rows, panel_bytes = rows * matrix.row_bytes;
  std::vector<std::byte> written;
  for (std::size_t i = begin; i < end; ++i, out += panel_bytes) {
    CHECK(i * rows < matrix.rows);
    const std::size_t taken = std::min(rows, matrix.rows - i * rows);
    const std::byte* source = matrix.data == nullptr ? nullptr : matrix.data + i * panel_bytes;
    if (matrix.quantized != nullptr) {
      written.resize(panel_bytes);
      matrix.quantized->write_rows(i * rows, i * rows + taken, written.data());
      source = written.data();
    }
    kernels.pack_panel(matrix.type, source, taken, matrix.columns, out);
  }
}

// Packs everything, piece by piece: room(placed, offset, bytes) says where a piece goes, done()
// takes it from there. Takes as long as reading the model, once, so a bar tells how far it is.
template <class Room, class Done>
Result<void> pack_all(const Layout& layout, ThreadPool& pool, Room room, Done done) {
  Progress progress("packing weights", layout.bytes);
  for (const Placed& placed : layout.matrices) {
    const Matrix& matrix = *placed.matrix;
    const std::size_t panel_bytes = kernels::kernels().panel_rows * matrix.row_bytes;
    const std::size_t panels = placed.bytes / panel_bytes;
    const std::size_t at_once = std::max<std::size_t>(1, piece_bytes / panel_bytes);
    for (std::size_t first = 0; first < panels; first += at_once) {
      const std::size_t taken = std::min(at_once, panels - first);
      const std::uint64_t offset = placed.offset + first * panel_bytes;
      std::byte* out = room(offset, taken * panel_bytes);
      pool.parallel_for(taken, 8, [&](std::size_t begin, std::size_t end) {
        pack(matrix, first + begin, first + end, out + begin * panel_bytes);
      });
      TRY(done(offset, taken * panel_bytes));
      progress.update(offset + taken * panel_bytes);
      if (matrix.quantized != nullptr) continue;
      forget_pages({matrix.data + first * panel_bytes,
                    std::min(taken * panel_bytes, matrix.bytes() - first * panel_bytes)});
    }
    if (matrix.quantized == nullptr) continue;
    for (const NamedTensor* tensor : matrix.quantized->tensors().tensors()) {
      forget_pages({tensor->view.data, tensor->bytes});
    }
  }
  return {};
}

std::optional<MappedFile> map_existing(const std::filesystem::path& path, const Layout& layout) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown)) return std::nullopt;
  auto file = MappedFile::open(path);
  if (!file || file->bytes().size() != layout.bytes || !file->text().starts_with(layout.header)) {
    log::info("weights.packed_file_stale", {{"file", path.string()}});
    return std::nullopt;
  }
  return std::move(*file);
}

// Writes ascending pieces of a file in windows that begin at whole huge pages: a file system that
// keeps what it is given at once together keeps it in huge pages then, and those who map the file
// need a five-hundredth of the translations (measured: 1.14 times the tokens per second).
class WindowWriter {
 public:
  explicit WindowWriter(FileReplacement& file) : file_(file), window_(window_bytes) {}

  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      while (offset >= start_ + window_bytes) TRY(flush(window_bytes));
      CHECK(offset >= start_);
      const std::size_t at = offset - start_;
      const std::size_t taken = std::min(bytes.size(), window_bytes - at);
      std::memcpy(window_.data() + at, bytes.data(), taken);
      offset += taken;
      bytes = bytes.subspan(taken);
    }
    return {};
  }
  Result<void> finish(std::uint64_t file_bytes) {
    while (start_ < file_bytes) TRY(flush(std::min(window_bytes, file_bytes - start_)));
    return {};
  }

 private:
  static constexpr std::uint64_t window_bytes = 4 * huge_page;

  Result<void> flush(std::size_t bytes) {
    TRY(file_.write(start_, std::span(window_).first(bytes)));
    std::ranges::fill(window_, std::byte{0});
    start_ += bytes;
    return {};
  }

  FileReplacement& file_;
  std::vector<std::byte> window_;
  std::uint64_t start_ = 0;
};

Result<void> write_file(const std::filesystem::path& path, const Layout& layout, ThreadPool& pool) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  FileReplacement file = TRY(FileReplacement::begin(path, layout.bytes));
  WindowWriter writer(file);
  TRY(writer.write(0, std::as_bytes(std::span(layout.header))));
  std::vector<std::byte> piece;
  TRY(pack_all(
      layout, pool,
      [&](std::uint64_t, std::size_t bytes) {
        if (piece.size() < bytes) piece.resize(bytes);
        return piece.data();
      },
      [&](std::uint64_t offset, std::size_t bytes) {
        return writer.write(offset, std::span(piece).first(bytes));
      }));
  TRY(writer.finish(layout.bytes));
  return file.commit();
}

// The file as it is, else as it is made now; nothing when it cannot be.
Result<std::optional<MappedFile>> mapped(const std::filesystem::path& path, const Layout& layout,
                                         ThreadPool& pool) {
  std::optional<MappedFile> file = map_existing(path, layout);
  if (file) return file;
  if (const auto written = write_file(path, layout, pool); !written) {
    log::warning("weights.packed_in_memory", {{"why", written.error().message}});
    return std::nullopt;
  }
  log::info("weights.packed", {{"file", path.string()}, {"bytes", layout.bytes}});
  return map_existing(path, layout);
}

}  // namespace

void PackedWeights::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

Result<PackedWeights> PackedWeights::bind(Weights& weights, const formats::Checkpoint& checkpoint,
                                          const std::filesystem::path& folder, ThreadPool& pool) {
  const Layout layout = lay_out(weights, checkpoint);
  PackedWeights packed;
  if (layout.matrices.empty()) return packed;
  packed.bytes_ = layout.bytes;
  if (!folder.empty()) {
    const std::filesystem::path path =
        TRY(packed_file(folder, checkpoint, kernels::kernels().panel_rows));
    packed.file_ = TRY(mapped(path, layout, pool));
    if (packed.file_) {
      point_at(layout, packed.file_->bytes().data());
      return packed;
    }
  }
  const std::uint64_t allocated = rounded_up(layout.bytes, huge_page);
  packed.memory_.reset(static_cast<std::byte*>(std::aligned_alloc(huge_page, allocated)));
  if (packed.memory_ == nullptr) {
    return fail(ErrorCode::absent, fmt::format("no memory for {} bytes of weights", layout.bytes));
  }
  ::madvise(packed.memory_.get(), allocated, MADV_HUGEPAGE);
  const auto room = [&](std::uint64_t offset, std::size_t) {
    return packed.memory_.get() + offset;
  };
  TRY(pack_all(layout, pool, room, [](std::uint64_t, std::size_t) { return Result<void>{}; }));
  point_at(layout, packed.memory_.get());
  return packed;
}

}  // namespace freehold::model
