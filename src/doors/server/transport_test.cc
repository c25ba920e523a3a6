// HTTP on the wire: framing, limits, time, what is refused and how.
#include "server/transport.h"

#include <gtest/gtest.h>

#include "freehold/scripted_generator.h"
#include "server/test_client.h"

namespace freehold::server {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view chat = R"({"messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view streamed =
    R"({"messages":[{"role":"user","content":"hi"}],"stream":true})";
constexpr std::string_view completions = "/v1/chat/completions";

TEST(Transport, AnswersSeveralRequestsOnOneConnection) {
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

TEST(Transport, AnswersPipelinedRequestsInOrder) {
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

TEST(Transport, ReadsARequestThatComesByteByByte) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  const std::string bytes = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                            std::to_string(chat.size()) + "\r\n\r\n" + std::string(chat);
  for (const char c : bytes) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Transport, ReadsAChunkedRequest) {
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

TEST(Transport, KeepsTheClientsRequestIdAndMakesOneOtherwise) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  const Reply kept = ask(server.port(), "GET", "/health", {}, "X-Request-Id: mine-1\r\n");
  EXPECT_EQ(kept.header("X-Request-Id"), "mine-1");
  EXPECT_TRUE(ask(server.port(), "GET", "/health").header("X-Request-Id").starts_with("req-"));
}

TEST(Transport, AnswersHeadWithoutABody) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.request("HEAD", "/health");
  EXPECT_EQ(client.reply(true).header("Content-Length"), "15");
  client.request("GET", "/health");
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Transport, EndsTheConnectionOfAnHttp10StreamWithItsBody) {
  ScriptedGenerator generator({.answers = {"one two"}});
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: " +
              std::to_string(streamed.size()) + "\r\n\r\n" + std::string(streamed));
  const std::string answer = client.read_to_end();
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\n\ndata: [DONE]\n\n")) << answer;
}

TEST(Transport, RefusesWhatIsNoSoundHttp) {
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

TEST(Transport, RefusesAHeaderOverTheLimit) {
  ScriptedGenerator generator{{}};
  RunningServer server({.max_header_bytes = 4096}, {&generator});
  const Reply reply =
      ask(server.port(), "GET", "/health", {}, "X-Long: " + std::string(8000, 'a') + "\r\n");
  EXPECT_EQ(reply.status, 431u);
  EXPECT_NE(reply.body.find("4096"), std::string::npos);
}

TEST(Transport, RefusesABodyOverTheLimitBeforeItIsRead) {
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

TEST(Transport, BoundsTheBodiesThatAreReadAtOnce) {
  ScriptedGenerator generator{{}};
  RunningServer server({.max_received_bytes = 10000}, {&generator});
  const std::string head =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n";
  TestClient first(server.port());
  TestClient second(server.port());
  first.send(head + std::string(8000, ' '));
  second.send(head + std::string(8000, ' '));
  std::string refusal;
  EXPECT_TRUE(eventually([&] {
    refusal += first.read_until("\r\n\r\n", 0.01) + second.read_until("\r\n\r\n", 0.01);
    return refusal.ends_with("\r\n\r\n");
  }));
  EXPECT_TRUE(refusal.starts_with("HTTP/1.1 503 ")) << refusal;
  first.close();
  second.close();
  EXPECT_TRUE(eventually([&] {
    return ask(server.port(), "POST", completions, std::string(9000, ' ')).status == 400;
  }));
}

TEST(Transport, TakesTheAddressesThatProxiesSend) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.send("GET http://a/health?x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.reply().status, 200u);
}

TEST(Transport, RefusesMoreJsonValuesThanAreWorthTheirMemory) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  std::string body = "[";
  for (int i = 0; i < 2'000'001; ++i) body += "0,";
  const Reply reply = ask(server.port(), "POST", completions, body + "0]");
  EXPECT_EQ(reply.status, 400u);
  EXPECT_NE(reply.body.find("more than 2000000"), std::string::npos);
}

TEST(Transport, LetsAClientThatStillSendsReadItsRefusal) {
  ScriptedGenerator generator{{}};
  RunningServer server({.max_request_bytes = 1000}, {&generator});
  const Reply reply = ask(server.port(), "POST", "/v1/completions", std::string(4u << 20, ' '));
  EXPECT_EQ(reply.status, 413u);
}

TEST(Transport, TellsAClientThatAsksToGoAheadWithItsBody) {
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

TEST(Transport, RefusesAnExpectedBodyThatItWouldNotRead) {
  ScriptedGenerator generator{{}};
  RunningServer server({}, {&generator});
  TestClient client(server.port());
  client.send(
      "POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Content-Length: 1000000\r\n\r\n");
  EXPECT_EQ(client.reply().status, 404u);
}

TEST(Transport, GivesUpOnAHeaderThatDoesNotCome) {
  ScriptedGenerator generator{{}};
  RunningServer server({.header_seconds = 0.1}, {&generator});
  TestClient client(server.port());
  client.send("GET /health HT");
  EXPECT_EQ(client.reply().status, 408u);
  EXPECT_TRUE(client.sees_end());
}

TEST(Transport, GivesUpOnABodyThatDoesNotCome) {
  ScriptedGenerator generator{{}};
  RunningServer server({.body_seconds = 0.1}, {&generator});
  TestClient client(server.port());
  client.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
  EXPECT_EQ(client.reply().status, 408u);
}

TEST(Transport, ClosesAnIdleConnectionSilently) {
  ScriptedGenerator generator{{}};
  RunningServer server({.idle_seconds = 0.1}, {&generator});
  TestClient client(server.port());
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.sees_end());
}

TEST(Transport, TurnsConnectionsAwayBeyondTheirLimit) {
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

TEST(Transport, AsksForTheKeyUnderV1Only) {
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

}  // namespace
}  // namespace freehold::server
