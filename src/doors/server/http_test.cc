#include "server/http.h"

#include <gtest/gtest.h>

#include "server/logprobs.h"
#include "server/request_id.h"
#include "server/sse.h"

namespace freehold::server {
namespace {

TEST(PercentDecoded, DecodesEscapes) {
  EXPECT_EQ(percent_decoded("/a%20b%2Fc%e2%82%AC"), "/a b/c€");
}

TEST(PercentDecoded, RefusesBrokenEscapesAndControlCharacters) {
  for (const char* text : {"/%", "/%4", "/%zz", "/%+1", "/%-1", "/%00", "/%0a", "/\n", "/%7f"}) {
    EXPECT_FALSE(percent_decoded(text).has_value()) << text;
  }
}

TEST(RequestId, KeepsWhatTheClientSaysWhenItIsFitToPrint) {
  EXPECT_EQ(request_id("abc-1"), "abc-1");
  for (const std::string& unfit : {std::string(), std::string("a b"), std::string("a\x01"),
                                   std::string(129, 'a'), std::string("ä")}) {
    EXPECT_TRUE(request_id(unfit).starts_with("req-")) << unfit;
  }
  EXPECT_NE(request_id(""), request_id(""));
}

TEST(ServerSentEvent, IsOneDataLineAndAnEmptyLine) {
  EXPECT_EQ(sse_event(Object{{"a", "x\ny"}}), "data: {\"a\":\"x\\ny\"}\n\n");
  EXPECT_EQ(sse_event(Object{}, "error"), "event: error\ndata: {}\n\n");
}

TEST(CompletionLogprobs, TellsPartsOfCharactersApart) {
  const std::vector<TokenInfo> tokens = {
      {1, "\xe6\x97", -1, {{1, "\xe6\x97", -1}, {2, "\xa5", -2}}}, {2, "\xa5", -0.5, {}}};
  std::size_t offset = 3;
  const Value value = completion_logprobs(tokens, offset);
  const List& texts = *value.find("tokens")->as_list();
  EXPECT_EQ(texts[0], Value("bytes:\\xe6\\x97"));
  EXPECT_EQ(texts[1], Value("bytes:\\xa5"));
  EXPECT_EQ((*value.find("top_logprobs")->as_list())[0].as_object()->size(), 2u);
  EXPECT_EQ(offset, 4u);
}

}  // namespace
}  // namespace freehold::server
