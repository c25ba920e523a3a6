// Replays every dialogue in this folder against the server. SNAP_UPDATE=1 rewrites them as they
// went; read the difference before you commit it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "dialogue.h"
#include "script.h"
#include "server/test_client.h"

namespace freehold::conformance {
namespace {

constexpr std::size_t max_dialogue_bytes = 1u << 20;

std::vector<std::string> dialogues() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FREEHOLD_DIALOGUES)) {
    if (entry.path().extension() == ".http") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

// What dialogues can ask for: a model that works, one whose context is full after a few words, one
// whose queue is always full, one that breaks after two tokens.
struct Models {
  ScriptedGenerator scripted{script("scripted")};
  ScriptedGenerator tiny{with("tiny", [](Script& s) { s.card.context_length = 8; })};
  ScriptedGenerator busy{with("busy", [](Script& s) { s.max_running = 0; })};
  ScriptedGenerator broken{with("broken", [](Script& s) { s.fail_after = 2; })};

  std::vector<Generator*> all() { return {&scripted, &tiny, &busy, &broken}; }

  template <class Change>
  static Script with(const char* name, Change change) {
    Script made = script(name);
    change(made);
    return made;
  }
};

class Dialogue : public testing::TestWithParam<std::string> {};

TEST_P(Dialogue, GoesAsWritten) {
  const auto path = std::filesystem::path(FREEHOLD_DIALOGUES) / (GetParam() + ".http");
  const auto text = read_file(path, max_dialogue_bytes);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  auto turns = parse_dialogue(*text);
  ASSERT_TRUE(turns.has_value()) << path << ": " << turns.error().message;
  Models models;
  server::RunningServer server({}, models.all());
  for (Turn& turn : *turns) turn.expected = replay(turn, server.port());
  const std::string went = to_text(*turns);
  if (std::getenv("SNAP_UPDATE") != nullptr) {
    ASSERT_TRUE(replace_file(path, went).has_value());
  } else {
    EXPECT_EQ(*text, went) << "SNAP_UPDATE=1 rewrites " << path;
  }
}

INSTANTIATE_TEST_SUITE_P(, Dialogue, testing::ValuesIn(dialogues()),
                         [](const auto& name) { return name.param; });

TEST(ParseDialogue, NamesTheLineThatIsNone) {
  EXPECT_EQ(parse_dialogue("> GET /\n< 200\nhello\n").error().message,
            "line 3 begins with none of # > <");
}

}  // namespace
}  // namespace freehold::conformance
