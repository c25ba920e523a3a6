// The server as clients meet it on the wire: limits, time, disconnects, draining.
#include "server/server.h"

#include <gtest/gtest.h>

#include <functional>

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

bool eventually(const std::function<bool()>& holds, double seconds = 10) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

Reply ask(std::uint16_t port, std::string_view method, std::string_view path,
          std::string_view body = {}, std::string_view headers = {}) {
  TestClient client(port);
  client.request(method, path, body, headers);
  return client.reply(method == "HEAD");
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

TEST(Server, AnswersSeveralRequestsOnOneConnection) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.request("GET", "/health");
    EXPECT_EQ(client.reply().body, R"({"status":"ok"})");
    client.request("POST", completions, chat);
    EXPECT_EQ(client.reply().status, 200u);
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  ScriptedGenerator generator({.answers = {"first", "second"}, .token_delay = 5ms});
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.request("POST", completions, chat);
  client.request("POST", completions, streamed);
  client.request("GET", "/nothing");
  client.request("GET", "/health");
  EXPECT_NE(client.reply().body.find("first"), std::string::npos);
  EXPECT_NE(client.reply().body.find("second"), std::string::npos);
  EXPECT_EQ(client.reply().status, 404u);
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  const std::string bytes = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                            std::to_string(chat.size()) + "\r\n\r\n" + std::string(chat);
  for (const char c : bytes) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Server, ReadsAChunkedRequest) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5\r\n" + std::string(chat.substr(0, 5)) + "\r\n");
  client.send("28;x=y\r\n" + std::string(chat.substr(5)) + "\r\n0\r\nTrailer: x\r\n\r\n");
  ASSERT_EQ(chat.size(), 5u + 0x28u);
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Server, KeepsTheClientsRequestIdAndMakesOneOtherwise) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  const Reply kept = ask(server.port(), "GET", "/health", {}, "X-Request-Id: mine-1\r\n");
  EXPECT_EQ(kept.header("X-Request-Id"), "mine-1");
  EXPECT_TRUE(ask(server.port(), "GET", "/health").header("X-Request-Id").starts_with("req-"));
}

TEST(Server, AnswersHeadWithoutABody) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.request("HEAD", "/health");
  EXPECT_EQ(client.reply(true).header("Content-Length"), "15");
  client.request("GET", "/health");
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Server, EndsTheConnectionOfAnHttp10StreamWithItsBody) {
  ScriptedGenerator generator({.answers = {"one two"}});
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: " +
              std::to_string(streamed.size()) + "\r\n\r\n" + std::string(streamed));
  const std::string answer = client.read_to_end();
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\n\ndata: [DONE]\n\n")) << answer;
}

TEST(Server, RefusesWhatIsNoSoundHttp) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  const std::pair<std::string, unsigned> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\n\r\n", 400},              // no Host
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},      // broken escape
      {"GET /%0d%0aX HTTP/1.1\r\nHost: a\r\n\r\n", 400},  // control characters
      {"GET /health HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       400},
      {"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},  // request smuggling
      {"POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST /v1/completions HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 2\r\n\r\n",
       417},
  };
  for (const auto& [bytes, status] : cases) {
    TestClient client(server.port());
    client.send(bytes);
    const Reply reply = client.reply();
    EXPECT_EQ(reply.status, status) << bytes;
    EXPECT_TRUE(reply.body.starts_with(R"({"error":{"message":")")) << bytes << reply.body;
    EXPECT_EQ(reply.header("Connection"), "close") << bytes;
  }
}

TEST(Server, RefusesAHeaderOverTheLimit) {
  ScriptedGenerator generator{{}};
  RunningServer server({.max_header_bytes = 4096}, {&generator});
  const Reply reply =
      ask(server.port(), "GET", "/health", {}, "X-Long: " + std::string(8000, 'a') + "\r\n");
  EXPECT_EQ(reply.status, 431u);
  EXPECT_NE(reply.body.find("4096"), std::string::npos);
}

TEST(Server, RefusesABodyOverTheLimitBeforeItIsRead) {
  ScriptedGenerator generator{{}};
  RunningServer server({.max_request_bytes = 1000}, {&generator});
  TestClient announced(server.port());
  announced.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
  EXPECT_EQ(announced.reply().status, 413u);
  TestClient chunked(server.port());
  chunked.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunked.send("400\r\n" + std::string(1024, ' ') + "\r\n");
  EXPECT_EQ(chunked.reply().status, 413u);
}

TEST(Server, LetsAClientThatStillSendsReadItsRefusal) {
  ScriptedGenerator generator{{}};
  RunningServer server({.max_request_bytes = 1000}, {&generator});
  const Reply reply = ask(server.port(), "POST", "/v1/completions", std::string(4u << 20, ' '));
  EXPECT_EQ(reply.status, 413u);
}

TEST(Server, TellsAClientThatAsksToGoAheadWithItsBody) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Content-Length: " +
      std::to_string(chat.size()) + "\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(chat);
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Server, RefusesAnExpectedBodyThatItWouldNotRead) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.send(
      "POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Content-Length: 1000000\r\n\r\n");
  EXPECT_EQ(client.reply().status, 404u);
}

TEST(Server, GivesUpOnAHeaderThatDoesNotCome) {
  ScriptedGenerator generator{{}};
  RunningServer server({.header_seconds = 0.1}, {&generator});
  TestClient client(server.port());
  client.send("GET /health HT");
  EXPECT_EQ(client.reply().status, 408u);
  EXPECT_TRUE(client.sees_end());
}

TEST(Server, GivesUpOnABodyThatDoesNotCome) {
  ScriptedGenerator generator{{}};
  RunningServer server({.body_seconds = 0.1}, {&generator});
  TestClient client(server.port());
  client.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
  EXPECT_EQ(client.reply().status, 408u);
}

TEST(Server, ClosesAnIdleConnectionSilently) {
  ScriptedGenerator generator{{}};
  RunningServer server({.idle_seconds = 0.1}, {&generator});
  TestClient client(server.port());
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.sees_end());
}

TEST(Server, TurnsConnectionsAwayBeyondTheirLimit) {
  ScriptedGenerator generator{{}};
  RunningServer server({.max_connections = 2}, {&generator});
  TestClient first(server.port());
  first.request("GET", "/health");
  EXPECT_EQ(first.reply().status, 200u);
  TestClient second(server.port());
  second.request("GET", "/health");
  EXPECT_EQ(second.reply().status, 200u);
  const Reply third = ask(server.port(), "GET", "/health");
  EXPECT_EQ(third.status, 503u);
  EXPECT_EQ(third.header("Retry-After"), "1");
  first.close();
  EXPECT_TRUE(eventually([&] { return ask(server.port(), "GET", "/health").status == 200; }));
}

TEST(Server, AsksForTheKeyUnderV1Only) {
  ScriptedGenerator generator{{}};
  RunningServer server({.api_key = "secret"}, {&generator});
  EXPECT_EQ(ask(server.port(), "GET", "/health").status, 200u);
  EXPECT_EQ(ask(server.port(), "GET", "/v1/models").status, 401u);
  EXPECT_EQ(ask(server.port(), "GET", "/v1/models", {}, "Authorization: Bearer nope\r\n").status,
            401u);
  EXPECT_EQ(ask(server.port(), "GET", "/v1/models", {}, "Authorization: Bearer secret\r\n").status,
            200u);
  EXPECT_EQ(ask(server.port(), "POST", completions, chat).status, 401u);
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
  ScriptedGenerator generator(endless(0us));
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
  ScriptedGenerator other({.card = {"other", "script", 0, 100, 0}});
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
