#include "server/metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "freehold/scripted_generator.h"
#include "server/prometheus.h"
#include "server/test_client.h"

namespace freehold::server {
namespace {

// A scripted model with an engine that tells its state.
class Telling : public ScriptedGenerator {
 public:
  using ScriptedGenerator::ScriptedGenerator;
  std::optional<GeneratorStatus> status() const override {
    GeneratorStatus status{.running = 3,
                           .max_running = 4,
                           .waiting = 2,
                           .preemptions = 7,
                           .block_tokens = 32,
                           .blocks = 100,
                           .held_blocks = 25};
    status.count_step(1);
    status.count_step(20);
    return status;
  }
};

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST(Histogram, CountsUpToEachBoundAndBeyond) {
  static constexpr double bounds[] = {1, 2.5};
  Histogram histogram(bounds);
  for (const double value : {0.5, 1.0, 2.0, 9.0}) histogram.add(value);
  PrometheusText text;
  text.family("size", "histogram", "Sizes.");
  const std::pair<std::string_view, std::string_view> labels[] = {{"name", "a\"b\\c\nd"}};
  text.histogram(labels, histogram.snapshot());
  EXPECT_EQ(text.take(),
            "# HELP size Sizes.\n# TYPE size histogram\n"
            "size_bucket{name=\"a\\\"b\\\\c\\nd\",le=\"1.0\"} 2\n"
            "size_bucket{name=\"a\\\"b\\\\c\\nd\",le=\"2.5\"} 3\n"
            "size_bucket{name=\"a\\\"b\\\\c\\nd\",le=\"+Inf\"} 4\n"
            "size_count{name=\"a\\\"b\\\\c\\nd\"} 4\n"
            "size_sum{name=\"a\\\"b\\\\c\\nd\"} 12.5\n");
}

TEST(Metrics, TellsWhatTheEngineKnows) {
  Telling generator{Script{}};
  Metrics metrics;
  metrics.model("scripted");
  const std::string text = metrics.to_prometheus({&generator});
  for (const char* line :
       {"vllm:num_requests_running{model_name=\"scripted\"} 3",
        "vllm:num_requests_waiting{model_name=\"scripted\"} 2",
        "vllm:kv_cache_usage_perc{model_name=\"scripted\"} 0.25",
        "vllm:gpu_cache_usage_perc{model_name=\"scripted\"} 0.25",
        "vllm:num_preemptions_total{model_name=\"scripted\"} 7",
        "vllm:cache_config_info{model_name=\"scripted\",block_size=\"32\",num_gpu_blocks=\"100\","
        "enable_prefix_caching=\"True\"} 1",
        "vllm:iteration_tokens_total_bucket{model_name=\"scripted\",le=\"1.0\"} 1",
        "vllm:iteration_tokens_total_bucket{model_name=\"scripted\",le=\"32.0\"} 2",
        "vllm:iteration_tokens_total_sum{model_name=\"scripted\"} 21",
        "llamacpp:requests_processing 3", "llamacpp:requests_deferred 2",
        "llamacpp:n_decode_total 2", "llamacpp:kv_cache_usage_ratio 0.25"}) {
    EXPECT_TRUE(has_line(text, line)) << line;
  }
  EXPECT_NE(text.find("\nprocess_resident_memory_bytes "), text.npos);
  EXPECT_NE(text.find("\nprocess_open_fds "), text.npos);
  EXPECT_NE(text.find("\nprocess_start_time_seconds "), text.npos);
}

TEST(Metrics, MeasuresWhatEndsByItself) {
  ModelCounters counters;
  const Usage usage{.prompt_tokens = 100,
                    .cached_tokens = 64,
                    .completion_tokens = 11,
                    .prefill_s = 0.5,
                    .decode_s = 2,
                    .queue_s = 0.25};
  counters.count_end({FinishReason::length, usage, {}}, 2.75);
  counters.count_end({FinishReason::cancelled, {}, {}}, 1);
  EXPECT_EQ(counters.reached_length.load(), 1u);
  EXPECT_EQ(counters.aborted.load(), 1u);
  EXPECT_EQ(counters.first_token_s.snapshot().sum, 0.75);
  EXPECT_EQ(counters.per_token_s.snapshot().sum, 0.2);
  EXPECT_EQ(counters.whole_s.snapshot().sum, 2.75);
  EXPECT_EQ(counters.inference_s.snapshot().sum, 2.5);
  EXPECT_EQ(counters.prompt_lengths.snapshot().sum, 100);
  EXPECT_EQ(counters.longest.load(), 111u);
}

TEST(Metrics, HasEveryNameThatSchedulersScrape) {
  ScriptedGenerator generator({.answers = {"one two three"}});
  RunningServer server({}, {&generator});
  ask(server.port(), "POST", "/v1/completions", R"({"prompt":"Hi"})");
  const std::string text = ask(server.port(), "GET", "/metrics").body;
  for (const char* name :
       {"time_to_first_token_seconds", "time_per_output_token_seconds",
        "inter_token_latency_seconds", "request_time_per_output_token_seconds",
        "e2e_request_latency_seconds", "request_queue_time_seconds",
        "request_inference_time_seconds", "request_prefill_time_seconds",
        "request_decode_time_seconds", "request_prompt_tokens", "request_generation_tokens"}) {
    const bool gap = std::string_view(name).starts_with("time_per") ||
                     std::string_view(name).starts_with("inter_token");
    EXPECT_TRUE(has_line(
        text, "vllm:" + std::string(name) + "_count{model_name=\"scripted\"} " + (gap ? "2" : "1")))
        << name;
  }
  for (const char* name :
       {"num_requests_running", "num_requests_waiting", "kv_cache_usage_perc",
        "gpu_cache_usage_perc", "num_preemptions_total", "prompt_tokens_total",
        "generation_tokens_total", "prefix_cache_queries_total", "prefix_cache_hits_total",
        "gpu_prefix_cache_queries_total", "gpu_prefix_cache_hits_total",
        "gpu_prefix_cache_hit_rate", "request_success_total", "engine_sleep_state",
        "iteration_tokens_total", "cache_config_info"}) {
    EXPECT_NE(text.find("# TYPE vllm:" + std::string(name) + " "), text.npos) << name;
  }
}

TEST(Operation, SaysHowManySequencesAreUnderWay) {
  ScriptedGenerator generator(
      {.answers = {"one two three four five six"}, .token_delay = std::chrono::milliseconds(50)});
  RunningServer server({}, {&generator});
  EXPECT_EQ(ask(server.port(), "GET", "/load").body, R"({"server_load":0})");
  TestClient client(server.port());
  client.request("POST", "/v1/completions", R"({"prompt":"Hi","n":2})");
  EXPECT_TRUE(eventually(
      [&] { return ask(server.port(), "GET", "/load").body == R"({"server_load":2})"; }));
  EXPECT_EQ(client.reply().status, 200u);
  EXPECT_EQ(ask(server.port(), "GET", "/load").body, R"({"server_load":0})");
}

TEST(Operation, TellsSlotsAndServerInfo) {
  Telling generator{Script{}};
  RunningServer server({}, {&generator});
  const std::string slots = ask(server.port(), "GET", "/slots").body;
  EXPECT_NE(slots.find(R"("id":2,"model":"scripted","n_ctx":4096,"is_processing":true)"),
            slots.npos);
  EXPECT_NE(slots.find(R"("id":3,"model":"scripted","n_ctx":4096,"is_processing":false)"),
            slots.npos);
  EXPECT_NE(ask(server.port(), "GET", "/props").body.find(R"("total_slots":4)"), std::string::npos);
  EXPECT_NE(ask(server.port(), "GET", "/server_info").body.find(R"("max_total_num_tokens":3200)"),
            std::string::npos);
}

// Opens its port first, and its model when the test says so.
struct Loading {
  explicit Loading(Result<std::vector<Generator*>> models) {
    auto opened = Server::open_then_load(
        {.port = 0},
        [this, models = std::move(models)] {
          go.get_future().wait();
          return models;
        },
        [this] { loaded = ask(server->port(), "GET", "/ready").status; });
    CHECK(opened.has_value());
    server = *std::move(opened);
    running = std::async(std::launch::async, [this] { return server->run(); });
  }
  std::promise<void> go;
  std::atomic<unsigned> loaded{0};  // what /ready said when the server told that it was
  std::unique_ptr<Server> server;
  std::future<Result<void>> running;
};

TEST(Server, SaysThatItIsLoadingUntilItsModelsAreThere) {
  ScriptedGenerator generator{{}};
  Loading loading(std::vector<Generator*>{&generator});
  const std::uint16_t port = loading.server->port();
  for (const char* path : {"/health", "/ready", "/v1/models", "/props", "/metrics"}) {
    const Reply reply = ask(port, "GET", path);
    EXPECT_EQ(reply.status, 503u) << path;
    EXPECT_EQ(reply.header("Retry-After"), "5") << path;
  }
  EXPECT_EQ(ask(port, "GET", "/version").status, 200u);
  loading.go.set_value();
  EXPECT_TRUE(eventually([&] { return ask(port, "GET", "/ready").status == 200; }));
  EXPECT_EQ(ask(port, "GET", "/v1/models").status, 200u);
  loading.server->stop();
  EXPECT_TRUE(loading.running.get().has_value());
  EXPECT_EQ(loading.loaded, 200u);
}

TEST(Server, EndsWithTheErrorOfWhatCannotBeLoaded) {
  Loading loading(fail(ErrorCode::invalid, "the file is broken"));
  loading.go.set_value();
  EXPECT_EQ(loading.running.get().error().message, "the file is broken");
}

}  // namespace
}  // namespace freehold::server
