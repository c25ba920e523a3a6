// The server as clients meet it: answers, disconnects, slow readers, errors, draining.
#include "server/server.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "freehold/scripted_generator.h"
#include "server/test_client.h"

namespace freehold::server {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view chat = R"({"messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view streamed =
    R"({"messages":[{"role":"user","content":"hi"}],"stream":true})";
constexpr std::string_view streamed_forever =
    R"({"messages":[{"role":"user","content":"hi"}],"stream":true,"ignore_eos":true})";
constexpr std::string_view completions = "/v1/chat/completions";

// Many tokens, none of which is ever the last within a test's time.
Script endless(std::chrono::microseconds delay = 2ms) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += " word";
  Script script;
  script.card.context_length = 1u << 20;
  script.answers = {text};
  script.token_delay = delay;
  return script;
}

TEST(Server, SaysThatThePortIsTaken) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  ServerOptions options;
  options.port = server.port();
  const auto second = Server::open(options, {&generator});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::absent);
}

TEST(Server, CancelsTheSequenceOfAStreamWhoseClientLeaves) {
  ScriptedGenerator generator(endless());
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.request("POST", completions, streamed);
  client.read_until(" word");
  client.close();
  EXPECT_TRUE(eventually([&] { return generator.counts().cancelled == 1; }));
  EXPECT_EQ(generator.counts().running, 0u);
}

TEST(Server, CancelsTheSequencesOfAWholeAnswerWhoseClientLeaves) {
  ScriptedGenerator generator(endless());
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.request("POST", completions, R"({"messages":[{"role":"user","content":"hi"}],"n":3})");
  ASSERT_TRUE(eventually([&] { return generator.counts().started == 3; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return generator.counts().cancelled == 3; }, 2));
}

TEST(Server, NoticesThatAClientLeavesBehindItsPipelinedRequests) {
  ScriptedGenerator generator(endless());
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  for (int i = 0; i < 10; ++i) client.request("POST", completions, chat);
  ASSERT_TRUE(eventually([&] { return generator.counts().started == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return generator.counts().cancelled == 1; }, 2));
}

TEST(Server, LetsAClientLeaveInTheMiddleOfItsRequest) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  for (const std::string_view bytes : {"", "GET /hea",
                                       "POST /v1/completions HTTP/1.1\r\nHost: a\r\n"
                                       "Content-Length: 10\r\n\r\n{"}) {
    TestClient client(server.port());
    client.send(bytes);
  }
  EXPECT_EQ(ask(server.port(), "GET", "/health").status, 200u);
  EXPECT_EQ(generator.counts().started, 0u);
}

TEST(Server, CutsOffAStreamThatPilesUpUnread) {
  ScriptedGenerator generator(endless(20us));
  RunningServer server({.max_unsent_bytes = 64u << 10}, {&generator});
  TestClient client(server.port(), 4096);
  client.request("POST", completions, streamed_forever);
  EXPECT_TRUE(eventually([&] { return generator.counts().cancelled == 1; }));
  EXPECT_EQ(client.read_to_end().find("[DONE]"), std::string::npos);
}

TEST(Server, CutsOffAClientThatTakesNothingForTooLong) {
  ScriptedGenerator generator(endless(200us));
  RunningServer server({.max_unsent_bytes = 1u << 30, .write_seconds = 0.2}, {&generator});
  TestClient client(server.port(), 4096);
  client.request("POST", completions, streamed_forever);
  EXPECT_TRUE(eventually([&] { return generator.counts().cancelled == 1; }));
  EXPECT_EQ(client.read_to_end().find("[DONE]"), std::string::npos);
}

TEST(Server, GivesManyStreamsAtOnceTheSameText) {
  ScriptedGenerator generator(
      {.answers = {"one two three 日本 four five six seven"}, .token_delay = 1ms});
  RunningServer server({}, {&generator});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 24; ++i) {
    clients.push_back(std::make_unique<TestClient>(server.port()));
    clients.back()->request("POST", completions, streamed);
  }
  for (const auto& client : clients) {
    const std::string body = client->reply().body;
    std::string text;
    for (std::size_t at = body.find("data: {"); at != body.npos;
         at = body.find("data: {", at + 1)) {
      const auto event =
          parse_json(std::string_view(body).substr(at + 6, body.find('\n', at) - at - 6));
      const Value* delta = (*event->find("choices")->as_list())[0].find("delta");
      if (const Value* content = delta->find("content")) text += *content->as_string();
    }
    EXPECT_EQ(text, "one two three 日本 four five six seven");
    EXPECT_TRUE(body.ends_with("data: [DONE]\n\n"));
  }
}

TEST(Server, Says429WhenTheQueueIsFull) {
  Script script = endless();
  script.max_running = 2;
  ScriptedGenerator generator(script);
  RunningServer server({}, {&generator});
  TestClient first(server.port());
  first.request("POST", completions, streamed);
  first.read_until(" word");
  const Reply refused = ask(server.port(), "POST", completions,
                            R"({"messages":[{"role":"user","content":"hi"}],"n":2})");
  EXPECT_EQ(refused.status, 429u);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_NE(refused.body.find("rate_limit_exceeded"), std::string::npos);
  // The choice that had been started before the refusal is not left running.
  EXPECT_TRUE(eventually([&] { return generator.counts().running == 1; }));
}

TEST(Server, TellsAnErrorByStatusBeforeAStreamBeginsAndByEventAfterwards) {
  ScriptedGenerator broken({.answers = {"one two"}, .fail_after = 0});
  RunningServer server({}, {&broken});
  EXPECT_EQ(ask(server.port(), "POST", completions, streamed).status, 500u);
  ScriptedGenerator breaking({.answers = {"one two"}, .fail_after = 1});
  RunningServer second({}, {&breaking});
  const Reply reply = ask(second.port(), "POST", completions, streamed);
  EXPECT_EQ(reply.status, 200u);
  EXPECT_NE(reply.body.find("event: error\ndata: {\"error\":{\"message\":"), std::string::npos);
  EXPECT_EQ(reply.body.find("[DONE]"), std::string::npos);
}

TEST(Server, FinishesStreamsAndRefusesNewWorkWhileItDrains) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += " word";
  ScriptedGenerator generator({.answers = {text}, .token_delay = 5ms});
  RunningServer server({}, {&generator});
  TestClient running(server.port());
  running.request("POST", completions, streamed);
  running.read_until(" word");
  TestClient idle(server.port());
  idle.request("GET", "/health");
  EXPECT_EQ(idle.reply().status, 200u);
  server.stop();
  ASSERT_TRUE(eventually([&] { return ask(server.port(), "GET", "/health").status == 503; }));
  EXPECT_EQ(ask(server.port(), "GET", "/health").body, R"({"status":"draining"})");
  const Reply refused = ask(server.port(), "POST", completions, chat);
  EXPECT_EQ(refused.status, 503u);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(ask(server.port(), "GET", "/metrics").status, 200u);
  const std::string rest = running.read_to_end();
  EXPECT_NE(rest.find("data: [DONE]"), std::string::npos);
  server.join();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_EQ(generator.counts().finished, 1u);
}

TEST(Server, EndsAtOnceWhenItIsIdle) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient idle(server.port());
  idle.request("GET", "/health");
  EXPECT_EQ(idle.reply().status, 200u);
  const auto start = std::chrono::steady_clock::now();
  server.stop();
  server.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(Server, CancelsWhatOutlivesTheDrainTime) {
  ScriptedGenerator generator(endless());
  RunningServer server({.drain_seconds = 0.2}, {&generator});
  TestClient stream(server.port());
  stream.request("POST", completions, streamed);
  stream.read_until(" word");
  TestClient whole(server.port());
  whole.request("POST", completions, chat);
  ASSERT_TRUE(eventually([&] { return generator.counts().started == 2; }));
  server.stop();
  EXPECT_EQ(whole.reply().status, 503u);
  EXPECT_NE(stream.read_to_end().find("event: error"), std::string::npos);
  server.join();
  EXPECT_TRUE(eventually([&] { return generator.counts().cancelled == 2; }));
}

TEST(Server, UsesTheOnlyModelWhenNoneIsNamedAndAsksForANameOtherwise) {
  ScriptedGenerator one{{}};
  Script of_other;
  of_other.card.name = "other";
  ScriptedGenerator other(of_other);
  RunningServer single({}, {&one});
  EXPECT_EQ(ask(single.port(), "POST", completions, chat).status, 200u);
  RunningServer several({}, {&one, &other});
  const Reply reply = ask(several.port(), "POST", completions, chat);
  EXPECT_EQ(reply.status, 400u);
  EXPECT_NE(reply.body.find(R"("param":"model")"), std::string::npos);
}

TEST(Server, CountsRequestsAndTokens) {
  ScriptedGenerator generator({.answers = {"one two three"}});
  RunningServer server({}, {&generator});
  ask(server.port(), "POST", completions, chat);
  const std::string text = ask(server.port(), "GET", "/metrics").body;
  EXPECT_NE(text.find("vllm:num_requests_running{model_name=\"scripted\"} 0\n"), text.npos);
  EXPECT_NE(text.find("vllm:generation_tokens_total{model_name=\"scripted\"} 3\n"), text.npos);
  EXPECT_NE(text.find("finished_reason=\"stop\"} 1\n"), text.npos);
}

TEST(Server, DescribesEveryRouteInItsOpenApiDocument) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  const auto document = parse_json(ask(server.port(), "GET", "/openapi.json").body);
  ASSERT_TRUE(document.has_value());
  const Value* paths = document->find("paths");
  for (const char* path : {"/health", "/v1/models", "/v1/models/{model}", "/v1/chat/completions",
                           "/v1/completions", "/metrics", "/version", "/openapi.json", "/"}) {
    EXPECT_NE(paths->find(path), nullptr) << path;
  }
}

}  // namespace
}  // namespace freehold::server
