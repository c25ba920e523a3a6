#include "hub/transfer.h"

#include <gtest/gtest.h>

namespace freehold::hub {
namespace {

TEST(ContentRange, ReadsARangeWithItsTotal) {
  const auto range = parse_content_range("bytes 5-9/20");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->begin, 5u);
  EXPECT_EQ(range->end, 10u);
  EXPECT_EQ(range->total, 20u);
}

TEST(ContentRange, ReadsUnknownTotalsAndUnsatisfiedRanges) {
  EXPECT_EQ(parse_content_range("bytes 0-0/*")->total, std::nullopt);
  EXPECT_EQ(parse_content_range("bytes */7")->total, 7u);
  EXPECT_EQ(parse_content_range("bytes */7")->end, 0u);
}

TEST(ContentRange, RefusesWhatIsNone) {
  for (const char* text : {"", "bytes", "bytes 1-2", "bytes 2-1/9", "bytes 0-9/9", "bytes a-b/c",
                           "bytes -1-2/9", "items 0-1/2", "bytes 0-18446744073709551615/*",
                           "bytes 1-99999999999999999999999/*", "bytes 1-2/3x"}) {
    EXPECT_FALSE(parse_content_range(text)) << text;
  }
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  EXPECT_EQ(parse_retry_after("17", 0), 17);
  EXPECT_EQ(parse_retry_after(" 0 ", 0), 0);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 40), 60);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 400), 0);
  EXPECT_EQ(parse_retry_after("soon", 0), std::nullopt);
  EXPECT_EQ(parse_retry_after("", 0), std::nullopt);
}

TEST(Url, IsTakenApart) {
  const auto parts = split_url("HTTPS://User@Example.org/a/b?c=d#e");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->scheme, "https");
  EXPECT_EQ(parts->host, "example.org");
  EXPECT_EQ(parts->port, "443");
  EXPECT_EQ(parts->path, "/a/b?c=d");
  EXPECT_FALSE(split_url("ftp://x/y"));
  EXPECT_FALSE(split_url("no url"));
}

TEST(Url, EscapesWhatIsNotPlain) {
  EXPECT_EQ(percent_encode("a b/ü?.gguf"), "a%20b%2F%C3%BC%3F.gguf");
  EXPECT_EQ(percent_encode("a/b", true), "a/b");
}

}  // namespace
}  // namespace freehold::hub
