#include "model/quantized_tensors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "kernels/kernels.h"

namespace freehold::model {
namespace {

constexpr std::string_view suffix = "weight";
constexpr std::size_t word_bits = 32;

constexpr std::array parts = {
    "weight_packed", "weight_scale", "weight_shape", "weight_zero_point", "weight_g_idx", "qweight",
    "qzeros",        "scales",       "g_idx",
};

std::size_t rounded_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit;
}

float number(const NamedTensor& tensor, std::size_t index) {
  const std::size_t bytes = tensor.view.type == DType::f32 ? 4 : 2;
  float value = 0;
  kernels::kernels().dequantize(tensor.view.type, tensor.view.data + index * bytes, &value, 1);
  return value;
}

std::int32_t whole(const NamedTensor& tensor, std::size_t index) {
  std::int32_t value = 0;
  std::memcpy(&value, tensor.view.data + index * sizeof value, sizeof value);
  return value;
}

std::unexpected<Error> refuse(const NamedTensor& tensor, const std::string& why) {
  return fail(ErrorCode::invalid, tensor.name + ": " + why);
}

std::string listed(const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const std::uint64_t extent : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  }
  return "(" + text + ")";
}

}  // namespace

std::uint32_t Cells::word(std::size_t index) const {
  if (bytes) return static_cast<std::uint32_t>(data[index]) ^ 0x80;
  std::uint32_t value = 0;
  std::memcpy(&value, data + index * sizeof value, sizeof value);
  return value;
}

unsigned Cells::shift(std::size_t place) const {
  const std::size_t at = interleaved ? place / 2 + place % 2 * 4 : place;
  return static_cast<unsigned>(at) * bits;
}

std::uint32_t Cells::at(std::size_t row, std::size_t column) const {
  const std::size_t index = row / row_pack * row_step + column / column_pack * column_step;
  const std::size_t place = row_pack > 1 ? row % row_pack : column % column_pack;
  return word(index) >> shift(place) & ((1u << bits) - 1);
}

void Cells::row(std::size_t row, std::size_t columns, std::uint8_t* out) const {
  const std::uint32_t mask = (1u << bits) - 1;
  const unsigned row_shift = row_pack > 1 ? shift(row % row_pack) : 0;
  std::size_t index = row / row_pack * row_step;
  for (std::size_t c = 0; c < columns; c += column_pack, index += column_step) {
    const std::uint32_t value = word(index) >> row_shift;
    const std::size_t taken = std::min(column_pack, columns - c);
    for (std::size_t i = 0; i < taken; ++i) {
      out[c + i] = static_cast<std::uint8_t>(value >> (i * bits) & mask);
    }
  }
}

std::uint32_t QuantizedTensors::zero(std::size_t row, std::size_t group) const {
  if (zeros_.data == nullptr) return 1u << (codes_.bits - 1);
  return (zeros_.at(row, group) + added_to_zeros_) & ((1u << codes_.bits) - 1);
}

float QuantizedTensors::scale(std::size_t row, std::size_t group) const {
  return number(*scales_, row * scale_row_step_ + group * scale_group_step_);
}

// Finds the tensors of one matrix by name and checks them.
class TensorFinder {
 public:
  TensorFinder(const formats::Checkpoint& checkpoint, const Quantization& quantization,
               const std::string& name, std::size_t rows, std::size_t columns)
      : checkpoint_(checkpoint),
        quantization_(quantization),
        prefix_(name.substr(0, name.size() - suffix.size())),
        found_(std::make_unique<QuantizedTensors>()) {
    found_->rows_ = rows;
    found_->columns_ = columns;
  }

  Result<std::unique_ptr<const QuantizedTensors>> find() {
    switch (quantization_.method) {
      case Quantization::Method::none:
        return nullptr;
      case Quantization::Method::compressed_tensors: {
        const NamedTensor* weight = part("weight");
        if (part("weight_packed") != nullptr) {
          TRY(packed());
        } else if (weight != nullptr && weight->view.type == DType::i8) {
          TRY(bytes());
        } else {
          return nullptr;
        }
        break;
      }
      case Quantization::Method::gptq:
      case Quantization::Method::awq:
        if (part("qweight") == nullptr) return nullptr;
        TRY(words_down_the_columns());
        break;
    }
    return std::move(found_);
  }

 private:
  const NamedTensor* part(std::string_view name) const {
    return checkpoint_.find(prefix_ + std::string(name));
  }
  // Of this type and shape.
  Result<const NamedTensor*> need(std::string_view name, DType type,
                                  const std::vector<std::uint64_t>& shape);
  Result<void> packed();
  Result<void> bytes();
  Result<void> words_down_the_columns();
  Result<void> rows_of_scales();
  Result<void> zero_points();
  Result<void> scales(std::string_view name);
  Result<void> groups_by(const NamedTensor* index, std::size_t group_size);

  const formats::Checkpoint& checkpoint_;
  const Quantization& quantization_;
  std::string prefix_;
  std::unique_ptr<QuantizedTensors> found_;
};

Result<const NamedTensor*> TensorFinder::need(std::string_view name, DType type,
                                              const std::vector<std::uint64_t>& shape) {
  const NamedTensor* tensor = part(name);
  if (tensor == nullptr) {
    return fail(ErrorCode::invalid, prefix_ + std::string(name) + ": tensor is missing");
  }
  if (tensor->view.type != type) {
    return refuse(*tensor, "type is " + std::string(traits(tensor->view.type).name) +
                               ", expected " + std::string(traits(type).name));
  }
  if (tensor->view.shape != shape) {
    return refuse(*tensor,
                  "shape is " + listed(tensor->view.shape) + ", expected " + listed(shape));
  }
  found_->tensors_.push_back(tensor);
  return tensor;
}

// Which group each column belongs to: said by `index`, or `group_size` neighbours each.
Result<void> TensorFinder::groups_by(const NamedTensor* index, std::size_t group_size) {
  std::vector<std::uint32_t>& group_of = found_->group_of_;
  for (std::size_t c = 0; c < found_->columns_; ++c) {
    group_of.push_back(static_cast<std::uint32_t>(c / group_size));
    if (index == nullptr) continue;
    const std::int32_t group = whole(*index, c);
    if (group < 0 || static_cast<std::size_t>(group) >= found_->groups_) {
      return refuse(*index, "[" + std::to_string(c) + "] is " + std::to_string(group) +
                                ", there are " + std::to_string(found_->groups_) + " groups");
    }
    group_of.back() = static_cast<std::uint32_t>(group);
  }
  return {};
}

Result<void> TensorFinder::scales(std::string_view name) {
  const NamedTensor* tensor = part(name);
  CHECK(tensor != nullptr);
  const DType type = tensor->view.type;
  if (type != DType::f16 && type != DType::bf16 && type != DType::f32) {
    return refuse(*tensor, "type " + std::string(traits(type).name) + " is not supported");
  }
  constexpr std::size_t at_once = 1024;
  std::array<float, at_once> values;
  const std::size_t count = tensor->view.elements(), bytes = traits(type).block_bytes;
  for (std::size_t first = 0; first < count; first += at_once) {
    const std::size_t taken = std::min(at_once, count - first);
    kernels::kernels().dequantize(type, tensor->view.data + first * bytes, values.data(), taken);
    for (std::size_t i = 0; i < taken; ++i) {
      if (std::isfinite(values[i])) continue;
      return refuse(*tensor, "[" + std::to_string(first + i) + "] is not finite");
    }
  }
  found_->scales_ = tensor;
  found_->tensors_.push_back(tensor);
  return {};
}

// Of compressed-tensors: (rows, groups), or one for everything.
Result<void> TensorFinder::rows_of_scales() {
  QuantizedTensors& found = *found_;
  const NamedTensor* tensor = part("weight_scale");
  if (tensor == nullptr) {
    return fail(ErrorCode::invalid, prefix_ + "weight_scale: tensor is missing");
  }
  const std::vector<std::uint64_t>& shape = tensor->view.shape;
  found.groups_ = 1;
  if (tensor->view.elements() != 1) {
    const bool rows_of_groups = shape.size() == 2 && shape[0] == found.rows_ && shape[1] > 0 &&
                                found.columns_ % shape[1] == 0;
    const bool rows_only = shape.size() == 1 && shape[0] == found.rows_;
    if (!rows_of_groups && !rows_only) {
      return refuse(*tensor, "shape is " + listed(shape) + ", expected (" +
                                 std::to_string(found.rows_) + ", a divisor of " +
                                 std::to_string(found.columns_) + ")");
    }
    if (rows_of_groups) found.groups_ = shape[1];
    found.scale_row_step_ = found.groups_;
    found.scale_group_step_ = 1;
  }
  TRY(scales("weight_scale"));
  const NamedTensor* index = nullptr;
  if (part("weight_g_idx") != nullptr) {
    index = TRY(need("weight_g_idx", DType::i32, {found.columns_}));
  }
  return groups_by(index, found.columns_ / found.groups_);
}

// Bytes as codes have them, or packed down the rows; (rows, groups), or one for everything.
Result<void> TensorFinder::zero_points() {
  QuantizedTensors& found = *found_;
  const NamedTensor* tensor = part("weight_zero_point");
  if (tensor == nullptr) return {};
  Cells& zeros = found.zeros_;
  if (tensor->view.type == DType::i8) {
    const bool one = tensor->view.elements() == 1 && found.scale_row_step_ == 0;
    const bool flat = tensor->view.shape.size() == 1 && found.groups_ == 1;
    tensor = TRY(need("weight_zero_point", DType::i8,
                      one    ? tensor->view.shape
                      : flat ? std::vector<std::uint64_t>{found.rows_}
                             : std::vector<std::uint64_t>{found.rows_, found.groups_}));
    zeros = {.data = tensor->view.data,
             .bits = 8,
             .bytes = true,
             .row_step = found.groups_,
             .column_step = 1};
    if (one) zeros.row_step = zeros.column_step = 0;
    found.added_to_zeros_ = found.codes_.bits == 4 ? 8 : 0;  // -8 is byte 120, code 0
    return {};
  }
  const std::size_t pack = word_bits / found.codes_.bits;
  tensor =
      TRY(need("weight_zero_point", DType::i32, {rounded_up(found.rows_, pack), found.groups_}));
  zeros = {.data = tensor->view.data,
           .bits = found.codes_.bits,
           .row_pack = pack,
           .row_step = found.groups_,
           .column_step = 1};
  return {};
}

Result<void> TensorFinder::packed() {
  QuantizedTensors& found = *found_;
  const NamedTensor* tensor = part("weight_packed");
  const std::vector<std::uint64_t>& shape = tensor->view.shape;
  const std::size_t in_fours = rounded_up(found.columns_, 8);
  const bool four = shape.size() == 2 && shape[1] == in_fours;
  const std::size_t pack = four ? 8 : 4, words = rounded_up(found.columns_, pack);
  tensor = TRY(need("weight_packed", DType::i32, {found.rows_, words}));
  if (part("weight_shape") != nullptr) {
    const NamedTensor* told = TRY(need("weight_shape", DType::i64, {2}));
    std::int64_t extents[2];
    std::memcpy(extents, told->view.data, sizeof extents);
    if (extents[0] != static_cast<std::int64_t>(found.rows_) ||
        extents[1] != static_cast<std::int64_t>(found.columns_)) {
      return refuse(*told, "says " + std::to_string(extents[0]) + ", " +
                               std::to_string(extents[1]) + ", expected " +
                               std::to_string(found.rows_) + ", " + std::to_string(found.columns_));
    }
  }
  found.codes_ = {.data = tensor->view.data,
                  .bits = four ? 4u : 8u,
                  .column_pack = pack,
                  .row_step = words,
                  .column_step = 1};
  TRY(rows_of_scales());
  return zero_points();
}

Result<void> TensorFinder::bytes() {
  QuantizedTensors& found = *found_;
  const NamedTensor* tensor = TRY(need("weight", DType::i8, {found.rows_, found.columns_}));
  found.codes_ = {.data = tensor->view.data,
                  .bits = 8,
                  .bytes = true,
                  .row_step = found.columns_,
                  .column_step = 1};
  TRY(rows_of_scales());
  return zero_points();
}

// GPTQ packs the codes of neighbouring columns, AWQ those of neighbouring rows; zeros are packed
// across rows by both.
Result<void> TensorFinder::words_down_the_columns() {
  QuantizedTensors& found = *found_;
  const bool awq = quantization_.method == Quantization::Method::awq;
  const std::size_t rows = found.rows_, columns = found.columns_;
  const std::size_t pack = word_bits / quantization_.bits;
  if (rows % pack != 0 || columns % pack != 0) {
    return refuse(*part("qweight"), "a matrix of " + std::to_string(rows) + " rows and " +
                                        std::to_string(columns) + " columns fills no words");
  }
  const std::size_t size = quantization_.group_size == 0 ? columns : quantization_.group_size;
  found.groups_ = rounded_up(columns, size);
  const NamedTensor* codes = TRY(need("qweight", DType::i32,
                                      awq ? std::vector<std::uint64_t>{columns, rows / pack}
                                          : std::vector<std::uint64_t>{columns / pack, rows}));
  const NamedTensor* zeros = TRY(need("qzeros", DType::i32, {found.groups_, rows / pack}));
  found.codes_ = {.data = codes->view.data,
                  .bits = quantization_.bits,
                  .interleaved = awq,
                  .row_pack = awq ? pack : 1,
                  .column_pack = awq ? 1 : pack,
                  .row_step = 1,
                  .column_step = awq ? rows / pack : rows};
  found.zeros_ = {.data = zeros->view.data,
                  .bits = quantization_.bits,
                  .interleaved = awq,
                  .row_pack = pack,
                  .row_step = 1,
                  .column_step = rows / pack};
  found.added_to_zeros_ = quantization_.zeros_less_one ? 1 : 0;
  if (part("scales") == nullptr) {
    return fail(ErrorCode::invalid, prefix_ + "scales: tensor is missing");
  }
  if (part("scales")->view.shape != std::vector<std::uint64_t>{found.groups_, rows}) {
    return refuse(*part("scales"), "shape is " + listed(part("scales")->view.shape) +
                                       ", expected " + listed({found.groups_, rows}));
  }
  TRY(scales("scales"));
  found.scale_row_step_ = 1;
  found.scale_group_step_ = rows;
  const NamedTensor* index = nullptr;
  if (!awq && part("g_idx") != nullptr) index = TRY(need("g_idx", DType::i32, {columns}));
  return groups_by(index, size);
}

Result<std::unique_ptr<const QuantizedTensors>> QuantizedTensors::find(
    const formats::Checkpoint& checkpoint, const Quantization& quantization,
    const std::string& name, std::size_t rows, std::size_t columns) {
  if (!name.ends_with(suffix) || rows == 0 || columns == 0) return nullptr;
  return TensorFinder(checkpoint, quantization, name, rows, columns).find();
}

void for_each_part(const formats::Checkpoint& checkpoint, const std::string& name,
                   const std::function<void(const NamedTensor&)>& visit) {
  if (!name.ends_with(suffix)) return;
  const std::string prefix = name.substr(0, name.size() - suffix.size());
  for (const char* part : parts) {
    if (const NamedTensor* tensor = checkpoint.find(prefix + part)) visit(*tensor);
  }
}

}  // namespace freehold::model
