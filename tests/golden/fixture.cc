#include "golden/fixture.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "model/model.h"

namespace freehold::golden {
namespace {

const std::filesystem::path root =
    std::filesystem::path(FREEHOLD_SOURCE_DIR) / "tests/fixtures/models";

const std::filesystem::path scratch =
    std::filesystem::temp_directory_path() / ("freehold-golden-" + std::to_string(::getpid()));

class RemoveScratch : public ::testing::Environment {
 public:
  void TearDown() override { std::filesystem::remove_all(scratch); }
};

const auto* const remove_scratch = ::testing::AddGlobalTestEnvironment(new RemoveScratch);

std::vector<double> numbers(const Value& list) {
  std::vector<double> result;
  for (const Value& each : *list.as_list()) result.push_back(each.number_or(0));
  return result;
}

std::vector<Token> tokens(const Value& list) {
  std::vector<Token> result;
  for (const Value& each : *list.as_list()) {
    result.push_back(static_cast<Token>(*each.as_integer()));
  }
  return result;
}

}  // namespace

std::filesystem::path fixture_folder(const std::string& name) {
  return root / name;
}

std::vector<std::string> fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> fixture_names_with_gguf() {
  std::vector<std::string> names = fixture_names();
  std::erase_if(names, [](const std::string& name) {
    return !std::filesystem::exists(root / name / "gguf/model.gguf");
  });
  return names;
}

std::vector<Sequence> expected_of(const std::string& name) {
  const auto text = read_file(root / name / "expected.json", std::size_t{1} << 20);
  CHECK(text.has_value());
  const auto json = parse_json(*text);
  CHECK(json.has_value());
  std::vector<Sequence> sequences;
  for (const Value& each : *json->find("sequences")->as_list()) {
    Sequence sequence{.tokens = tokens(*each.find("tokens")),
                      .logprobs = numbers(*each.find("logprobs")),
                      .whole = {},
                      .greedy = tokens(*each.find("greedy")),
                      .gaps = numbers(*each.find("gaps"))};
    for (const Value& row : *each.find("whole")->as_list()) {
      sequence.whole.push_back({static_cast<std::size_t>(*row.find("position")->as_integer()),
                                numbers(*row.find("logprobs"))});
    }
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

std::filesystem::path scratch_folder() {
  CHECK(remove_scratch != nullptr);
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string(test->test_suite_name()) + "." + test->name();
  std::ranges::replace(name, '/', '-');
  return scratch / name;
}

std::shared_ptr<const formats::Checkpoint> open_checkpoint(const std::filesystem::path& path) {
  auto checkpoint = formats::Checkpoint::open(path);
  if (!checkpoint) {
    ADD_FAILURE() << checkpoint.error().message;
    return nullptr;
  }
  return std::make_shared<const formats::Checkpoint>(*std::move(checkpoint));
}

ThreadPool& pool() {
  static ThreadPool threads(1);
  return threads;
}

std::unique_ptr<model::Decoder> open(const std::filesystem::path& path, ThreadPool& threads) {
  const auto checkpoint = open_checkpoint(path);
  if (checkpoint == nullptr) return nullptr;
  auto decoder = model::open_decoder(checkpoint, threads);
  if (!decoder) {
    ADD_FAILURE() << decoder.error().message;
    return nullptr;
  }
  return *std::move(decoder);
}

}  // namespace freehold::golden
