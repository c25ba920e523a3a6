// Matrices that safetensors store quantized: every weight is scale * (code - zero) to the bit, the
// model computes with them what it computes with the floats they stand for, and what is not as it
// must be is refused by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/json.h"
#include "golden/fixture.h"
#include "golden/quantized_checkpoint.h"
#include "kernels/kernels.h"
#include "model/footprint.h"
#include "model/model.h"
#include "model/quantized_matrix.h"
#include "model/score.h"
#include "model/weights.h"

namespace freehold::golden {
namespace {

const std::string name = "model.layers.0.mlp.down_proj.weight";

CheckpointDraft draft_of(const QuantizedSample& sample, Storage storage, DType scale_type) {
  CheckpointDraft draft{formats::Container::safetensors, Object{}, {}};
  draft.metadata.set("quantization_config", quantization_config(sample, storage));
  draft.tensors = stored(name, sample, storage, scale_type);
  return draft;
}

std::unique_ptr<model::QuantizedMatrix> matrix_of(const formats::Checkpoint& checkpoint,
                                                  const QuantizedSample& sample) {
  const auto quantization = model::read_quantization(model::Keys(checkpoint, ""));
  EXPECT_TRUE(quantization.has_value());
  auto tensors =
      model::QuantizedTensors::find(checkpoint, *quantization, name, sample.rows, sample.columns);
  EXPECT_TRUE(tensors.has_value()) << (tensors ? "" : tensors.error().message);
  if (!tensors || *tensors == nullptr) return nullptr;
  return std::make_unique<model::QuantizedMatrix>(*std::move(tensors));
}

// Every weight to the bit, through the rows that are packed.
void expect_exact(const QuantizedSample& sample, const CheckpointDraft& draft,
                  DType expected_type) {
  const auto checkpoint = open_checkpoint(draft.write(scratch_folder()));
  ASSERT_NE(checkpoint, nullptr);
  const auto matrix = matrix_of(*checkpoint, sample);
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(traits(matrix->type()).name, traits(expected_type).name);
  const std::size_t row_bytes = *bytes_of(matrix->type(), sample.columns);
  std::vector<std::byte> rows(sample.rows * row_bytes);
  matrix->write_rows(0, sample.rows, rows.data());
  std::vector<float> weights(sample.columns);
  for (std::size_t r = 0; r < sample.rows; ++r) {
    kernels::kernels().dequantize(matrix->type(), rows.data() + r * row_bytes, weights.data(),
                                  weights.size());
    for (std::size_t c = 0; c < sample.columns; ++c) {
      const auto& order = matrix->column_order();
      ASSERT_EQ(weights[c], sample.weight(r, order.empty() ? c : order[c])) << r << ", " << c;
    }
  }
}

void expect_exact(const QuantizedSample& sample, Storage storage, DType scale_type,
                  DType expected_type) {
  expect_exact(sample, draft_of(sample, storage, scale_type), expected_type);
}

constexpr Storage every_storage[] = {Storage::int8, Storage::packed,  Storage::packed_with_zeros,
                                     Storage::gptq, Storage::gptq_v2, Storage::awq};

TEST(QuantizedWeights, AreScaleTimesCodeLessZeroToTheBitInEveryStorage) {
  for (const Storage storage : every_storage) {
    for (const unsigned bits : {4u, 8u}) {
      if (bits == (storage == Storage::int8 ? 4u : 0u)) continue;
      if (bits == (storage == Storage::awq ? 8u : 0u)) continue;
      for (const std::size_t groups : {1u, 2u, 4u}) {
        for (const DType type : {DType::f16, DType::bf16, DType::f32}) {
          for (const bool centred : {true, false}) {
            if (!centred && storage == Storage::packed) continue;
            SCOPED_TRACE(static_cast<int>(storage));
            const DType four = centred ? DType::q4_0 : DType::int4_zero;
            const DType eight = centred ? DType::q8_0 : DType::f32;
            expect_exact(random_sample(24, 128, groups, bits, centred), storage, type,
                         bits == 4 ? four : eight);
          }
        }
      }
    }
  }
}

TEST(QuantizedWeights, KeepScalesThatAreNoHalves) {
  for (const unsigned bits : {4u, 8u}) {
    QuantizedSample sample = random_sample(16, 64, 2, bits, bits == 8);
    for (float& scale : sample.scales) scale = scale * 0.3f + 1e-9f;
    expect_exact(sample, Storage::packed_with_zeros, DType::f32, DType::int8_float);
  }
}

TEST(QuantizedWeights, BecomeFloatsWhereNoBlockHoldsThem) {
  expect_exact(random_sample(16, 64, 4, 4, false), Storage::gptq, DType::f16, DType::f32);
  expect_exact(random_sample(8, 40, 1, 4, true), Storage::packed, DType::f16, DType::f32);
  QuantizedSample sample = random_sample(8, 64, 2, 4, true);  // one column in the wrong group
  sample.group_of[3] = 1;
  expect_exact(sample, Storage::gptq, DType::f16, DType::f32);
}

TEST(QuantizedWeights, OfColumnsInTheOrderOfActivationsAreSortedByGroup) {
  QuantizedSample sample = random_sample(16, 128, 4, 4, false);
  for (std::size_t c = 0; c < 128; ++c) sample.group_of[c] = static_cast<std::uint32_t>(c * 7 % 4);
  expect_exact(sample, Storage::gptq, DType::f16, DType::int4_zero);
  const auto checkpoint =
      open_checkpoint(draft_of(sample, Storage::gptq, DType::f16).write(scratch_folder()));
  EXPECT_EQ(matrix_of(*checkpoint, sample)->column_order().size(), 128u);
}

TEST(QuantizedWeights, MayHaveOneScaleForEverything) {
  QuantizedSample sample = random_sample(16, 64, 1, 8, true);
  std::ranges::fill(sample.scales, 0.125f);
  CheckpointDraft draft = draft_of(sample, Storage::int8, DType::bf16);
  Draft& scale = *draft.find("model.layers.0.mlp.down_proj.weight_scale");
  scale.shape = {1};
  scale.bytes.resize(2);
  expect_exact(sample, draft, DType::q8_0);
}

TEST(QuantizedWeights, MayHaveZerosOfFourBitsAsBytes) {
  const QuantizedSample sample = random_sample(16, 64, 2, 4, false);
  CheckpointDraft draft = draft_of(sample, Storage::packed_with_zeros, DType::bf16);
  Draft& zeros = *draft.find("model.layers.0.mlp.down_proj.weight_zero_point");
  zeros.type = DType::i8;
  zeros.shape = {16, 2};
  zeros.bytes.clear();
  for (const std::uint32_t zero : sample.zeros) {
    zeros.bytes.push_back(static_cast<std::byte>(zero - 8));  // as signed codes: from -8 on
  }
  expect_exact(sample, draft, DType::int4_zero);
}

TEST(QuantizedWeights, OfGptqNeedNoIndexOfGroups) {
  const QuantizedSample sample = random_sample(16, 128, 2, 4, false);
  CheckpointDraft draft = draft_of(sample, Storage::gptq_v2, DType::f16);
  ASSERT_TRUE(draft.remove("model.layers.0.mlp.down_proj.g_idx"));
  expect_exact(sample, draft, DType::int4_zero);
}

std::vector<double> logprobs(const std::filesystem::path& path) {
  const auto decoder = open(path);
  if (decoder == nullptr) return {};
  const auto score = model::score(*decoder, expected_of("llama-tiny").front().tokens, {});
  EXPECT_TRUE(score.has_value());
  std::vector<double> result;
  for (std::size_t i = 1; score && i < score->tokens.size(); ++i) {
    result.push_back(score->tokens[i].logprob.value());
  }
  return result;
}

bool is_projection(const Draft& tensor) {
  return tensor.name.find("_proj.weight") != std::string::npos;
}

// The fixture with its projections rounded, stored so, or (without a storage) as floats.
CheckpointDraft rounded_fixture(const Storage* storage, unsigned bits, bool act_order) {
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(fixture_folder("llama-tiny")));
  CheckpointDraft result{draft.container, draft.metadata, {}};
  for (Draft& tensor : draft.tensors) {
    if (!is_projection(tensor)) {
      result.tensors.push_back(std::move(tensor));
      continue;
    }
    QuantizedSample sample = rounded(tensor, tensor.shape[1] / 32, bits);
    for (std::size_t c = 0; act_order && c < sample.columns; ++c) {
      sample.group_of[c] = static_cast<std::uint32_t>(c % sample.groups);
    }
    if (storage == nullptr) {
      std::vector<float> weights;
      for (std::size_t i = 0; i < sample.codes.size(); ++i) {
        weights.push_back(sample.weight(i / sample.columns, i % sample.columns));
      }
      std::memcpy(tensor.bytes.data(), weights.data(), tensor.bytes.size());
      result.tensors.push_back(std::move(tensor));
      continue;
    }
    QuantizedSample config = sample;
    config.columns = 32 * config.groups;
    Value quantization = quantization_config(config, *storage);
    if (quantization.find("group_size") != nullptr) quantization.set("group_size", 32);
    result.metadata.set("quantization_config", std::move(quantization));
    for (Draft& part : stored(tensor.name, sample, *storage, DType::f16)) {
      result.tensors.push_back(std::move(part));
    }
  }
  return result;
}

TEST(QuantizedWeights, ComputeWhatTheFloatsTheyStandForCompute) {
  for (const bool act_order : {false, true}) {
    for (const Storage storage : every_storage) {
      if (act_order && storage != Storage::gptq) continue;
      SCOPED_TRACE(static_cast<int>(storage));
      const unsigned bits = storage == Storage::int8 ? 8 : 4;
      const std::vector<double> floats =
          logprobs(rounded_fixture(nullptr, bits, act_order).write(scratch_folder() / "floats"));
      const std::vector<double> quantized =
          logprobs(rounded_fixture(&storage, bits, act_order).write(scratch_folder() / "stored"));
      ASSERT_FALSE(floats.empty());
      ASSERT_EQ(floats.size(), quantized.size());
      double squares = 0;
      for (std::size_t i = 0; i < floats.size(); ++i) {
        squares += std::pow(floats[i] - quantized[i], 2);
      }
      // Only activations are rounded, to bytes; see PackedWeights.StayCloseToTheFloats….
      EXPECT_LT(std::sqrt(squares / static_cast<double>(floats.size())), 0.1);
    }
  }
}

TEST(QuantizedWeights, CountAsTheyLieOnDisk) {
  const Storage storage = Storage::packed;
  const auto checkpoint =
      open_checkpoint(rounded_fixture(&storage, 4, false).write(scratch_folder()));
  const auto recipe = model::read_recipe(*checkpoint);
  ASSERT_TRUE(recipe.has_value());
  std::uint64_t bytes = 0;
  for (const NamedTensor& tensor : checkpoint->tensors()) bytes += tensor.bytes;
  EXPECT_EQ(model::footprint(*checkpoint, *recipe, 16, KvType::f16).weights_bytes, bytes);
}

struct HostileTensor {
  const char* part;
  Storage storage;
  void (*change)(Draft& part);
  const char* message;
};

const std::string prefix = "model.layers.0.mlp.down_proj.";

void missing(Draft& part) {
  part.name = "elsewhere";
}
void of_bytes(Draft& part) {
  part.type = DType::i8;
  part.shape.back() *= 4;
}
void turned_round(Draft& part) {
  std::swap(part.shape[0], part.shape[1]);
}
void infinite(Draft& part) {
  const std::uint16_t half = 0x7c00;
  std::memcpy(part.bytes.data() + 6, &half, sizeof half);
}
void pointing_out(Draft& part) {
  const std::int32_t group = -1;
  std::memcpy(part.bytes.data() + 20, &group, sizeof group);
}
void one_more(Draft& part) {
  part.bytes[0] = std::byte{65};
}

const HostileTensor hostile[] = {
    {"weight_scale", Storage::packed, missing, "weight_scale: tensor is missing"},
    {"weight_scale", Storage::int8, missing, "weight_scale: tensor is missing"},
    {"qzeros", Storage::gptq, missing, "qzeros: tensor is missing"},
    {"scales", Storage::awq, missing, "scales: tensor is missing"},
    {"weight_packed", Storage::packed, of_bytes, "weight_packed: type is I8, expected I32"},
    {"weight_packed", Storage::packed, turned_round, "weight_packed: shape is (8, 32), expected"},
    {"qweight", Storage::gptq, turned_round, "qweight: shape is (32, 8), expected (8, 32)"},
    {"qweight", Storage::awq, turned_round, "qweight: shape is (4, 64), expected (64, 4)"},
    {"qzeros", Storage::awq, turned_round, "qzeros: shape is (4, 2), expected (2, 4)"},
    {"scales", Storage::gptq, turned_round, "scales: shape is (32, 2), expected (2, 32)"},
    {"weight_zero_point", Storage::packed_with_zeros, turned_round, "weight_zero_point: shape"},
    {"weight_scale", Storage::packed, infinite, "weight_scale: [3] is not finite"},
    {"scales", Storage::gptq, infinite, "scales: [3] is not finite"},
    {"g_idx", Storage::gptq, pointing_out, "g_idx: [5] is -1, there are 2 groups"},
    {"weight_shape", Storage::packed, one_more, "weight_shape: says 65, 64"},
};

TEST(QuantizedWeights, ThatAreNotAsTheyMustBeAreRefusedByName) {
  for (const HostileTensor& test : hostile) {
    SCOPED_TRACE(test.message);
    CheckpointDraft draft =
        rounded_fixture(&test.storage, test.storage == Storage::int8 ? 8 : 4, false);
    Draft* part = draft.find(prefix + test.part);
    ASSERT_NE(part, nullptr);
    test.change(*part);
    const auto checkpoint = open_checkpoint(draft.write(scratch_folder()));
    ASSERT_NE(checkpoint, nullptr);
    const auto decoder = model::open_decoder(checkpoint, pool());
    ASSERT_FALSE(decoder.has_value());
    EXPECT_EQ(decoder.error().code, ErrorCode::invalid);
    EXPECT_THAT(decoder.error().message, ::testing::HasSubstr(prefix + test.message));
  }
}

TEST(QuantizedWeights, ScaledByNothingAreZero) {
  const Storage storage = Storage::packed;
  CheckpointDraft draft = rounded_fixture(&storage, 4, false);
  std::ranges::fill(draft.find(prefix + "weight_scale")->bytes, std::byte{0});
  EXPECT_FALSE(logprobs(draft.write(scratch_folder())).empty());
}

}  // namespace
}  // namespace freehold::golden
