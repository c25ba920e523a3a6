#include "hub/catalogue.h"

#include <gmock/gmock.h>

#include <set>

#include "hub/catalogue_text.h"
#include "hub/reference.h"

namespace freehold::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

TEST(Catalogue, CanBeReadAsItIsBuiltIn) {
  const auto catalogue = Catalogue::parse(catalogue_text);
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  EXPECT_GE(catalogue->entries().size(), 30u);
}

TEST(Catalogue, CoversTheLargeFamilies) {
  std::set<std::string> families;
  for (const CatalogueEntry& entry : Catalogue::builtin().entries()) families.insert(entry.family);
  for (const char* family :
       {"Qwen2.5", "Qwen3",   "Qwen3.5",  "DeepSeek", "GLM",     "Kimi",    "MiniMax", "Llama 3",
        "Mistral", "Mixtral", "Gemma 3",  "Phi-4",    "gpt-oss", "SmolLM2", "SmolLM3", "TinyLlama",
        "Granite", "OLMo 2",  "InternLM", "Yi",       "Hunyuan", "ERNIE",   "Seed-OSS"}) {
    EXPECT_TRUE(families.contains(family)) << family;
  }
}

TEST(Catalogue, StatesPlausibleFacts) {
  for (const CatalogueEntry& entry : Catalogue::builtin().entries()) {
    EXPECT_EQ(entry.origin.size(), 2u) << entry.name;
    EXPECT_GE(entry.parameters, 100'000'000u) << entry.name;
    EXPECT_LE(entry.parameters, 2'000'000'000'000u) << entry.name;
    EXPECT_GE(entry.context_length, 2048u) << entry.name;
    EXPECT_EQ(std::set<std::string>(entry.sources.begin(), entry.sources.end()).size(),
              entry.sources.size())
        << entry.name;
  }
}

TEST(Catalogue, OffersTheSameDefaultsOnEveryOrdinaryMachine) {
  const auto names = Catalogue::builtin().default_candidates(8 * gibibyte);
  EXPECT_THAT(names, ElementsAre("qwen3-0.6b", "smollm2-135m-instruct", "tinyllama-1.1b-chat"));
}

TEST(Catalogue, OffersSmallMachinesOnlyWhatFits) {
  EXPECT_THAT(Catalogue::builtin().default_candidates(gibibyte),
              ElementsAre("smollm2-135m-instruct"));
  EXPECT_THAT(Catalogue::builtin().default_candidates(0), ElementsAre("smollm2-135m-instruct"));
}

TEST(Catalogue, SuggestsTheNearestName) {
  EXPECT_EQ(Catalogue::builtin().nearest("qwen3-0.6"), "qwen3-0.6b");
  EXPECT_EQ(Catalogue::builtin().nearest("tinylama-1.1b-chat"), "tinyllama-1.1b-chat");
  EXPECT_EQ(Catalogue::builtin().nearest("something-else-entirely"), "");
}

std::string entry_with(const std::string& line) {
  return "runs = [\"llama\"]\ndefaults = [\"m\"]\n[[model]]\nname = \"m\"\ntitle = \"M\"\n"
         "family = \"F\"\nmaker = \"X\"\norigin = \"CN\"\nlicense = \"MIT\"\n"
         "architecture = \"llama\"\nparameters = 1\ncontext_length = 1\nbytes = 1\n" +
         line;
}

std::string complaint(const std::string& line) {
  const auto catalogue = Catalogue::parse(entry_with(line));
  return catalogue ? "none" : catalogue.error().message;
}

TEST(Catalogue, NamesTheEntryAndTheFieldThatIsWrong) {
  EXPECT_EQ(complaint("sources = [\"hf:a/b\"]"), "none");
  EXPECT_THAT(complaint("sources = [\"hf:a\"]"), HasSubstr("m: \"a\" is not of the form"));
  EXPECT_THAT(complaint("sources = []"), HasSubstr("m: has no source"));
  EXPECT_THAT(complaint("sources = [1]"), HasSubstr("m: sources"));
  EXPECT_THAT(complaint("source = [\"hf:a/b\"]"), HasSubstr("m: sources is not a list"));
  EXPECT_THAT(complaint("sources = [\"hf:a/b\"]\ncontxt = 1"), HasSubstr("unknown key contxt"));
  EXPECT_THAT(complaint("sources = [\"hf:a/b\"]\nsha256 = \"x\""), HasSubstr("no digest"));
  EXPECT_THAT(complaint("sources = [\"hf:a/b\"]\nactive_parameters = 2"), HasSubstr("more than"));
  EXPECT_THAT(complaint("sources = ["), HasSubstr("line 14"));
}

}  // namespace
}  // namespace freehold::hub
