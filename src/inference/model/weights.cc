#include "model/weights.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/log.h"
#include "kernels/kernels.h"
#include "model/schema.h"

namespace freehold::model {
namespace {

std::string listed(std::span<const std::uint64_t> shape) {
  std::string text;
  for (const std::uint64_t extent : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  }
  return "(" + text + ")";
}

std::string listed(std::span<const Extent> shape) {
  std::string sizes, keys;
  for (const Extent& extent : shape) {
    sizes += (sizes.empty() ? "" : ", ") + std::to_string(extent.size);
    keys += (keys.empty() ? "" : ", ") + std::string(extent.key);
  }
  return "(" + sizes + ") by " + keys;
}

class Binder {
 public:
  Binder(const formats::Checkpoint& checkpoint, const Architecture& architecture,
         const Recipe& recipe, const Quantization& quantization)
      : checkpoint_(checkpoint),
        architecture_(architecture),
        recipe_(recipe),
        quantization_(quantization) {}

  // An empty one when the recipe has none.
  Result<Matrix> matrix(Role role, std::uint32_t layer = 0);
  Result<std::vector<Matrix>> experts(Role role, std::uint32_t layer);
  Result<Vector> vector(Role role, std::uint32_t layer = 0);
  Result<Vector> rope_factors();
  Result<LayerWeights> layer(std::uint32_t index);

  std::uint64_t bytes() const { return bytes_; }
  void log_unused() const;

 private:
  std::string_view pattern(Role role) const {
    return pattern_of(architecture_.tensors(), checkpoint_.container(), role);
  }
  Result<const NamedTensor*> find(const std::string& name, std::span<const Extent> shape);
  Result<Matrix> matrix(const std::string& name, std::span<const Extent> shape);

  const formats::Checkpoint& checkpoint_;
  const Architecture& architecture_;
  const Recipe& recipe_;
  const Quantization& quantization_;
  std::unordered_set<const NamedTensor*> bound_;
  std::uint64_t bytes_ = 0;
};

Result<const NamedTensor*> Binder::find(const std::string& name, std::span<const Extent> shape) {
  const NamedTensor* tensor = checkpoint_.find(name);
  if (tensor == nullptr) return fail(ErrorCode::invalid, name + ": tensor is missing");
  const TensorView& view = tensor->view;
  if (!std::ranges::equal(view.shape, shape, {}, {}, &Extent::size)) {
    return fail(ErrorCode::invalid,
                name + ": shape is " + listed(view.shape) + ", expected " + listed(shape));
  }
  const std::string type(traits(view.type).name);
  if (!kernels::kernels().supports(view.type)) {
    return fail(ErrorCode::invalid, name + ": type " + type + " is not supported");
  }
  const std::uint32_t block = traits(view.type).block_elements;
  if (shape.back().size % block != 0) {
    return fail(ErrorCode::invalid, name + ": rows of " + std::to_string(shape.back().size) +
                                        " are no whole blocks of " + type);
  }
  if (bound_.insert(tensor).second) bytes_ += tensor->bytes;
  return tensor;
}

Vector converted(const NamedTensor& tensor) {
  CHECK(tensor.view.shape.size() == 1);
  Vector vector(tensor.view.elements());
  kernels::kernels().dequantize(tensor.view.type, tensor.view.data, vector.data(), vector.size());
  return vector;
}

// One of `count` equal matrices that lie one after the other.
Matrix slice(const NamedTensor& tensor, std::span<const Extent> shape, std::size_t index) {
  CHECK(shape.size() == 2);
  Matrix matrix{.type = tensor.view.type, .rows = shape[0].size, .columns = shape[1].size};
  const auto row_bytes = bytes_of(matrix.type, matrix.columns);
  CHECK(row_bytes.has_value());
  matrix.row_bytes = *row_bytes;
  CHECK((index + 1) * matrix.bytes() <= tensor.bytes);
  matrix.data = tensor.view.data + index * matrix.bytes();
  return matrix;
}

Result<Matrix> Binder::matrix(const std::string& name, std::span<const Extent> shape) {
  CHECK(shape.size() == 2);
  auto tensors =
      TRY(QuantizedTensors::find(checkpoint_, quantization_, name, shape[0].size, shape[1].size));
  if (tensors == nullptr) return slice(*TRY(find(name, shape)), shape, 0);
  for (const NamedTensor* tensor : tensors->tensors()) {
    if (bound_.insert(tensor).second) bytes_ += tensor->bytes;
  }
  Matrix matrix{.rows = shape[0].size, .columns = shape[1].size};
  matrix.quantized = std::make_shared<const QuantizedMatrix>(std::move(tensors));
  matrix.type = matrix.quantized->type();
  const auto row_bytes = bytes_of(matrix.type, matrix.columns);
  CHECK(row_bytes.has_value());
  matrix.row_bytes = *row_bytes;
  return matrix;
}

Result<Matrix> Binder::matrix(Role role, std::uint32_t layer) {
  if (!needs(recipe_, role, layer)) return Matrix{};
  const std::vector<Extent> shape = shape_of(recipe_, role);
  const std::string name = filled(pattern(role), layer);
  if (role == Role::embedding) return slice(*TRY(find(name, shape)), shape, 0);  // read by rows
  return matrix(name, shape);
}

Result<std::vector<Matrix>> Binder::experts(Role role, std::uint32_t layer) {
  std::vector<Matrix> matrices;
  if (!needs(recipe_, role, layer)) return matrices;
  const std::vector<Extent> shape = shape_of(recipe_, role);
  const std::uint32_t count = recipe_.feedforward.experts.count;
  CHECK(count > 0);
  if (names_experts(pattern(role))) {
    for (std::uint32_t i = 0; i < count; ++i) {
      matrices.push_back(TRY(matrix(filled(pattern(role), layer, i), shape)));
    }
    return matrices;
  }
  std::vector<Extent> stack = shape;
  stack.insert(stack.begin(), Extent{count, "num_experts"});
  const NamedTensor* tensor = TRY(find(filled(pattern(role), layer), stack));
  for (std::uint32_t i = 0; i < count; ++i) matrices.push_back(slice(*tensor, shape, i));
  return matrices;
}

Result<Vector> Binder::vector(Role role, std::uint32_t layer) {
  if (!needs(recipe_, role, layer)) return Vector{};
  return converted(*TRY(find(filled(pattern(role), layer), shape_of(recipe_, role))));
}

Result<Vector> Binder::rope_factors() {
  const std::string_view name = pattern(Role::rope_factors);
  if (name.empty() || checkpoint_.find(name) == nullptr) return Vector{};
  const std::vector<Extent> shape = shape_of(recipe_, Role::rope_factors);
  const NamedTensor* tensor = TRY(find(std::string(name), shape));
  Vector factors = converted(*tensor);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (!(factors[i] > 0) || !std::isfinite(factors[i])) {
      return fail(ErrorCode::invalid, std::string(name) + "[" + std::to_string(i) + "]: is " +
                                          std::to_string(factors[i]) + ", must be above 0");
    }
  }
  return factors;
}

Result<LayerWeights> Binder::layer(std::uint32_t i) {
  using enum Role;
  return LayerWeights{
      .attention_norm = TRY(vector(attention_norm, i)),
      .query = TRY(matrix(query, i)),
      .key = TRY(matrix(key, i)),
      .value = TRY(matrix(value, i)),
      .output = TRY(matrix(output, i)),
      .query_bias = TRY(vector(query_bias, i)),
      .key_bias = TRY(vector(key_bias, i)),
      .value_bias = TRY(vector(value_bias, i)),
      .output_bias = TRY(vector(output_bias, i)),
      .query_norm = TRY(vector(query_norm, i)),
      .key_norm = TRY(vector(key_norm, i)),
      .feedforward_norm = TRY(vector(feedforward_norm, i)),
      .gate = TRY(matrix(gate, i)),
      .up = TRY(matrix(up, i)),
      .down = TRY(matrix(down, i)),
      .gate_bias = TRY(vector(gate_bias, i)),
      .up_bias = TRY(vector(up_bias, i)),
      .down_bias = TRY(vector(down_bias, i)),
      .router = TRY(matrix(router, i)),
      .expert_gate = TRY(experts(expert_gate, i)),
      .expert_up = TRY(experts(expert_up, i)),
      .expert_down = TRY(experts(expert_down, i)),
  };
}

void Binder::log_unused() const {
  constexpr std::size_t most_named = 20;
  std::size_t unused = 0;
  for (const NamedTensor& tensor : checkpoint_.tensors()) {
    if (bound_.contains(&tensor)) continue;
    if (++unused <= most_named) log::debug("model.unused_tensor", {{"name", tensor.name}});
  }
  if (unused > most_named) log::debug("model.unused_tensors", {{"count", unused}});
}

}  // namespace

std::vector<Matrix*> multiplied_matrices(Weights& weights) {
  std::vector<Matrix*> all;
  const auto add = [&](Matrix& matrix) {
    if (matrix.exists()) all.push_back(&matrix);
  };
  for (LayerWeights& layer : weights.layers) {
    for (Matrix* matrix : {&layer.query, &layer.key, &layer.value, &layer.output, &layer.gate,
                           &layer.up, &layer.down, &layer.router}) {
      add(*matrix);
    }
    for (auto* experts : {&layer.expert_gate, &layer.expert_up, &layer.expert_down}) {
      for (Matrix& matrix : *experts) add(matrix);
    }
  }
  add(weights.head);
  return all;
}

Result<Weights> bind_weights(const formats::Checkpoint& checkpoint,
                             const Architecture& architecture, const Recipe& recipe) {
  const Quantization quantization =
      TRY(read_quantization(Keys(checkpoint, architecture.gguf_name)));
  Binder binder(checkpoint, architecture, recipe, quantization);
  Weights weights;
  weights.embedding = TRY(binder.matrix(Role::embedding));
  for (std::uint32_t i = 0; i < recipe.layers; ++i) {
    weights.layers.push_back(TRY(binder.layer(i)));
  }
  weights.final_norm = TRY(binder.vector(Role::final_norm));
  weights.head = recipe.head.tied ? weights.embedding : TRY(binder.matrix(Role::head));
  weights.rope_factors = TRY(binder.rope_factors());
  weights.bytes = binder.bytes();
  binder.log_unused();
  return weights;
}

}  // namespace freehold::model
