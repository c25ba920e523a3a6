#include "hub/repository.h"

#include <gmock/gmock.h>

namespace freehold::hub {
namespace {

using testing::ElementsAre;

std::vector<std::string> choose(const std::vector<std::string>& paths, std::string_view selection) {
  std::vector<RepositoryFile> files;
  for (const std::string& path : paths) files.push_back({path, {}, {}, {}});
  const auto chosen = choose_files(files, selection);
  std::vector<std::string> names;
  if (!chosen) return {"error: " + chosen.error().message};
  for (const RepositoryFile& file : *chosen) names.push_back(file.path);
  return names;
}

TEST(ChooseFiles, FindsAQuantizationWhateverTheCaseAndTheSeparator) {
  EXPECT_THAT(choose({"M-Q4_K_M.gguf", "M-Q4_K_S.gguf"}, "q4_k_m"), ElementsAre("M-Q4_K_M.gguf"));
  EXPECT_THAT(choose({"m.q8_0.gguf"}, "Q8_0"), ElementsAre("m.q8_0.gguf"));
}

TEST(ChooseFiles, DoesNotTakeAnImportanceQuantizationForAPlainOne) {
  EXPECT_THAT(choose({"M-IQ4_XS.gguf", "M-UD-Q4_XS.gguf"}, "Q4_XS"),
              ElementsAre("M-UD-Q4_XS.gguf"));
}

TEST(ChooseFiles, TakesAllPartsOfASplitFile) {
  EXPECT_THAT(
      choose({"q/M-Q2_K-00002-of-00002.gguf", "q/M-Q2_K-00001-of-00002.gguf", "M-Q8_0.gguf"},
             "Q2_K"),
      ElementsAre("q/M-Q2_K-00001-of-00002.gguf", "q/M-Q2_K-00002-of-00002.gguf"));
  EXPECT_THAT(choose({"M-00001-of-00002.gguf", "M-00002-of-00002.gguf"}, "M-00001-of-00002.gguf"),
              ElementsAre("M-00001-of-00002.gguf", "M-00002-of-00002.gguf"));
}

TEST(ChooseFiles, DoesNotMixASplitModelWithTheSameModelInOneFile) {
  EXPECT_THAT(choose({"m-q4_0.gguf", "m-q4_0-00001-of-00002.gguf", "m-q4_0-00002-of-00002.gguf"},
                     "m-q4_0.gguf"),
              ElementsAre("m-q4_0.gguf"));
}

TEST(ChooseFiles, RefusesASplitModelWithAPartMissing) {
  EXPECT_THAT(choose({"m-q4_0-00001-of-00003.gguf", "m-q4_0-00003-of-00003.gguf"}, "q4_0"),
              ElementsAre("error: has 2 of the 00003 parts of m-q4_0"));
}

TEST(ChooseFiles, PrefersFourBitsWhenNothingIsSaid) {
  EXPECT_THAT(choose({"M-Q8_0.gguf", "M-Q2_K.gguf", "M-Q4_K_M.gguf", "M-BF16.gguf"}, ""),
              ElementsAre("M-Q4_K_M.gguf"));
}

TEST(ChooseFiles, LeavesImageEncodersAndImportanceMatricesAlone) {
  EXPECT_THAT(choose({"mmproj-Q4_K_M.gguf", "imatrix.gguf", "M-Q8_0.gguf"}, ""),
              ElementsAre("M-Q8_0.gguf"));
}

TEST(ChooseFiles, TakesTheOnlyGgufWhateverItsName) {
  EXPECT_THAT(choose({"ggml-model.gguf", "README.md"}, ""), ElementsAre("ggml-model.gguf"));
}

TEST(ChooseFiles, TakesADirectoryWithoutCodeAndPickles) {
  EXPECT_THAT(choose({"config.json", "model.safetensors", "modeling.py", "pytorch_model.bin",
                      "LICENSE", "sub/model.safetensors"},
                     ""),
              ElementsAre("LICENSE", "config.json", "model.safetensors"));
}

TEST(ChooseFiles, RefusesARepositoryOfPickles) {
  EXPECT_THAT(choose({"pytorch_model.bin", "config.json"}, ""),
              ElementsAre("error: has neither a GGUF nor safetensors that make a model"));
}

TEST(ChooseFiles, RefusesNamesThatAreNoFileNames) {
  EXPECT_THAT(choose({"a\nb.gguf"}, ""), ElementsAre(testing::StartsWith("error: ")));
  EXPECT_THAT(choose({"x/.gguf"}, ""), ElementsAre(testing::StartsWith("error: ")));
}

}  // namespace
}  // namespace freehold::hub
