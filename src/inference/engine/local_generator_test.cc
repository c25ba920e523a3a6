// The whole way from a request to its answer, on the tiny checkpoints in tests/fixtures/models.
#include "engine/local_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "formats/testing/model_directory.h"

namespace freehold::engine {
namespace {

using formats::testing::ModelDirectory;
using testing::HasSubstr;

const std::filesystem::path fixtures = FREEHOLD_SOURCE_DIR "/tests/fixtures/models";

// What the authors' code computed (tools/make_fixtures.py).
struct Expected {
  std::vector<Token> prompt;
  std::vector<Token> greedy;
  std::vector<double> gaps;      // between the two likeliest, at each step
  std::vector<double> logprobs;  // of the prompt's tokens from the second on
};

Expected expected_of(const std::filesystem::path& model) {
  const Value document = *parse_json(*read_file(model / "expected.json", 16u << 20));
  const Value& first = document.find("sequences")->as_list()->at(0);
  Expected expected;
  for (const Value& token : *first.find("tokens")->as_list()) {
    expected.prompt.push_back(static_cast<Token>(token.number_or(-1)));
  }
  for (const Value& token : *first.find("greedy")->as_list()) {
    expected.greedy.push_back(static_cast<Token>(token.number_or(-1)));
  }
  for (const Value& gap : *first.find("gaps")->as_list()) {
    expected.gaps.push_back(gap.number_or(0));
  }
  for (const Value& logprob : *first.find("logprobs")->as_list()) {
    expected.logprobs.push_back(logprob.number_or(1));
  }
  return expected;
}

std::unique_ptr<LocalGenerator> open(const std::filesystem::path& path,
                                     const LocalOptions& options = {.threads = 1}) {
  auto generator = LocalGenerator::open(path, options);
  EXPECT_TRUE(generator.has_value()) << generator.error().message;
  return generator ? std::move(*generator) : nullptr;
}

Request greedy_request(Prompt prompt, std::uint32_t max_tokens) {
  Request request{.prompt = std::move(prompt), .sampling = {}, .stop = {}};
  request.sampling.temperature = 0;
  request.sampling.logprobs = 0;
  request.stop.max_tokens = max_tokens;
  request.stop.ignore_end_of_text = true;
  return request;
}

std::vector<Token> tokens_of(const Completion& completion) {
  std::vector<Token> tokens;
  for (const TokenInfo& info : completion.tokens) tokens.push_back(info.token);
  return tokens;
}

// Equal up to the first step at which the reference itself nearly had a tie.
void expect_reference(const std::vector<Token>& tokens, const Expected& expected) {
  for (std::size_t i = 0; i < expected.greedy.size(); ++i) {
    ASSERT_LT(i, tokens.size());
    if (tokens[i] == expected.greedy[i]) continue;
    EXPECT_LT(expected.gaps[i], 1e-3) << "step " << i;
    return;
  }
}

TEST(LocalGenerator, GivesTheReferencesGreedyTokensAloneAndEightAtOnce) {
  for (const char* name : {"llama-tiny", "qwen3-tiny"}) {
    const Expected expected = expected_of(fixtures / name);
    for (const auto& path : {fixtures / name, fixtures / name / "gguf" / "model.gguf"}) {
      const auto generator = open(path, {.threads = 2, .kv_type = KvType::f32});
      const std::vector<Token> alone =
          tokens_of(*generator->complete(greedy_request(expected.prompt, 64)));
      expect_reference(alone, expected);
      std::vector<std::thread> callers;
      for (int i = 0; i < 8; ++i) {
        callers.emplace_back([&] {
          const auto completion = generator->complete(greedy_request(expected.prompt, 64));
          ASSERT_TRUE(completion.has_value());
          EXPECT_EQ(tokens_of(*completion), alone);
          EXPECT_EQ(completion->text, "");  // it has no tokenizer
        });
      }
      for (std::thread& caller : callers) caller.join();
    }
  }
}

TEST(LocalGenerator, EchoesThePromptsLogprobsAsTheReferenceComputesThem) {
  const Expected expected = expected_of(fixtures / "llama-tiny");
  const auto generator = open(fixtures / "llama-tiny", {.threads = 1, .kv_type = KvType::f32});
  Request request = greedy_request(expected.prompt, 0);
  request.echo_prompt_logprobs = true;
  const Completion completion = *generator->complete(std::move(request));
  ASSERT_EQ(completion.tokens.size(), expected.prompt.size());
  EXPECT_EQ(tokens_of(completion), expected.prompt);
  for (std::size_t i = 1; i < completion.tokens.size(); ++i) {
    EXPECT_NEAR(completion.tokens[i].logprob, expected.logprobs[i - 1], 1e-4);
  }
}

TEST(LocalGenerator, DescribesTheModel) {
  const auto generator = open(fixtures / "llama-tiny", {.name = "small", .threads = 1});
  EXPECT_EQ(generator->card().name, "small");
  EXPECT_EQ(generator->card().architecture, "llama");
  EXPECT_EQ(generator->card().context_length, 256u);
  EXPECT_GT(generator->card().parameters, 10'000u);
  EXPECT_GT(generator->card().created_unix_s, 0);
  EXPECT_EQ(open(fixtures / "llama-tiny")->card().name, "llama-tiny");
}

TEST(LocalGenerator, RefusesAPromptThatIsTooLongWithBothNumbers) {
  const auto generator = open(fixtures / "llama-tiny");
  const auto completion = generator->complete(greedy_request(std::vector<Token>(300, 5), 1));
  ASSERT_FALSE(completion.has_value());
  EXPECT_EQ(completion.error().code, ErrorCode::invalid);
  EXPECT_THAT(completion.error().message, HasSubstr("300"));
  EXPECT_THAT(completion.error().message, HasSubstr("256"));
}

TEST(LocalGenerator, SaysThatAModelWithoutTokenizerReadsNoTextAndHasNoTemplate) {
  const auto generator = open(fixtures / "llama-tiny");
  EXPECT_EQ(generator->tokenizer(), nullptr);
  const auto text = generator->complete(greedy_request(std::string("hello"), 1));
  EXPECT_THAT(text.error().message, HasSubstr("no tokenizer"));
  const auto chat = generator->render({.messages = {message("user", "hello")}});
  EXPECT_EQ(chat.error().code, ErrorCode::invalid);
  EXPECT_THAT(chat.error().message, HasSubstr("no chat template"));
  EXPECT_FALSE(chat.error().hint.empty());
  Request stops = greedy_request(std::vector<Token>{1}, 1);
  stops.stop.strings = {"x"};
  EXPECT_FALSE(generator->complete(std::move(stops)).has_value());
}

std::string utf8(unsigned codepoint) {
  if (codepoint < 0x80) return {static_cast<char>(codepoint)};
  return {static_cast<char>(0xc0 | codepoint >> 6), static_cast<char>(0x80 | (codepoint & 0x3f))};
}

// Byte-level BPE without merges: token i is byte i, but for 1 and 2, which are <s> and </s>.
std::string byte_tokenizer() {
  Object entries;
  unsigned next = 256;  // GPT-2's alphabet: what is not printable gets the next letter from here
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    const std::string letter = utf8(printable ? byte : next++);
    entries.emplace_back(byte == 1 ? "<s>" : byte == 2 ? "</s>" : letter, byte);
  }
  const auto special = [](int id, const char* content) {
    return Value(Object{{"id", id},
                        {"content", content},
                        {"single_word", false},
                        {"lstrip", false},
                        {"rstrip", false},
                        {"normalized", false},
                        {"special", true}});
  };
  const Object byte_level = {{"type", "ByteLevel"},
                             {"add_prefix_space", false},
                             {"trim_offsets", true},
                             {"use_regex", true}};
  return to_json(Object{{"version", "1.0"},
                        {"added_tokens", List{special(1, "<s>"), special(2, "</s>")}},
                        {"normalizer", nullptr},
                        {"pre_tokenizer", byte_level},
                        {"post_processor", nullptr},
                        {"decoder", byte_level},
                        {"model", Object{{"type", "BPE"},
                                         {"dropout", nullptr},
                                         {"unk_token", nullptr},
                                         {"continuing_subword_prefix", nullptr},
                                         {"end_of_word_suffix", nullptr},
                                         {"fuse_unk", false},
                                         {"byte_fallback", false},
                                         {"vocab", entries},
                                         {"merges", List{}}}}});
}

// llama-tiny with a tokenizer, a template and sampling defaults beside its weights.
class TalkingModel {
 public:
  TalkingModel() {
    for (const char* name : {"config.json", "model.safetensors"}) {
      std::filesystem::copy(fixtures / "llama-tiny" / name, directory_.path() / name);
    }
    directory_.write("tokenizer.json", byte_tokenizer());
    directory_.write("tokenizer_config.json",
                     R"({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": false})");
    directory_.write("chat_template.jinja",
                     "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}"
                     "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}");
    directory_.write("generation_config.json", R"({"do_sample": false, "eos_token_id": 2})");
  }
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  ModelDirectory directory_;
};

TEST(LocalGenerator, RendersAndTokenizesAConversationWithOneBos) {
  const TalkingModel model;
  const auto generator = open(model.path());
  const Chat chat{.messages = {message("user", "Hi!")}};
  EXPECT_EQ(*generator->render(chat), "<s>[user]Hi![assistant]");
  const std::vector<Token> tokens = *generator->tokenize(chat);
  EXPECT_EQ(tokens[0], 1);
  EXPECT_EQ(std::ranges::count(tokens, 1), 1);
  EXPECT_EQ(tokens.size(), 1 + std::string("[user]Hi![assistant]").size());
}

TEST(LocalGenerator, StreamsOnlyWholeCharactersThatAddUpToTheText) {
  const TalkingModel model;
  const auto generator = open(model.path());
  Request request{.prompt = Chat{.messages = {message("user", "Grüße, 世界")}}};
  request.stop.max_tokens = 120;
  request.stop.ignore_end_of_text = true;
  std::string streamed;
  const Completion completion = *generator->complete(request, [&](const Delta& delta) {
    EXPECT_TRUE(parse_json(to_json(delta.text)).has_value());
    const auto again = parse_json(to_json(Value(delta.text)));
    EXPECT_EQ(*again->as_string(), delta.text);  // invalid UTF-8 would have been replaced
    streamed += delta.text;
    return true;
  });
  EXPECT_EQ(streamed, completion.text);
  EXPECT_FALSE(completion.text.empty());
  EXPECT_EQ(completion.outcome.usage.completion_tokens, 120u);
  EXPECT_EQ(generator->complete(request)->text, completion.text);  // greedy by its own defaults
}

TEST(LocalGenerator, EndsBeforeAStopStringOfTheRequest) {
  const TalkingModel model;
  const auto generator = open(model.path());
  Request request{.prompt = std::string("tell me")};
  request.stop.max_tokens = 60;
  request.stop.ignore_end_of_text = true;
  const std::string text = generator->complete(request)->text;
  ASSERT_GT(text.size(), 8u);
  std::size_t at = text.size() / 2;
  while ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  request.stop.strings = {text.substr(at, 3)};
  const Completion stopped = *generator->complete(request);
  EXPECT_EQ(stopped.text, text.substr(0, text.find(request.stop.strings[0])));
  EXPECT_EQ(stopped.outcome.stop_string, request.stop.strings[0]);
}

TEST(LocalGenerator, RefusesAModelWhoseOwnDefaultsCannotBe) {
  const TalkingModel model;
  std::ofstream(model.path() / "generation_config.json") << R"({"temperature": -2})";
  const auto generator = LocalGenerator::open(model.path(), {.threads = 1});
  ASSERT_FALSE(generator.has_value());
  EXPECT_EQ(generator.error().code, ErrorCode::invalid);
  EXPECT_THAT(generator.error().message, HasSubstr("generation_config.json: temperature"));
}

}  // namespace
}  // namespace freehold::engine
