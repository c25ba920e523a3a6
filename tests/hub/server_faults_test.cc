// Servers that do what servers do: every fault ends in an intact file or an honest error.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "base/json.h"
#include "bench.h"
#include "hub/byte_set.h"
#include "hub/fields.h"

namespace freehold::hub {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(PullTest, FetchesAWholeFileAndWritesAReceipt) {
  const std::string content = content_of(100'000);
  MisbehavingServer server([&](const SeenRequest& r) { return serve_file(r, content); });
  clock.advance(std::chrono::seconds(1'000'000));
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->model, "m");
  EXPECT_EQ(receipt->mirror, "http://127.0.0.1");
  EXPECT_GE(receipt->pulled_unix_s, 1'000'000);
  ASSERT_THAT(receipt->files, SizeIs(1));
  EXPECT_EQ(receipt->files[0].sha256, sha256(content));
  EXPECT_EQ(stored(*receipt), content);
  EXPECT_FALSE(anything_under("pulls"));
}

TEST_F(PullTest, FetchesRangesSideBySide) {
  const std::string content = content_of(1'000'000);
  MisbehavingServer server([&](const SeenRequest& r) { return serve_file(r, content); });
  options.limits.piece_bytes = 100'000;
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
  ByteSet asked;
  std::uint64_t total = 0;
  for (const SeenRequest& request : server.requests()) {
    const auto range = request.range();
    ASSERT_TRUE(range);
    asked.add({range->first, range->second});
    total += range->second - range->first;
  }
  EXPECT_TRUE(asked.contains({0, content.size()}));
  EXPECT_EQ(total, content.size());
}

TEST_F(PullTest, DoesNotAskTheNetworkForWhatIsHere) {
  const std::string content = content_of(1000);
  MisbehavingServer server([&](const SeenRequest& r) { return serve_file(r, content); });
  ASSERT_TRUE(pull_from(server, content));
  server.forget_requests();
  EXPECT_TRUE(pull_from(server, content));
  EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(PullTest, GoesOnWhereAResetCutTheBody) {
  const std::string content = content_of(200'000);
  MisbehavingServer server([&](const SeenRequest& r) {
    Reply reply = serve_file(r, content);
    reply.cut_after = 30'000;
    return reply;
  });
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
  std::uint64_t begin = 0;
  for (const SeenRequest& request : server.requests()) {
    ASSERT_TRUE(request.range());
    EXPECT_GE(request.range()->first, begin);
    begin = request.range()->first;
  }
}

TEST_F(PullTest, GoesOnWhenTheBodyIsShorterThanItsContentLength) {
  const std::string content = content_of(50'000);
  MisbehavingServer server([&](const SeenRequest& r) {
    Reply reply = serve_file(r, content);
    if (r.number == 0) {
      reply.claimed_length = reply.body.size();
      reply.body.resize(20'000);
    }
    return reply;
  });
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
  ASSERT_THAT(server.requests(), SizeIs(2));
  EXPECT_EQ(server.requests()[1].range()->first, 20'000u);
}

TEST_F(PullTest, RefusesAndRemovesContentWithTheWrongDigest) {
  MisbehavingServer server(
      [&](const SeenRequest& r) { return serve_file(r, content_of(5000, 2)); });
  const auto receipt = pull_from(server, content_of(5000, 1));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::invalid);
  EXPECT_THAT(receipt.error().message, HasSubstr("wrong digest"));
  EXPECT_FALSE(anything_under("pulls"));
  EXPECT_FALSE(anything_under("blobs/sha256"));
}

TEST_F(PullTest, RefusesAPageThatIsNoModelWhenNoDigestIsKnown) {
  MisbehavingServer server([&](const SeenRequest& r) {
    return serve_file(r, "<html>Please log in to the guest network</html>");
  });
  const auto receipt = pull(store, server.url("/m.gguf"), options);
  ASSERT_FALSE(receipt);
  EXPECT_THAT(receipt.error().message, HasSubstr("no GGUF"));
  EXPECT_THAT(listener.notes, Contains(HasSubstr("not encrypted")));
}

TEST_F(PullTest, WaitsAsLongAsRetryAfterSays) {
  const std::string content = content_of(1000);
  MisbehavingServer server([&](const SeenRequest& r) {
    if (r.number > 0) return serve_file(r, content);
    return Reply{.status = 429, .headers = {{"Retry-After", "17"}}, .body = {}};
  });
  const Duration begin = clock.now();
  ASSERT_TRUE(pull_from(server, content));
  EXPECT_GE(clock.now() - begin, std::chrono::seconds(17));
  EXPECT_LT(clock.now() - begin, std::chrono::seconds(19));
}

TEST_F(PullTest, LeavesAServerThatAsksToWaitTooLong) {
  MisbehavingServer server([&](const SeenRequest&) {
    return Reply{.status = 503, .headers = {{"Retry-After", "86400"}}, .body = {}};
  });
  const auto receipt = pull_from(server, content_of(1000));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_THAT(receipt.error().message, HasSubstr("86400"));
}

TEST_F(PullTest, RetriesWithGrowingDelaysAndThenGivesUp) {
  MisbehavingServer server([&](const SeenRequest&) { return Reply{.status = 503}; });
  const Duration begin = clock.now();
  const auto receipt = pull_from(server, content_of(1000));
  ASSERT_FALSE(receipt);
  EXPECT_THAT(receipt.error().message, HasSubstr("HTTP 503"));
  EXPECT_THAT(server.requests(), SizeIs(6));
  // Half to all of 0.5 + 1 + 2 + 4 + 8 seconds.
  EXPECT_GE(clock.now() - begin, std::chrono::milliseconds(7'750));
  EXPECT_LE(clock.now() - begin, std::chrono::milliseconds(16'500));
}

TEST_F(PullTest, GivesUpAtOnceOnNotFound) {
  MisbehavingServer server([&](const SeenRequest&) { return Reply{.status = 404}; });
  const auto receipt = pull_from(server, content_of(1000));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(PullTest, FollowsRedirectsWithoutCarryingSecretsToAnotherHost) {
  const std::string content = content_of(1000);
  MisbehavingServer storage([&](const SeenRequest& r) { return serve_file(r, content); });
  MisbehavingServer front([&](const SeenRequest& r) {
    if (r.target == "/a") return Reply{.status = 302, .headers = {{"Location", "/b"}}};
    return Reply{.status = 307, .headers = {{"Location", storage.url("/c?signed=1")}}};
  });
  HttpClient http;
  const auto page =
      http.get({front.url("/a"), {}, {{"Authorization", "Bearer secret"}}}, 1 << 20, nullptr);
  EXPECT_EQ(page.head.status, 200);
  EXPECT_EQ(page.body, content);
  EXPECT_EQ(page.head.url, storage.url("/c?signed=1"));
  ASSERT_THAT(front.requests(), SizeIs(2));
  EXPECT_EQ(front.requests()[1].header("authorization"), "Bearer secret");
  ASSERT_THAT(storage.requests(), SizeIs(1));
  EXPECT_EQ(storage.requests()[0].header("authorization"), "");
}

TEST_F(PullTest, LeavesRedirectLoops) {
  MisbehavingServer server([&](const SeenRequest& r) {
    return Reply{.status = 302, .headers = {{"Location", r.target + "x"}}};
  });
  const auto receipt = pull_from(server, content_of(10));
  ASSERT_FALSE(receipt);
  EXPECT_THAT(receipt.error().message, HasSubstr("redirects"));
  EXPECT_THAT(server.requests(), SizeIs(9));
}

TEST_F(PullTest, DoesNotFollowRedirectsToOtherSchemes) {
  MisbehavingServer server([&](const SeenRequest&) {
    return Reply{.status = 302, .headers = {{"Location", "file:///etc/hostname"}}};
  });
  const auto receipt = pull_from(server, content_of(10));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
}

TEST_F(PullTest, TakesTheWholeFileFromAServerThatIgnoresRanges) {
  const std::string content = content_of(300'000);
  MisbehavingServer server([&](const SeenRequest&) { return Reply{.body = content}; });
  options.limits.piece_bytes = 50'000;
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(PullTest, AsksForTheWholeWhenRangesComeInCrumbs) {
  const std::string content = content_of(100'000);
  MisbehavingServer server([&](const SeenRequest& r) {
    if (!r.range()) return serve_file(r, content);
    SeenRequest less = r;
    less.headers["range"] =
        "bytes=" + std::to_string(r.range()->first) + "-" + std::to_string(r.range()->first + 9);
    return serve_file(less, content);
  });
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(PullTest, StartsOverWhenAResumeIsAnsweredWithTheWhole) {
  const std::string content = content_of(300'000);
  MisbehavingServer server([&](const SeenRequest& r) {
    Reply reply{.body = content};
    if (r.number == 0) reply.cut_after = 100'000;
    return reply;
  });
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
}

TEST_F(PullTest, TakesABodyThatEndsWithTheConnection) {
  const std::string content = content_of(10'000);
  MisbehavingServer server(
      [&](const SeenRequest&) { return Reply{.body = content, .no_length = true}; });
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
}

TEST_F(PullTest, StartsOverWhenTheFileChangesBetweenRanges) {
  const std::string before = content_of(400'000, 1);
  const std::string after = content_of(400'000, 2);
  MisbehavingServer server([&](const SeenRequest& r) {
    return r.number < 2 ? serve_file(r, before, "\"one\"") : serve_file(r, after, "\"two\"");
  });
  options.limits.piece_bytes = 50'000;
  const auto receipt = pull(store, server.url("/m.gguf"), options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), after);
}

TEST_F(PullTest, NoticesAChangeEvenWhenTheServerIgnoresIfRange) {
  const std::string before = content_of(400'000, 1);
  const std::string after = content_of(400'000, 2);
  MisbehavingServer server([&](const SeenRequest& r) {
    SeenRequest careless = r;
    careless.headers.erase("if-range");
    return r.number < 2 ? serve_file(careless, before, "\"one\"")
                        : serve_file(careless, after, "\"two\"");
  });
  options.limits.piece_bytes = 50'000;
  const auto receipt = pull(store, server.url("/m.gguf"), options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), after);
}

TEST_F(PullTest, DoesNotSendBackAValidatorThatWouldBreakAHeader) {
  const std::string content = content_of(100'000);
  MisbehavingServer server([&](const SeenRequest& r) {
    Reply reply = serve_file(r, content, "\"a\rX-Evil: 1\"");
    reply.cut_after = 40'000;
    return reply;
  });
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
  for (const SeenRequest& r : server.requests()) EXPECT_EQ(r.header("x-evil"), "");
}

TEST_F(PullTest, GivesUpOnAFileThatChangesWithEveryAnswer) {
  MisbehavingServer server([&](const SeenRequest& r) {
    Reply reply =
        serve_file(r, content_of(400'000, r.number), "\"" + std::to_string(r.number) + "\"");
    reply.cut_after = 20'000;
    return reply;
  });
  options.limits.piece_bytes = 50'000;
  const auto receipt = pull(store, server.url("/m.gguf"), options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
}

TEST_F(PullTest, DoesNotBelieveAHugeContentLength) {
  MisbehavingServer server([&](const SeenRequest&) {
    return Reply{.body = "GGUF", .claimed_length = std::uint64_t{2} << 40};
  });
  const auto receipt = pull_from(server, content_of(1000));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_THAT(receipt.error().message, HasSubstr("not enough disk space"));
  EXPECT_THAT(receipt.error().message, HasSubstr("free"));
}

TEST_F(PullTest, RefusesALengthBeyondEveryDisk) {
  MisbehavingServer server(
      [&](const SeenRequest&) { return Reply{.body = "GGUF", .claimed_length = INT64_MAX}; });
  const auto receipt = pull_from(server, content_of(1000));
  ASSERT_FALSE(receipt);
  EXPECT_THAT(receipt.error().message, HasSubstr("the limit is"));
}

TEST_F(PullTest, GivesUpATrickleAndTriesAgain) {
  const std::string content = content_of(20'000);
  MisbehavingServer server([&](const SeenRequest& r) {
    Reply reply = serve_file(r, content);
    if (r.number == 0) {
      reply.trickle_bytes = 10;
      reply.trickle_pause = std::chrono::milliseconds(200);
    }
    return reply;
  });
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(PullTest, RefusesCompressedBodiesThatNobodyAskedFor) {
  MisbehavingServer server([&](const SeenRequest&) {
    return Reply{.headers = {{"Content-Encoding", "gzip"}}, .body = "GGUF"};
  });
  const auto receipt = pull_from(server, content_of(10));
  ASSERT_FALSE(receipt);
  EXPECT_THAT(receipt.error().message, HasSubstr("gzip"));
}

TEST_F(PullTest, RefusesHeadersWithoutEnd) {
  MisbehavingServer server([&](const SeenRequest&) {
    Reply reply;
    for (int i = 0; i < 400; ++i) reply.headers.emplace_back("X-Filler", std::string(1000, 'x'));
    return reply;
  });
  const auto receipt = pull_from(server, content_of(10));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
}

// The ranges that the state beside an unfinished file vouches for.
ByteSet present_in(const std::filesystem::path& folder) {
  ByteSet present;
  const auto text = read_file(folder / "models/pulls/m/model.gguf.state", 1 << 20);
  const auto state = parse_json(text.value_or("{}"));
  if (const List* ranges = list_at(*state, "present")) {
    for (const Value& range : *ranges) {
      present.add({static_cast<std::uint64_t>(*(*range.as_list())[0].as_integer()),
                   static_cast<std::uint64_t>(*(*range.as_list())[1].as_integer())});
    }
  }
  return present;
}

TEST_F(PullTest, IsIntactAfterInterruptionsAtRandomBytesAndAsksForNothingTwice) {
  const std::string content = content_of(3'000'000);
  MisbehavingServer server([&](const SeenRequest& r) { return serve_file(r, content); });
  options.limits.piece_bytes = 300'000;
  Random random(11);
  int interruptions = 0;
  while (true) {
    const ByteSet before = present_in(folder);
    server.forget_requests();
    cancelled = false;
    const std::uint64_t stop_at = before.count() + random.below(400'000);
    listener.on_progress = [&](const Progress& now) {
      if (now.bytes_done >= stop_at && now.what.starts_with("fetching")) cancelled = true;
    };
    const auto receipt = pull_from(server, content);
    for (const SeenRequest& request : server.requests()) {
      ASSERT_TRUE(request.range());
      for (const ByteRange& have : before.ranges()) {
        EXPECT_TRUE(request.range()->second <= have.begin || request.range()->first >= have.end);
      }
    }
    if (receipt) {
      EXPECT_EQ(stored(*receipt), content);
      break;
    }
    ASSERT_EQ(receipt.error().code, ErrorCode::interrupted) << receipt.error().message;
    ASSERT_LT(++interruptions, 100);
  }
  EXPECT_GT(interruptions, 5);
}

TEST_F(PullTest, IsIntactAfterBeingKilledAtRandomBytes) {
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the child of a process with threads may not start threads under this sanitizer";
#endif
  const std::string content = content_of(1'000'000);
  MisbehavingServer server([&](const SeenRequest& r) { return serve_file(r, content); });
  options.limits.piece_bytes = 100'000;
  options.limits.save_every_bytes = 50'000;
  Random random(12);
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t stop_at = random.below(1'000'000);
    const pid_t child = ::fork();
    if (child == 0) {
      listener.on_progress = [&](const Progress& now) {
        if (now.bytes_done >= stop_at) ::raise(SIGKILL);
      };
      (void)pull_from(server, content);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
  }
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
}

TEST_F(PullTest, DoesNotTrustAPartialFileThatWasTamperedWith) {
  const std::string content = content_of(500'000);
  MisbehavingServer server([&](const SeenRequest& r) { return serve_file(r, content); });
  listener.on_progress = [&](const Progress& now) { cancelled = now.bytes_done > 100'000; };
  ASSERT_FALSE(pull_from(server, content));
  const auto part = folder / "models/pulls/m/model.gguf.part";
  std::string bytes = *read_file(part, 1 << 20);
  bytes[50'000] = static_cast<char>(bytes[50'000] + 1);
  ASSERT_TRUE(replace_file(part, bytes));
  listener.on_progress = {};
  cancelled = false;
  const auto receipt = pull_from(server, content);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
}

TEST_F(PullTest, LetsOnlyOneOfTwoPullsFetch) {
  const std::string content = content_of(2'000'000);
  MisbehavingServer server([&](const SeenRequest& r) {
    Reply reply = serve_file(r, content);
    reply.trickle_bytes = 200'000;
    reply.trickle_pause = std::chrono::milliseconds(10);
    return reply;
  });
  const auto run = [&] {
    PullOptions own = options;
    Listener quiet;
    own.observer = &quiet;
    own.clock = nullptr;
    Store same(folder);
    return pull(same, server.url("/m.gguf") + "#sha256=" + sha256(content), own);
  };
  auto first = std::async(std::launch::async, run);
  auto second = std::async(std::launch::async, run);
  const auto a = first.get();
  const auto b = second.get();
  ASSERT_TRUE(a) << a.error().message;
  ASSERT_TRUE(b) << b.error().message;
  EXPECT_EQ(stored(*a), content);
  std::uint64_t asked = 0;
  for (const SeenRequest& r : server.requests()) {
    asked += std::min<std::uint64_t>(r.range()->second, content.size()) - r.range()->first;
  }
  EXPECT_EQ(asked, content.size());
}

TEST_F(PullTest, FindsOutAboutAClosedPortAtOnce) {
  std::string address;
  {
    address = MisbehavingServer([](const SeenRequest&) { return Reply{}; }).url("/m.gguf");
  }
  const Duration begin = Clock::system().now();
  const auto receipt = pull(store, address, options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_LT(Clock::system().now() - begin, std::chrono::seconds(1));
}

TEST_F(PullTest, FindsOutAboutSilentServersWithinOneTimeoutForAll) {
  HttpClient http({.connect_timeout = std::chrono::milliseconds(400)});
  const SilentServer one, two, three;
  const std::vector<std::string> silent{one.url(), two.url(), three.url()};
  const Duration begin = Clock::system().now();
  const auto contacts = http.reach(silent, nullptr);
  EXPECT_LT(Clock::system().now() - begin, std::chrono::milliseconds(1200));
  for (const auto& contact : contacts) EXPECT_FALSE(contact.reached);
}

}  // namespace
}  // namespace freehold::hub
