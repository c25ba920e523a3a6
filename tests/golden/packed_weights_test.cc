// Quantized weights in their packed form: the numbers stay within what eight bits of activations
// allow, and the file that keeps them is made, mapped, refused and made again as it should be.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "golden/checkpoint_writer.h"
#include "golden/fixture.h"
#include "model/model.h"
#include "model/packed_file.h"
#include "model/score.h"

namespace freehold::golden {
namespace {

namespace fs = std::filesystem;

// The fixture with its matrices rounded to Q8_0, of which the norms have no part.
fs::path quantized(const std::string& name) {
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(fixture_folder(name) / "gguf"));
  for (Draft& tensor : draft.tensors) {
    if (tensor.shape.size() >= 2 && tensor.shape.back() % 32 == 0) quantize_q8_0(tensor);
  }
  return draft.write(scratch_folder());
}

std::vector<double> logprobs(const fs::path& path, const fs::path& packed_folder) {
  const auto decoder = model::open_decoder(open_checkpoint(path), pool(), packed_folder);
  EXPECT_TRUE(decoder.has_value());
  if (!decoder) return {};
  const auto score = model::score(**decoder, expected_of("llama-tiny").front().tokens, {});
  EXPECT_TRUE(score.has_value());
  std::vector<double> result;
  for (std::size_t i = 1; score && i < score->tokens.size(); ++i) {
    result.push_back(score->tokens[i].logprob.value());
  }
  return result;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

TEST(PackedWeights, AreKeptInAFileThatGivesTheSameBits) {
  const fs::path model = quantized("llama-tiny");
  const fs::path folder = scratch_folder() / "packed";
  const std::vector<double> in_memory = logprobs(model, {});
  ASSERT_FALSE(in_memory.empty());
  EXPECT_EQ(logprobs(model, folder), in_memory);
  ASSERT_EQ(files_in(folder).size(), 1u);
  const auto written = fs::last_write_time(files_in(folder).front());
  EXPECT_EQ(logprobs(model, folder), in_memory);
  EXPECT_EQ(files_in(folder).size(), 1u);
  EXPECT_EQ(fs::last_write_time(files_in(folder).front()), written);
}

TEST(PackedWeights, AreMadeAgainWhenTheFileIsNotWhatItShouldBe) {
  const fs::path model = quantized("llama-tiny");
  const fs::path folder = scratch_folder() / "packed";
  const std::vector<double> expected = logprobs(model, folder);
  const fs::path file = files_in(folder).front();
  const auto size = fs::file_size(file);
  fs::resize_file(file, size - 1);
  EXPECT_EQ(logprobs(model, folder), expected);
  EXPECT_EQ(fs::file_size(file), size);
  std::fstream(file, std::ios::in | std::ios::out).write("another", 7);
  EXPECT_EQ(logprobs(model, folder), expected);
  std::string head(8, ' ');
  std::ifstream(file).read(head.data(), 8);
  EXPECT_EQ(head, "freehold");
}

TEST(PackedWeights, FollowTheContentOfTheModel) {
  const fs::path first = quantized("llama-tiny"), folder = scratch_folder() / "packed";
  const auto before = model::packed_file(folder, *open_checkpoint(first), 16);
  const std::vector<double> expected = logprobs(first, folder);
  const fs::path copy = scratch_folder() / "copy.gguf";
  fs::copy_file(first, copy);
  EXPECT_EQ(logprobs(copy, folder), expected);
  EXPECT_NE(*model::packed_file(folder, *open_checkpoint(copy), 16), *before);
  EXPECT_EQ(files_in(folder).size(), 2u);
}

TEST(PackedWeights, OfTablesWithOtherPanelsLieInOtherFiles) {
  const auto checkpoint = open_checkpoint(quantized("llama-tiny"));
  EXPECT_NE(*model::packed_file("f", *checkpoint, 16), *model::packed_file("f", *checkpoint, 64));
}

TEST(PackedWeights, StayInMemoryWhereNothingCanBeWritten) {
  const fs::path model = quantized("llama-tiny");
  const fs::path file = scratch_folder() / "a file";
  std::ofstream(file) << "in the way";
  EXPECT_EQ(logprobs(model, file / "packed"), logprobs(model, {}));
}

// Eight bits for weights and eight for activations, each half a percent of what they round, move
// these log-probabilities (between -1 and -12) by 0.066; four bits lost anywhere would be 16 times.
TEST(PackedWeights, StayCloseToTheFloatsTheyStandFor) {
  const std::vector<double> exact = expected_of("llama-tiny").front().logprobs;
  const std::vector<double> rounded = logprobs(quantized("llama-tiny"), {});
  ASSERT_EQ(rounded.size(), exact.size());
  double squares = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) squares += std::pow(rounded[i] - exact[i], 2);
  EXPECT_LT(std::sqrt(squares / static_cast<double>(exact.size())), 0.1);
}

}  // namespace
}  // namespace freehold::golden
