// Several HTTP GETs side by side, driven by the calling thread: the wall around libcurl. It follows
// redirects and keeps secrets from other hosts. It does not retry, resume or store: transfer.h
// does.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "freehold/result.h"

namespace freehold::hub {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpLimits {
  std::chrono::milliseconds connect_timeout{2500};  // name look-up, connection and TLS together
  std::uint64_t low_speed_bytes_per_s = 1024;       // slower than this for …
  std::chrono::seconds low_speed_time{20};          // … so long, and the exchange is given up
  int max_redirects = 8;
  std::size_t max_header_bytes = 256 << 10;
};

struct HttpRequest {
  std::string url;
  Headers headers;  // for whoever answers
  Headers secrets;  // for the first host only: tokens and cookies
};

// The final response's status line and headers; names are lower-case.
struct HttpHead {
  int status = 0;
  std::string url;  // after redirects
  Headers headers;
  const std::string* find(std::string_view name) const;
};

// How an exchange ended when it did not end in a complete response.
enum class HttpFailure {
  none,
  unreachable,  // no connection: name unknown, refused, no route, timeout, TLS refused
  broken,       // it stopped half-way: reset, short body, too slow
  refused,      // what we do not follow: redirect loops, https to http, headers without end
  stopped,      // the receiver asked for it
};

// Where an exchange's response goes. Returning false ends that exchange as `stopped`.
class HttpReceiver {
 public:
  virtual ~HttpReceiver() = default;
  virtual bool on_head(const HttpHead& head) = 0;
  virtual bool on_body(std::span<const std::byte> bytes) = 0;
};

struct HttpOutcome {
  HttpReceiver* receiver = nullptr;
  HttpFailure failure = HttpFailure::none;
  std::string reason;  // one line when there was a failure
};

class HttpClient {
 public:
  explicit HttpClient(HttpLimits limits = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Begins an exchange. The receiver must stay until its outcome was returned or `drop` was called.
  void start(HttpRequest request, HttpReceiver& receiver);
  void drop(HttpReceiver& receiver);

  // Moves all exchanges forward for at most `patience`; the outcome of one that ended, if any.
  std::optional<HttpOutcome> poll(std::chrono::milliseconds patience);
  std::size_t active() const;

  struct Page {
    HttpHead head;
    std::string body;
    HttpFailure failure = HttpFailure::none;
    std::string reason;
  };
  // A whole small response, within max_bytes.
  Page get(HttpRequest request, std::size_t max_bytes, const std::atomic<bool>* cancelled);

  // Which of these servers ("https://host:port", anything after is ignored) take a connection
  // within the connect timeout. All are tried at once, so that a closed network costs one timeout.
  struct Contact {
    bool reached = false;
    std::string reason;
  };
  std::vector<Contact> reach(const std::vector<std::string>& urls,
                             const std::atomic<bool>* cancelled);

 private:
  struct Exchange;
  struct Multi;
  std::unique_ptr<Multi> multi_;
};

// "https", "example.org" and so on; `usage` when it is no absolute http(s) URL.
struct UrlParts {
  std::string scheme;
  std::string host;
  std::string port;
  std::string path;  // with the query
  std::string origin() const { return scheme + "://" + host + ":" + port; }
};
Result<UrlParts> split_url(const std::string& url);

// For one segment of a path or a query value; with `keep_slashes` for a path of several segments.
std::string percent_encode(std::string_view text, bool keep_slashes = false);

// Retry-After in seconds: a number or a date; nothing when it is neither.
std::optional<std::int64_t> parse_retry_after(const std::string& value, std::int64_t unix_now_s);

}  // namespace freehold::hub
