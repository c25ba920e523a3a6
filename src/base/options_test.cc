#include "base/options.h"

#include <gtest/gtest.h>

#include <map>

namespace freehold {
namespace {

struct Sample {
  std::uint32_t port = 8080;
  std::vector<std::string> models;
  std::optional<double> temperature;
  bool loud = false;
  Options options{"serve"};

  Sample() {
    options.add("port", &port, "P", "port to listen on").short_name('p');
    options.add("model", &models, "MODEL", "what to serve");
    options.add("temperature", &temperature, "T", "of sampling");
    options.flag("loud", loud, "say more");
  }
  Result<void> parse(std::vector<std::string> arguments, const Value& file = {},
                     std::map<std::string, std::string> environment = {}) {
    return options.parse(arguments, file, [&](const char* name) -> const char* {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    });
  }
};

TEST(Options, PreferTheFlagThenTheEnvironmentThenTheFile) {
  const Value file = Object{{"serve", Object{{"port", 1}}}};
  Sample only_file, with_environment, with_flag;
  ASSERT_TRUE(only_file.parse({}, file));
  EXPECT_EQ(only_file.port, 1u);
  ASSERT_TRUE(with_environment.parse({}, file, {{"FREEHOLD_SERVE_PORT", "2"}}));
  EXPECT_EQ(with_environment.port, 2u);
  ASSERT_TRUE(with_flag.parse({"-p", "3"}, file, {{"FREEHOLD_SERVE_PORT", "2"}}));
  EXPECT_EQ(with_flag.port, 3u);
}

TEST(Options, CollectRepeatedFlagsIntoALists) {
  Sample sample;
  ASSERT_TRUE(sample.parse({"--model", "a", "--loud", "--model=b"}));
  EXPECT_EQ(sample.models, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(sample.loud);
  EXPECT_FALSE(sample.temperature.has_value());
}

TEST(Options, LeaveTheWordAfterAValueToPositionals) {
  std::uint32_t count = 0;
  std::vector<std::string> names, places;
  Options options("verb");
  options.add("count", &count, "N", "how many").short_name('n');
  options.add("name", &names, "NAME", "names");
  options.add("places", &places, "PLACE", "where").positional();
  ASSERT_TRUE(options.parse({"-n", "3", "here", "--name", "a", "there"}, {},
                            [](const char*) -> const char* { return nullptr; }));
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(names, std::vector<std::string>{"a"});
  EXPECT_EQ(places, (std::vector<std::string>{"here", "there"}));
}

TEST(Options, RefuseWhatTheyCannotUnderstandAsWrongUsage) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--port", "x"}, {"--port", "-1"}, {"--port", "99999999999"},
      {"--nonsense"},  {"stray"},        {"--temperature", "nan"}};
  for (const auto& arguments : wrong) {
    Sample sample;
    const Result<void> parsed = sample.parse(arguments);
    ASSERT_FALSE(parsed) << arguments[0];
    EXPECT_EQ(parsed.error().code, ErrorCode::usage);
  }
}

TEST(Options, NameAnUnknownKeyOfTheConfigurationFile) {
  Sample sample;
  const Result<void> parsed = sample.parse({}, Object{{"serve", Object{{"prot", 1}}}});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
  EXPECT_NE(parsed.error().message.find("serve.prot"), std::string::npos);
}

}  // namespace
}  // namespace freehold
