#include "server/keys.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "freehold/scripted_generator.h"
#include "server/test_client.h"

namespace freehold::server {
namespace {

using std::chrono::seconds;

constexpr const char* completions = "/v1/chat/completions";
constexpr const char* chat = R"({"messages":[{"role":"user","content":"Hi"}]})";

std::string bearer(std::string_view key) {
  return "Authorization: Bearer " + std::string(key) + "\r\n";
}

std::string value_of(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "none";
}

TEST(ParseKeys, ReadsDigestsWithNamesAndDigestsWhatIsPlain) {
  const std::string digest = sha256("alices");
  const auto keys = parse_keys("# ours\n\nalice:" + digest +
                                   " admin requests=60 tokens=1000 parallel=2  # the boss\r\n"
                                   "sk-plain",
                               {.requests_per_minute = 5});
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[0], (ApiKey{"alice", digest, Role::admin, {60, 1000, 2}}));
  EXPECT_EQ((*keys)[1], (ApiKey{"line-4", sha256("sk-plain"), Role::user, {5, 0, 0}}));
}

TEST(ParseKeys, TakesSixtyFourDigitsWithoutANameForAKey) {
  const std::string digits(64, 'a');
  EXPECT_EQ(parse_keys(digits, {})->at(0).digest, sha256(digits));
}

TEST(ParseKeys, NamesTheLineAndNotTheSecretWhenItCannotBeRead) {
  for (const char* line : {"sk-secret rpm=5", "sk-secret requests=x", "sk-secret requests=-1",
                           "sk-secret tokens=99999999999", "sk-secret sk-other"}) {
    const auto keys = parse_keys("\n" + std::string(line), {});
    ASSERT_FALSE(keys.has_value()) << line;
    EXPECT_EQ(keys.error().code, ErrorCode::invalid);
    EXPECT_EQ(keys.error().message.find("line 2"), 0u);
    EXPECT_EQ(keys.error().message.find("secret"), std::string::npos);
  }
}

TEST(KeyRing, KnowsItsKeysAndNoOthers) {
  KeyRing ring;
  EXPECT_TRUE(ring.empty());
  ring.set({key_of_secret("a", "one", Role::user, {}), key_of_secret("b", "two", Role::admin, {})});
  EXPECT_EQ(ring.find("two")->key_name(), "b");
  EXPECT_EQ(ring.find("two")->role(), Role::admin);
  EXPECT_EQ(ring.find("three"), nullptr);
  EXPECT_EQ(ring.find(""), nullptr);
  EXPECT_EQ(ring.find(sha256("one")), nullptr);
}

TEST(KeyRing, LetsSoManyRequestsInAMinute) {
  ManualClock clock;
  KeyRing ring(clock);
  ring.set({key_of_secret("a", "one", Role::user, {.requests_per_minute = 2})});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(ring.find("one")->begin().has_value());
  const auto third = ring.find("one");
  const auto refused = third->begin();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, 429u);
  EXPECT_EQ(refused.error().retry_after_s, 30);
  EXPECT_EQ(value_of(third->headers(), "x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(value_of(third->headers(), "x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(value_of(third->headers(), "x-ratelimit-reset-requests"), "1m0s");
  EXPECT_EQ(value_of(third->headers(), "x-ratelimit-limit-tokens"), "none");
  clock.advance(seconds(30));
  EXPECT_TRUE(third->begin().has_value());
}

TEST(KeyRing, LetsNobodyInWhoHasSpentTheMinutesTokens) {
  ManualClock clock;
  KeyRing ring(clock);
  ring.set({key_of_secret("a", "one", Role::user, {.tokens_per_minute = 60})});
  const auto permit = ring.find("one");
  EXPECT_TRUE(permit->begin().has_value());
  permit->spend_tokens(90);
  permit->end();
  const auto refused = ring.find("one")->begin();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().retry_after_s, 31);
  clock.advance(seconds(31));
  EXPECT_TRUE(ring.find("one")->begin().has_value());
}

TEST(KeyRing, CountsWhatIsUnderWayUntilItEnds) {
  KeyRing ring;
  ring.set({key_of_secret("a", "one", Role::user, {.parallel = 1})});
  auto first = ring.find("one");
  EXPECT_TRUE(first->begin().has_value());
  EXPECT_FALSE(ring.find("one")->begin().has_value());
  first->end();
  first->end();
  auto second = ring.find("one");
  EXPECT_TRUE(second->begin().has_value());
  EXPECT_FALSE(ring.find("one")->begin().has_value());
  second.reset();
  EXPECT_TRUE(ring.find("one")->begin().has_value());
}

TEST(KeyRing, RemembersWhatWasUsedWhenKeysAreReadAgain) {
  ManualClock clock;
  KeyRing ring(clock);
  const ApiKey before = key_of_secret("a", "one", Role::user, {.requests_per_minute = 3});
  ring.set({before});
  const auto running = ring.find("one");
  EXPECT_TRUE(running->begin().has_value());
  EXPECT_TRUE(ring.find("one")->begin().has_value());
  ring.set({before, key_of_secret("b", "two", Role::user, {})});
  EXPECT_EQ(value_of(ring.find("one")->headers(), "x-ratelimit-remaining-requests"), "1");
  ring.set({key_of_secret("a", "one", Role::user, {.requests_per_minute = 10})});
  EXPECT_EQ(value_of(ring.find("one")->headers(), "x-ratelimit-remaining-requests"), "8");
  ring.set({key_of_secret("b", "two", Role::user, {})});
  EXPECT_EQ(ring.find("one"), nullptr);
  running->end();
}

TEST(Server, AsksForAKeyWhereverSomethingCanBeLearnt) {
  ScriptedGenerator generator{{}};
  RunningServer server({.keys = {key_of_secret("a", "one", Role::user, {})}}, {&generator});
  for (const char* path : {"/health", "/ready", "/ping", "/load", "/version", "/metrics", "/"}) {
    EXPECT_EQ(ask(server.port(), "GET", path).status, 200u) << path;
  }
  for (const char* path : {"/v1/models", "/api/tags", "/props", "/slots", "/get_model_info",
                           "/get_server_info", "/server_info"}) {
    EXPECT_EQ(ask(server.port(), "GET", path).status, 401u) << path;
    EXPECT_EQ(ask(server.port(), "GET", path, {}, bearer("one")).status, 200u) << path;
  }
  EXPECT_EQ(ask(server.port(), "POST", completions, chat, "x-api-key: one\r\n").status, 200u);
}

TEST(Server, ShowsItsMetricsToAdminsOnlyWhenTheyAreClosed) {
  ScriptedGenerator generator{{}};
  RunningServer server({.keys = {key_of_secret("a", "one", Role::user, {}),
                                 key_of_secret("b", "two", Role::admin, {})},
                        .closed_metrics = true},
                       {&generator});
  EXPECT_EQ(ask(server.port(), "GET", "/metrics").status, 401u);
  EXPECT_EQ(ask(server.port(), "GET", "/metrics", {}, bearer("one")).status, 403u);
  EXPECT_EQ(ask(server.port(), "GET", "/metrics", {}, bearer("two")).status, 200u);
}

TEST(Server, TellsWhatIsLeftAndSaysWhenToComeBack) {
  ScriptedGenerator generator{{}};
  const KeyLimits limits{.requests_per_minute = 1, .tokens_per_minute = 1000, .parallel = 1};
  RunningServer server({.keys = {key_of_secret("a", "one", Role::user, limits)}}, {&generator});
  const Reply first = ask(server.port(), "POST", completions, chat, bearer("one"));
  EXPECT_EQ(first.status, 200u);
  EXPECT_EQ(first.header("x-ratelimit-limit-requests"), "1");
  EXPECT_EQ(first.header("x-ratelimit-remaining-requests"), "0");
  EXPECT_LT(std::stoi(first.header("x-ratelimit-remaining-tokens")), 1000);
  const Reply second = ask(server.port(), "POST", completions, chat, bearer("one"));
  EXPECT_EQ(second.status, 429u);
  EXPECT_GT(std::stoi(second.header("Retry-After")), 50);
  EXPECT_EQ(second.header("x-ratelimit-remaining-requests"), "0");
  EXPECT_NE(second.body.find("rate_limit_exceeded"), std::string::npos);
  EXPECT_EQ(ask(server.port(), "GET", "/v1/models", {}, bearer("one")).status, 200u);
}

TEST(Server, LetsARequestFinishWhoseKeyIsTakenAway) {
  ScriptedGenerator generator(
      {.answers = {"one two three four five"}, .token_delay = std::chrono::milliseconds(40)});
  RunningServer server({.keys = {key_of_secret("a", "one", Role::user, {})}}, {&generator});
  TestClient stream(server.port());
  stream.request("POST", completions,
                 R"({"stream":true,"messages":[{"role":"user","content":"Hi"}]})", bearer("one"));
  stream.read_until("data: ");
  server.set_keys({key_of_secret("b", "two", Role::user, {})});
  EXPECT_EQ(ask(server.port(), "GET", "/v1/models", {}, bearer("one")).status, 401u);
  EXPECT_EQ(ask(server.port(), "GET", "/v1/models", {}, bearer("two")).status, 200u);
  EXPECT_NE(stream.read_until("[DONE]").find("[DONE]"), std::string::npos);
}

}  // namespace
}  // namespace freehold::server
