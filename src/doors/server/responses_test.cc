// Responses that are stored: gone on from, asked for, forgotten, found after a restart.
#include <gtest/gtest.h>

#include "base/json.h"
#include "freehold/scripted_generator.h"
#include "server/test_client.h"

namespace freehold::server {
namespace {

namespace fs = std::filesystem;

class Responses : public testing::Test {
 protected:
  Responses() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / (std::string("freehold-") + test->name());
    fs::remove_all(folder_);
    start({});
  }
  ~Responses() override {
    server_.reset();
    fs::remove_all(folder_);
  }

  void start(const fs::path& folder) {
    server_.reset();
    ServerOptions options;
    options.responses_folder = folder;
    server_ = std::make_unique<RunningServer>(options, std::vector<Generator*>{&generator_});
  }

  // The status and the body of an answer.
  std::pair<unsigned, Value> ask(std::string_view method, std::string_view path,
                                 const Value& body = {}) {
    const Reply reply =
        server::ask(server_->port(), method, path, body.is_null() ? "" : to_json(body));
    return {reply.status, parse_json(reply.body).value_or(Value())};
  }
  Value respond(Object body) { return ask("POST", "/v1/responses", std::move(body)).second; }

  // The conversation that the generator was asked to continue, as "role: content" lines.
  std::string conversation() const {
    std::string lines;
    const auto request = generator_.last_request();
    for (const Value& message : std::get<Chat>(request->prompt).messages) {
      lines += text(message, "role") + ": " + text(message, "content") + "\n";
    }
    return lines;
  }

  static std::string text(const Value& value, std::string_view name) {
    const Value* member = value.find(name);
    const std::string* text = member != nullptr ? member->as_string() : nullptr;
    return text != nullptr ? *text : "";
  }

  ScriptedGenerator generator_{{.answers = {"first", "second", "third"}}};
  std::unique_ptr<RunningServer> server_;
  fs::path folder_;
};

TEST_F(Responses, GoOnFromEarlierOnesWhoseInstructionsTheyDoNotTakeOver) {
  const Value first = respond({{"input", "one"}, {"instructions", "Be brief."}});
  EXPECT_EQ(conversation(), "system: Be brief.\nuser: one\n");
  const Value second = respond({{"input", "two"}, {"previous_response_id", text(first, "id")}});
  EXPECT_EQ(conversation(), "user: one\nassistant: first\nuser: two\n");
  EXPECT_EQ(text(second, "previous_response_id"), text(first, "id"));
  respond({{"input", "three"}, {"previous_response_id", text(second, "id")}});
  EXPECT_EQ(conversation(),
            "user: one\nassistant: first\nuser: two\nassistant: second\nuser: three\n");
}

TEST_F(Responses, AreGoneOnFromWhenThoseBeforeAreForgotten) {
  const Value first = respond({{"input", "one"}});
  const Value second = respond({{"input", "two"}, {"previous_response_id", text(first, "id")}});
  EXPECT_EQ(ask("DELETE", "/v1/responses/" + text(first, "id")).first, 200u);
  respond({{"input", "three"}, {"previous_response_id", text(second, "id")}});
  EXPECT_EQ(conversation(),
            "user: one\nassistant: first\nuser: two\nassistant: second\nuser: three\n");
}

TEST_F(Responses, AreToldAgainUntilTheyAreForgotten) {
  const Value first = respond({{"input", "one"}});
  const std::string path = "/v1/responses/" + text(first, "id");
  EXPECT_EQ(ask("GET", path), std::pair(200u, first));
  const auto [status, forgotten] = ask("DELETE", path);
  EXPECT_EQ(status, 200u);
  EXPECT_EQ(*forgotten.find("deleted"), Value(true));
  EXPECT_EQ(ask("GET", path).first, 404u);
  EXPECT_EQ(ask("DELETE", path).first, 404u);
}

TEST_F(Responses, AreNotKeptWhenTheyAreNotToBe) {
  const Value first = respond({{"input", "one"}, {"store", false}});
  EXPECT_EQ(ask("GET", "/v1/responses/" + text(first, "id")).first, 404u);
}

TEST_F(Responses, AreKeptWhenTheyWereStreamed) {
  const Reply reply =
      server::ask(server_->port(), "POST", "/v1/responses", R"({"input":"one","stream":true})");
  const std::size_t from = reply.body.rfind("data: ") + 6;
  const auto last = parse_json(reply.body.substr(from, reply.body.find('\n', from) - from));
  ASSERT_TRUE(last.has_value()) << reply.body;
  const Value& response = *last->find("response");
  EXPECT_EQ(ask("GET", "/v1/responses/" + text(response, "id")), std::pair(200u, response));
}

TEST_F(Responses, OutliveTheServerInAFolder) {
  start(folder_);
  const Value first = respond({{"input", "one"}});
  start(folder_);
  EXPECT_EQ(ask("GET", "/v1/responses/" + text(first, "id")), std::pair(200u, first));
  respond({{"input", "two"}, {"previous_response_id", text(first, "id")}});
  EXPECT_EQ(conversation(), "user: one\nassistant: first\nuser: two\n");
}

TEST_F(Responses, GiveTheirInputPageByPage) {
  const Value first = respond({{"input", "one"}});
  const Value second = respond({{"input", "two"}, {"previous_response_id", text(first, "id")}});
  const std::string path = "/v1/responses/" + text(second, "id") + "/input_items";
  const Value newest = ask("GET", path + "?limit=2").second;
  const List& page = *newest.find("data")->as_list();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(text(page[0], "role"), "user");
  EXPECT_EQ(text(page[1], "role"), "assistant");
  EXPECT_EQ(*newest.find("has_more"), Value(true));
  const Value rest = ask("GET", path + "?after=" + text(newest, "last_id")).second;
  EXPECT_EQ(rest.find("data")->as_list()->size(), 1u);
  EXPECT_EQ(*rest.find("has_more"), Value(false));
  const Value oldest = ask("GET", path + "?order=asc&limit=1").second;
  EXPECT_EQ(text(oldest, "first_id"), text(rest, "first_id"));
  EXPECT_EQ(ask("GET", path + "?limit=0").first, 400u);
  EXPECT_EQ(ask("GET", path + "?order=up").first, 400u);
  EXPECT_EQ(ask("GET", path + "?after=nothing").first, 400u);
}

TEST_F(Responses, ReferToItemsOfEarlierOnes) {
  const Value first = respond({{"input", "one"}});
  const Value& said = first.find("output")->as_list()->front();
  const unsigned status =
      ask("POST", "/v1/responses",
          Object{{"input", List{Object{{"role", "user"}, {"content", "one"}},
                                Object{{"type", "item_reference"}, {"id", text(said, "id")}},
                                Object{{"role", "user"}, {"content", "two"}}}}})
          .first;
  EXPECT_EQ(status, 200u);
  EXPECT_EQ(conversation(), "user: one\nassistant: first\nuser: two\n");
}

TEST_F(Responses, JoinThoughtsTextAndCallsIntoOneTurn) {
  respond({{"input",
            List{Object{{"role", "user"}, {"content", "Where?"}},
                 Object{{"type", "reasoning"},
                        {"summary", List{}},
                        {"content", List{Object{{"type", "reasoning_text"}, {"text", "Look."}}}}},
                 Object{{"role", "assistant"}, {"content", "I look."}},
                 Object{{"type", "function_call"},
                        {"call_id", "call_1"},
                        {"name", "find"},
                        {"arguments", R"({"place":"here"})"}},
                 Object{{"type", "function_call_output"},
                        {"call_id", "call_1"},
                        {"output", "nowhere"}}}}});
  const auto request = generator_.last_request();
  const List& messages = std::get<Chat>(request->prompt).messages;
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(to_json(messages[1]),
            R"({"role":"assistant","content":"I look.","reasoning_content":"Look.",)"
            R"("tool_calls":[{"id":"call_1","type":"function",)"
            R"("function":{"name":"find","arguments":{"place":"here"}}}]})");
  EXPECT_EQ(to_json(messages[2]), R"({"role":"tool","tool_call_id":"call_1","content":"nowhere"})");
}

}  // namespace
}  // namespace freehold::server
